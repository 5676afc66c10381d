"""An act that rests on a lent right says so in the trail: by which delegation, and whose."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from accessportal.accounts.models import RoleDelegation, User
from accessportal.audit.borrowed import NEEDED, NEEDED_ABOUT_COLLEAGUES
from accessportal.audit.events import EVENTS
from accessportal.audit.models import AuditEvent
from tests.cast import make_person
from tests.guards.house import House, data_of
from tests.guards.house import house as build_house
from tests.guards.lines import Line
from tests.guards.matrix import MATRIX, OF_NO_SITE

pytestmark = [pytest.mark.django_db, pytest.mark.walk]

LENDERS = ("olga", "ivan", "cora", "adam")
# What is done about people, and reading the trail of all sites, says no site.
WITHOUT_SITE = OF_NO_SITE | {
    "colleague",
    "colleague_invitation",
    "event",
    "factor_reset",
    "factor_rule",
    "grant",
    "identity",
    "invitation",
}
# Reading that is an act: the other pages record nothing.
READINGS = {
    "audit:event_list",
    "audit:event_detail",
    "recordings:player",
    "recordings:map",
    "recordings:segment",
    "recordings:input",
}

# --- Every event: needed for it is a right, or none that somebody else could have lent -----

OF_THE_PORTAL = {
    "emergency.look.late",
    "escort.look.late",
    "access.guessed",
    "account.expiry.warned",
    "account.lapse.warned",
    "account.revocation.completed",
    "alert.raised",
    "audit.chain.verified",
    "auth.break_glass.used",
    "auth.mfa.distrusted",
    "break_glass.untested",
    "directory.lost",
    "calendar.import.failed",
    "directory.reached",
    "drill.completed",
    "guacd.lost",
    "guacd.reached",
    "key.destroyed",
    "key.rotated",
    "override.expired",
    "recording.closed",
    "recording.failed",
    "recording.resumed",
    "recording.started",
    "request.escalated",
    "window.wish.escalated",
    "request.expired",
    "session.adopted",
    "session.charge.vacant",
    "session.disagreement.found",
    "session.end.confirmed",
    "session.end.unconfirmed",
    "session.error",
    "session.failed",
    "session.input.left_pressed",
    "session.input.released",
    "session.interrupted",
    "session.terminated",
    "session.warned",
    "station.act.named",
    "station.acted",
    "station.joined",
    "station.refused",
    "system.started",
    "window.created",
}
ABOUT_ONESELF = {
    "request.change.accepted",
    "request.change.declined",
    "request.changed",
    "request.substitution.asked",
    "account.confirmation.lapsed",
    "account.created",
    "account.revival.begun",
    "account.revived",
    "approval.sod.blocked",
    "auth.login.failed",
    "auth.login.locked",
    "auth.login.succeeded",
    "auth.logout",
    "auth.mfa.enrolled",
    "auth.mfa.renewal.begun",
    "auth.mfa.renewal.proven",
    "auth.mfa.renewal.refused",
    "auth.mfa.removed",
    "auth.password.changed",
    "auth.password.reset.asked",
    "auth.recovery.renewed",
    "auth.recovery.used",
    "auth.stepup.completed",
    "auth.stepup.failed",
    "auth.token.rejected",
    "directory.linked",
    "directory.refused",
    "notice.accepted",
    "notification.wishes.changed",
    "push.device.added",
    "push.device.removed",
}
OF_WHO_WORKS = {
    "escort.code.refused",
    "escort.entered",
    "clipboard.transferred",
    "credential.checked_out",
    "desktop.asked",
    "request.file.attached",
    "request.submitted",
    "request.withdrawn",
    "session.baton.asked",
    "session.baton.passed",
    "session.critical_step.declared",
    "session.denied",
    "session.input.blocked",
    "session.laid_down",
    "session.message.acknowledged",
    "session.participant.joined",
    "session.participant.left",
    "session.start.requested",
    "session.started",
    "vendor.staff.attested",
    "window.extension.requested",
    "window.released",
    "line.returned",
    "window.recall.acknowledged",
}
BY_AN_OWN_RIGHT_ONLY = {
    "break_glass.marked",
    "break_glass.unmarked",
    "calendar.feed.made",
    "calendar.feed.revoked",
    "delegation.ended",
    "delegation.made",
    "directory.mapping.added",
    "directory.mapping.removed",
    "directory.tested",
    "directory.unlinked",
    "approver_group.changed",
    "override.ended",
    "override.granted",
    "policy.changed",
    "role.granted",
    "role.revoked",
    "token.created",
    "token.revoked",
}
BY_NO_LENT_RIGHT = OF_THE_PORTAL | ABOUT_ONESELF | OF_WHO_WORKS | BY_AN_OWN_RIGHT_ONLY


def test_of_every_event_it_is_decided_which_right_it_needs() -> None:
    needed = set(NEEDED) | set(NEEDED_ABOUT_COLLEAGUES)
    assert needed & BY_NO_LENT_RIGHT == set()
    assert set(EVENTS) - needed - BY_NO_LENT_RIGHT == set(), "say what they need"
    assert (needed | BY_NO_LENT_RIGHT) - set(EVENTS) == set()


# --- The acts, done by somebody who has the right from a colleague -------------------------


@pytest.fixture(scope="module")
def house(django_db_setup: None, django_db_blocker: Any) -> Iterator[House]:
    with django_db_blocker.unblock(), build_house() as built:
        for lender in LENDERS:
            lend(built, f"{lender} here", lender, roles=[])
            # Who holds the role at South too: an event that does not say where it happened
            # would take that for the reason.
            own = getattr(built.plant, lender).role_grants.get().role
            lend(built, f"{lender} too", lender, roles=[(own, built.plant.south)])
        yield built


def lend(house: House, stand_in: str, lender: str, *, roles: list[Any]) -> None:
    """Somebody acts for `lender` at North."""
    plant, now = house.plant, timezone.now()
    giver: User = getattr(plant, lender)
    person = make_person(f"Stand-in {stand_in}", roles=roles)
    RoleDelegation.objects.create(
        delegator=giver, delegate=person, role=giver.role_grants.get().role,
        site=plant.north, starts_at=now - timedelta(hours=1),
        ends_at=now + timedelta(days=1), reason="Ill",
    )  # fmt: skip
    house.sign_in(stand_in, person)


def acts() -> Iterator[tuple[str, Line, str, str]]:
    """(name, line, lender, stand-in) of each act that the lender's role allows."""
    for name, line in MATRIX.items():
        lender = next((who for who in LENDERS if who in line.yes.split()), "")
        if lender and (line.method == "post" or name in READINGS):
            args = set(line.args.split()) - WITHOUT_SITE
            of_north = bool(args) or "{" in str(line.data)
            yield name, line, lender, f"{lender} too" if of_north else f"{lender} here"


def recorded(house: House, name: str, line: Line, stand_in: str) -> list[AuditEvent]:
    """What the trail says of the act and of who did it; the act itself is undone."""
    person = house.people[stand_in]
    browser = house.browser(stand_in)
    with transaction.atomic():
        ask = getattr(browser, line.method)
        ask(
            house.path(name, line),
            data_of(line, house.things),
            headers={"Accept": "application/json"},
        )
        events = list(AuditEvent.objects.filter(actor_id=person.pk))
        transaction.set_rollback(True)
    return events


def test_an_act_for_a_colleague_names_the_colleague(house: House) -> None:
    silent, said = {}, set()
    for name, line, lender, stand_in in acts():
        giver = getattr(house.plant, lender).full_name
        for event in recorded(house, name, line, stand_in):
            if event.detail.get("delegated_by") == giver:
                said.add(event.event)
            elif event.event not in BY_NO_LENT_RIGHT and not about_oneself(event):
                silent[f"{name} for {lender}"] = event.event
    assert silent == {}
    assert len(said) >= 20, "hardly an act succeeds: this test looks at nothing"


def about_oneself(event: AuditEvent) -> bool:
    return event.object_type == "user" and event.object_id == str(event.actor_id)
