"""What the database refuses about requests and windows, whatever code it comes from."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accessportal.accounts.models import User
from accessportal.plants.models import Asset, Endpoint, Zone
from requests.models import AccessRequest, MaintenanceWindow, RequestedEndpoint
from requests.row_rules import RULES
from tests.cast import Plant, make_request, make_window

State = AccessRequest.State


def window_for(access_request: AccessRequest) -> MaintenanceWindow:
    return MaintenanceWindow.objects.create(
        access_request=access_request,
        opens_at=timezone.now(),
        closes_at=timezone.now() + timedelta(hours=1),
    )


def set_state(access_request: AccessRequest, state: str) -> None:
    closed_at = None if state == State.PENDING else timezone.now()
    AccessRequest.objects.filter(pk=access_request.pk).update(
        state=state, closed_at=closed_at
    )


def refused(act: Callable[[], Any], says: str) -> None:
    with pytest.raises(IntegrityError, match=says), transaction.atomic():
        act()


@pytest.mark.django_db
def test_a_window_exists_only_for_an_approved_request(plant: Plant) -> None:
    asked = make_request(plant.vera, plant.filling_hmi)
    for state in State.values:
        set_state(asked, state)
        if state != State.APPROVED:
            refused(lambda: window_for(asked), "only for an approved request")
    set_state(asked, State.APPROVED)
    window = window_for(asked)
    for state in set(State.values) - {State.APPROVED}:
        refused(lambda state=state: set_state(asked, state), "stays approved")
    other = make_request(plant.vera, plant.filling_plc)
    refused(
        lambda: MaintenanceWindow.objects.filter(pk=window.pk).update(
            access_request=other
        ),
        "only for an approved request",
    )


@pytest.mark.django_db
def test_an_endpoint_is_of_the_site_of_its_request(plant: Plant) -> None:
    asked = make_request(plant.vera, plant.filling_hmi)
    wanted = RequestedEndpoint.objects.get(access_request=asked)
    refused(
        lambda: RequestedEndpoint.objects.bulk_create(
            [RequestedEndpoint(access_request=asked, endpoint=plant.washer_hmi)]
        ),
        "of the site of its request",
    )
    refused(
        lambda: RequestedEndpoint.objects.filter(pk=wanted.pk).update(
            endpoint=plant.washer_hmi
        ),
        "of the site of its request",
    )
    # Nor does one of the two move away under the other.
    refused(
        lambda: AccessRequest.objects.filter(pk=asked.pk).update(site=plant.south),
        "stays at the site",
    )
    south = Zone.objects.get(site=plant.south)
    line = Asset.objects.filter(pk=plant.filling_line.pk)
    refused(lambda: line.update(zone=south), "stays at its site")
    line.update(zone=plant.palletiser.zone)
    Asset.objects.filter(pk=plant.palletiser.pk).update(zone=south)
    assert Endpoint.objects.get(pk=wanted.endpoint_id).asset.zone.site == plant.north


@pytest.mark.django_db(transaction=True)
def test_a_window_against_a_withdrawal_at_the_same_moment(
    at_once: Callable[..., list[Any]], plant: Plant, vera: User, olga: User
) -> None:
    """Straight at the tables, without the locks of the verbs: one of the two is refused."""
    for _round in range(3):
        asked = make_request(
            vera, plant.filling_hmi, state=State.APPROVED, closed_at=timezone.now()
        )
        at_once(partial(window_for, asked), partial(set_state, asked, State.WITHDRAWN))
        asked.refresh_from_db()
        has_window = MaintenanceWindow.objects.filter(access_request=asked).exists()
        assert has_window == (asked.state == State.APPROVED)


@pytest.mark.django_db(transaction=True)
def test_the_rules_are_in_place_again_after_a_migration(plant: Plant) -> None:
    """SQLite makes a table anew for some, and drops what hung on it."""
    if connection.vendor == "sqlite":
        with connection.schema_editor() as editor:
            for rule in RULES:
                for verb in ("insert", "update"):
                    editor.execute(f"DROP TRIGGER IF EXISTS {rule.name}_{verb}")
    call_command("migrate", verbosity=0)
    asked = make_request(plant.vera, plant.filling_hmi)
    refused(lambda: window_for(asked), "only for an approved request")
    made = make_window(plant.vera, plant.filling_plc, decided_by=plant.olga)
    assert made.access_request.state == State.APPROVED
