"""A company and its people, in browsers: added, invited, confirmed; and one of them leaves.

Administrator and newcomer sit at a desk, the sponsor and the coordinator hold a phone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.axe import axe_findings
from tests.browser.conftest import CALM, DESK, OpensPages, Stage, is_fault

PASSWORD = "a sentence that is long enough"
NINA = "nina@hygia.example"


@pytest.fixture
def newcomer(stage: Stage, chromium: Browser) -> Iterator[Page]:
    """Somebody whom nobody knows yet."""
    context = chromium.new_context(base_url=stage.url, viewport=DESK, **CALM)
    page, faults = context.new_page(), []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "console", lambda said: faults.append(said.text) if is_fault(said) else None
    )
    yield page
    context.close()
    assert not faults, "\n".join(map(str, faults))


def seen(page: Page) -> None:
    expect(page.locator("h1")).to_have_count(1)
    assert axe_findings(page) == []


def test_a_company_is_added_and_its_first_person_comes_in(
    stage: Stage, page_of: OpensPages, newcomer: Page
) -> None:
    # Adam makes the record of the company.
    adam = page_of("adam")
    adam.goto("/vendors/new/")
    adam.get_by_label("name", exact=True).or_(
        adam.get_by_label("Name", exact=True)
    ).fill("Hygia Cleaning")
    adam.get_by_label("Sponsor at the plant").select_option("Olga Olsen")
    adam.get_by_label("Contract until").fill("2031-05-31")
    sites = adam.get_by_role("group", name="Sites where it may work")
    sites.get_by_label("Plant North").check()
    adam.get_by_label("Palletiser (Packaging)").check()
    seen(adam)
    adam.get_by_role("button", name="Save").click()
    expect(adam.locator("h1")).to_have_text("Hygia Cleaning")
    seen(adam)

    # Olga, who answers for it, invites Nina by mail.
    olga = page_of("olga", phone=True)
    olga.goto("/vendors/hygia-cleaning/invite/")
    olga.get_by_label("E-mail address").fill(NINA)
    olga.get_by_role("button", name="Send the invitation").tap()
    expect(olga.locator("main")).to_contain_text(NINA)

    # Nina follows the link: name, password, the notice, the second factor.
    nina = newcomer
    nina.goto(stage.invitation_link(NINA))
    nina.get_by_label("E-mail address").fill(NINA)
    nina.get_by_label("Your name").fill("Nina Neu")
    nina.get_by_label("Password, and an authenticator app").check()
    nina.get_by_label("New password").fill(PASSWORD)
    nina.get_by_label("The same again").fill(PASSWORD)
    seen(nina)
    make = nina.get_by_role("button", name="Make my account")
    make.click()
    expect(nina.locator("main")).to_contain_text("nobody may work here")
    nina.get_by_label("New password").fill(PASSWORD)
    nina.get_by_label("The same again").fill(PASSWORD)
    nina.get_by_label(re.compile("I have read this")).check()
    make.click()
    nina.wait_for_url("**/accounts/enrol/**")
    secret = nina.locator("#secret").text_content() or ""
    nina.locator("input[name=code]").fill(stage.code_for(secret))
    nina.locator("form:has(input[name=code]) button[type=submit]").click()
    expect(nina.locator("main")).to_contain_text(re.compile("recovery codes", re.I))

    # She is in, and sees what is missing and who has to see to it.
    nina.goto("/")
    expect(nina.locator("#now")).to_contain_text("Olga Olsen has to confirm you")
    seen(nina)

    # Olga finds her on the start page, looks, confirms.
    olga.goto("/")
    olga.get_by_role("link", name=re.compile("Look and confirm.*Nina Neu")).tap()
    expect(olga.locator("h1")).to_have_text("Nina Neu")
    seen(olga)
    olga.get_by_role("button", name="Confirm").first.tap()
    dialog = olga.locator("dialog[open]")
    expect(dialog).to_contain_text("Hygia Cleaning")
    seen(olga)
    dialog.get_by_role("button", name="Confirm").tap()
    expect(olga.locator("main")).to_contain_text("can ask for access")

    # Nina's page says so by itself; now she may ask.
    expect(nina.locator("#now")).not_to_contain_text("has to confirm you")
    nina.goto("/requests/new/")
    expect(nina.get_by_role("group", name="Palletiser")).to_be_visible()


def test_a_leaver_is_reported_during_a_live_session(
    stage: Stage, page_of: OpensPages
) -> None:
    stage.join("carla", "Carla Corte", coordinator=True)
    stage.join("lena", "Lena Lang")
    lena, carla = page_of("lena"), page_of("carla", phone=True)
    made: dict[str, Any] = stage.window("lena", "vnc")
    lena.goto(made["start"]["vnc"])
    lena.locator("input[name=notice]").check()
    lena.locator("[data-connect]").click()
    lena.wait_for_url("**/console/")
    console = lena.locator("#console")
    expect(console).to_have_attribute("data-phase", "open", timeout=60_000)
    session = lena.url.rstrip("/").split("/")[-2]

    # One click on the company's page, and one question.
    carla.goto("/company/")
    seen(carla)
    carla.get_by_role("button", name=re.compile("Report as left.*Lena Lang")).tap()
    dialog = carla.locator("dialog[open]")
    expect(dialog).to_contain_text("takes effect now")
    seen(carla)
    dialog.get_by_role("button", name="Report and end access").tap()

    # The console says why it is over; every other page asks to sign in.
    expect(console).to_have_attribute("data-phase", "over", timeout=60_000)
    expect(lena.locator("body")).to_contain_text(
        "access of the person working here was ended"
    )
    assert stage.facts(session)["end_reason"] == "account_disabled"
    lena.goto("/requests/")
    expect(lena.get_by_label("E-mail address")).to_be_visible()

    # Carla sees by itself that nothing is left, and how long it took.
    expect(carla.locator("#departure")).to_contain_text(
        "Nothing is left of this access"
    )
    expect(carla.locator("#departure")).to_contain_text(re.compile(r"after \d+"))
    assert stage.facts(session)["end_confirmed"]
    seen(carla)

    # The plant sees it in the list, with its minutes.
    ivan = page_of("ivan")
    ivan.goto("/departures/")
    expect(ivan.locator("#results")).to_contain_text("Lena Lang")
    seen(ivan)
