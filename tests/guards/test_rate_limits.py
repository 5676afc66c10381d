"""What costs something is limited; what stops something never is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accessportal import rate_limits
from tests.cast import Plant

# Stopping must be possible at any time, however often it was done before.
STOPS = {
    "sessions:freeze",
    "sessions:end",
    "windows:revoke",
    "windows:revoke_series",
    "windows:recall",
    "windows:give_back",
    "emergencies:withdraw",
    "isolation:isolate",
    "isolation:suspend",
    "accounts:disable_person",
    "accounts:revoke_invitation",
    "sessions:take_control",
    "approvals:deny",
}
LIMITED = {
    "requests:new",
    "plants:calendar_import",
    "plants:roster_import",
    "requests:check",
    "emergencies:new",
    "escorts:enter",
    "escorts:offer",
    "accounts:invitation",
    "accounts:invite",
    "audit:event_export",
    "departures:export",
    "departures:revocations_export",
    "endpoint_checks:start",
    "recordings:verify",
    "sessions:ticket",
    "sessions:message",
}


def views(resolver: URLResolver, space: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            inner = f"{space}{entry.namespace}:" if entry.namespace else space
            found |= views(entry, inner)
        elif isinstance(entry, URLPattern):
            found[f"{space}{entry.name}"] = entry.callback
    return found


def limit_of(view: Any) -> Any:
    while view is not None:
        if limit := getattr(view, "rate_limit", None):
            return limit
        view = getattr(view, "__wrapped__", None)
    return None


def test_stops_are_never_limited_and_what_costs_is() -> None:
    limits = {name: limit_of(view) for name, view in views(get_resolver()).items()}
    assert set(limits) >= STOPS | LIMITED
    assert {name for name in STOPS if limits[name]} == set()
    assert {name for name in LIMITED if not limits[name]} == set()


def test_too_often_is_said_with_a_time(
    plant: Plant, browser_of: Callable[..., Client], clock: Any
) -> None:
    """Victor's script asks for exports; Cora's own are not touched by it."""
    ivan, cora = browser_of(plant.ivan), browser_of(plant.cora)
    address = reverse("audit:event_export")
    answers = [ivan.post(address) for _ in range(21)]
    assert [answer.status_code for answer in answers[:20]] == [200] * 20
    assert answers[20].status_code == 429
    assert answers[20].headers["Retry-After"] == "600"
    assert b"Wait 10 minutes" in answers[20].content
    assert cora.post(address).status_code == 200


def test_without_a_cache_nothing_is_limited(
    plant: Plant,
    browser_of: Callable[..., Client],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Redis is away: work goes on, and the log says what is not limited."""

    class Away:
        def add(self, *args: Any, **kwargs: Any) -> bool:
            raise ConnectionError("Redis is away")

    monkeypatch.setattr(rate_limits, "cache", Away())
    ivan = browser_of(plant.ivan)
    answers = [ivan.post(reverse("audit:event_export")) for _ in range(25)]
    assert {answer.status_code for answer in answers} == {200}
    assert "is not limited now" in caplog.text
