"""The second look at an emergency: owed at the approval, taken by somebody else, chased."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accessportal.accounts.authorisation import Action, people_who_may
from accessportal.accounts.models import User
from accessportal.audit import record
from accessportal.errors import NotAllowed, NotPossible, TooLate
from accessportal.notifications import notify
from accessportal.origin import SYSTEM, Origin
from requests.access import may_look_at_emergency
from requests.approvers import people_who_are
from requests.demanded import demands_now
from requests.models import AccessRequest, EmergencyLook, SkippedStep
from requests.on_shift import ringing_among
from requests.services.common import (
    guard_fresh_factor,
    locked_request,
    path_of,
    said_of,
    tell_pages,
)
from requests.wording import moment_words

DUE_AFTER = timedelta(hours=24)
REMIND_BEFORE = timedelta(hours=6)
LATE_AGAIN_AFTER = timedelta(days=1)
NOTE_AT_MOST = 2000


def owe_second_look(
    access_request: AccessRequest, *, decided_by: User, origin: Origin
) -> None:
    """Within the approval: keep whom the ordinary policy would have asked, and tell them."""
    due_at = timezone.now() + DUE_AFTER
    look = EmergencyLook.objects.create(access_request=access_request, due_at=due_at)
    whos = [
        who
        for step in demands_now(access_request).steps
        for who in (step.who, step.deputy)
        if who
    ]
    SkippedStep.objects.bulk_create(
        SkippedStep(look=look, who=who) for who in dict.fromkeys(whos)
    )

    record(
        "emergency.let_in",
        acting_user=decided_by,
        subject=access_request,
        origin=origin,
        access_request=access_request,
        reason=access_request.emergency_reason,
        passed_over=[person.full_name for person in passed_over(look)],
        look_due_at=due_at.isoformat(),
    )

    passed = passed_over(look)
    notify(
        passed,
        "emergency.let_in",
        path=path_of(access_request),
        ringing=ringing_among(passed, access_request.site),
        decider=decided_by.full_name,
        emergency=access_request.emergency_reason,
        due=lambda: moment_words(due_at, access_request.site.time_zone),
        **said_of(access_request),
    )


def complete_look(
    look: EmergencyLook,
    *,
    acting_user: User,
    origin: Origin,
    verdict: str,
    note: str,
) -> EmergencyLook:
    """Say whether an emergency was justified: once, with a word of why.

    Raises `NotAllowed` for who let somebody in, `TooLate` when it was done, `NotPossible`
    without a verdict or a note, `FreshFactorNeeded`.
    """
    return _complete(
        look,
        acting_user=acting_user,
        origin=origin,
        verdict=verdict,
        note=note.strip(),
    )


@transaction.atomic
def _complete(
    look: EmergencyLook, *, acting_user: User, origin: Origin, verdict: str, note: str
) -> EmergencyLook:
    access_request = locked_request(look.access_request_id)
    look = EmergencyLook.objects.get(pk=look.pk)
    look.access_request = access_request

    if not may_look_at_emergency(acting_user, look):
        raise NotAllowed(
            _("The second look is for somebody who did not let them in."),
            code="second_eyes",
        )
    if look.done_at is not None:
        raise TooLate(
            _("%(name)s has already taken the second look (%(at)s).")
            % {
                "name": look.done_by,
                "at": moment_words(look.done_at, access_request.site.time_zone),
            },
            code="already_looked",
        )
    guard_fresh_factor(origin, acting_user, access_request.site)
    if verdict not in EmergencyLook.Verdict.values:
        raise NotPossible(_("Say whether it was justified."), code="verdict_missing")
    if not 1 <= len(note) <= NOTE_AT_MOST:
        raise NotPossible(
            _("Say in a sentence what your verdict rests on."), code="note_missing"
        )

    now = timezone.now()
    changed = EmergencyLook.objects.filter(pk=look.pk, done_at__isnull=True).update(
        done_at=now, done_by=acting_user, verdict=verdict, note=note
    )
    if changed != 1:
        raise TooLate
    look.refresh_from_db()

    record(
        "emergency.looked_at",
        acting_user=acting_user,
        subject=access_request,
        origin=origin,
        access_request=access_request,
        reason=note,
        verdict=verdict,
        late=now > look.due_at,
    )

    if verdict == EmergencyLook.Verdict.NOT_JUSTIFIED:
        notify(
            _to_tell_of_verdict(look),
            "look.not_justified",
            path=path_of(access_request),
            name=acting_user.full_name,
            note=note,
            **said_of(access_request),
        )
    tell_pages(access_request)
    return look


def chase_looks(*, at: datetime | None = None) -> int:
    """Remind before a second look is late, and say each day that it is. Returns how many."""
    at = at or timezone.now()
    due = EmergencyLook.objects.open().filter(
        Q(due_at__lte=at + REMIND_BEFORE, due_at__gt=at, reminded_at__isnull=True)
        | Q(due_at__lte=at, late_told_at__isnull=True)
        | Q(due_at__lte=at, late_told_at__lte=at - LATE_AGAIN_AFTER)
    )
    pairs = list(due.values_list("pk", "access_request_id"))
    return sum(_chase(pk, request_pk, at) for pk, request_pk in pairs)


@transaction.atomic
def _chase(pk: int, request_pk: int, at: datetime) -> bool:
    access_request = locked_request(request_pk)
    look = EmergencyLook.objects.get(pk=pk)
    if look.done_at is not None:
        return False
    late = look.due_at <= at
    if late:
        EmergencyLook.objects.filter(pk=pk).update(late_told_at=at)
        record(
            "emergency.look.late",
            acting_user=None,
            subject=access_request,
            origin=SYSTEM,
            access_request=access_request,
            due_at=look.due_at.isoformat(),
        )
    else:
        EmergencyLook.objects.filter(pk=pk).update(reminded_at=at)
    look.access_request = access_request
    notify(
        people_owing(look),
        "look.late" if late else "look.due",
        path=path_of(access_request),
        emergency=access_request.emergency_reason,
        due=lambda: moment_words(look.due_at, access_request.site.time_zone),
        **said_of(access_request),
    )
    return True


def passed_over(look: EmergencyLook) -> list[User]:
    """Whom the ordinary policy would have asked, but who let somebody in themselves."""
    access_request = look.access_request
    people = {
        person.pk: person
        for step in look.skipped.all()
        for person in people_who_are(step.who, access_request.site)
    }
    decided = set(access_request.decisions.values_list("decided_by", flat=True))
    return [person for pk, person in people.items() if pk not in decided]


def people_owing(look: EmergencyLook) -> list[User]:
    """Who may take the second look: those passed over, and IT security of the site."""
    site = look.access_request.site
    people = {person.pk: person for person in passed_over(look)}
    people |= {
        person.pk: person for person in people_who_may(Action.EMERGENCY_LOOK, site)
    }
    return [one for one in people.values() if may_look_at_emergency(one, look)]


def _to_tell_of_verdict(look: EmergencyLook) -> list[User]:
    """Who let somebody in, who opened it, and who vouches for the company."""
    access_request = look.access_request
    people = {
        one.decided_by_id: one.decided_by for one in access_request.decisions.all()
    }
    for one in (access_request.emergency_by, access_request.vendor.sponsor):
        if one is not None and one.vendor_id is None:
            people[one.pk] = one
    return [one for pk, one in people.items() if pk != look.done_by_id]
