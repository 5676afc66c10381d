"""When production must not be touched."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accessportal.audit.models import AuditEvent
from accessportal.errors import NotAllowed, NotPossible
from accessportal.plants.models import ProductionFreeze
from accessportal.plants.services.freezes import add_freeze, remove_freeze
from tests.cast import make_freeze, origin

pytestmark = pytest.mark.django_db


def freeze(site, by, **fields):
    now = timezone.now()
    fields = {
        "starts_at": now,
        "ends_at": now + timedelta(days=1),
        "reason": "Audit",
        **fields,
    }
    return add_freeze(site, acting_user=by, origin=origin(), **fields)


def test_olga_and_adam_set_and_lift(north, olga, adam):
    for person in (olga, adam):
        remove_freeze(freeze(north, person), acting_user=person, origin=origin())
    assert not ProductionFreeze.objects.exists()
    assert AuditEvent.objects.filter(event="production_freeze.changed").count() == 4


@pytest.mark.parametrize("who", ["omar", "ivan", "cora", "vera"])
def test_others_do_not(request, who, north):
    person = request.getfixturevalue(who)
    with pytest.raises(NotAllowed):
        freeze(north, person)
    with pytest.raises(NotAllowed):
        remove_freeze(
            make_freeze(north, starts_in=timedelta(0), lasts=timedelta(1)),
            acting_user=person,
            origin=origin(),
        )


def test_not_backwards(north, olga):
    now = timezone.now()
    with pytest.raises(NotPossible):
        freeze(north, olga, starts_at=now, ends_at=now)
    with pytest.raises(IntegrityError), transaction.atomic():
        ProductionFreeze.objects.create(
            site=north, starts_at=now, ends_at=now, reason="x"
        )


def test_not_for_a_machine_elsewhere(north, olga, bottle_washer):
    with pytest.raises(NotPossible):
        freeze(north, olga, asset=bottle_washer)


def test_typed_in_plant_time(browser_of, omar, south):
    browser_of(omar).post(
        "/plants/sites/south/freezes/new/",
        {"starts": "2026-07-01T08:00", "ends": "2026-07-01T18:00", "reason": "Harvest"},
    )
    # 08:00 in Chicago in summer is 13:00 UTC.
    assert ProductionFreeze.objects.get().starts_at == datetime(
        2026, 7, 1, 13, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("starts", "ends", "sentence"),
    [
        ("2026-03-29T02:30", "2026-03-29T09:00", "does not exist"),
        ("2026-10-25T02:30", "2026-10-25T09:00", "happens twice"),
        ("2026-10-25T09:00", "2026-10-25T08:00", "after the start"),
        ("soon", "later", "This is not a time"),
    ],
)
def test_times_that_cannot_be(browser_of, olga, north, starts, ends, sentence):
    response = browser_of(olga).post(
        "/plants/sites/north/freezes/new/",
        {"starts": starts, "ends": ends, "reason": "x"},
    )
    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert not ProductionFreeze.objects.exists()
