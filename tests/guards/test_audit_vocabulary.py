"""The audit vocabulary is closed both ways: nothing else is said, and all of it is."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from django.conf import settings

from accessportal.audit.events import EVENTS

SOURCES = ("accessportal", "requests", "sessions")
VOCABULARY = "accessportal/audit/events.py"


def words_of_the_code() -> Iterator[str]:
    """Every string literal of the product outside the vocabulary and the demo."""
    for folder in SOURCES:
        for path in (settings.BASE_DIR / folder).rglob("*.py"):
            place = path.relative_to(settings.BASE_DIR).as_posix()
            if place == VOCABULARY or "/demo/" in place or "/migrations/" in place:
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value


def test_every_event_of_the_vocabulary_is_said_somewhere() -> None:
    assert set(EVENTS) - set(words_of_the_code()) == set()
