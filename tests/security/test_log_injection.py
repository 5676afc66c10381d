"""Somebody writes lines into the log, or colours into the terminal of who reads it."""

from __future__ import annotations

import io
import logging
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from accessportal.quiet_logs import OneLine

ATTACK = (
    "/x%0a2026-01-01 00:00:00,000 INFO accessportal: Olga approved everything%1b[2J"
)


@pytest.fixture
def log() -> Any:
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(
        OneLine(settings.LOGGING["formatters"]["plain"]["format"], style="{")
    )
    names = ("accessportal", "django.request", "requests", "sessions")
    for name in names:
        logging.getLogger(name).addHandler(handler)
    yield text
    for name in names:
        logging.getLogger(name).removeHandler(handler)


def test_an_address_stays_on_its_line(log: io.StringIO, db: None) -> None:
    Client().get(ATTACK, headers={"Accept": "application/json"})
    Client().post(ATTACK)
    logging.getLogger("accessportal").warning(
        "Said by a machine: %s", "a\r\nb\x1b[31m\u2028c"
    )
    lines = log.getvalue().split("\n")
    assert any("\\n2026-01-01" in line for line in lines)
    assert not any(line.startswith("2026-01-01") for line in lines)
    assert "\x1b" not in log.getvalue() and "\r" not in log.getvalue()
    assert "a\\r\\nb\\x1b[31m\\u2028c" in log.getvalue()


def test_a_traceback_keeps_its_lines(log: io.StringIO) -> None:
    try:
        raise ValueError("evil\n2026-01-01 INFO: forged")
    except ValueError:
        logging.getLogger("accessportal").exception("Something failed")
    assert "Traceback (most recent call last):\n" in log.getvalue()


def test_the_product_uses_it() -> None:
    assert (
        settings.LOGGING["formatters"]["plain"]["()"]
        == "accessportal.quiet_logs.OneLine"
    )
