"""How a story presses: with a finger where the page is touched, else with the mouse."""

from __future__ import annotations

from weakref import WeakSet

from playwright.sync_api import BrowserContext, Locator, Page, expect

TOUCHED: WeakSet[BrowserContext] = WeakSet()
"""The browsers that are phones."""


def press(target: Locator) -> None:
    """Tap on a phone, click on a desk."""
    if target.page.context in TOUCHED:
        target.tap()
    else:
        target.click()


def press_button(place: Page | Locator, name: str) -> None:
    press(place.get_by_role("button", name=name, exact=True))


def opened(page: Page, button: str, title: str) -> Locator:
    """The dialog of this title, once its button has opened it.

    What stands above the button may come anew between the look at where it is and the press:
    then one presses again, as a person does.
    """
    dialog = page.get_by_role("dialog", name=title)
    for _turn in range(5):
        press_button(page, button)
        try:
            expect(dialog).to_be_visible(timeout=3_000)
        except AssertionError:
            continue
        break
    expect(dialog).to_be_visible()
    return dialog


def number_of(page: Page) -> str:
    """The number of the request whose page this is."""
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_contain_text("REQ-")
    return heading.inner_text().strip()
