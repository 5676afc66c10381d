"""Whatever people do, and in whatever order: nothing is wider than the policy's people agreed to.

The judge keeps its own book of who said yes to what, and tries every way to place these people.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from accessportal.accounts.models import RoleGrant, User
from accessportal.errors import PortalError
from accessportal.plants.services.catalogue import change_endpoint
from requests.models import (
    AccessRequest,
    ExtensionRequest,
    MaintenanceWindow,
    ProposedChange,
)
from requests.policy.reading import demands_as_json
from requests.policy.rules import IT_SECURITY, OT_SUPERVISOR, Demands, Step
from requests.services.approval import approve_request
from requests.services.changing import change_request
from requests.services.extension import grant_extension, request_extension
from requests.services.moving import close_later, open_early
from requests.services.proposal import accept_changes
from requests.services.reconfirmation import CHECKLIST, reconfirm_window
from tests.cast import Plant, make_person, make_policy, make_request, origin
from tests.request_flow.conftest import seen, seen_later
from tests.request_flow.test_change_request import propose, wish_of
from tests.unit.approval_policy.test_rules import could_fill

A, B = OT_SUPERVISOR, IT_SECURITY
POLICIES = [
    [Step(A)],
    [Step(A), Step(B)],
    [Step(A, quorum=2)],
    [Step(A), Step(B, order=2)],
    [Step(A, order=2), Step(B)],
    [Step(A, quorum=2), Step(B)],
]
ROLES = {
    "olga": frozenset({A}),
    "otto": frozenset({A}),
    "ivan": frozenset({B}),
    "bo": frozenset({A, B}),
    "vera": frozenset(),
    "omar": frozenset(),  # a supervisor elsewhere
    "adam": frozenset(),
}


class Rollback(Exception):
    pass


@dataclass
class Life:
    """One request and whoever is near it. `yeses`: who said yes to what stands now."""

    plant: Plant
    people: dict[str, User]
    steps: list[Step]
    asked: AccessRequest
    yeses: dict[str, set[str]] = field(default_factory=dict)
    hosts: int = 20

    @property
    def window(self) -> MaintenanceWindow | None:
        return (
            MaintenanceWindow.objects.select_related("access_request")
            .filter(access_request=self.asked)
            .first()
        )

    def does(self, act: str, who: str) -> None:
        """The act, if the portal takes it; and what it changed was agreed to by enough."""
        before = width_of(self.window)
        to = f"{act} {self.subject(act)}"
        try:
            with transaction.atomic():
                ACTS[act](self, self.people[who])
        except PortalError:
            return
        if act in ("changes", "moves"):
            self.yeses.clear()
            assert not wider(before, width_of(self.window)), act
            return
        if act == "proposes":
            self.yeses = {"accepts 0": {who}}
            return
        if act in SAY_YES:
            self.yeses.setdefault(to, set()).add(who)
        after = width_of(self.window)
        if wider(before, after):
            agreed = self.yeses.get(to, set())
            assert could_fill(self.steps, [ROLES[one] for one in agreed]), (to, agreed)
            self.yeses.clear()

    def subject(self, act: str) -> int:
        """What an answer is about: another wish for more time is another matter."""
        if act != "grants":
            return 0
        last = ExtensionRequest.objects.filter(window__access_request=self.asked).last()
        return last.pk if last is not None else 0


def width_of(window: MaintenanceWindow | None) -> tuple[datetime, datetime] | None:
    """From when to when somebody may come in; None: not at all."""
    if window is None or window.revoked_at is not None:
        return None
    return window.opens_at, window.closes_at


def wider(before: Any, after: Any) -> bool:
    if after is None:
        return False
    return before is None or after[0] < before[0] or after[1] > before[1]


def changes(life: Life, who: User) -> None:
    life.asked.refresh_from_db()
    until = life.asked.wanted_until - timedelta(minutes=5)
    change_request(
        life.asked,
        wish_of(life.asked, wanted_until=until),
        acting_user=who,
        origin=origin(),
    )


def moves(life: Life, who: User) -> None:
    life.hosts += 1
    change_endpoint(
        life.plant.filling_hmi,
        {"host": f"192.168.0.{life.hosts}"},
        acting_user=who,
        origin=origin(),
    )


def accepts(life: Life, who: User) -> None:
    proposal = ProposedChange.objects.filter(
        access_request=life.asked, state=ProposedChange.State.PENDING
    ).first()
    if proposal is not None:
        accept_changes(proposal, acting_user=who, origin=origin())


def on_window(verb: Callable[..., Any], **fields: Any) -> Callable[[Life, User], None]:
    def act(life: Life, who: User) -> None:
        window = life.window
        if window is not None:
            said = {"facts_hash": seen_later(window)} | fields
            verb(window, acting_user=who, origin=origin(), **said)

    return act


def asks_for_more(life: Life, who: User) -> None:
    if life.window is not None:
        request_extension(
            life.window, acting_user=who, origin=origin(), minutes=15, reason="Valve"
        )


def grants(life: Life, who: User) -> None:
    extension = ExtensionRequest.objects.filter(
        window__access_request=life.asked
    ).last()
    if extension is not None and life.window is not None:
        grant_extension(
            extension,
            acting_user=who,
            origin=origin(),
            facts_hash=seen_later(life.window),
        )


def approves(life: Life, who: User) -> None:
    approve_request(
        life.asked, acting_user=who, origin=origin(), facts_hash=seen(life.asked)
    )


def proposes(life: Life, who: User) -> None:
    life.asked.refresh_from_db()
    propose(life.asked, who, attendance_required=True)


ACTS: dict[str, Callable[[Life, User], None]] = {
    "approves": approves,
    "proposes": proposes,
    "accepts": accepts,
    "changes": changes,
    "moves": moves,
    "closes later": on_window(close_later, minutes=30, reason="More to do"),
    "opens early": on_window(open_early, reason="The line is free"),
    "asks for more": asks_for_more,
    "grants": grants,
    "confirms again": on_window(reconfirm_window, checked=list(CHECKLIST["address"])),
}
SAY_YES = {"approves", "closes later", "opens early", "grants", "confirms again"}
DECIDERS = st.sampled_from(["olga", "otto", "ivan", "bo"])
ANYBODY = st.sampled_from(sorted(ROLES))
EVERYTHING = st.tuples(st.sampled_from(sorted(ACTS)), ANYBODY)
ASKING = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["approves", "approves", "proposes"]), DECIDERS),
        st.tuples(st.sampled_from(["accepts", "changes"]), st.just("vera")),
        st.tuples(st.just("moves"), st.just("adam")),
        EVERYTHING,
    ),
    min_size=5,
    max_size=8,
)
APPROVED = [("approves", who) for who in ("ivan", "olga", "bo", "otto")]


def several(act: str) -> st.SearchStrategy[list[tuple[str, str]]]:
    """Some of those who may decide, one after the other."""
    return st.lists(DECIDERS, min_size=1, max_size=3).map(
        lambda people: [(act, who) for who in people]
    )


LATER = st.lists(
    st.one_of(
        several("closes later"),
        several("opens early"),
        several("grants").map(lambda acts: [("asks for more", "vera"), *acts]),
        several("confirms again").map(lambda acts: [("moves", "adam"), *acts]),
        EVERYTHING.map(lambda act: [act]),
    ),
    min_size=2,
    max_size=4,
).map(lambda runs: [*APPROVED, *(act for run in runs for act in run)])


@pytest.mark.django_db
@pytest.mark.walk  # of the verbs; what the database adds is in the tests of races
def test_no_way_leads_around_the_people_whom_the_policy_names(plant: Plant) -> None:
    reached: set[str] = set()
    people = {
        name: getattr(plant, name) for name in ("olga", "ivan", "vera", "omar", "adam")
    }
    people["otto"] = make_person(
        "Otto Ohm", roles=[(RoleGrant.Role.OT_SUPERVISOR, plant.north)]
    )
    people["bo"] = make_person(
        "Bo Both",
        roles=[
            (RoleGrant.Role.OT_SUPERVISOR, plant.north),
            (RoleGrant.Role.IT_SECURITY, plant.north),
        ],
    )

    @settings(
        max_examples=24,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.sampled_from(POLICIES), st.one_of(ASKING, LATER, LATER))
    def live(steps: list[Step], acts: list[tuple[str, str]]) -> None:
        try:
            with transaction.atomic():
                policy = make_policy(
                    plant.adam,
                    {"steps": demands_as_json(Demands(steps=tuple(steps)))["steps"]},
                )
                asked = make_request(
                    plant.vera,
                    plant.filling_hmi,
                    policy=policy,
                    starts_in=timedelta(hours=3),
                )
                life = Life(plant, people, steps, asked)
                for act, who in acts:
                    before = width_of(life.window)
                    life.does(act, who)
                    if wider(before, width_of(life.window)):
                        reached.add(act)
                raise Rollback
        except Rollback:
            plant.filling_hmi.refresh_from_db()

    live()
    # A test that never gets anywhere would prove nothing.
    assert {"approves", "closes later", "opens early", "confirms again"} <= reached, (
        reached
    )
