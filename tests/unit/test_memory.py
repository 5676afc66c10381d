"""What stays for the life of a process is not walked over again and again."""

import gc
from collections.abc import Iterator

import pytest

from accessportal.memory import set_aside_what_stays


@pytest.fixture
def as_before() -> Iterator[None]:
    yield
    gc.unfreeze()


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
