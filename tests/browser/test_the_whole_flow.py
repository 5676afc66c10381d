"""The main job, as it would be told: Vera asks, Olga lets her in, she works, Cora looks back.

A real Chromium, a real guacd, a real machine. Contractor and compliance sit at a desk of
1440 px, the supervisor holds a phone of 390 px. Every page on the way is checked by axe.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from accessportal.demo.targets.facts import TargetFacts
from tests.browser.axe import axe_findings
from tests.browser.conftest import CALM, DESK, PHONE, Stage, is_fault
from tests.cast import PASSWORD
from tests.demo.machines import state

PURPOSE = "Stop the line, set the capper torque, start it again"


class Person:
    """Somebody with a browser of their own and an authenticator app."""

    def __init__(self, name: str, stage: Stage, context: BrowserContext) -> None:
        self.name = name
        self.stage = stage
        self.page: Page = context.new_page()
        self.faults: list[str] = []
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on(
            "console",
            lambda said: self.faults.append(said.text) if is_fault(said) else None,
        )

    def code(self) -> str:
        return str(self.stage.code(self.name))

    def looks_at(self, path: str = "") -> None:
        """Open a page, or stay on it, and let axe look, too."""
        if path:
            self.page.goto(path)
        expect(self.page.locator("h1")).to_have_count(1)
        self.faults += axe_findings(self.page)

    def signs_in(self, email: str) -> None:
        self.looks_at("/")
        self.page.get_by_label("E-mail address").fill(email)
        self.page.get_by_label("Password", exact=True).fill(PASSWORD)
        self.page.get_by_role("button", name="Continue").click()
        field = self.page.locator("input[autocomplete=one-time-code]")
        field.wait_for()
        self.looks_at()
        field.fill(self.code())
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page.locator(".live-link")).to_have_text("live", timeout=60_000)
        self.looks_at()


@pytest.fixture
def comes_in(stage: Stage, chromium: Browser) -> Iterator[Callable[..., Person]]:
    people: list[Person] = []
    contexts: list[BrowserContext] = []

    def comes(name: str, **options: Any) -> Person:
        context = chromium.new_context(base_url=stage.url, **(CALM | options))
        contexts.append(context)
        people.append(Person(name, stage, context))
        return people[-1]

    yield comes
    for context in contexts:
        context.close()
    faults = [f"{person.name}: {fault}" for person in people for fault in person.faults]
    assert not faults, "\n".join(faults)


def until(holds: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"It did not come true that {what}."
        time.sleep(0.2)


def vera_asks(vera: Person) -> str:
    page = vera.page
    vera.looks_at("/requests/new/")
    page.get_by_label("Plant North").check()
    machine = page.get_by_role("group", name="Filling line 3")
    machine.get_by_role("checkbox", name=re.compile("HMI")).check()
    page.get_by_label("What will you do?").fill(PURPOSE)
    page.get_by_role("textbox", name="Work order").fill("WO-4711")
    vera.looks_at()
    page.get_by_role("button", name="Send the request").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("REQ-")
    vera.looks_at()
    found = re.search(r"REQ-\d{4}-\d{4,}", page.url)
    assert found is not None
    return found.group()


def olga_approves_from_now_on(olga: Person, number: str) -> None:
    page = olga.page
    olga.looks_at("/approvals/")
    page.get_by_role("link", name=re.compile(number)).first.tap()
    expect(page.get_by_role("heading", level=1)).to_have_text(number)
    expect(page.locator("main")).to_contain_text(PURPOSE)
    expect(page.locator("main")).to_contain_text("not encrypted")
    olga.looks_at()
    page.get_by_role("button", name="Another time").tap()
    page.get_by_role("button", name="Start now").tap()
    olga.looks_at()
    page.get_by_role("button", name="Approve this time").tap()
    expect(page.locator("main")).to_contain_text(f"{number} is approved")


def vera_connects(vera: Person) -> None:
    page = vera.page
    # Nobody reloads: the decision, and a second later the open window, come by themselves.
    connect = page.get_by_role("link", name=re.compile("Connect"))
    connect.first.wait_for(timeout=60_000)
    vera.looks_at()
    connect.first.click()
    page.get_by_label(re.compile("I have read this")).check()
    code = page.locator("input[name=otp_code]:visible")
    if code.count():
        code.fill(vera.code())
    vera.looks_at()
    page.get_by_role("button", name="Connect").click()
    page.wait_for_url("**/console/")
    expect(page.locator("body")).to_contain_text("REC", timeout=60_000)
    expect(page.locator("body")).to_contain_text("ENDS IN")
    page.locator("canvas").first.wait_for()
    vera.looks_at()


def press_until(
    person: Person, line: TargetFacts, button: str, holds: Callable[[], bool]
) -> None:
    """Press it as a person would: again, when the portal kept it back as made on an old picture."""
    for attempt in range(8, -1, -1):
        press(person, line, button)
        try:
            until(holds, f"the line answers {button}", 8.0 if attempt else 60.0)
        except AssertionError:
            if not attempt:
                raise
        else:
            return


def press(person: Person, line: TargetFacts, button: str) -> None:
    """Click where a button of the machine's 1280 x 800 screen is drawn in the browser."""
    left, top, right, bottom = state(line)["buttons"][button]
    x, y = (left + right) / 2, (top + bottom) / 2
    box = person.page.locator("canvas").first.bounding_box()
    assert box is not None
    person.page.mouse.move(
        box["x"] + box["width"] * x / 1280, box["y"] + box["height"] * y / 800
    )
    person.page.mouse.down()
    time.sleep(0.15)
    person.page.mouse.up()


def test_the_whole_flow(stage: Stage, comes_in: Callable[..., Person]) -> None:
    emails = stage.people()
    vera = comes_in("vera", viewport=DESK)
    olga = comes_in(
        "olga",
        viewport=PHONE,
        has_touch=True,
        is_mobile=True,
        device_scale_factor=2,
        color_scheme="dark",
    )
    cora = comes_in("cora", viewport=DESK)

    vera.signs_in(emails["vera"])
    number = vera_asks(vera)

    olga.signs_in(emails["olga"])
    olga_approves_from_now_on(olga, number)

    vera_connects(vera)
    session_path = vera.page.url.removeprefix(stage.url).removesuffix("console/")

    # She works: the line stops, and starts again.
    line = stage.targets["vnc"]
    until(lambda: state(line)["running"], "the line runs")
    press_until(vera, line, "stop", lambda: not state(line)["running"])
    press_until(vera, line, "start", lambda: state(line)["running"])

    # Olga watches on her phone; Vera sees that she does.
    olga.looks_at("/sessions/")
    olga.page.get_by_role("link", name="Watch").first.tap()
    expect(vera.page.locator("body")).to_contain_text("Olga", timeout=60_000)
    olga.looks_at()

    # She leaves the machine in order and ends.
    vera.page.get_by_role("button", name="End", exact=True).click()
    vera.page.get_by_role("dialog").get_by_role(
        "button", name=re.compile("End")
    ).click()
    expect(vera.page.locator("body")).to_contain_text(
        "Ended", timeout=60_000, ignore_case=True
    )
    facts: dict[str, Any] = {}

    def end_is_proven() -> bool:
        facts.update(stage.facts(session_path.strip("/").split("/")[-1]))
        return bool(facts["end_confirmed"])

    until(end_is_proven, "the end is proven")
    assert facts["end_reason"] == "ended_by_contractor"

    # Cora plays it back and signs it off.
    cora.signs_in(emails["cora"])
    cora.looks_at("/reviews/")
    cora.page.get_by_role("link", name=re.compile("SES-")).first.click()
    expect(cora.page.locator("canvas").first).to_be_visible(timeout=60_000)
    cora.looks_at()
    play = cora.page.get_by_role("button", name="Play")
    play.click()
    expect(cora.page.get_by_role("button", name="Pause")).to_be_visible()
    cora.page.get_by_role("button", name="Pause").click()
    cora_clears(cora)

    # The trail tells the story, and it is intact.
    cora.looks_at(f"/audit/?q={number}")
    trail = cora.page.locator("main").inner_text()
    for event in (
        "request.submitted",
        "request.approved",
        "session.started",
        "session.end.confirmed",
        "recording.viewed",
        "recording.reviewed",
    ):
        assert event in trail
    assert stage.trail_is_intact() is True


def cora_clears(cora: Person) -> None:
    page = cora.page
    page.get_by_label(re.compile("Notes")).fill(
        "As asked for; the line ran again at the end."
    )
    page.get_by_role("button", name=re.compile("^Clear")).first.click()
    confirm = page.get_by_role("dialog")
    if confirm.count() and confirm.first.is_visible():
        confirm.get_by_role("button", name=re.compile("Clear")).click()
    expect(page.locator("main")).to_contain_text("Cleared", timeout=60_000)
