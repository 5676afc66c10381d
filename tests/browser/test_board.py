"""The live board in a real Chromium: small live pictures, and a site that is isolated."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import axe_findings
from tests.browser.conftest import OpensPages, Stage
from tests.demo.machines import eventually


@pytest.fixture
def live(stage: Stage) -> Iterator[list[str]]:
    """Two sessions on real machines, without a console: their ids."""
    made = stage.window("vera", "vnc", "telnet")
    cookie = stage.sign_in("vera")
    ids = [
        stage.begin("vera", made["window"], protocol, cookie)
        for protocol in ("vnc", "telnet")
    ]
    for one in ids:
        eventually(lambda one=one: stage.facts(one)["state"] == "active")
    yield ids
    stage.end_window_in(made["window"], -1)


def picture(page: Page, session: str) -> Any:
    return page.locator(f"#picture-{session}")


def is_live(page: Page, session: str) -> None:
    expect(picture(page, session)).to_have_attribute("data-state", "live")
    expect(picture(page, session).locator("canvas").first).to_be_visible()


def test_a_picture_on_each_card_that_stays_when_the_card_changes(
    stage: Stage, page_of: OpensPages, live: list[str]
) -> None:
    olga = page_of("olga")
    olga.goto("/sessions/")
    for one in live:
        is_live(olga, one)
    card = olga.locator("article", has=picture(olga, live[0]))
    expect(card).to_contain_text("Olga Olsen (live board)")
    card.get_by_role("button", name="Freeze").click()
    olga.get_by_role("button", name="Freeze now").click()
    is_live(olga, live[0])
    assert stage.facts(live[0])["frozen_cause"] == "person"

    ivan = page_of("ivan")
    ivan.goto("/sessions/")
    is_live(ivan, live[0])
    canvas = picture(ivan, live[0]).locator("canvas").first.element_handle()
    other = ivan.locator("article", has=picture(ivan, live[0]))
    olga.locator("article", has=picture(olga, live[0])).get_by_role(
        "button", name="Let go on"
    ).click()
    olga.locator("dialog[open]").get_by_role("button", name="Let go on").click()
    expect(other.get_by_text("Active")).to_be_visible()
    assert canvas.evaluate("canvas => canvas.isConnected")
    assert axe_findings(ivan) == []

    ivan.locator("#board-pictures").click()
    expect(picture(ivan, live[0])).to_have_attribute("data-state", "off")
    expect(other).not_to_contain_text("Ivan Ivers")


def test_on_a_phone_a_picture_comes_only_when_asked_for(
    page_of: OpensPages, live: list[str]
) -> None:
    olga = page_of("olga", phone=True)
    olga.goto("/sessions/")
    expect(picture(olga, live[0])).to_have_attribute("data-state", "off")
    picture(olga, live[0]).get_by_role("button").tap()
    is_live(olga, live[0])
    expect(picture(olga, live[1])).to_have_attribute("data-state", "off")
    assert olga.evaluate(
        "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    )


def test_isolating_a_site_from_a_phone_and_lifting_it_by_name(
    stage: Stage, page_of: OpensPages, live: list[str]
) -> None:
    olga, ivan = page_of("olga", phone=True), page_of("ivan")
    ivan.goto("/")
    olga.goto("/plants/sites/north/")
    olga.get_by_role("link", name="Isolate").tap()
    expect(olga.get_by_text(re.compile(r"Ends \d+ live session"))).to_be_visible()
    assert axe_findings(olga) == []
    olga.get_by_label("Reason").fill("Unknown traffic")
    olga.get_by_role("button", name="Isolate now").tap()
    olga.wait_for_url("**/STOP-*/")
    for one in live:
        eventually(lambda one=one: stage.facts(one)["end_confirmed"])
        assert stage.facts(one)["end_reason"] == "site_isolated"
    headline = olga.locator(".stop-headline")
    expect(headline).to_have_text(re.compile(r"(\d+) of \1 ended, \1 proven"))
    expect(ivan.get_by_text("Plant North is isolated")).to_be_visible()
    assert axe_findings(olga) == []

    olga.get_by_role("button", name="Lift it").tap()
    olga.get_by_label("Type the name").fill("Plant North")
    dialog = olga.locator("dialog[open]")
    dialog.get_by_label("Reason").fill("It was a printer")
    dialog.get_by_role("button", name="Lift it").tap()
    expect(olga.get_by_text("Revoked windows stay revoked")).to_be_visible()
    expect(ivan.get_by_text("Plant North is isolated")).to_be_hidden()

    olga.get_by_role("link", name="Look again").first.tap()
    olga.get_by_label("The work is still needed").check()
    olga.get_by_role("button", name="Confirm again").tap()
    expect(olga.get_by_text("stands again")).to_be_visible()
