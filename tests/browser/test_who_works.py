"""Who sits at the console, in a real browser: a shared computer, and a passkey in the middle."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from playwright.sync_api import Page, expect

from tests.browser.at_console import phase_is
from tests.browser.authenticator import Authenticator, set_up
from tests.browser.axe import axe_findings
from tests.browser.conftest import DESK, OpensPages, Stage
from tests.cast import PASSWORD


def test_a_shared_computer_asks_who_is_there(
    stage: Stage, stranger: Callable[..., Page], work: Callable[..., str]
) -> None:
    page = stranger(viewport=DESK)
    page.goto("/")
    page.get_by_label("E-mail address").fill(stage.people()["vera"])
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("This is a shared computer").check()
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Code").fill(stage.code("vera"))
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.locator(".live-link")).to_have_text("live", timeout=60_000)
    session, console = work(page, "telnet"), page.url

    page.get_by_role("button", name="Not you?").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("You are not Vera Vogt?")
    assert axe_findings(page) == []
    dialog.get_by_role("button", name="It is me").click()

    # A break: longer than five minutes, and the second factor says that it is still her.
    page.goto("/windows/")
    stage.away_for(session, 6)
    page.goto(console)
    expect(page.get_by_role("heading", level=1)).to_have_text("Confirm that it is you")
    page.get_by_label("Code").fill(stage.code("vera"))
    page.get_by_role("button", name="Confirm", exact=True).click()
    phase_is(page, "open")
    assert page.url == console

    # Somebody else: signed out, and the work waits for her.
    page.get_by_role("button", name="Not you?").click()
    page.get_by_role("dialog").get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    assert stage.facts(session)["state"] == "active"


def test_after_idling_a_passkey_goes_on_with_one_press(
    stage: Stage, page_of: OpensPages, work: Callable[..., str]
) -> None:
    stage.join("pia", "Pia Paulsen")
    page, phone = page_of("pia"), Authenticator()
    set_up(page, phone)
    phone.into(page)
    session = work(page, "telnet", who="pia")
    now = datetime.now(UTC).isoformat()
    model = "brokered_sessions.BrokeredSession"
    stage.change(model, session, frozen_at=now, frozen_cause="idle")

    overlay = page.locator("#overlay-frozen")
    expect(overlay).to_contain_text("use your passkey")
    assert axe_findings(page) == []
    overlay.get_by_role("button", name="Go on").click()
    expect(page.locator("#overlays")).to_be_hidden()
    assert stage.facts(session)["frozen_cause"] == ""
