"""Two contractors and a supervisor in one session, each in a browser of their own."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.at_console import enter, phase_is, until
from tests.browser.authenticator import Authenticator, set_up
from tests.browser.axe import axe_findings
from tests.browser.conftest import OpensPages, Stage


def works(page: Page) -> None:
    expect(page.locator("#strip-hand")).to_be_visible(timeout=60_000)


def watches(page: Page) -> None:
    expect(page.locator("#strip-view-word")).to_have_text("WATCHING", timeout=60_000)


def test_one_works_at_a_time_and_everybody_sees_who(
    stage: Stage, page_of: OpensPages
) -> None:
    place = Path(stage.targets["ssh"].working_directory)
    made = stage.window("vera", "ssh", companions=["tom"])
    hers = page_of("vera")
    hers.goto(made["start"]["ssh"])
    hers.locator("input[name=notice]").check()
    hers.locator("[data-connect]").click()
    hers.wait_for_url("**/console/")
    phase_is(hers, "open")
    session = hers.url.rstrip("/").split("/")[-2]
    ends = hers.locator("#strip-left-clock")
    expect(ends).to_have_text(re.compile(r"^\d\d:\d\d CES?T$"))

    # Tom comes by the page that says what it means to take part.
    his = page_of("tom")
    his.goto(f"/sessions/{session}/console/")
    expect(his).to_have_url(re.compile("/join/$"))
    assert axe_findings(his) == []
    his.locator("input[name=notice]").check()
    his.get_by_role("button", name="Join").click()
    phase_is(his, "open")
    watches(his)
    expect(his.locator("#strip-people-words")).to_have_text("Vera Vogt is working")
    expect(hers.locator("#strip-people-words")).to_have_text("Tom Thoma is watching")

    # He asks; she hands over; he types.
    his.locator("[data-panel=baton].tool").click()
    his.get_by_role("button", name="Ask for the baton").click()
    banner = hers.locator("#banner-baton")
    expect(banner).to_contain_text("Tom Thoma asks for the baton.")
    assert axe_findings(hers) == []
    banner.get_by_role("button", name="Hand over to Tom Thoma").click()
    works(his)
    watches(hers)
    his.locator("[data-close-panel]:visible").click()
    his.locator("#screen").click()
    until(enter(his, "echo tom > tom.txt"), (place / "tom.txt").exists)

    # Olga watches, takes control with a reason, works, and gives it back. Her passkey is not
    # at hand: she types a code, and no question of the browser stands before it.
    olgas = page_of("olga")
    set_up(olgas, Authenticator())
    stage.age_factor("olga", 400)
    olgas.goto(f"/sessions/{session}/watch/")
    phase_is(olgas, "open")
    watches(olgas)
    olgas.locator("[data-panel=baton].tool").click()
    olgas.locator("#control-reason").fill("Moving the line to a safe place")
    olgas.get_by_text("Use a code instead").locator("visible=true").click()
    expect(olgas.locator("#control-code")).to_be_visible()
    assert axe_findings(olgas) == []
    olgas.locator("#control-code").fill(stage.code("olga"))
    olgas.get_by_role("button", name="Take control").click()
    works(olgas)
    watches(his)
    for page in (hers, his):
        expect(page.locator("#banner-baton")).to_contain_text(
            "Olga Olsen of the plant has control."
        )
        expect(page.locator("#message-list")).to_contain_text("Moving the line")
    assert axe_findings(olgas) == []
    olgas.locator("#screen").click()
    until(enter(olgas, "echo olga > olga.txt"), (place / "olga.txt").exists)
    olgas.locator("#banner-return").get_by_role("button", name="Give back").click()
    works(hers)
    watches(olgas)
    hers.locator("#screen").click()
    until(enter(hers, "echo vera > vera.txt"), (place / "vera.txt").exists)

    # She ends it: to each their own truth.
    hers.locator("[data-open-dialog=end-dialog]:visible").first.click()
    hers.locator("#end-dialog").get_by_role("button", name="End the session").click()
    phase_is(hers, "over")
    expect(hers.locator("#overlay-over")).to_contain_text("You ended the session.")
    for page in (his, olgas):
        phase_is(page, "over")
        expect(page.locator("#overlay-over")).to_contain_text(
            "Vera Vogt ended the session."
        )
