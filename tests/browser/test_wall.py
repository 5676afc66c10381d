"""The wall of a control room: it rings, a key and its PIN decide there, and whoever stops a
session is asked for the name afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.authenticator import Authenticator, set_up
from tests.browser.axe import faults
from tests.browser.conftest import DESK, OpensPages, Stage
from tests.browser.hands import press, press_button

# Counts notes that sounded to their end: only an audio clock that runs brings one there.
HEARS = """
window.notesHeard = 0;
const begin = AudioScheduledSourceNode.prototype.start;
AudioScheduledSourceNode.prototype.start = function (...when) {
  this.addEventListener("ended", () => { window.notesHeard += 1; });
  return begin.apply(this, when);
};
"""
NOTES_OF_A_RING = 2


class SecurityKey(Authenticator):
    """A key that is put in and touched; `pin`: whether the PIN is typed, too."""

    def __init__(self, *, pin: bool = True) -> None:
        super().__init__()
        self.OPTIONS = {**self.OPTIONS, "transport": "usb", "isUserVerified": pin}


def wait_for_rings(wall: Page, rings: int) -> None:
    """Until it has rung so often since it was loaded."""
    for _turn in range(600):
        if wall.evaluate("notesHeard") >= rings * NOTES_OF_A_RING:
            return
        wall.wait_for_timeout(50)
    raise AssertionError("Nobody hears the wall.")


def name_who(wall: Page, what: str) -> None:
    """Say whose hand it was, and be asked no more."""
    asked = wall.locator("form.wall-name", has_text=f"was {what} here")
    expect(asked).to_be_visible()
    press_button(asked, "Olga Olsen")
    expect(wall.locator("form.wall-name")).to_have_count(0)


def test_it_rings_decides_by_a_key_and_stops_at_once(
    stage: Stage, page_of: OpensPages, stranger: Callable[..., Page]
) -> None:
    key = SecurityKey()
    set_up(page_of("olga"), key, "Key in the drawer")
    wall, errors = stranger(viewport=DESK), []
    wall.on("pageerror", lambda error: errors.append(str(error)))
    wall.add_init_script(HEARS)

    wall.goto("/sessions/wall/")
    assert faults(wall) == []
    wall.get_by_label("Code").fill(stage.station("Filling control room"))
    press_button(wall, "Make this the screen")
    expect(wall.get_by_role("heading", level=1)).to_contain_text("Filling control room")
    sound = wall.locator("#wall-sound")
    expect(sound).to_have_attribute("aria-pressed", "false")
    press(sound)
    expect(sound).to_have_attribute("aria-pressed", "true")
    wait_for_rings(wall, 1)

    number = stage.asks("vera", "telnet")
    look = wall.locator(f"a[href='/sessions/wall/requests/{number}/']")
    expect(look).to_be_visible()
    wait_for_rings(wall, 2)
    assert faults(wall) == []
    press(look)
    expect(wall.locator(".match-words")).to_be_visible()
    assert faults(wall) == []

    # A key that somebody found opens nothing: the PIN is not on it.
    found = SecurityKey(pin=False)
    found.credentials = key.credentials
    out = found.into(wall)
    press_button(wall, "Approve")
    expect(wall.locator("form [data-passkey-error]").first).to_be_visible()
    assert stage.state_of(number) == "pending"
    out()
    key.into(wall)
    press_button(wall, "Approve")
    expect(wall.get_by_text(f"{number}: approved by Olga Olsen.")).to_be_visible()
    expect(look).to_have_count(0)
    # The page is another one now; what was switched on stays so.
    expect(sound).to_have_attribute("aria-pressed", "true")

    made: dict[str, Any] = stage.window("vera", "ssh")
    session = stage.still(made["window"], "ssh")
    acts = wall.locator(f"form[action='/sessions/wall/sessions/{session}/']")
    expect(acts.first).to_be_visible()
    wait_for_rings(wall, 1)
    press(acts.get_by_role("button", name="Freeze"))
    name_who(wall, "frozen")
    assert stage.facts(session)["frozen_cause"] == "person"
    press(acts.get_by_role("button", name="End"))
    dialog = wall.get_by_role("dialog", name="End this session?")
    assert faults(wall) == []
    press_button(dialog, "End it now")
    name_who(wall, "ended")
    stage.over(session)
    assert errors == []
