"""The audit vocabulary is closed both ways: nothing else is said, and all of it is."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from accessportal.audit.events import EVENTS
from tests.guards.sources import ROOT, python_files, tree

VOCABULARY = ROOT / "accessportal/audit/events.py"


def words_of_the_code() -> Iterator[str]:
    """Every string literal of the product outside the vocabulary and the demo."""
    for path in python_files():
        if path == VOCABULARY or "demo" in path.parts:
            continue
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def test_every_event_of_the_vocabulary_is_said_somewhere() -> None:
    assert set(EVENTS) - set(words_of_the_code()) == set()
