"""Windows that fit a plant, in a real Chromium: a freeze while choosing, work that repeats, the
calendar on a desk and on a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import faults
from tests.browser.conftest import OpensPages, Stage
from tests.browser.hands import number_of, press, press_button

pytestmark = pytest.mark.every_width

TICKED_WHILE_ASKED = """async (box) => {
    // An answer is on its way that does not know of it.
    const asked = new Promise((done) =>
        document.addEventListener("htmx:beforeRequest", done, { once: true }));
    box.form.elements.start.dispatchEvent(new Event("change", { bubbles: true }));
    await asked;
    box.click();
}"""


def choose(page: Page, name: str, value: str) -> None:
    page.locator(f"[name={name}]").select_option(value)


@pytest.fixture
def frozen(stage: Stage) -> Iterator[None]:
    """Nobody from outside is wanted at North for the next 30 hours."""
    freeze = stage.freeze_now("north", hours=30)
    yield
    stage.lift_freeze(freeze)


@pytest.mark.usefixtures("frozen")
def test_a_freeze_is_avoided_and_the_work_repeats(page_of: OpensPages) -> None:
    vera = page_of("vera")
    vera.goto("/requests/new/")
    press(vera.get_by_role("group", name="Filling line 3").get_by_label("HMI"))
    vera.get_by_label("What will you do?").fill("Weekly look at the torque curves")
    findings = vera.locator("#wish-findings")
    expect(findings).to_contain_text("Production freeze at Plant North")
    # What is offered lies behind the freeze, and one click takes it.
    press_button(findings, "Take this time")
    expect(findings).not_to_contain_text("Production freeze")

    press(vera.locator("summary", has_text="Repeats"))
    choose(vera, "repeat", "WEEKLY")
    vera.get_by_label("How many times?").fill("4")
    vera.get_by_label("How many times?").blur()
    dates = findings.locator("li.date")
    expect(dates).to_have_count(4)
    dates.nth(2).get_by_label("leave out").evaluate(TICKED_WHILE_ASKED)
    expect(findings.locator("li.date-skipped")).to_have_count(1)
    assert faults(vera) == []
    press_button(vera, "Send the request")
    number = number_of(vera)

    olga = page_of("olga", phone=True, width=360)
    olga.goto(f"/approvals/{number}/")
    expect(olga.locator("li.date")).to_have_count(3)
    press(olga.get_by_role("button", name=re.compile("^Approve")).first)
    expect(vera.locator("li.date .state")).to_have_count(3)

    # On the phone an agenda by day; on a desk by day and by machine, the same facts.
    entry = f"a.week-scheduled[href='/requests/{number}/']"
    vera.goto("/windows/?view=week")
    for _week in range(3):
        if vera.locator(entry).count():
            break
        with vera.expect_navigation():
            press(vera.get_by_role("link", name="Week after"))
    expect(vera.locator(entry)).to_have_count(1)
    week = re.search(r"week=([\w-]+)", vera.url)
    olga.goto(f"/windows/?view=week&week={week[1]}" if week else "/windows/?view=week")
    expect(olga.locator(entry)).to_have_count(1)
    assert faults(olga) == []
    press(vera.get_by_role("link", name="Machines"))
    expect(vera.locator(f".lines {entry}")).to_have_count(1)
    assert faults(vera) == []
