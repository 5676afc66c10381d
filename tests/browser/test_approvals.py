"""Two people have to agree; one asks back, and says yes with changes.

The contractor at a desk, the plant on a small phone and on a usual one.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.axe import axe_findings, faults
from tests.browser.conftest import OpensPages, Stage
from tests.browser.hands import opened, press, press_button

pytestmark = pytest.mark.every_width

# How many ms after a finger has left is the page's news shown that came while it was down?
NEWS_UNDER_A_FINGER = """async () => {
  const shown = new Promise((done) => document.addEventListener(
    "htmx:afterSwap", () => done(performance.now()), { once: true }));
  dispatchEvent(new PointerEvent("pointerdown"));
  document.dispatchEvent(new CustomEvent("portal:look-again"));
  await new Promise((done) => setTimeout(done, 300));
  dispatchEvent(new PointerEvent("pointerup"));
  const left = performance.now();
  return (await shown) - left;
}"""
A_CLICK_COMES_WITHIN_MS = 300


def top_of(target: Locator) -> float:
    """Where it begins on the screen, in px."""
    return float(target.evaluate("(one) => one.getBoundingClientRect().top"))


def test_asked_back_changed_accepted_and_agreed_by_two(
    stage: Stage, page_of: OpensPages
) -> None:
    """Olga asks and proposes to look only; Vera answers and accepts; Ivan agrees, too."""
    both = [{"who": "role:ot_supervisor"}, {"who": "role:it_security"}]
    number = stage.asks("vera", "telnet", steps=both)
    vera, ivan = page_of("vera"), page_of("ivan", phone=True)
    olga = page_of("olga", phone=True, width=360)

    olga.goto(f"/approvals/{number}/")
    expect(olga.locator("#decision-steps")).to_contain_text("IT security")
    words = olga.locator(".match-words").inner_text()
    press(olga.get_by_text("Ask back"))
    olga.get_by_label("Ask the contractor").fill("Which drive is it?")
    press_button(olga, "Send")
    vera.goto(f"/requests/{number}/")
    expect(vera.locator("#thread")).to_contain_text("Which drive is it?")
    expect(vera.locator(".match-words")).to_have_text(words)
    # What comes above them does not move the buttons that a finger is about to press.
    buttons = olga.locator(".decision-buttons")
    buttons.scroll_into_view_if_needed()
    place = top_of(buttons)
    vera.get_by_label("Write to the plant").fill("The left one, as seen from the aisle")
    press_button(vera, "Send")

    expect(olga.locator("#thread")).to_contain_text("The left one")
    assert top_of(buttons) == pytest.approx(place, abs=1)
    assert olga.evaluate(NEWS_UNDER_A_FINGER) > A_CLICK_COMES_WITHIN_MS
    assert axe_findings(olga) == []
    dialog = opened(olga, "With changes", "Approve with changes")
    press(dialog.get_by_label("View only"))
    press(dialog.get_by_label("Only while somebody of the plant attends"))
    press_button(dialog, "Propose")
    expect(olga.get_by_text("It counts once it is accepted")).to_be_visible()

    expect(vera.get_by_text("The plant says yes, with changes")).to_be_visible()
    assert axe_findings(vera) == []
    press_button(vera, "Accept")
    expect(vera.locator("#next-step")).to_contain_text("Olga Olsen")
    expect(vera.locator("#next-step")).to_contain_text("has it now")

    ivan.goto("/approvals/")
    press(ivan.locator(f"a[href='/approvals/{number}/']"))
    expect(
        ivan.get_by_text("To look. Typing and clicking are not passed on.")
    ).to_be_visible()
    press_button(ivan, "Approve")
    expect(vera.get_by_text("The window is scheduled")).to_be_visible()
    olga.goto(f"/requests/{number}/")
    expect(olga.locator("#story")).to_contain_text("Accepted the changes")
    for page in (vera, olga, ivan):
        assert faults(page) == []
