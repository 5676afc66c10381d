"""A place in a group of approvers is lent for a time: with the limits of a lent role."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accessportal.accounts.models import User
from accessportal.audit.models import AuditEvent
from accessportal.errors import FreshFactorNeeded, NotAllowed, NotPossible, TooLate
from accessportal.notifications.models import Notification
from requests.approvers import is_one_of, people_asked, people_who_are
from requests.facts import hash_of_facts, seen_by_approver
from requests.models import AccessRequest, ApproverGroup, GroupDelegation, LaterWish
from requests.policy.reading import demands_as_json
from requests.policy.rules import OT_SUPERVISOR, Demands, Step
from requests.services.approval import approve_request, deny_request
from requests.services.extension import grant_extension, request_extension
from requests.services.group_delegations import end_lent_place, lend_place
from requests.services.later_answers import agree_to_wish, refuse_wish
from requests.services.later_look import take_look
from requests.services.moving import close_later
from requests.services.proposal import Changes, propose_changes
from tests.cast import (
    Clock,
    Plant,
    make_emergency,
    make_person,
    make_policy,
    make_request,
    make_window,
    origin,
)
from tests.request_flow.conftest import seen_later

pytestmark = pytest.mark.django_db


@pytest.fixture
def engineers(clock: Clock, plant: Plant) -> ApproverGroup:
    group = ApproverGroup.objects.create(name="Process engineers")
    group.members.create(person=make_person("Petra Prinz"), added_by=plant.adam)
    return group


@pytest.fixture
def petra(engineers: ApproverGroup) -> User:
    return engineers.people.get()


@pytest.fixture
def paul(plant: Plant) -> User:
    """An electrician of the plant, without any role."""
    return make_person("Paul Peters")


def lend(group: ApproverGroup, by: User, to: User, **fields: Any) -> GroupDelegation:
    now = timezone.now()
    values: dict[str, Any] = {
        "starts_at": now,
        "ends_at": now + timedelta(days=7),
        "reason": "On holiday",
        "origin": origin(),
    }
    return lend_place(group, to=to, acting_user=by, **{**values, **fields})


def asks_engineers(plant: Plant, group: ApproverGroup, days: int = 0) -> AccessRequest:
    policy = make_policy(plant.adam, {"steps": [{"who": group.who}]})
    start = timedelta(days=days, hours=1)
    return make_request(plant.vera, plant.filling_plc, policy=policy, starts_in=start)


def decision(access_request: AccessRequest, person: User) -> dict[str, Any]:
    return {
        "acting_user": person,
        "origin": origin(),
        "facts_hash": hash_of_facts(seen_by_approver(access_request)),
    }


def test_paul_decides_for_petra_and_the_trail_says_so(
    clock: Clock, plant: Plant, engineers: ApproverGroup, petra: User, paul: User
) -> None:
    first = asks_engineers(plant, engineers)
    assert set(people_asked(first)) == {petra, plant.olga}
    lent = lend(engineers, petra, paul, starts_at=clock.now + timedelta(minutes=10))
    assert not is_one_of(paul, engineers.who, plant.north)
    clock.forward(minutes=11)
    assert set(people_asked(first)) == {petra, paul, plant.olga}
    told = Notification.objects.get(recipient=paul, kind="delegation.made")
    assert "Petra Prinz" in told.body and "Process engineers" in told.body

    deny_request(first, reason="Not today", **decision(first, paul))
    second = asks_engineers(plant, engineers, days=1)
    approve_request(second, **decision(second, paul))
    third = asks_engineers(plant, engineers, days=2)
    approve_request(third, **decision(third, petra))
    denied = AuditEvent.objects.get(event="request.denied").detail
    agreed = AuditEvent.objects.filter(event="request.agreed").order_by("pk")
    by_paul, by_petra = (event.detail for event in agreed)
    for said in (by_paul, denied):
        assert (said["by_group_delegation"], said["group"]) == (lent.pk, engineers.name)
        assert said["delegated_by"] == "Petra Prinz"
    assert "by_group_delegation" not in by_petra


def test_the_trail_names_the_place_in_everything_else_that_is_decided_by_it(
    clock: Clock, plant: Plant, engineers: ApproverGroup, petra: User, paul: User
) -> None:
    """A proposal, a later wish from its first yes to its last and its no, and a later look."""
    lent = lend(engineers, petra, paul)
    asked = asks_engineers(plant, engineers)
    changes = Changes(
        wanted_from=asked.wanted_from,
        wanted_until=asked.wanted_until,
        permission=AccessRequest.Permission.VIEW,
        endpoint_ids=[plant.filling_plc.pk],
        attendance_required=False,
    )
    propose_changes(asked, changes, **decision(asked, paul))

    window = make_window(plant.vera, plant.filling_hmi, decided_by=plant.olga)
    demands = Demands(steps=(Step(OT_SUPERVISOR), Step(engineers.who)))
    window.access_request.demands = demands_as_json(demands)
    window.access_request.save()
    act: dict[str, Any] = {"origin": origin(), "reason": "Valve"}
    for answer in (agree_to_wish, refuse_wish):
        close_later(window, minutes=10, acting_user=plant.olga, **act)
        wish = LaterWish.objects.select_related("window__access_request").get(
            state="pending"
        )
        seen = {"facts_hash": seen_later(window)} if answer is agree_to_wish else {}
        answer(wish, acting_user=paul, **act, **seen)
        window.refresh_from_db()
    more = request_extension(window, acting_user=plant.vera, minutes=10, **act)
    grant_extension(more, acting_user=paul, origin=origin())

    look = make_emergency(plant.vera, plant.filling_gateway, decided_by=plant.olga)
    look.skipped.create(who=engineers.who)
    take_look(look, acting_user=paul, origin=origin(), verdict="justified", note="So")

    for event in (
        "request.change.proposed",
        "window.moved",
        "window.wish.refused",
        "window.wish.agreed",
        "emergency.looked_at",
    ):
        said = AuditEvent.objects.get(event=event, actor_id=paul.pk).detail
        assert (said["by_group_delegation"], said["delegated_by"]) == (
            lent.pk,
            "Petra Prinz",
        ), event
    by_olga = AuditEvent.objects.filter(actor_id=plant.olga.pk)
    assert not any("by_group_delegation" in one.detail for one in by_olga)


def test_it_ends_by_the_clock_by_the_two_and_with_the_place_it_comes_from(
    clock: Clock, plant: Plant, engineers: ApproverGroup, petra: User, paul: User
) -> None:
    def counts() -> bool:
        found = paul in people_who_are(engineers.who, plant.north)
        assert is_one_of(paul, engineers.who, plant.north) is found
        return found

    lend(engineers, petra, paul)
    assert counts()
    clock.forward(days=8)
    assert not counts()
    for who in (petra, paul):
        made = lend(engineers, petra, paul)
        with pytest.raises(NotAllowed):
            end_lent_place(made, acting_user=plant.olga, origin=origin())
        end_lent_place(made, acting_user=who, origin=origin(factor_age=9000))
        assert not counts()
        with pytest.raises(TooLate):
            end_lent_place(made, acting_user=who, origin=origin())
    lend(engineers, petra, paul)
    engineers.members.all().delete()
    assert not counts()


def test_what_cannot_be_lent(
    clock: Clock, plant: Plant, engineers: ApproverGroup, petra: User, paul: User
) -> None:
    """Not to a vendor's person, not by who has it lent, not without an end, factor, reason."""
    lend(engineers, petra, paul)
    otto = make_person("Otto Oser")
    engineers.members.create(person=otto, added_by=plant.adam)
    late = clock.now + timedelta(days=32)
    for by, to, fields, code in (
        (paul, plant.olga, {}, "not_your_place"),  # no chain
        (plant.olga, paul, {}, "not_your_place"),
        (petra, plant.vera, {}, "not_of_the_plant"),
        (petra, petra, {}, "to_oneself"),
        (petra, otto, {}, "holds_it_already"),
        (petra, plant.olga, {"ends_at": clock.now}, "end_before_start"),
        (petra, plant.olga, {"ends_at": late}, "too_long"),
        (petra, plant.olga, {"reason": " "}, "reason_missing"),
    ):
        with pytest.raises((NotAllowed, NotPossible)) as refused:
            lend(engineers, by, to, **fields)  # type: ignore[arg-type]
        assert refused.value.code == code
    with pytest.raises(FreshFactorNeeded):
        lend(engineers, petra, plant.olga, origin=origin(factor_age=400))
    assert GroupDelegation.objects.count() == 1


def test_the_page(
    plant: Plant,
    engineers: ApproverGroup,
    petra: User,
    paul: User,
    browser_of: Callable[..., Client],
) -> None:
    hers, his, path = browser_of(petra), browser_of(paul), "/approvals/lent/"
    assert path in hers.get("/delegations/").content.decode()
    assert 'name="group"' not in his.get(path).content.decode()
    now = timezone.localtime()
    form = {
        "group": engineers.pk,
        "to": paul.pk,
        "starts_at": f"{now:%Y-%m-%dT%H:%M}",
        "ends_at": f"{now + timedelta(days=3):%Y-%m-%dT%H:%M}",
        "reason": "On holiday",
    }
    assert his.post(f"{path}new/", form).status_code == 422  # no group of his to choose
    late = {**form, "ends_at": form["starts_at"]}
    assert hers.post(f"{path}new/", late).status_code == 422
    done = hers.post(f"{path}new/", form, follow=True)
    assert "Paul Peters has your place for that time." in done.content.decode()
    assert his.get("/approvals/").status_code == 200
    lent = GroupDelegation.objects.get()
    assert browser_of(plant.olga).post(f"{path}{lent.pk}/end/").status_code == 404
    assert his.post(f"{path}{lent.pk}/end/").status_code == 302
    assert his.get("/approvals/").status_code == 403
