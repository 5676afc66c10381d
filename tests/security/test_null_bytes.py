"""A null byte in what somebody sends: PostgreSQL keeps none, and nobody meets an error page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client

from requests.facts import hash_of_facts, seen_by_approver
from tests.cast import Plant, make_request

pytestmark = pytest.mark.django_db


def test_a_reason_with_one_is_answered_with_a_sentence(
    plant: Plant, browser_of: Callable[..., Client]
) -> None:
    pending = make_request(plant.vera, plant.filling_plc, starts_in=timedelta(hours=3))
    facts = hash_of_facts(seen_by_approver(pending))
    answer = browser_of(plant.olga).post(
        f"/approvals/{pending.number}/deny/",
        {"facts_hash": facts, "reason": "Not\x00now"},
    )
    pending.refresh_from_db()
    if connection.vendor == "postgresql":
        assert answer.status_code == 422
        assert "cannot be kept" in answer.content.decode()
        assert pending.state == pending.State.PENDING
    else:
        assert answer.status_code == 302
        assert pending.state == pending.State.DENIED


def test_a_search_with_one_finds_nothing(
    plant: Plant, browser_of: Callable[..., Client]
) -> None:
    for path in ("/requests/", "/windows/", "/audit/", "/recordings/"):
        assert browser_of(plant.cora).get(path, {"q": "a\x00b"}).status_code < 500
