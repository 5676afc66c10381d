"""A role is lent for a time, never to oneself, never further than one's own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accessportal.accounts.authorisation import (
    Action,
    actions_anywhere,
    may,
    may_everywhere,
    people_who_may,
    sites_where,
)
from accessportal.accounts.models import RoleDelegation, RoleGrant, User
from accessportal.accounts.services.delegations import delegate_role, end_delegation
from accessportal.audit.models import AuditEvent
from accessportal.errors import FreshFactorNeeded, NotAllowed, NotPossible, TooLate
from accessportal.notifications.models import Notification
from requests.facts import hash_of_facts, seen_by_approver
from requests.services.approval import approve_request
from tests.cast import Clock, Plant, make_person, make_request, origin

pytestmark = pytest.mark.django_db

SUPERVISOR = RoleGrant.Role.OT_SUPERVISOR


@pytest.fixture
def paul(plant: Plant) -> User:
    """An electrician of the plant without any role."""
    return make_person("Paul Peters")


def lend(plant: Plant, to: User, **fields: Any) -> RoleDelegation:
    now = timezone.now()
    values: dict[str, Any] = {
        "role": SUPERVISOR,
        "site": plant.north,
        "starts_at": now,
        "ends_at": now + timedelta(days=7),
        "reason": "On holiday",
        "acting_user": plant.olga,
        "origin": origin(),
    }
    return delegate_role(to=to, **{**values, **fields})


def test_olga_lends_her_role_and_it_ends_by_the_clock(
    clock: Clock, plant: Plant, paul: User
) -> None:
    assert not may(paul, Action.REQUEST_DECIDE, plant.north)
    lend(plant, paul, starts_at=clock.now + timedelta(hours=1))
    assert not may(paul, Action.REQUEST_DECIDE, plant.north)

    clock.forward(hours=2)
    assert may(paul, Action.REQUEST_DECIDE, plant.north)
    assert not may(paul, Action.REQUEST_DECIDE, plant.south)
    assert list(sites_where(paul, Action.REQUEST_DECIDE)) == [plant.north]
    assert paul in people_who_may(Action.REQUEST_DECIDE, plant.north)
    assert Action.REQUEST_DECIDE in actions_anywhere(paul)

    clock.forward(days=8)
    assert not may(paul, Action.REQUEST_DECIDE, plant.north)
    assert not sites_where(paul, Action.REQUEST_DECIDE)
    assert paul not in people_who_may(Action.REQUEST_DECIDE, plant.north)
    assert actions_anywhere(paul) == frozenset()


def test_paul_approves_by_it_and_the_trail_says_so(
    clock: Clock, plant: Plant, paul: User
) -> None:
    delegation = lend(plant, paul)
    access_request = make_request(plant.vera, plant.filling_hmi)
    approve_request(
        access_request,
        acting_user=paul,
        origin=origin(),
        facts_hash=hash_of_facts(seen_by_approver(access_request)),
    )
    event = AuditEvent.objects.get(event="request.approved")
    assert event.detail["by_delegation"] == delegation.pk
    assert event.detail["delegated_by"] == "Olga Olsen"

    other = make_request(plant.vera, plant.filling_hmi, starts_in=timedelta(days=1))
    approve_request(
        other,
        acting_user=plant.olga,
        origin=origin(),
        facts_hash=hash_of_facts(seen_by_approver(other)),
    )
    event = AuditEvent.objects.filter(event="request.approved").first()
    assert event is not None and "by_delegation" not in event.detail


def test_it_is_told_and_recorded(clock: Clock, plant: Plant, paul: User) -> None:
    lend(plant, paul)
    event = AuditEvent.objects.get(event="delegation.made")
    assert (event.site_id, event.reason) == (plant.north.pk, "On holiday")
    told = Notification.objects.get(recipient=paul)
    assert "Olga Olsen" in told.body and "OT supervisor" in told.body


@pytest.mark.parametrize(
    ("code", "fields"),
    [
        ("to_oneself", {"to": "olga"}),
        ("not_of_the_plant", {"to": "vera"}),
        ("not_your_role", {"site": "south"}),
        ("not_your_role", {"site": None}),
        ("not_your_role", {"role": RoleGrant.Role.IT_SECURITY}),
        ("not_your_role", {"acting_user": "vera"}),
        ("end_before_start", {"ends_at": timedelta(hours=-1)}),
        ("too_long", {"ends_at": timedelta(days=32)}),
        ("reason_missing", {"reason": "  "}),
        ("holds_it_already", {"to": "otto"}),
    ],
)
def test_what_cannot_be_lent(
    clock: Clock, plant: Plant, paul: User, code: str, fields: dict[str, Any]
) -> None:
    make_person("Otto Oser", roles=[(SUPERVISOR, plant.north)])
    people = {"otto": User.objects.get(full_name="Otto Oser")}
    values: dict[str, Any] = {"to": paul}
    for name, value in fields.items():
        if isinstance(value, timedelta):
            value = clock.now + value
        elif isinstance(value, str) and name in ("to", "acting_user", "site"):
            value = people.get(value) or getattr(plant, value)
        values[name] = value
    with pytest.raises((NotAllowed, NotPossible)) as refused:
        lend(plant, **values)
    assert refused.value.code == code
    assert not RoleDelegation.objects.exists()


def test_an_old_factor_lends_nothing(plant: Plant, paul: User) -> None:
    with pytest.raises(FreshFactorNeeded):
        lend(plant, paul, origin=origin(factor_age=400))


def test_what_is_lent_is_not_lent_on(clock: Clock, plant: Plant, paul: User) -> None:
    lend(plant, paul)
    anna = make_person("Anna Auer")
    with pytest.raises(NotAllowed):
        lend(plant, anna, acting_user=paul)
    assert not may(paul, Action.ROLE_DELEGATE)
    assert not may(paul, Action.OVERRIDE_GRANT)

    # Nor by a row that somehow came to be: its giver holds nothing of their own.
    RoleDelegation.objects.create(
        delegator=paul, delegate=anna, role=SUPERVISOR, site=plant.north,
        ends_at=clock.now + timedelta(days=1), reason="x",
    )  # fmt: skip
    assert not may(anna, Action.REQUEST_DECIDE, plant.north)


def test_who_loses_the_role_or_the_access_lends_nothing_any_more(
    clock: Clock, plant: Plant, paul: User
) -> None:
    lend(plant, paul)
    User.objects.filter(pk=plant.olga.pk).update(disabled_at=clock.now)
    assert not may(paul, Action.REQUEST_DECIDE, plant.north)
    User.objects.filter(pk=plant.olga.pk).update(disabled_at=None)
    assert may(paul, Action.REQUEST_DECIDE, plant.north)
    RoleGrant.objects.filter(user=plant.olga).delete()
    assert not may(paul, Action.REQUEST_DECIDE, plant.north)


def test_a_role_of_every_site_is_lent_for_one_or_for_all(
    clock: Clock, plant: Plant, paul: User
) -> None:
    cora = {"acting_user": plant.cora, "role": RoleGrant.Role.COMPLIANCE}
    lend(plant, paul, **cora)
    assert not may_everywhere(paul, Action.AUDIT_SEE)
    assert list(sites_where(paul, Action.AUDIT_SEE)) == [plant.north]
    anna = make_person("Anna Auer")
    lend(plant, anna, site=None, **cora)
    assert may_everywhere(anna, Action.AUDIT_SEE)
    assert sites_where(anna, Action.AUDIT_SEE).count() == 2


@pytest.mark.parametrize("who", ["olga", "paul"])
def test_either_ends_it_at_once(
    clock: Clock, plant: Plant, paul: User, who: str
) -> None:
    delegation = lend(plant, paul)
    for stranger in (plant.omar, plant.ivan):
        with pytest.raises(NotAllowed):
            end_delegation(delegation, acting_user=stranger, origin=origin())
    person = plant.olga if who == "olga" else paul
    end_delegation(delegation, acting_user=person, origin=origin(factor_age=9_999))
    assert not may(paul, Action.REQUEST_DECIDE, plant.north)
    with pytest.raises(TooLate):
        end_delegation(delegation, acting_user=person, origin=origin())
    assert AuditEvent.objects.filter(event="delegation.ended").count() == 1


def test_the_database_says_it_too(plant: Plant, paul: User) -> None:
    now = timezone.now()
    good = {
        "delegator": plant.olga, "delegate": paul, "role": SUPERVISOR, "reason": "x",
        "starts_at": now, "ends_at": now + timedelta(hours=1),
    }  # fmt: skip
    for bad in ({"delegate": plant.olga}, {"ends_at": now}, {"reason": ""}):
        with pytest.raises(IntegrityError), transaction.atomic():
            RoleDelegation.objects.create(**{**good, **bad})


def test_the_page_lends_and_takes_back(
    plant: Plant, paul: User, browser_of: Any
) -> None:
    browser = browser_of(plant.olga)
    grant = plant.olga.role_grants.get()
    until = timezone.localtime() + timedelta(days=3)
    form = {
        "grant": grant.pk, "to": paul.pk, "reason": "Night shift",
        "starts_at": f"{timezone.localtime():%Y-%m-%dT%H:%M}",
        "ends_at": f"{until:%Y-%m-%dT%H:%M}",
    }  # fmt: skip
    answer = browser.post("/delegations/new/", {**form, "ends_at": form["starts_at"]})
    assert answer.status_code == 422 and "Night shift" in answer.content.decode()
    assert browser.post("/delegations/new/", form).status_code == 302
    assert "Paul Peters" in browser.get("/delegations/").content.decode()
    delegation = RoleDelegation.objects.get()
    assert (
        browser_of(paul).post(f"/delegations/{delegation.pk}/end/").status_code == 302
    )
    assert browser_of(plant.ivan).get("/permissions/").status_code == 200
