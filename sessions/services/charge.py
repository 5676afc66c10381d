"""The person in charge: one of the plant for every live session (promise 6).

Who is in charge gets the warnings and the questions of the session. The charge passes
from hand to hand only: it is offered and accepted, or taken with a reason.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accessportal.accounts.authorisation import Action, people_who_may
from accessportal.accounts.models import User
from accessportal.audit import record
from accessportal.errors import NotAllowed, NotPossible, TooLate
from accessportal.notifications import notify
from accessportal.origin import SYSTEM, Origin
from requests.models import ApprovalDecision
from requests.wording import moment_words
from sessions.access import may_at
from sessions.models import BrokeredSession
from sessions.services.live_session import locked, refuse_when_over
from sessions.services.news import tell_pages, wake_actor

NOTE_CHARACTERS = 500


def people_for(brokered_session: BrokeredSession) -> list[User]:
    """Everybody who may be in charge of this session."""
    site = brokered_session.endpoint.asset.zone.site
    return list(people_who_may(Action.SESSION_CHARGE, site).order_by("full_name"))


def colleagues_for(sessions: Iterable[BrokeredSession], user: User) -> list[User]:
    """To whom somebody may hand all of these over: who may be in charge at each of their sites."""
    sites = {row.endpoint.asset.zone.site for row in sessions}
    found: set[User] | None = None
    for site in sites:
        people = set(people_who_may(Action.SESSION_CHARGE, site))
        found = people if found is None else found & people
    return sorted((found or set()) - {user}, key=lambda one: one.full_name)


def in_charge_of(brokered_session: BrokeredSession) -> User | None:
    """The person in charge, as long as that person may still be."""
    person = brokered_session.person_in_charge
    if person is None or not may_at(person, Action.SESSION_CHARGE, brokered_session):
        return None
    return person


def told_of(brokered_session: BrokeredSession) -> list[User]:
    """Who hears of a session's warnings and questions: the person in charge, else everybody
    who may be."""
    person = in_charge_of(brokered_session)
    return [person] if person is not None else people_for(brokered_session)


def begin_charge(brokered_session: BrokeredSession) -> None:
    """In the transaction that starts a session: who approved the work is in charge of it.

    The latest who gave a yes comes first, then the vendor's sponsor at the plant; when
    none of them has a role on which to be in charge, everybody who has is told.
    """
    access_request = brokered_session.window.access_request
    approvals = access_request.decisions.filter(
        verdict=ApprovalDecision.Verdict.APPROVED
    ).select_related("decided_by")
    candidates = [one.decided_by for one in approvals.order_by("-step")]
    if access_request.vendor.sponsor is not None:
        candidates.append(access_request.vendor.sponsor)
    person = next(
        (
            one
            for one in candidates
            if may_at(one, Action.SESSION_CHARGE, brokered_session)
        ),
        None,
    )
    if person is None:
        _say_vacant(brokered_session)
        return
    _put_in_charge(brokered_session, person, how="began", acting_user=None)
    notify(
        [person],
        "session.charge.begun",
        path=path_of(brokered_session),
        **facts_of(brokered_session),
    )


@transaction.atomic
def offer_charge(
    sessions: Iterable[BrokeredSession],
    *,
    acting_user: User,
    origin: Origin,
    to: User,
    note: str = "",
) -> list[BrokeredSession]:
    """Offer one's live sessions to a colleague, in one act; one stays in charge until the yes.

    Sessions that are over by now are left out. Raises `TooLate` when none is left or
    somebody else is in charge of one, `NotPossible` for a person who may not.
    """
    rows = _locked_live(sessions)

    if not rows:
        raise TooLate(_("None of these sessions is live any more."))
    for row in rows:
        if row.person_in_charge_id != acting_user.pk:
            raise TooLate(
                _("You are not in charge of %(number)s (any more).")
                % {"number": row.number},
                code="not_in_charge",
            )
        if to.pk == acting_user.pk or not may_at(to, Action.SESSION_CHARGE, row):
            raise NotPossible(
                _("%(name)s cannot take charge of %(number)s.")
                % {"name": to.full_name, "number": row.number},
                code="may_not_be_in_charge",
            )

    note = note.strip()[:NOTE_CHARACTERS]
    _update(
        rows,
        charge_offered_to=to,
        charge_offered_at=timezone.now(),
        charge_note=note,
    )

    for row in rows:
        _record("offered", row, acting_user, origin, reason=note, to=to.full_name)

    _notify_about(rows, [to], "session.charge.offered", acting_user, note)
    _announce(rows)
    return rows


@transaction.atomic
def accept_charge(
    sessions: Iterable[BrokeredSession], *, acting_user: User, origin: Origin
) -> list[BrokeredSession]:
    """Take what is offered; sessions that are over or were offered elsewhere are left out.

    Raises `TooLate` when nothing of it is offered to this person any more.
    """
    rows = [
        row
        for row in _locked_live(sessions)
        if row.charge_offered_to_id == acting_user.pk
    ]

    if not rows:
        raise TooLate(_("This is not offered to you any more."), code="not_offered")
    for row in rows:
        _guard_may(acting_user, row)

    before = {row.person_in_charge for row in rows if row.person_in_charge is not None}
    for row in rows:
        _put_in_charge(
            row, acting_user, how="accepted", acting_user=acting_user, origin=origin
        )

    _notify_about(rows, before, "session.charge.accepted", acting_user, "")
    _announce(rows)
    return rows


@transaction.atomic
def decline_charge(
    sessions: Iterable[BrokeredSession],
    *,
    acting_user: User,
    origin: Origin,
    reason: str = "",
) -> list[BrokeredSession]:
    """Turn an offer down, or take one's own offer back; the charge stays where it is."""
    rows = [
        row
        for row in _locked_live(sessions)
        if row.charge_offered_to_id is not None
        and acting_user.pk in (row.charge_offered_to_id, row.person_in_charge_id)
    ]

    if not rows:
        raise TooLate(_("This offer is gone."), code="not_offered")

    reason = reason.strip()[:NOTE_CHARACTERS]
    offerers = {
        row.person_in_charge
        for row in rows
        if row.person_in_charge is not None
        and row.person_in_charge_id != acting_user.pk
    }
    _update(rows, charge_offered_to=None, charge_offered_at=None, charge_note="")

    for row in rows:
        _record("declined", row, acting_user, origin, reason=reason)

    _notify_about(rows, offerers, "session.charge.declined", acting_user, reason)
    _announce(rows)
    return rows


@transaction.atomic
def take_charge(
    brokered_session: BrokeredSession,
    *,
    acting_user: User,
    origin: Origin,
    instead_of: int | None,
    reason: str = "",
) -> None:
    """Take charge when nobody is, or instead of somebody who cannot be reached.

    `instead_of`: the id of the person in charge as the page showed it, None for nobody:
    of two who take at once, the second is told who was first (`TooLate`). Taking it from
    a person who may still be in charge needs a reason (`NotPossible`).
    """
    brokered_session = locked(brokered_session)

    refuse_when_over(brokered_session)
    _guard_may(acting_user, brokered_session)
    before = in_charge_of(brokered_session)
    if before is not None and before.pk == acting_user.pk:
        raise TooLate(_("You are in charge already."), code="in_charge_already")
    if before is not None and before.pk != instead_of:
        raise TooLate(
            _("%(name)s is in charge now.") % {"name": before.full_name},
            code="in_charge_already",
        )
    reason = reason.strip()[:NOTE_CHARACTERS]
    if before is not None and not reason:
        raise NotPossible(
            _("Say why you take charge without a hand-over."), code="reason_missing"
        )

    _put_in_charge(
        brokered_session,
        acting_user,
        how="taken",
        acting_user=acting_user,
        origin=origin,
        reason=reason,
    )

    if before is not None:
        _notify_about(
            [brokered_session],
            [before],
            "session.charge.accepted",
            acting_user,
            reason,
        )
    _announce([brokered_session])


def notice_missing_charge(*, of: User | None = None) -> int:
    """Everybody who may is told of a live session whose person in charge may no more be it
    (a role was taken away, an account disabled); how many sessions. `of`: only this person's."""
    found = 0
    charged = (
        BrokeredSession.objects.live()
        .filter(person_in_charge__isnull=False)
        .select_related("person_in_charge", "endpoint__asset__zone__site")
    )
    for row in charged.filter(person_in_charge=of) if of is not None else charged:
        if in_charge_of(row) is not None:
            continue  # as nearly always: not worth a lock
        with transaction.atomic():
            row = locked(row)
            if not row.is_live or in_charge_of(row) is not None:
                continue
            _update(
                [row],
                person_in_charge=None,
                in_charge_since=None,
                charge_offered_to=None,
                charge_offered_at=None,
                charge_note="",
            )
            _say_vacant(row)
            _announce([row])
            found += 1
    return found


def facts_of(brokered_session: BrokeredSession) -> dict[str, Any]:
    """What notifications about a session are worded with."""
    window = brokered_session.window
    site = brokered_session.endpoint.asset.zone.site
    return {
        "number": brokered_session.number,
        "worker": brokered_session.started_by.full_name,
        "vendor": brokered_session.started_by.organisation,
        "asset": brokered_session.endpoint.asset.name,
        "site": site,  # the row: it also says where it happened
        "until": lambda: moment_words(window.closes_at, site.time_zone),
    }


def path_of(brokered_session: BrokeredSession) -> str:
    return reverse("sessions:watch", args=[brokered_session.pk])


def _locked_live(sessions: Iterable[BrokeredSession]) -> list[BrokeredSession]:
    """The rows as they are now, locked in one order, without those that are over."""
    rows = [locked(one) for one in sorted(sessions, key=lambda one: str(one.pk))]
    return [row for row in rows if row.is_live]


def _guard_may(user: User, brokered_session: BrokeredSession) -> None:
    if not may_at(user, Action.SESSION_CHARGE, brokered_session):
        raise NotAllowed(_("You cannot be in charge of sessions at this site."))


def _put_in_charge(
    row: BrokeredSession,
    person: User,
    *,
    how: str,
    acting_user: User | None,
    origin: Origin = SYSTEM,
    reason: str = "",
) -> None:
    before = row.person_in_charge.full_name if row.person_in_charge else ""
    _update(
        [row],
        person_in_charge=person,
        in_charge_since=timezone.now(),
        charge_offered_to=None,
        charge_offered_at=None,
        charge_note="",
    )
    _record(
        "changed",
        row,
        acting_user,
        origin,
        reason=reason,
        how=how,
        to=person.full_name,
        before=before,
    )


def _say_vacant(row: BrokeredSession) -> None:
    _record("vacant", row, None, SYSTEM)
    notify(
        people_for(row),
        "session.charge.vacant",
        path=path_of(row),
        **facts_of(row),
    )


EVENTS = {
    "changed": "session.charge.changed",
    "offered": "session.charge.offered",
    "declined": "session.charge.declined",
    "vacant": "session.charge.vacant",
}


def _record(
    what: str,
    row: BrokeredSession,
    acting_user: User | None,
    origin: Origin,
    *,
    reason: str = "",
    **detail: str,
) -> None:
    record(
        EVENTS[what],
        acting_user=acting_user,
        subject=row,
        brokered_session=row,
        origin=origin,
        reason=reason,
        **detail,
    )


def _update(rows: Iterable[BrokeredSession], **fields: Any) -> None:
    for row in rows:
        for name, value in fields.items():
            setattr(row, name, value)
        row.save(update_fields=list(fields))


def _notify_about(
    rows: list[BrokeredSession],
    people: Iterable[User],
    kind: str,
    by: User,
    note: str,
) -> None:
    lines = "\n".join(
        f"{row.number}: {row.started_by.full_name} ({row.started_by.organisation}), "
        f"{row.endpoint.asset}"
        for row in rows
    )
    notify(
        people,
        kind,
        path=reverse("sessions:shift"),
        by=by.full_name,
        count=len(rows),
        list=lines,
        note=note,
    )


def _announce(rows: Iterable[BrokeredSession]) -> None:
    for row in rows:
        wake_actor(row)
        tell_pages(row)
