"""Thirty, seven and one days before a date stops work, those concerned hear of it, once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accessportal.accounts.models import User, Vendor, Warned
from accessportal.accounts.services.warnings import Due, warn, warn_of_expiries
from accessportal.accounts.tasks import warn_of_expiries as task
from accessportal.audit.models import AuditEvent
from accessportal.notifications.models import Notification
from tests.cast import Clock, Plant, make_person

pytestmark = pytest.mark.django_db


def told(kind: str) -> list[str]:
    rows = Notification.objects.filter(kind=kind).select_related("recipient")
    return sorted(row.recipient.full_name for row in rows)


def test_thirty_seven_one_and_each_once(clock: Clock, plant: Plant) -> None:
    carla = make_person(
        "Carla Corte", vendor=plant.fillwerk, coordinator_at=timezone.now()
    )
    end = clock.now + timedelta(days=40)
    User.objects.filter(pk=plant.vera.pk).update(training_expires_at=end)
    assert warn_of_expiries() == 0
    sent = []
    for days_before in (30, 29, 7, 6.9, 1, 0.5, -1):
        clock.move_to(end - timedelta(days=days_before))
        sent.append((warn_of_expiries(), warn_of_expiries()))
    # The list of Fillwerk falls due on day 31, which is nine days before the training ends.
    lists = Warned.objects.filter(kind="attestation").count()
    assert sum(first for first, _again in sent) == 3 + lists
    assert all(again == 0 for _first, again in sent)
    assert told("expiry.training") == sorted(
        3 * ["Carla Corte", "Olga Olsen", "Vera Vogt"]
    )
    assert AuditEvent.objects.filter(event="account.expiry.warned").count() == 3 + lists
    row = Notification.objects.filter(kind="expiry.training", recipient=carla).first()
    assert row is not None and "in " in row.subject and row.path == "/company/"


def test_where_the_portal_was_off_only_the_nearest_warning_goes_out(
    clock: Clock, plant: Plant
) -> None:
    User.objects.filter(pk=plant.vera.pk).update(
        expires_at=clock.now + timedelta(hours=20)
    )
    assert warn_of_expiries() == 1
    assert Warned.objects.get().days == 1
    assert told("expiry.access") == ["Olga Olsen", "Vera Vogt"]


def test_of_a_colleague_who_may_renew_the_access_hears_of_it(
    clock: Clock, plant: Plant
) -> None:
    """Omar has his role at South: an administrator of North has nothing to do with him."""
    make_person("Ada Nord", roles=[("administrator", plant.north)])
    soon = clock.now + timedelta(days=6)
    User.objects.filter(pk=plant.omar.pk).update(
        expires_at=soon, training_expires_at=soon
    )
    assert (warn_of_expiries(), warn_of_expiries()) == (1, 0)
    assert told("expiry.colleague") == ["Adam Albers", "Omar Ortega"]
    paths = {row.recipient: row.path for row in Notification.objects.all()}
    assert paths == {plant.adam: f"/people/{plant.omar.pk}/", plant.omar: "/"}


def test_a_date_that_is_renewed_is_warned_of_anew(clock: Clock, plant: Plant) -> None:
    for days in (20, 25):
        User.objects.filter(pk=plant.vera.pk).update(
            expires_at=clock.now + timedelta(days=days)
        )
        assert task() == 1


def test_a_contract_is_told_to_sponsor_and_coordinator(
    clock: Clock, plant: Plant
) -> None:
    make_person("Carla Corte", vendor=plant.fillwerk, coordinator_at=timezone.now())
    Vendor.objects.filter(pk=plant.fillwerk.pk).update(
        contract_ends_at=clock.now + timedelta(days=6)
    )
    assert warn_of_expiries() == 1
    assert told("expiry.contract") == ["Carla Corte", "Olga Olsen"]


def test_an_agreement_only_where_one_is_asked_for(clock: Clock, plant: Plant) -> None:
    for person in (plant.vera, plant.victor):
        User.objects.filter(pk=person.pk).update(
            nda_signed_at=clock.now, nda_expires_at=clock.now + timedelta(days=3)
        )
    assert warn_of_expiries() == 0
    Vendor.objects.filter(pk=plant.nordpack.pk).update(nda_required=True)
    assert warn_of_expiries() == 1
    assert told("expiry.nda") == ["Olga Olsen", "Victor Varga"]


def test_nobody_is_warned_of_who_is_out_already(clock: Clock, plant: Plant) -> None:
    soon = clock.now + timedelta(days=3)
    User.objects.update(training_expires_at=soon)
    User.objects.filter(pk=plant.vera.pk).update(disabled_at=clock.now)
    Vendor.objects.filter(pk=plant.nordpack.pk).update(suspended_at=clock.now)
    assert warn_of_expiries() == 0


def test_a_list_is_asked_for_then_missed_and_the_sponsor_hears(
    clock: Clock, plant: Plant
) -> None:
    make_person("Carla Corte", vendor=plant.fillwerk, coordinator_at=timezone.now())
    clock.forward(days=25)
    assert (warn_of_expiries(), warn_of_expiries()) == (1, 0)
    assert told("attestation.due") == ["Carla Corte"]
    clock.forward(days=7)
    assert (warn_of_expiries(), warn_of_expiries()) == (1, 0)
    assert told("attestation.overdue") == ["Carla Corte", "Olga Olsen"]


def test_two_workers_say_it_once(clock: Clock, plant: Plant) -> None:
    """Both found it due; the constraint lets one of them."""
    due = Due("contract", clock.now + timedelta(days=6), 7, plant.fillwerk)
    assert [warn(due, at=clock.now), warn(due, at=clock.now)] == [True, False]
    assert told("expiry.contract") == ["Olga Olsen"]
