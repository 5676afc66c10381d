"""A session's row as an actor reads it: everything at hand, whoever is named in it."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from accessportal.accounts.models import User
from sessions.models import BrokeredSession
from sessions.services.session_rows import session_row, session_rows
from tests.cast import Plant
from tests.session_flow.test_departures import live_session_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def named(plant: Plant, olga: User) -> BrokeredSession:
    """Olga is in charge, froze it, and called the window back."""
    live_session = live_session_of(plant)
    BrokeredSession.objects.filter(pk=live_session.pk).update(
        person_in_charge=olga,
        frozen_by=olga,
        frozen_at=timezone.now(),
        frozen_cause=BrokeredSession.FreezeCause.PERSON,
    )
    window = live_session.window
    window.recalled_by = olga
    window.save(update_fields=["recalled_by"])
    return live_session


def test_nothing_is_fetched_later(
    named: BrokeredSession, olga: User, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(4):
        row = session_row(named.pk)
        (same,) = session_rows(BrokeredSession.objects.live())
    with django_assert_num_queries(0):
        assert row.person_in_charge == row.frozen_by == row.window.recalled_by == olga
        assert row.started_by.vendor == row.window.access_request.vendor
        assert str(row.endpoint.asset.zone.site)
        assert (row.baton_with, row.end_requested_by, row.escort) == (None, None, None)
    assert same == row
    assert session_rows(BrokeredSession.objects.none()) == []


def test_one_that_is_not_there_is_said(named: BrokeredSession) -> None:
    with pytest.raises(BrokeredSession.DoesNotExist):
        session_row(uuid4())
