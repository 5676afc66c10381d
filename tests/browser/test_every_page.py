"""Everybody follows every link there is: each page opens, fits a phone, and passes axe."""

from __future__ import annotations

import re
from itertools import cycle

import pytest
from playwright.sync_api import Page, ViewportSize

from tests.browser.axe import axe_findings
from tests.browser.conftest import DESK, PHONE, OpensPages

FILE = re.compile(r"\.(csv|json|pdf|zip|txt)$|/export")
ONE_OF_MANY = re.compile(
    r"[0-9a-f]{8}-[0-9a-f-]{27}|[A-Z]{3}-\d{4}-\d+|(?<=/)\d+(?=/|$)"
    r"|(?<=/vendors/)(?!new/)[^/]+|(?<=/assets/)(?!new/)[^/]+|(?<=/sites/)(?!new/)[^/]+"
)
MOST_PAGES = 120

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


TWO_FRAMES = """async () => {
  const frame = () => new Promise(requestAnimationFrame);
  await frame();
  await frame();
}"""
"""A window of another size is first drawn by the rules of the former one."""


class Desk:
    """A window at a desk, in the light."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def look_at(self, path: str) -> list[str]:
        """What axe finds there, and whether it is wider than a phone."""
        opens(self.page, path)
        # Each size is laid out anew: the page comes in the one that the last page was left in.
        if self.page.viewport_size == PHONE:
            found = too_wide(self.page)
            self._becomes(DESK)
            return found + axe_findings(self.page)
        found = axe_findings(self.page)
        self._becomes(PHONE)
        return found + too_wide(self.page)

    def _becomes(self, size: ViewportSize) -> None:
        self.page.set_viewport_size(size)
        self.page.evaluate(TWO_FRAMES)


class Phone(Desk):
    """One as small as a phone, in the dark, from before a page comes: axe must not see half
    of a change."""

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        page.set_viewport_size(PHONE)
        page.emulate_media(color_scheme="dark")

    def look_at(self, path: str) -> list[str]:
        opens(self.page, path)
        return axe_findings(self.page) + too_wide(self.page)


def opens(page: Page, path: str) -> None:
    answer = page.goto(path)
    assert answer is not None and answer.status == 200, (path, answer)


def too_wide(page: Page) -> list[str]:
    wide = page.evaluate("document.documentElement.scrollWidth")
    return [f"{page.url}: {wide} px wide on a phone"] if wide > PHONE["width"] else []


@pytest.fixture(scope="module")
def looked_at() -> dict[str, set[str]]:
    """The kinds of pages that somebody of this side has seen: the next one need not."""
    return {"vendor": set(), "plant": set()}


@pytest.mark.parametrize("who", ["vera", "olga", "adam", "ivan", "cora"])
def test_every_page_that_a_link_leads_to(
    page_of: OpensPages, looked_at: dict[str, set[str]], who: str
) -> None:
    first = page_of(who)
    by_turns = cycle([Desk(first), Phone(first.context.new_page())])
    known = looked_at["vendor" if who == "vera" else "plant"]
    waiting, found = ["/"], []
    while waiting:
        window = next(by_turns)
        found += window.look_at(waiting.pop(0))
        for link in links_of(window.page):
            if kind_of(link) not in known:
                known.add(kind_of(link))
                waiting.append(link)
        assert len(known) < MOST_PAGES, sorted(known)
    assert len(known) > 5, "no page leads anywhere"
    assert found == []
