"""Passkeys in a real Chromium with a virtual authenticator, and devices signed out from afar."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.authenticator import Authenticator, set_up
from tests.browser.axe import axe_findings
from tests.browser.conftest import DESK, PHONE_OPTIONS, OpensPages, Stage
from tests.cast import PASSWORD
from tests.staged import NoMachines, staged_portal


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    place = tmp_path_factory.mktemp("door")
    with staged_portal(place, "127.0.0.1:4822", NoMachines()) as made:
        yield made


@pytest.fixture
def phone() -> Authenticator:
    return Authenticator()


def sign_in_with(page: Page, phone: Authenticator) -> None:
    phone.into(page)
    page.goto("/")
    assert axe_findings(page) == []
    page.get_by_role("button", name="Sign in with a passkey").tap()
    expect(page.locator(".live-link")).to_have_text("live", timeout=60_000)


def test_an_invited_technician_joins_on_the_phone_with_nothing_but_a_passkey(
    stage: Stage,
    page_of: OpensPages,
    stranger: Callable[..., Page],
    phone: Authenticator,
) -> None:
    nina = "nina@fillwerk.example"
    olga = page_of("olga")
    olga.goto("/vendors/fillwerk-service/invite/")
    olga.get_by_label("E-mail address").fill(nina)
    olga.get_by_label("Name").fill("Nina Neu")
    olga.get_by_role("button", name="Send the invitation").click()
    expect(olga.locator("main")).to_contain_text(nina)

    page = stranger(**PHONE_OPTIONS)
    take_out = phone.into(page)
    page.goto(stage.invitation_link(nina))
    expect(page.get_by_label("New password")).to_be_hidden()
    page.get_by_label("Password, and an authenticator app").check()
    expect(page.get_by_label("New password")).to_be_visible()
    page.get_by_label("Passkey on this device").check()
    assert axe_findings(page) == []
    page.get_by_label("E-mail address").fill(nina)
    page.get_by_label(re.compile("I have read this")).check()
    page.get_by_role("button", name="Make my account").tap()
    expect(page.get_by_role("heading", level=1)).to_have_text("Set up a passkey")
    assert axe_findings(page) == []
    page.get_by_label("Name").fill("Work phone")
    page.get_by_role("button", name="Set it up").tap()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Keep these recovery codes"
    )
    page.goto("/")
    expect(page.locator("#now")).to_contain_text("has to confirm you")
    take_out()

    # The next day, on the same phone: one tap.
    again = stranger(**PHONE_OPTIONS)
    sign_in_with(again, phone)
    expect(again.locator("#now")).to_contain_text("has to confirm you")


def test_a_passkey_signs_in_on_a_phone_and_approves_with_one_tap(
    stage: Stage,
    page_of: OpensPages,
    stranger: Callable[..., Page],
    phone: Authenticator,
) -> None:
    desk = page_of("olga")
    set_up(desk, phone)
    number = stage.asks("vera", "vnc")

    page = stranger(**PHONE_OPTIONS)
    sign_in_with(page, phone)
    # What she signed in with is too old now: the decision asks for it again.
    stage.age_factor("olga", 400)
    page.goto(f"/approvals/{number}/")
    expect(page.get_by_text("Your passkey is asked for").first).to_be_visible()
    assert axe_findings(page) == []
    page.get_by_role("button", name="Approve", exact=True).first.tap()
    expect(page.locator("main")).to_contain_text(f"{number} is approved")


def test_a_passkey_is_the_second_factor_after_the_password(
    stage: Stage,
    page_of: OpensPages,
    stranger: Callable[..., Page],
    phone: Authenticator,
) -> None:
    set_up(page_of("victor"), phone)
    page = stranger(viewport=DESK)
    phone.into(page)
    page.goto("/")
    page.get_by_label("E-mail address").fill(stage.people()["victor"])
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("button", name="Use my passkey")).to_be_focused()
    assert axe_findings(page) == []
    page.keyboard.press("Enter")
    expect(page.locator(".live-link")).to_have_text("live", timeout=60_000)


def test_a_turned_down_passkey_leaves_the_other_ways_open(
    stage: Stage, page_of: OpensPages, phone: Authenticator
) -> None:
    page = page_of("cora")
    set_up(page, phone)
    stage.age_factor("cora", 400)
    page.goto("/account/")
    Authenticator().into(page)  # another phone, without the key
    page.get_by_role("button", name="Make new codes").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Make new codes").click()
    expect(dialog.get_by_role("alert")).to_contain_text("No passkey was used")
    dialog.get_by_label("Code from your authenticator app").fill(stage.code("cora"))
    dialog.get_by_role("button", name="Make new codes").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Keep these recovery codes"
    )


def test_a_passkey_is_removed_with_a_code(
    stage: Stage, page_of: OpensPages, phone: Authenticator
) -> None:
    page = page_of("ivan")
    set_up(page, phone, "Old phone")
    page.goto("/account/")
    page.get_by_role("button", name=re.compile("Remove.*Old phone")).click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.locator("main")).to_contain_text("“Old phone” is removed")
    assert axe_findings(page) == []


def test_a_revoked_device_loses_its_open_page_within_seconds(
    page_of: OpensPages,
) -> None:
    lost, here = page_of("adam", phone=True), page_of("adam")
    lost.goto("/plants/")
    expect(lost.locator(".live-link")).to_have_text("live")
    here.goto("/account/")
    here.get_by_role("button", name="Sign out all others").click()
    expect(here.locator("main")).to_contain_text("signed out")
    lost.wait_for_url("**/accounts/login/**", timeout=15_000)
    expect(lost.locator("main")).to_contain_text("signed out from another device")


def test_the_end_of_an_idle_sign_in_is_said_and_put_off_by_a_key(
    stage: Stage, page_of: OpensPages
) -> None:
    page = page_of("omar")
    stage.idle_in("omar", 100)
    page.goto("/account/")
    stage.idle_in("omar", 100)
    page.evaluate("async () => (await import('/static/js/web_session.js')).look()")
    note = page.locator("#web-session-note")
    expect(note).to_contain_text("you will be signed out in 1:")
    assert axe_findings(page) == []
    with page.expect_response("**/account/web-session/") as answer:
        page.keyboard.press("Shift")
    assert answer.value.json()["idle_in"] > 1_000
    expect(note).to_have_count(0)
    assert stage.seconds_left("omar") > 1_000
