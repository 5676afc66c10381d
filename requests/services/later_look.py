"""The later look at who was let in by way of exception: owed, taken by somebody else, chased.

One verb for both kinds, an emergency (`EmergencyLook`) and an escort (`Escort`); whose look it
is, who is told and in which words, is in `KINDS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

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
from requests.access import may_look_at_emergency, may_look_at_escort
from requests.approvers import passed_over
from requests.lent import said_of_lent_look
from requests.models import EmergencyLook, Escort
from requests.services.common import (
    guard_fresh_factor,
    locked_request,
    path_of,
    said_of,
    tell_pages,
)
from requests.services.escort import said_of_escort
from requests.wording import moment_words

REMIND_BEFORE = timedelta(hours=6)
LATE_AGAIN_AFTER = timedelta(days=1)
NOTE_AT_MOST = 2000

Look = TypeVar("Look", EmergencyLook, Escort)


@dataclass(frozen=True)
class Kind:
    """events: of the trail. news: what people are told. may_look: who may take the look.

    asked: who may be asked for it; told: of a verdict that it was not justified. said: the
    facts that messages are worded with; recorded: what the trail says beside the verdict, of
    who took the look.
    """

    event: str
    late_event: str
    due_news: str
    late_news: str
    not_justified_news: str
    may_look: Callable[[User, Any], bool]
    asked: Callable[[Any], list[User]]
    told: Callable[[Any], list[User]]
    said: Callable[[Any], dict[str, Any]]
    recorded: Callable[[Any, User], dict[str, Any]]


@transaction.atomic
def take_look(
    look: Look, *, acting_user: User, origin: Origin, verdict: str, note: str
) -> Look:
    """Say whether it was justified to let somebody in: once, with a word of why.

    Raises `NotAllowed` for who let them in or agreed to it, `TooLate` when it was done,
    `NotPossible` without a verdict or a note, or where nobody was let in;
    `FreshFactorNeeded`.
    """
    access_request = locked_request(look.access_request_id)
    look = type(look).objects.get(pk=look.pk)
    look.access_request = access_request
    kind, note = KINDS[type(look)], note.strip()

    if not kind.may_look(acting_user, look):
        raise NotAllowed(
            _("The look is for somebody who did not let them in."), code="second_eyes"
        )
    if look.look_due_at is None:
        raise NotPossible(
            _("Nobody was let in, so there is nothing to look at."), code="not_used"
        )
    if look.looked_at is not None:
        raise TooLate(
            _("%(name)s has already taken the look (%(at)s).")
            % {
                "name": look.looked_by,
                "at": moment_words(look.looked_at, access_request.site.time_zone),
            },
            code="already_looked",
        )
    guard_fresh_factor(origin, acting_user, access_request.site)
    if verdict not in look.Verdict.values:
        raise NotPossible(_("Say whether it was justified."), code="verdict_missing")
    if not 1 <= len(note) <= NOTE_AT_MOST:
        raise NotPossible(
            _("Say in a sentence what your verdict rests on."), code="note_missing"
        )

    said = {
        "looked_at": timezone.now(),
        "looked_by": acting_user,
        "verdict": verdict,
        "note": note,
    }
    rows = type(look).objects.filter(pk=look.pk, looked_at__isnull=True)
    if rows.update(**said) != 1:
        raise TooLate
    look.refresh_from_db(fields=list(said))

    record(
        kind.event,
        acting_user=acting_user,
        subject=access_request,
        origin=origin,
        access_request=access_request,
        reason=note,
        verdict=verdict,
        late=look.is_late,
        **kind.recorded(look, acting_user),
    )

    if verdict == look.Verdict.NOT_JUSTIFIED:
        notify(
            [one for one in kind.told(look) if one.pk != acting_user.pk],
            kind.not_justified_news,
            path=path_of(access_request),
            name=acting_user.full_name,
            note=note,
            **kind.said(look),
        )
    tell_pages(access_request)
    return look


def chase_looks(*, at: datetime | None = None) -> int:
    """Remind before a look is late, and say each day that it is. Returns how many."""
    at = at or timezone.now()
    due = (
        Q(look_due_at__gt=at, look_due_at__lte=at + REMIND_BEFORE, reminded_at=None)
        | Q(look_due_at__lte=at, late_told_at__isnull=True)
        | Q(look_due_at__lte=at, late_told_at__lte=at - LATE_AGAIN_AFTER)
    )
    emergencies = EmergencyLook.objects.to_look_at().filter(due)
    escorts = Escort.objects.to_look_at().filter(due)
    return sum(_chase(look, at) for look in emergencies) + sum(
        _chase(look, at) for look in escorts
    )


@transaction.atomic
def _chase(look: Look, at: datetime) -> bool:
    access_request = locked_request(look.access_request_id)
    look = type(look).objects.get(pk=look.pk)
    look.access_request = access_request
    if look.looked_at is not None or look.look_due_at is None:
        return False
    kind, late = KINDS[type(look)], look.look_due_at <= at
    told = {"late_told_at": at} if late else {"reminded_at": at}
    type(look).objects.filter(pk=look.pk).update(**told)
    if late:
        record(
            kind.late_event,
            acting_user=None,
            subject=access_request,
            origin=SYSTEM,
            access_request=access_request,
            due_at=look.look_due_at.isoformat(),
        )
    notify(
        people_owing(look),
        kind.late_news if late else kind.due_news,
        path=path_of(access_request),
        **kind.said(look),
    )
    return True


def people_owing(look: EmergencyLook | Escort) -> list[User]:
    """Who may take it: IT security of the site, and who was passed over in an emergency."""
    kind, site = KINDS[type(look)], look.access_request.site
    people = {person.pk: person for person in kind.asked(look)}
    people |= {
        person.pk: person for person in people_who_may(Action.EMERGENCY_LOOK, site)
    }
    return [one for one in people.values() if kind.may_look(one, look)]


# --- The two kinds ----------------------------------------------------------------------


def _who_let_in(look: EmergencyLook) -> list[User]:
    """Who let somebody in, who opened it, and who vouches for the company."""
    access_request = look.access_request
    people = {
        one.decided_by_id: one.decided_by for one in access_request.decisions.all()
    }
    for one in (access_request.emergency_by, access_request.vendor.sponsor):
        if one is not None and one.vendor_id is None:
            people[one.pk] = one
    return list(people.values())


def _said_of_emergency(look: EmergencyLook) -> dict[str, Any]:
    access_request = look.access_request
    return {
        **said_of(access_request),
        "emergency": access_request.emergency_reason,
        "due": lambda: moment_words(look.look_due_at, access_request.site.time_zone),
    }


KINDS: dict[type[EmergencyLook | Escort], Kind] = {
    EmergencyLook: Kind(
        event="emergency.looked_at",
        late_event="emergency.look.late",
        due_news="look.due",
        late_news="look.late",
        not_justified_news="look.not_justified",
        may_look=may_look_at_emergency,
        asked=passed_over,
        told=_who_let_in,
        said=_said_of_emergency,
        recorded=lambda look, by: said_of_lent_look(by, look),
    ),
    Escort: Kind(
        event="escort.looked_at",
        late_event="escort.look.late",
        due_news="escort.look.due",
        late_news="escort.look.late",
        not_justified_news="escort.not_justified",
        may_look=may_look_at_escort,
        asked=lambda look: [],
        told=lambda look: [look.offered_by],
        said=said_of_escort,
        recorded=lambda look, by: {"escorted_by": look.offered_by.full_name},
    ),
}
