"""The later look at an escort: owed once somebody was let in, by somebody else, chased."""

from __future__ import annotations

from datetime import datetime

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
from requests.access import may_look_at_escort
from requests.models import Escort
from requests.services.common import (
    guard_fresh_factor,
    locked_request,
    path_of,
    tell_pages,
)
from requests.services.emergency_look import (
    LATE_AGAIN_AFTER,
    NOTE_AT_MOST,
    REMIND_BEFORE,
)
from requests.services.escort import said_of_escort


@transaction.atomic
def look_at_escort(
    escort: Escort, *, acting_user: User, origin: Origin, verdict: str, note: str
) -> Escort:
    """Say whether an escort was justified: once, with a word of why.

    Raises `NotAllowed` for who escorted or agreed to the work, `TooLate` when it was done,
    `NotPossible` without a verdict or a note, or where nobody was let in;
    `FreshFactorNeeded`.
    """
    access_request = locked_request(escort.access_request_id)
    escort = Escort.objects.select_related("offered_by", "looked_by").get(pk=escort.pk)
    escort.access_request = access_request
    note = note.strip()

    if not may_look_at_escort(acting_user, escort):
        raise NotAllowed(
            _("The later look is for somebody who did not let them in."),
            code="second_eyes",
        )
    if escort.used_at is None:
        raise NotPossible(
            _("Nobody was let in by this code, so there is nothing to look at."),
            code="not_used",
        )
    if escort.looked_at is not None:
        raise TooLate(
            _("%(name)s has already looked at it.") % {"name": escort.looked_by},
            code="already_looked",
        )
    guard_fresh_factor(origin, acting_user, access_request.site)
    if verdict not in Escort.Verdict.values:
        raise NotPossible(_("Say whether it was justified."), code="verdict_missing")
    if not 1 <= len(note) <= NOTE_AT_MOST:
        raise NotPossible(
            _("Say in a sentence what your verdict rests on."), code="note_missing"
        )

    now = timezone.now()
    changed = Escort.objects.filter(pk=escort.pk, looked_at__isnull=True).update(
        looked_at=now, looked_by=acting_user, verdict=verdict, note=note
    )
    if changed != 1:
        raise TooLate
    escort.refresh_from_db(fields=["looked_at", "looked_by", "verdict", "note"])

    record(
        "escort.looked_at",
        acting_user=acting_user,
        subject=access_request,
        origin=origin,
        access_request=access_request,
        reason=note,
        verdict=verdict,
        late=escort.is_late,
        escorted_by=escort.offered_by.full_name,
    )

    if verdict == Escort.Verdict.NOT_JUSTIFIED:
        notify(
            [escort.offered_by],
            "escort.not_justified",
            path=path_of(access_request),
            name=acting_user.full_name,
            note=note,
            **said_of_escort(escort),
        )
    tell_pages(access_request)
    return escort


def chase_escort_looks(*, at: datetime | None = None) -> int:
    """Remind before a look is late, and say each day that it is. Returns how many."""
    at = at or timezone.now()
    due = Escort.objects.to_look_at().filter(
        Q(
            look_due_at__lte=at + REMIND_BEFORE,
            look_due_at__gt=at,
            reminded_at__isnull=True,
        )
        | Q(look_due_at__lte=at, late_told_at__isnull=True)
        | Q(look_due_at__lte=at, late_told_at__lte=at - LATE_AGAIN_AFTER)
    )
    pairs = list(due.values_list("pk", "access_request_id"))
    return sum(_chase(pk, request_pk, at) for pk, request_pk in pairs)


@transaction.atomic
def _chase(pk: int, request_pk: int, at: datetime) -> bool:
    access_request = locked_request(request_pk)
    escort = Escort.objects.select_related("offered_by").get(pk=pk)
    escort.access_request = access_request
    if escort.looked_at is not None or escort.look_due_at is None:
        return False
    late = escort.look_due_at <= at
    told = {"late_told_at": at} if late else {"reminded_at": at}
    Escort.objects.filter(pk=pk).update(**told)
    if late:
        record(
            "escort.look.late",
            acting_user=None,
            subject=access_request,
            origin=SYSTEM,
            access_request=access_request,
            due_at=escort.look_due_at.isoformat(),
        )
    people = people_who_may(Action.EMERGENCY_LOOK, access_request.site)
    notify(
        [one for one in people if may_look_at_escort(one, escort)],
        "escort.look.late" if late else "escort.look.due",
        path=path_of(access_request),
        **said_of_escort(escort),
    )
    return True
