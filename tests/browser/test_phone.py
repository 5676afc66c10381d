"""On the phone: a push is shown, a tap opens what it is about, and a tap and a touch approve it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, Worker, expect

from tests.browser.authenticator import Authenticator, set_up
from tests.browser.axe import axe_findings, faults
from tests.browser.conftest import OpensPages
from tests.staged import NoMachines, Stage, staged_portal


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    place = tmp_path_factory.mktemp("phone")
    # A push service that is allowed, and that nobody speaks to.
    allowed = {"PORTAL_PUSH_HOSTS": "push.plant.example"}
    with staged_portal(place, "127.0.0.1:4822", NoMachines(), **allowed) as made:
        yield made


COUNT_TAPS = """
addEventListener("click", (event) => {
  if (event.isTrusted) sessionStorage.taps = Number(sessionStorage.taps || 0) + 1;
}, true);
"""


def worker_of(page: Page) -> Worker:
    """The service worker of this phone, once it is in charge."""
    page.evaluate("async () => { await navigator.serviceWorker.ready; }")
    return page.context.service_workers[0]


def deliver(page: Page, told: dict[str, Any]) -> None:
    """Hand a message to the worker, as Chromium does when its push service has decrypted it."""
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
            "data": json.dumps(told),
        },
    )


def shown_by(worker: Worker) -> dict[str, Any]:
    """What the worker shows on the locked screen."""
    return worker.evaluate(
        """async () => {
          for (let turn = 0; turn < 200; turn += 1) {
            const [first] = await registration.getNotifications();
            const { title, body, data, actions } = first || {};
            if (first) return { title, body, path: data.path, actions };
            await new Promise((done) => setTimeout(done, 50));
          }
          return {};
        }"""
    )


def phone_of(
    page_of: OpensPages, who: str, name: str, **options: Any
) -> tuple[Page, Authenticator]:
    """A phone with a passkey that counts the taps, and may be pushed to."""
    page = page_of(
        who,
        phone=True,
        permissions=["notifications"],
        service_workers="allow",
        **options,
    )
    page.add_init_script(COUNT_TAPS)
    finger = Authenticator()
    set_up(page, finger, name)
    page.goto("/account/notifications/")
    return page, finger


def tap_on_push(page: Page, finger: Authenticator, path: str) -> None:
    """The first tap is on the notification; a browser under test has none to tap on."""
    page.evaluate("sessionStorage.taps = 1")
    finger.into(page)
    worker_of(page).evaluate("(path) => { open(path); }", path)
    page.wait_for_url(f"**{path}")


def taps(page: Page) -> int:
    return int(page.evaluate("sessionStorage.taps"))


def sign_out(page: Page) -> None:
    """Signing out takes the worker along."""
    page.goto("/account/")
    page.locator("main").get_by_role("button", name="Sign out", exact=True).tap()
    page.wait_for_url("**/accounts/login/**")
    left = "async () => (await navigator.serviceWorker.getRegistrations()).length"
    for _turn in range(100):
        if page.evaluate(left) == 0:
            break
        page.wait_for_timeout(50)
    assert page.evaluate(left) == 0


@pytest.mark.timeout(300)
def test_from_the_push_to_approved_in_three_taps(
    stage: Stage, page_of: OpensPages
) -> None:
    page, finger = phone_of(page_of, "olga", "Work phone")
    worker = worker_of(page)
    assert axe_findings(page) == []

    number = stage.asks("vera", "vnc")
    told = stage.pushed("olga", number)
    stage.age_factor("olga", 1000)  # her factor is not fresh: the touch has to do it
    deliver(page, told)
    shown = shown_by(worker)
    assert shown == {
        "title": "A request waits for your decision",
        "body": number,
        "path": f"/approvals/{number}/",
        "actions": [],
    }
    assert "Vera" not in str(told)

    tap_on_push(page, finger, shown["path"])
    expect(page.get_by_role("heading", level=1)).to_have_text(number)
    assert axe_findings(page) == []
    # It rang, and it was seen: both are said to the contractor.
    contractor = page_of("vera", phone=True)
    contractor.goto(f"/requests/{number}/")
    expect(contractor.locator("#delivery")).to_contain_text(
        re.compile(r"rang \d\d:\d\d.*seen \d\d:\d\d", re.DOTALL)
    )
    assert axe_findings(contractor) == []

    page.get_by_role("button", name="Approve", exact=True).tap()
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
    stage: Stage, page_of: OpensPages
) -> None:
    page, finger = phone_of(page_of, "olga", "Small phone", width=360)
    made, vera = stage.window("vera", "ssh"), page_of("vera")
    vera.goto(f"/requests/{made['number']}/")
    span = vera.locator("#next-step .window-span")
    before = span.inner_text()
    vera.get_by_role("button", name="Ask for more time").click()
    dialog = vera.get_by_role("dialog", name="Ask for more time")
    dialog.get_by_label("What is the time needed for?").fill("The valve sticks")
    dialog.get_by_role("button", name="Ask", exact=True).click()
    expect(vera.locator("#next-step")).to_contain_text("More time was asked for")

    told = stage.pushed("olga", made["number"], "window.extension.requested")
    stage.age_factor("olga", 1000)
    deliver(page, told)
    shown = shown_by(worker_of(page))
    assert shown["title"] == "Somebody asks for more time"
    tap_on_push(page, finger, shown["path"])
    expect(page.locator("#next-step")).to_contain_text("The valve sticks")
    page.locator("#next-step").get_by_role("button", name="Give more time").tap()
    dialog = page.get_by_role("dialog", name="Give more time?")
    assert faults(page) == []
    dialog.get_by_role("button", name="Give more time").tap()
    expect(page.locator("#next-step")).not_to_contain_text("The valve sticks")
    assert taps(page) <= 3
    expect(span).not_to_have_text(before)
    assert faults(vera) == []
    sign_out(page)
