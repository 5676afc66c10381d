"""Everybody follows every link there is: each page opens, fits a phone, and passes axe."""

from __future__ import annotations

import re
from itertools import cycle

import pytest
from playwright.sync_api import Page

from tests.browser.axe import axe_findings
from tests.browser.conftest import DESK, PHONE, OpensPages

FILE = re.compile(r"\.(csv|json|pdf|zip|txt)$|/export")
ONE_OF_MANY = re.compile(
    r"[0-9a-f]{8}-[0-9a-f-]{27}|[A-Z]{3}-\d{4}-\d+|(?<=/)\d+(?=/|$)"
    r"|(?<=/vendors/)(?!new/)[^/]+|(?<=/assets/)(?!new/)[^/]+|(?<=/sites/)(?!new/)[^/]+"
)
MOST_PAGES = 120

IN_THE_DARK = """async () => {
  const frame = () => new Promise(requestAnimationFrame);
  while (!matchMedia("(prefers-color-scheme: dark)").matches) await frame();
  await frame();
  await frame();
}"""
"""Waits until what is drawn is dark: axe takes its time, and must not see half of a change."""

# What nobody follows by clicking through: the console has its stories, a start asks first.
LEFT_OUT = re.compile(r"/console/|/watch/|/oidc/|/logout/")


def links_of(page: Page) -> list[str]:
    """The addresses of this portal that the page leads to, without what only sorts a list."""
    found: list[str] = page.eval_on_selector_all(
        "a[href]:not([download]):not([target=_blank])",
        "(links) => links.filter((one) => one.origin === location.origin)"
        ".map((one) => one.pathname)",
    )
    return [
        path for path in found if not FILE.search(path) and not LEFT_OUT.search(path)
    ]


def kind_of(path: str) -> str:
    """The same for each page of one kind: `/requests/*/`."""
    return ONE_OF_MANY.sub("*", path)


def look_at(page: Page, *, dark: bool) -> list[str]:
    """Axe, on a desk in the light or on a phone in the dark; nothing wider than a phone."""
    found = [] if dark else axe_findings(page)
    page.set_viewport_size(PHONE)
    if dark:
        page.emulate_media(color_scheme="dark")
        page.evaluate(IN_THE_DARK)
        found = axe_findings(page)
        page.emulate_media(color_scheme="light")
    wide = page.evaluate("document.documentElement.scrollWidth")
    if wide > PHONE["width"]:
        found.append(f"{page.url}: {wide} px wide on a phone")
    page.set_viewport_size(DESK)
    return found


@pytest.fixture(scope="module")
def looked_at() -> dict[str, set[str]]:
    """The kinds of pages that somebody of this side has seen: the next one need not."""
    return {"vendor": set(), "plant": set()}


@pytest.mark.parametrize("who", ["vera", "olga", "adam", "ivan", "cora"])
def test_every_page_that_a_link_leads_to(
    page_of: OpensPages, looked_at: dict[str, set[str]], who: str
) -> None:
    page = page_of(who)
    known = looked_at["vendor" if who == "vera" else "plant"]
    waiting, found = ["/"], []
    by_turns = cycle([False, True])
    while waiting:
        path = waiting.pop(0)
        answer = page.goto(path)
        assert answer is not None and answer.status == 200, (path, answer)
        found += look_at(page, dark=next(by_turns))
        for link in links_of(page):
            if kind_of(link) not in known:
                known.add(kind_of(link))
                waiting.append(link)
        assert len(known) < MOST_PAGES, sorted(known)
    assert len(known) > 5, "no page leads anywhere"
    assert found == []
