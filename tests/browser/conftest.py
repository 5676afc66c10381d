"""A portal in a process of its own, real machines, and one Chromium for all these tests."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    Playwright,
    ViewportSize,
    expect,
    sync_playwright,
)

from accessportal.demo.targets import start_targets
from accessportal.launcher.guacd import Guacd
from tests.browser.at_console import phase_is
from tests.browser.hands import TOUCHED
from tests.staged import Stage, staged_portal

WHOLE_CHROMIUM = "/usr/bin/chromium"
# The engine without the desktop around it, where the system has it: a window with its tab strip
# and address bar, which nobody sees, costs as much as the page in it.
CHROMIUM = (
    os.environ.get("PORTAL_CHROMIUM")
    or shutil.which("chromium-headless-shell")
    or WHOLE_CHROMIUM
)
CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
# A page may be slow on a busy machine; it must only get there.
expect.set_options(timeout=30_000)

DESK: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
PHONE_OPTIONS: dict[str, Any] = {
    "viewport": PHONE,
    "has_touch": True,
    "is_mobile": True,
    "device_scale_factor": 2,
}


class Screen(NamedTuple):
    width: int
    touched: bool


SCREENS = (Screen(360, True), Screen(390, True), Screen(1440, False))

CALM: dict[str, Any] = {
    # A context with a worker sometimes never closes; the phone's story allows it.
    "service_workers": "block",
    # What pulses or turns is drawn anew sixty times a second, by a processor.
    "reduced_motion": "reduce",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = str(Path(__file__).parent)
    for item in items:
        if str(item.path).startswith(here):
            item.add_marker(pytest.mark.browser)
            # A story is many pages, each looked at by axe, on a machine that may be busy.
            item.add_marker(pytest.mark.timeout(600))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """With `--every-width` a story marked so is played once on each screen, by everybody."""
    marked = any(metafunc.definition.iter_markers("every_width"))
    if marked and metafunc.config.getoption("every_width"):
        names = [
            f"{one.width}-{'touch' if one.touched else 'mouse'}" for one in SCREENS
        ]
        metafunc.parametrize("screen", SCREENS, ids=names)


@pytest.fixture
def screen() -> Screen | None:
    """What everybody in the story has before them; None: what the story gives each of them."""
    return None


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A portal with the cast in it, on a real guacd and the demo's four machines."""
    place = tmp_path_factory.mktemp("stage")
    with ExitStack() as running:
        guacd = Guacd(place)
        address = guacd.ensure()
        running.callback(guacd.stop)
        targets = running.enter_context(start_targets(place / "machines"))
        yield running.enter_context(staged_portal(place, address, targets))


# Playwright keeps an event loop running in this thread for as long as it is open, and neither
# Django's ORM nor another loop works beside it: no longer than one file of tests, then.
@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(
        executable_path=CHROMIUM, args=CHROMIUM_OPTIONS
    )
    yield browser
    browser.close()


class OpensPages(Protocol):
    def __call__(
        self, who: str, *, phone: bool = False, width: int = 0, **options: Any
    ) -> Page: ...


@pytest.fixture
def page_of(
    stage: Stage, chromium: Browser, screen: Screen | None
) -> Iterator[OpensPages]:
    """`page_of("vera")`: a browser of her own in which she is signed in; errors fail the test.

    `phone`: touched instead of clicked; `width`: other than the usual one, in px. A `screen`
    stands before both. `context_from`: what makes the browser, instead of `chromium`.
    """
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def opens(
        who: str,
        *,
        phone: bool = False,
        width: int = 0,
        factor_age: float = 0.0,
        context_from: Callable[..., BrowserContext] = chromium.new_context,
        **options: Any,
    ) -> Page:
        if screen:
            phone, width = screen.touched, screen.width
        if phone:
            options = {
                "has_touch": True,
                "is_mobile": True,
                "device_scale_factor": 2,
            } | options
        options = CALM | options
        viewport = dict(PHONE if phone else DESK)
        viewport["width"] = width or viewport["width"]
        context = context_from(base_url=stage.url, viewport=viewport, **options)
        contexts.append(context)
        if phone:
            TOUCHED.add(context)
        cookie = stage.sign_in(who, factor_age=factor_age)
        context.add_cookies(
            [{"name": "portal_session", "value": cookie, "url": stage.url}]
        )
        context.on("weberror", lambda news: errors.append(f"{who}: {news.error}"))
        context.on(
            "console",
            lambda said: (
                errors.append(f"{who}: {said.text}") if is_fault(said) else None
            ),
        )
        return context.new_page()

    yield opens
    for context in contexts:
        context.close()
    stage.forget_passkeys()
    assert not errors, "\n".join(errors)


@pytest.fixture
def stranger(stage: Stage, chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Browsers in which nobody is signed in."""
    contexts: list[BrowserContext] = []

    def opens(**options: Any) -> Page:
        options = CALM | options
        contexts.append(chromium.new_context(base_url=stage.url, **options))
        return contexts[-1].new_page()

    yield opens
    for context in contexts:
        context.close()


@pytest.fixture
def started(stage: Stage) -> Iterator[list[str]]:
    """The sessions of a test; what is still live afterwards ends with its window."""
    windows: list[Any] = []
    yield windows
    for window in windows:
        stage.end_window_in(window, -1)


@pytest.fixture
def work(stage: Stage, started: list[Any]) -> Callable[..., str]:
    """`work(page, "vnc")`: connect in a new window of Vera's; gives the session's id."""

    def connect(page: Page, protocol: str, who: str = "vera", **window: Any) -> str:
        made = stage.window(who, protocol, **window)
        started.append(made["window"])
        page.goto(made["start"][protocol])
        page.locator("input[name=notice]").check()
        page.locator("[data-connect]").click()
        page.wait_for_url("**/console/")
        phase_is(page, "open")
        return page.url.rstrip("/").split("/")[-2]

    return connect


def is_fault(said: Any) -> bool:
    """An error of a script or of the content policy; a refused request is a page's own affair."""
    return (
        said.type == "error"
        and "Failed to load resource" not in said.text
        and "Response Status Error Code 4" not in said.text
        and ("WebSocket connection" not in said.text)
    )
