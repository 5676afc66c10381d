"""What stays for the life of a process is not walked over again and again."""

import gc
import subprocess
import sys
from collections.abc import Iterator

import pytest

from accessportal.launcher.paths import ROOT
from accessportal.memory import (
    YOUNG_OBJECTS,
    look_for_garbage_seldom,
    set_aside_what_stays,
)


@pytest.fixture
def as_before() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


def test_what_is_there_at_the_start_is_left_out_of_later_collections(
    as_before: None,
) -> None:
    class Node:
        other: object = None

    kept = Node()
    set_aside_what_stays()
    assert not any(one is kept for one in gc.get_objects())

    later = Node()
    later.other = later
    assert any(one is later for one in gc.get_objects())
    del later
    assert gc.collect() >= 1  # garbage of later is still found


def test_garbage_is_looked_for_more_seldom_but_still_by_itself(as_before: None) -> None:
    look_for_garbage_seldom()
    assert gc.get_threshold()[0] == YOUNG_OBJECTS
    assert gc.isenabled()
    gc.collect()  # from here on, it counts from nothing
    before = collections()
    kept: list[list[int]] = [[] for _ in range(YOUNG_OBJECTS // 2)]
    assert collections() == before
    kept += [[] for _ in range(YOUNG_OBJECTS)]
    assert collections() > before
    assert kept


def collections() -> int:
    """Of any generation: an old one's looks through the young as well."""
    return sum(one["collections"] for one in gc.get_stats())


def test_every_process_of_ours_begins_so() -> None:
    said = subprocess.run(
        [sys.executable, "-c", "import accessportal, gc; print(gc.get_threshold()[0])"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert int(said.stdout) == YOUNG_OBJECTS
