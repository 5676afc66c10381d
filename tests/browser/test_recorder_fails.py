"""The recordings' folder goes away under a session: what both sides see, and that it heals."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.axe import axe_findings
from tests.browser.conftest import OpensPages, Stage
from tests.browser.test_plant_side import connect, is_open, started

__all__ = ["started"]


@pytest.fixture
def recordings(stage: Stage) -> Iterator[list[Path]]:
    """Folders that were taken away; they are given back to the staged portal."""
    found: list[Path] = []
    yield found
    for folder in found:
        give_back(folder)


def folder_of(base: Path) -> Path:
    return next(path for path in base.glob("stage*/**/recordings") if path.is_dir())


def take_away(folder: Path) -> None:
    folder.rename(folder.with_name("recordings-elsewhere"))
    folder.write_text("not a folder")


def give_back(folder: Path) -> None:
    elsewhere = folder.with_name("recordings-elsewhere")
    if elsewhere.exists():
        folder.unlink()
        elsewhere.rename(folder)


def test_both_sides_see_that_it_is_not_recorded_and_until_when(
    stage: Stage,
    page_of: OpensPages,
    started: list[Any],
    recordings: list[Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    vera, olga = page_of("vera"), page_of("olga", phone=True)
    session = connect(vera, stage, started)
    olga.goto(f"/sessions/{session}/watch/")
    is_open(olga)
    recordings.append(folder_of(tmp_path_factory.getbasetemp()))
    take_away(recordings[0])
    vera.locator("#screen").focus()
    vera.keyboard.press("a")
    overlay, banner = vera.locator("#overlay-frozen"), olga.locator("#banner-recording")
    expect(overlay).to_contain_text("tries every 2 seconds", timeout=30_000)
    expect(overlay).to_contain_text(re.compile(r"ENDS IN\s+0?0:\d\d"))
    expect(banner).to_contain_text("NOT RECORDED", timeout=30_000)
    expect(olga.locator("#banner-frozen")).to_be_hidden()
    expect(banner).to_contain_text(re.compile(r"ENDS IN\s+0?0:\d\d"))
    for page in (vera, olga):
        assert axe_findings(page) == []
    give_back(recordings[0])
    expect(overlay).to_be_hidden(timeout=30_000)
    expect(banner).to_be_hidden(timeout=30_000)
    expect(vera.locator("#strip-rec")).to_contain_text("REC")
