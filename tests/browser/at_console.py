"""What somebody at a console looks at and does, for the stories told there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.demo.machines import eventually, state
from tests.staged import Stage

CUT_OFF = """async () => {
  const frame = () => new Promise(requestAnimationFrame);
  await frame();  // a window of another size is first measured with the rules of the former one
  await frame();
  const right = (one) => one.getBoundingClientRect().right;
  const title = document.querySelector(".strip-title");
  const side = [...document.querySelectorAll(".strip-side > *, .strip-who-ask")];
  const cut = side.filter((one) => right(one) > innerWidth + 1);
  if (right(title.querySelector("bdi")) > right(title) + 1) cut.push(title);
  return cut.map((one) => one.textContent.trim());
}"""
"""What does not fit into the strip: an act at its side, or the name of the machine."""


def phase_is(page: Page, phase: str, *, seconds: float = 60) -> None:
    expect(page.locator("#console")).to_have_attribute(
        "data-phase", phase, timeout=seconds * 1000
    )


def on_machine(page: Page, stage: Stage, button: str) -> tuple[float, float]:
    """Where a button of the HMI lies in the window."""
    left, top, right, bottom = state(stage.targets["vnc"])["buttons"][button]
    box = page.locator("#stage").bounding_box()
    assert box is not None
    scale = box["width"] / page.evaluate(
        "() => document.querySelector('#stage canvas').width"
    )
    return box["x"] + (left + right) / 2 * scale, box["y"] + (top + bottom) / 2 * scale


def settled(page: Page) -> None:
    """The picture is young: what is done now is not discarded as done on an old one."""
    expect(page.locator("#strip-link")).to_have_attribute(
        "data-quality", "good", timeout=60_000
    )


def until(
    act: Callable[[], Any], came_true: Callable[[], bool], *, tries: int = 8
) -> None:
    """Do it as a person would: again, when the portal discarded it as made on an old picture."""
    for _attempt in range(tries - 1):
        act()
        try:
            eventually(came_true, seconds=4)
        except AssertionError:
            continue
        return
    act()
    eventually(came_true)


def enter(page: Page, command: str) -> Callable[[], None]:
    def type_it() -> None:
        settled(page)
        page.keyboard.type(command, delay=5)
        page.keyboard.press("Enter")

    return type_it
