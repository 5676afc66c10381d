"""On the phone: a push is shown, a tap opens what it is about, and a tap and a touch approve it.

The page subscribes, the portal signs, encrypts and sends, a push service on this machine checks
who sends and decrypts, and the phone's worker is handed what was read: no browser under test is a
customer of a vendor's push service, so it is given a place at ours. What the worker shows is drawn
on a screen of ours, by Chromium's own way to a desktop's, and it is tapped on there.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Playwright, Worker, expect

from tests.browser.authenticator import Authenticator, set_up
from tests.browser.axe import axe_findings, faults
from tests.browser.conftest import CHROMIUM_OPTIONS, WHOLE_CHROMIUM, OpensPages
from tests.browser.hands import opened, press, press_button
from tests.browser.locked_screen import LockedScreen, locked_screen
from tests.notifications.push_service import Arrived, PushService, push_service
from tests.staged import NoMachines, Stage, staged_portal

pytestmark = pytest.mark.every_width


@pytest.fixture(scope="module")
def service() -> Iterator[PushService]:
    with push_service() as running:
        yield running


@pytest.fixture(scope="module")
def stage(
    tmp_path_factory: pytest.TempPathFactory, service: PushService
) -> Iterator[Stage]:
    place = tmp_path_factory.mktemp("phone")
    allowed = {"PORTAL_PUSH_HOSTS": "127.0.0.1", "PORTAL_OUTWARD_LOOPBACK": "1"}
    with staged_portal(place, "127.0.0.1:4822", NoMachines(), **allowed) as made:
        yield made


# A vendor's service ties a place to the key of who may send there; so does this one, by its name.
TAKES_PUSHES = """(({ endpoint, p256dh, auth }) => {
  const text = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const bytes = (text) => Uint8Array.from(
    atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
  const held = () => {
    const key = localStorage.getItem("push-key");
    return key && {
      options: { userVisibleOnly: true, applicationServerKey: bytes(key).buffer },
      toJSON: () => ({ endpoint: `${endpoint}/${key}`, keys: { p256dh, auth } }),
      unsubscribe: async () => localStorage.removeItem("push-key"),
    };
  };
  PushManager.prototype.getSubscription = async () => held();
  PushManager.prototype.subscribe = async ({ applicationServerKey }) => {
    localStorage.setItem("push-key", text(applicationServerKey));
    return held();
  };
})"""

COUNT_TAPS = """
addEventListener("click", (event) => {
  if (event.isTrusted) sessionStorage.taps = Number(sessionStorage.taps || 0) + 1;
}, true);
"""


def worker_of(page: Page) -> Worker:
    """The service worker of this phone, once it is in charge."""
    page.evaluate("async () => { await navigator.serviceWorker.ready; }")
    return page.context.service_workers[0]


def next_push(page: Page, service: PushService) -> Arrived:
    """What the portal sends next to this phone's place, signed by whom it subscribed with."""
    for _turn in range(600):
        if service.arrived:
            break
        page.wait_for_timeout(50)
    arrived = service.arrived.pop(0)
    assert arrived.path.endswith(f"/{arrived.signed_by}")
    return arrived


def deliver(page: Page, plain: str) -> None:
    """Hand a message to the worker, as Chromium does when it has been decrypted."""
    line = page.context.new_cdp_session(page)
    found: list[str] = []
    line.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda news: found.extend(
            one["registrationId"] for one in news["registrations"]
        ),
    )
    line.send("ServiceWorker.enable")
    while not found:
        page.wait_for_timeout(50)
    line.send(
        "ServiceWorker.deliverPushMessage",
        {
            "origin": page.url.split("/account")[0],
            "registrationId": found[0],
            "data": plain,
        },
    )


def shown_by(worker: Worker) -> dict[str, Any]:
    """What the worker shows on the locked screen."""
    return worker.evaluate(
        """async () => {
          for (let turn = 0; turn < 60; turn += 1) {
            const [first] = await registration.getNotifications();
            const { title, body, data, actions } = first || {};
            if (first) return { title, body, path: data.path, actions };
            await new Promise((done) => setTimeout(done, 50));
          }
          return {};
        }"""
    )


def rings(page: Page, plain: str) -> dict[str, Any]:
    """Deliver until it is shown: Chromium drops what comes while the worker still wakes up."""
    worker = worker_of(page)
    for _turn in range(10):
        deliver(page, plain)
        shown = shown_by(worker)
        if shown:
            return shown
    raise AssertionError("the worker shows nothing")


# For the whole file: a browser that is left by its bus goes away, and has to be closed before.
@pytest.fixture(scope="module")
def locked() -> Iterator[LockedScreen]:
    with locked_screen() as screen:
        yield screen


@pytest.fixture
def take_phone(
    playwright: Playwright, locked: LockedScreen, tmp_path: Path
) -> Callable[..., BrowserContext]:
    """A whole browser with a profile of its own, which has its notifications drawn there."""
    locked.drawn.clear()
    return partial(
        playwright.chromium.launch_persistent_context,
        tmp_path / "profile",
        executable_path=WHOLE_CHROMIUM,
        args=CHROMIUM_OPTIONS,
        env={**os.environ, "DBUS_SESSION_BUS_ADDRESS": locked.address},
    )


def phone_of(
    page_of: OpensPages,
    service: PushService,
    take_phone: Callable[..., BrowserContext],
    who: str,
    name: str,
    **options: Any,
) -> tuple[Page, Authenticator]:
    """A phone with a passkey that counts the taps, and is pushed to from now on."""
    page = page_of(
        who,
        phone=True,
        context_from=take_phone,
        permissions=["notifications"],
        service_workers="allow",
        **options,
    )
    page.add_init_script(COUNT_TAPS)
    place = json.dumps(service.place(name.replace(" ", "-").lower()))
    page.add_init_script(f"{TAKES_PUSHES}({place});")
    finger = Authenticator()
    set_up(page, finger, name)
    page.goto("/account/notifications/")
    press_button(page, "Push to this device")
    expect(page.locator("#push-is-on")).to_be_visible()
    service.arrived.clear()
    return page, finger


def tap_on_push(
    page: Page, finger: Authenticator, locked: LockedScreen, shown: dict[str, Any]
) -> None:
    """The first of the taps is on what the locked screen shows."""
    page.evaluate("sessionStorage.taps = 1")
    finger.into(page)
    locked.tap(locked.shows(shown["title"]))
    page.wait_for_url(f"**{shown['path']}")


def taps(page: Page) -> int:
    return int(page.evaluate("sessionStorage.taps"))


def sign_out(page: Page) -> None:
    """Signing out takes the worker along."""
    page.goto("/account/")
    press_button(page.locator("main"), "Sign out")
    page.wait_for_url("**/accounts/login/**")
    left = "async () => (await navigator.serviceWorker.getRegistrations()).length"
    for _turn in range(100):
        if page.evaluate(left) == 0:
            break
        page.wait_for_timeout(50)
    assert page.evaluate(left) == 0


@pytest.mark.timeout(600)
def test_from_the_push_to_approved_in_three_taps(
    stage: Stage,
    page_of: OpensPages,
    service: PushService,
    locked: LockedScreen,
    take_phone: Callable[..., BrowserContext],
) -> None:
    page, finger = phone_of(page_of, service, take_phone, "olga", "Work phone")
    assert axe_findings(page) == []

    number = stage.submits("vera", "vnc")
    arrived = next_push(page, service)
    stage.age_factor("olga", 1000)  # her factor is not fresh: the touch has to do it
    shown = rings(page, arrived.plain)
    assert shown == {
        "title": "A request waits for your decision",
        "body": number,
        "path": f"/approvals/{number}/",
        "actions": [],
    }
    assert "Vera" not in arrived.plain
    drawn = locked.shows(shown["title"])
    assert number in drawn.body and "Vera" not in drawn.body

    tap_on_push(page, finger, locked, shown)
    expect(page.get_by_role("heading", level=1)).to_have_text(number)
    assert axe_findings(page) == []
    # It rang, and it was seen: both are said to the contractor.
    contractor = page_of("vera", phone=True)
    contractor.goto(f"/requests/{number}/")
    expect(contractor.locator("#delivery")).to_contain_text(
        re.compile(r"rang \d\d:\d\d.*seen \d\d:\d\d", re.DOTALL)
    )
    assert axe_findings(contractor) == []

    press_button(page, "Approve")
    expect(page.locator("main")).to_contain_text(f"{number} is approved")
    assert taps(page) <= 3

    # Without a network the phone has a notice, and nothing of the plant.
    page.context.set_offline(True)
    page.goto("/approvals/")
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "No connection to the portal"
    )
    kept = page.evaluate(
        """async () => {
          const found = [];
          for (const name of await caches.keys())
            for (const request of await (await caches.open(name)).keys())
              found.push(new URL(request.url).pathname);
          return found;
        }"""
    )
    assert [path for path in kept if not path.startswith("/static/")] == ["/offline/"]
    page.context.set_offline(False)

    sign_out(page)


def test_more_time_from_the_push_in_three_taps(
    stage: Stage,
    page_of: OpensPages,
    service: PushService,
    locked: LockedScreen,
    take_phone: Callable[..., BrowserContext],
) -> None:
    page, finger = phone_of(
        page_of, service, take_phone, "olga", "Small phone", width=360
    )
    made, vera = stage.window("vera", "ssh"), page_of("vera")
    vera.goto(f"/requests/{made['number']}/")
    span = vera.locator("#next-step .window-span")
    before = span.inner_text()
    dialog = opened(vera, "Ask for more time", "Ask for more time")
    dialog.get_by_label("What is the time needed for?").fill("The valve sticks")
    press_button(dialog, "Ask")
    expect(vera.locator("#next-step")).to_contain_text("More time was asked for")

    arrived = next_push(page, service)
    stage.age_factor("olga", 1000)
    shown = rings(page, arrived.plain)
    assert shown["title"] == "Somebody asks for more time"
    tap_on_push(page, finger, locked, shown)
    expect(page.locator("#next-step")).to_contain_text("The valve sticks")
    press(page.locator("#next-step").get_by_role("button", name="Give more time"))
    dialog = page.get_by_role("dialog", name="Give more time?")
    assert faults(page) == []
    press_button(dialog, "Give more time")
    expect(page.locator("#next-step")).not_to_contain_text("The valve sticks")
    assert taps(page) <= 3
    expect(span).not_to_have_text(before)
    assert faults(vera) == []
    sign_out(page)
