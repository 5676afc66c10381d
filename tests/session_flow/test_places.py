"""At most as many sessions hold a place on an endpoint as it has: the database counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accessportal.plants.models import Endpoint
from sessions.models import BrokeredSession
from sessions.policy_facts import free_slot
from tests.cast import Plant, make_window


def holds(plant: Plant, endpoint: Endpoint, slot: int | None) -> BrokeredSession:
    """A session as a row; without a slot it is over."""
    window = make_window(plant.vera, endpoint, decided_by=plant.olga)
    fields: dict[str, Any] = {"state": "active"}
    if slot is None:
        fields = {"state": "ended", "ended_at": timezone.now(), "end_reason": "drill"}
    return BrokeredSession.objects.create(
        number=f"SES-{window.pk}", window=window, endpoint=endpoint,
        started_by=plant.vera, permission="control", slot=slot, **fields,
    )  # fmt: skip


@pytest.mark.django_db
def test_a_place_that_is_not_there_is_not_given(plant: Plant) -> None:
    two = plant.filling_plc
    first, second = holds(plant, two, 0), holds(plant, two, 1)
    over = holds(plant, two, None)
    with (
        pytest.raises(IntegrityError, match="than it has places"),
        transaction.atomic(),
    ):
        holds(plant, two, 2)
    with (
        pytest.raises(IntegrityError, match="than it has places"),
        transaction.atomic(),
    ):
        BrokeredSession.objects.filter(pk=over.pk).update(slot=2)
    assert free_slot(two) is None
    # What they do meanwhile is not in the way, and a place that is given back is free.
    second.save()
    BrokeredSession.objects.filter(pk=first.pk).update(
        slot=None, state="ended", ended_at=timezone.now(), end_reason="drill"
    )
    assert free_slot(two) == 0
    # The machine bears fewer now; the one that is left has a number it has no more.
    Endpoint.objects.filter(pk=two.pk).update(max_clients=1)
    two.refresh_from_db()
    assert free_slot(two) is None
    with (
        pytest.raises(IntegrityError, match="than it has places"),
        transaction.atomic(),
    ):
        holds(plant, two, 0)


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_straight_at_the_table_no_more_get_in(
    at_once: Callable[..., list[Any]], plant: Plant
) -> None:
    """Each takes another number: the UNIQUE alone would let them all in."""
    one = plant.filling_hmi
    windows = [
        make_window(plant.vera, one, decided_by=plant.olga) for _number in range(6)
    ]

    def act(number: int) -> Callable[[], BrokeredSession]:
        return lambda: BrokeredSession.objects.create(
            number=f"SES-{number}", window=windows[number], endpoint=one,
            started_by=plant.vera, permission="control", slot=number, state="active",
        )  # fmt: skip

    at_once(*(act(number) for number in range(6)))
    assert BrokeredSession.objects.live().filter(endpoint=one).count() == 1
