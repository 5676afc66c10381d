"""When who decides is not there: the role is lent for a time, or the deputy is called."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.axe import faults
from tests.browser.conftest import OpensPages, Stage
from tests.browser.hands import opened, press, press_button

pytestmark = pytest.mark.every_width


def in_the_queue(page: Page, number: str) -> Locator:
    """What leads from the queue to the page on which this request is decided."""
    return page.locator(f"a[href='/approvals/{number}/']")


def test_a_supervisor_on_holiday_lends_the_role_and_takes_it_back(
    stage: Stage, page_of: OpensPages
) -> None:
    number = stage.asks("vera", "telnet")
    vera, olga = page_of("vera"), page_of("olga", phone=True, width=360)
    omar = page_of("omar", phone=True)  # decides at the other plant only
    omar.goto("/approvals/")
    expect(in_the_queue(omar, number)).to_have_count(0)

    olga.goto("/delegations/")
    olga.get_by_label("To whom").select_option("Omar Ortega (omar.ortega@example.test)")
    start = datetime.fromisoformat(olga.get_by_label("From", exact=True).input_value())
    until = (start + timedelta(days=7)).isoformat(timespec="minutes")
    olga.get_by_label("Until", exact=True).fill(until)
    olga.get_by_label("Reason").fill("On holiday")
    press_button(olga, "Delegate")
    expect(olga.locator("#lent")).to_contain_text("Omar Ortega")

    vera.goto(f"/requests/{number}/")
    omar.goto("/approvals/")
    press(in_the_queue(omar, number))
    press_button(omar, "Approve")
    expect(vera.get_by_text("The window is scheduled")).to_be_visible()
    expect(vera.locator("#story")).to_contain_text("Omar Ortega")

    # She is back earlier: the page that he has open goes by itself.
    second = stage.asks("vera", "rdp")
    omar.goto(f"/approvals/{second}/")
    expect(omar.get_by_role("heading", level=1)).to_have_text(second)
    dialog = opened(olga, "Take back", "End this delegation?")
    assert faults(olga) == []
    press_button(dialog, "End it")
    expect(olga.locator("#lent")).not_to_contain_text("Omar Ortega")
    expect(omar.get_by_role("heading", level=1)).to_have_text("Not found")
    vera.goto(f"/requests/{second}/")
    expect(vera.locator("#state")).to_contain_text("Waiting for a decision")


def test_nobody_answers_and_the_deputy_is_called(
    stage: Stage, page_of: OpensPages
) -> None:
    group = stage.colleague("petra", "Petra Prinz", "Process engineers")
    step = {"who": "role:ot_supervisor", "deputy": group, "after_minutes": 15}
    number = stage.asks("vera", "ssh", steps=[step])
    vera, petra = page_of("vera", phone=True, width=360), page_of("petra")
    vera.goto(f"/requests/{number}/")
    expect(vera.locator("#next-step")).to_contain_text("It waits for a supervisor")
    petra.goto("/approvals/")
    expect(petra.get_by_text("Nothing waits for you")).to_be_visible()

    stage.unanswered_for(number, 16)
    # Both pages say so by themselves.
    expect(vera.locator("#story")).to_contain_text(
        "A deputy was called: Process engineers"
    )
    press(in_the_queue(petra, number))
    press_button(petra, "Approve")
    expect(vera.get_by_text("The window is scheduled")).to_be_visible()
    expect(vera.locator("#story")).to_contain_text("Petra Prinz")
    assert faults(vera) == []
