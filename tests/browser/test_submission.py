"""Asking for access in a browser: the offered start is one of the chosen plant's clock."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import OpensPages


def test_the_offered_start_follows_the_plant_until_one_is_typed(
    page_of: OpensPages,
) -> None:
    page = page_of("vera")
    page.goto("/requests/new/")
    start = page.locator("input[name=start]")
    page.get_by_label("Plant North").check()
    at_north = start.input_value()
    page.get_by_label("Plant South").check()
    assert start.input_value() != at_north
    page.get_by_label("Plant North").check()
    expect(start).to_have_value(at_north)

    start.fill("2030-01-01T10:00")
    page.get_by_label("Plant South").check()
    expect(start).to_have_value("2030-01-01T10:00")
