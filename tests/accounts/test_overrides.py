"""An override: one permission, one site, one person, an hour at most; and who sees it."""

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
    people_who_may,
    sites_where,
)
from accessportal.accounts.models import PermissionOverride, User
from accessportal.accounts.services.overrides import (
    end_override,
    grant_override,
    note_expired_overrides,
)
from accessportal.audit.models import AuditEvent
from accessportal.errors import (
    FreshFactorNeeded,
    NotAllowed,
    NotPossible,
    PortalError,
    TooLate,
)
from accessportal.notifications.models import Notification
from requests.facts import hash_of_facts, seen_by_approver
from requests.services.approval import approve_request
from requests.services.window import revoke_window
from tests.cast import Clock, Plant, make_person, make_request, make_window, origin

pytestmark = pytest.mark.django_db


@pytest.fixture
def paul(plant: Plant) -> User:
    """An electrician of the plant without any role."""
    return make_person("Paul Peters")


def grant(plant: Plant, to: User, **fields: Any) -> PermissionOverride:
    values: dict[str, Any] = {
        "action": Action.REQUEST_DECIDE,
        "site": plant.north,
        "minutes": 30,
        "reason": "The supervisor is at the doctor's",
        "acting_user": plant.olga,
        "origin": origin(),
    }
    return grant_override(to=to, **{**values, **fields})


def test_it_lets_do_one_thing_at_one_site_for_its_time(
    clock: Clock, plant: Plant, paul: User
) -> None:
    grant(plant, paul)
    assert may(paul, Action.REQUEST_DECIDE, plant.north)
    assert may(paul, Action.REQUEST_SEE, plant.north)  # what it is seen with
    assert not may(paul, Action.REQUEST_DECIDE, plant.south)
    assert not may(paul, Action.WINDOW_REVOKE, plant.north)
    assert list(sites_where(paul, Action.REQUEST_DECIDE)) == [plant.north]
    assert paul in people_who_may(Action.REQUEST_DECIDE, plant.north)
    assert actions_anywhere(paul) == {Action.REQUEST_DECIDE, Action.REQUEST_SEE}

    clock.forward(minutes=31)
    assert not may(paul, Action.REQUEST_DECIDE, plant.north)
    assert actions_anywhere(paul) == frozenset()
    assert note_expired_overrides() == 1
    assert note_expired_overrides() == 0
    event = AuditEvent.objects.get(event="override.expired")
    assert event.detail["used"] == 0


def test_what_is_done_by_it_is_counted_and_in_the_trail(
    clock: Clock, plant: Plant, paul: User
) -> None:
    override = grant(plant, paul, action=Action.WINDOW_REVOKE)
    window = make_window(plant.vera, plant.filling_hmi, decided_by=plant.olga)
    revoke_window(window, acting_user=paul, origin=origin(), reason="Belt torn")
    event = AuditEvent.objects.get(event="window.revoked")
    assert event.detail["by_override"] == override.pk
    assert event.detail["override_of"] == "Olga Olsen"
    override.refresh_from_db()
    assert override.used_count == 1 and override.last_used_at is not None


def test_a_refused_act_counts_nothing(clock: Clock, plant: Plant, paul: User) -> None:
    override = grant(plant, paul, action=Action.WINDOW_REVOKE)
    window = make_window(plant.vera, plant.filling_hmi, decided_by=plant.olga)
    with pytest.raises(PortalError):
        revoke_window(window, acting_user=paul, origin=origin(), reason=" ")
    override.refresh_from_db()
    assert override.used_count == 0


def test_four_eyes_stand(clock: Clock, plant: Plant, paul: User) -> None:
    """A vendor's person is given none, and one that came to be decides nothing."""
    with pytest.raises(NotPossible):
        grant(plant, plant.vera)
    PermissionOverride.objects.create(
        granted_by=plant.olga, granted_to=plant.vera, action=Action.REQUEST_DECIDE,
        site=plant.north, ends_at=clock.now + timedelta(minutes=30), reason="x",
    )  # fmt: skip
    access_request = make_request(plant.vera, plant.filling_hmi)
    with pytest.raises(NotAllowed) as refused:
        approve_request(
            access_request,
            acting_user=plant.vera,
            origin=origin(),
            facts_hash=hash_of_facts(seen_by_approver(access_request)),
        )
    assert refused.value.code == "four_eyes"


@pytest.mark.parametrize(
    ("code", "fields"),
    [
        ("to_oneself", {"to": "olga", "action": Action.PLANT_CHANGE}),
        ("not_to_grant", {"action": Action.PLANT_CHANGE}),
        ("not_to_grant", {"action": Action.REVIEW_COMPLETE}),
        ("not_to_grant", {"action": Action.OVERRIDE_GRANT}),
        ("not_to_grant", {"site": "south"}),
        ("not_to_grant", {"acting_user": "cora"}),
        ("not_to_grant", {"acting_user": "vera"}),
        ("not_to_grant", {"acting_user": "ivan"}),
        ("too_long", {"minutes": 61}),
        ("too_long", {"minutes": 0}),
        ("reason_missing", {"reason": ""}),
        ("may_already", {"to": "ivan", "action": Action.WINDOW_REVOKE}),
    ],
)
def test_what_cannot_be_granted(
    clock: Clock, plant: Plant, paul: User, code: str, fields: dict[str, Any]
) -> None:
    values: dict[str, Any] = {"to": paul}
    for name, value in fields.items():
        if name in ("to", "acting_user", "site"):
            value = getattr(plant, value)
        values[name] = value
    if code == "to_oneself":
        values["acting_user"] = values["to"] = plant.ivan
    with pytest.raises((NotAllowed, NotPossible)) as refused:
        grant(plant, **values)
    assert refused.value.code == code
    assert not PermissionOverride.objects.exists()


def test_who_has_a_lent_right_grants_nothing(
    clock: Clock, plant: Plant, paul: User
) -> None:
    grant(plant, paul)
    with pytest.raises(NotAllowed):
        grant(plant, make_person("Anna Auer"), acting_user=paul)
    with pytest.raises(FreshFactorNeeded):
        grant(plant, make_person("Berta Bach"), origin=origin(factor_age=400))


def test_the_database_refuses_a_self_granted_one(plant: Plant) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        PermissionOverride.objects.create(
            granted_by=plant.olga, granted_to=plant.olga, action=Action.PLANT_CHANGE,
            site=plant.north, ends_at=timezone.now() + timedelta(hours=1), reason="x",
        )  # fmt: skip


def test_it_security_is_told_and_shown_it(
    clock: Clock, plant: Plant, paul: User, browser_of: Any
) -> None:
    override = grant(plant, paul)
    told = Notification.objects.filter(kind="override.granted")
    assert {one.recipient for one in told} == {paul, plant.ivan}
    for person, shown in ((plant.ivan, True), (paul, True), (plant.cora, False)):
        page = browser_of(person).get("/").content.decode()
        assert ("The supervisor is at the doctor" in page) is shown, person

    ended = browser_of(plant.ivan).post(f"/overrides/{override.pk}/end/")
    assert ended.status_code == 302
    assert not may(paul, Action.REQUEST_DECIDE, plant.north)
    assert "at the doctor" not in browser_of(plant.ivan).get("/").content.decode()
    with pytest.raises(TooLate):
        end_override(override, acting_user=plant.ivan, origin=origin())
    assert note_expired_overrides() == 0


def test_the_pages_of_an_override(plant: Plant, paul: User, browser_of: Any) -> None:
    browser = browser_of(plant.olga)
    form = {
        "to": paul.pk, "action": "window.revoke", "site": plant.north.pk,
        "minutes": "30", "reason": "Nobody else is there",
    }  # fmt: skip
    assert browser.post("/overrides/new/", {**form, "minutes": "99"}).status_code == 422
    assert browser.post("/overrides/new/", form).status_code == 302
    assert "Paul Peters" in browser.get("/overrides/").content.decode()
    assert "Paul Peters" in browser_of(plant.cora).get("/permissions/").content.decode()


def test_the_report_prints_the_table_and_who_has_it(
    plant: Plant, paul: User, browser_of: Any
) -> None:
    grant(plant, paul, reason="=1+1")
    browser = browser_of(plant.cora)
    page = browser.get("/permissions/").content.decode()
    for action in Action:
        assert action.value in page
    assert "Olga Olsen" in page
    answer = browser.post("/permissions/export/")
    lines = answer.content.decode().splitlines()
    assert any("permission,it_security,site.isolate" in line for line in lines)
    assert any(line.startswith("grant,ot_supervisor,,Olga Olsen") for line in lines)
    override = next(line for line in lines if line.startswith("override,"))
    assert "'=1+1" in override
    assert AuditEvent.objects.filter(event="permissions.exported").count() == 1


def test_the_report_of_one_site_says_nothing_of_another(
    plant: Plant, browser_of: Any
) -> None:
    local = make_person("Lars Local", roles=[("it_security", plant.south)])
    page = browser_of(local).get("/permissions/").content.decode()
    assert "Omar Ortega" in page and "Olga Olsen" not in page
    assert "Cora Chen" in page  # at every site, so here too
