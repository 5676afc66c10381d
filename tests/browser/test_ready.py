"""Of "Am I ready?": what the page finds out about the browser, the link and the clock."""

from __future__ import annotations

from datetime import datetime, timedelta

from playwright.sync_api import Page, expect

from tests.browser.axe import faults
from tests.browser.conftest import OpensPages
from tests.browser.hands import press_button

TESTS = ("browser", "socket", "trip", "rate", "clock")
# Up to the first it is ready, up to the second it will do; `rate`, in Mbit/s: from there on.
LIMITS = {"socket": (2000, 5000), "trip": (150, 400), "clock": (5, 60)}
RATE = (1.5, 0.4)
NO_SOCKETS = """() => {
  window.WebSocket = class { constructor() { setTimeout(() => this.onerror(), 0); } };
}"""


def verdicts(page: Page) -> dict[str, tuple[str, str]]:
    """What is said of each, and in which words, once everything was tried."""
    place = page.locator("#link-test")
    expect(place).to_have_attribute("aria-busy", "false")
    found = {}
    for name in TESTS:
        row = place.locator(f"[data-test={name}]")
        state = row.get_attribute("data-state") or ""
        expect(row.locator("[data-when]:visible")).to_have_count(1)
        expect(row.locator(f"[data-when={state}]")).to_be_visible()
        found[name] = (state, row.locator("[data-words]").inner_text())
    return found


def judged(name: str, words: str) -> str:
    """The verdict on a figure, by what was measured: a busy machine may be slow."""
    figure = float(words.split()[0])
    if name == "rate":
        good, fair = figure >= RATE[0], figure >= RATE[1]
    else:
        good, fair = figure <= LIMITS[name][0], figure <= LIMITS[name][1]
    return "ready" if good else "poor" if fair else "bad"


def test_it_tells_a_good_computer_from_a_bad_one(page_of: OpensPages) -> None:
    page = page_of("vera")
    page.goto("/account/ready/")
    found = verdicts(page)
    assert found["browser"] == ("ready", "has what a console needs")
    assert found["clock"][0] == "ready"
    for name in ("socket", "trip", "rate", "clock"):
        state, words = found[name]
        assert state == judged(name, words), found
    assert faults(page) == []

    # The link is cut: nothing is known of the clock either. Back again, and tried again.
    page.evaluate(NO_SOCKETS)
    page.route("**/account/ready/link/**", lambda route: route.abort())
    press_button(page, "Try again")
    found = verdicts(page)
    assert found.pop("browser")[0] == "ready"
    assert set(found.values()) == {("bad", "no answer")}
    page.unroute_all()

    page.clock.set_fixed_time(datetime.now() + timedelta(minutes=10))
    press_button(page, "Try again")
    state, words = verdicts(page)["clock"]
    assert state == "bad" and judged("clock", words) == "bad", words
    assert faults(page) == []

    old = page_of("vera")
    old.add_init_script(
        "delete window.PublicKeyCredential; delete window.createImageBitmap;"
    )
    old.goto("/account/ready/")
    assert verdicts(old)["browser"] == ("bad", "ImageBitmap, Passkey")
