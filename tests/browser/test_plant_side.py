"""Plant and contractor in two browsers: a phrase and its answer, a critical step, more time,
attendance, the shift change."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import axe_findings
from tests.browser.conftest import OpensPages, Stage


@pytest.fixture
def started(stage: Stage) -> Iterator[list[Any]]:
    windows: list[Any] = []
    yield windows
    for window in windows:
        stage.end_window_in(window, -1)


def connect(page: Page, stage: Stage, started: list[Any]) -> str:
    """Vera works on the HMI; the id of her session."""
    made = stage.window("vera", "vnc")
    started.append(made["window"])
    page.goto(made["start"]["vnc"])
    page.locator("input[name=notice]").check()
    page.locator("[data-connect]").click()
    page.wait_for_url("**/console/")
    is_open(page)
    return page.url.rstrip("/").split("/")[-2]


def is_open(page: Page) -> None:
    expect(page.locator("#console")).to_have_attribute(
        "data-phase", "open", timeout=60_000
    )


def test_what_plant_and_contractor_settle_beside_the_picture(
    stage: Stage, page_of: OpensPages, started: list[Any]
) -> None:
    vera, olga = page_of("vera"), page_of("olga", phone=True, factor_age=900)
    session = connect(vera, stage, started)
    olga.goto(f"/sessions/{session}/watch/")
    is_open(olga)

    # A phrase, acknowledged by one key while the keyboard is on the machine.
    olga.locator(".tools [data-panel=messages]").tap()
    expect(olga.locator("#in-charge-line")).to_have_text(
        "You are in charge of this session."
    )
    olga.get_by_role("button", name="Stop and wait").tap()
    expect(vera.locator("#banner-phrase")).to_contain_text("Stop and wait")
    state = olga.locator("#message-list .line-state")
    expect(state).to_have_text("Not acknowledged yet")
    vera.locator("#screen").focus()
    vera.keyboard.press("F8")
    expect(vera.locator("#banner-phrase")).to_be_hidden()
    expect(state).to_contain_text("Acknowledged by Vera Vogt")
    olga.locator("#panel [data-close-panel]:visible").tap()

    # The line is wanted back: counted down where the work is, and read by the same key.
    window = stage.recall(started[-1], 30)
    assert window
    expect(vera.locator("#banner-recall")).to_contain_text("GIVE IT BACK IN")
    expect(vera.locator("#recall-left")).to_have_text(re.compile(r"^(29|30):\d\d$"))
    assert axe_findings(vera) == []
    vera.locator("#screen").focus()
    vera.keyboard.press("F8")
    expect(vera.locator("#banner-recall")).to_be_hidden()
    expect(olga.locator("#recall-state")).to_contain_text("and read")

    # A critical step: asked for, accepted with one tap, seen by both with its time.
    vera.locator(".tools [data-panel=step]").click()
    vera.get_by_label("What are you going to do?").fill("Writing firmware")
    vera.locator("#step-declare").get_by_role("button").click()
    expect(olga.locator("#ask-step")).to_contain_text("Writing firmware")
    olga.locator("#ask-step").get_by_role("button", name="Accept").tap()
    for page in (vera, olga):
        expect(page.locator("#strip-step")).to_contain_text("CRITICAL STEP")
        assert axe_findings(page) == []

    # Who freezes it all the same is told what it may break, and confirms once.
    olga.locator(".tools [data-panel=freeze]").tap()
    freeze = olga.locator("form[data-act=freeze]")
    freeze.get_by_role("button", name="Freeze now").tap()
    expect(freeze).to_contain_text("Writing firmware")
    assert stage.facts(session)["frozen_cause"] == ""
    expect(freeze.get_by_role("button")).to_contain_text("Freeze it all the same")
    olga.locator("#panel [data-close-panel]:visible").tap()
    vera.locator("#step-end").get_by_role("button").click()
    expect(olga.locator("#strip-step")).to_be_hidden()

    # More time: asked for in the console, given on the phone. It is a decision, so it asks
    # for a code when the last one is too old.
    vera.locator(".tools [data-panel=more-time]").click()
    vera.get_by_label("What is it needed for?").fill("The valve sticks")
    vera.get_by_role("button", name="Ask the plant").locator("visible=true").click()
    expect(olga.locator("#ask-wish")).to_contain_text("The valve sticks")
    before = vera.locator("#strip-left-time").text_content()
    give = olga.locator("#ask-wish").get_by_role("button", name="Give 30 min")
    give.tap()
    olga.locator("#ask-wish-code").fill(stage.code("olga"))
    give.tap()
    expect(vera.locator("#banner-hint")).to_contain_text("granted 30 more minutes")
    expect(vera.locator("#strip-left-time")).not_to_have_text(before or "")
    expect(olga.locator("#ask-wish")).to_be_hidden()


def test_input_waits_for_a_tap_of_the_plant_and_the_shift_is_handed_over(
    stage: Stage, page_of: OpensPages, started: list[Any]
) -> None:
    line = stage.attendance(True)
    try:
        vera, olga = page_of("vera", phone=True), page_of("olga", phone=True)
        session = connect(vera, stage, started)
        expect(vera.locator("#overlay-frozen")).to_contain_text("attend")
        olga.goto(f"/sessions/{session}/watch/")
        is_open(olga)
        olga.locator("#banner-frozen").get_by_role("button", name="I am there").tap()
        expect(vera.locator("#overlay-frozen")).to_be_hidden()

        olga.goto("/sessions/shift/")
        expect(olga.locator("#shift")).to_contain_text("You are in charge")
        assert axe_findings(olga) == []
    finally:
        stage.attendance(False)
    assert line
