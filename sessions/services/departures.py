"""A vendor's person has left: one report ends everything, and says how long that took.

Access, live sessions and web sessions go in the first transaction; windows and waiting
requests, which can be many, in the second: stopping does not wait for them.
"""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accessportal.accounts.models import User, Vendor
from accessportal.accounts.services.invitations import take_back_for_leaver
from accessportal.accounts.services.vendor_people import (
    coordinators_of,
    tell_company,
    who_vouches_for,
)
from accessportal.accounts.vendor_rights import may_report_leaver, may_vouch
from accessportal.accounts.web_sessions import Ended, end_web_sessions_of
from accessportal.audit import record
from accessportal.errors import NotAllowed, NotPossible, TooLate
from accessportal.notifications import notify
from accessportal.numbers import next_number
from accessportal.origin import SYSTEM, Origin
from requests.services.leaving import close_for_leaver
from sessions.models import BrokeredSession, Departure
from sessions.services.stop_orders import ask_for_ends, lock_starts

REASON = "%(person)s has left %(vendor)s"


def report_leaver(
    person: User,
    *,
    acting_user: User,
    origin: Origin,
    left_at: datetime | None = None,
    note: str = "",
) -> Departure:
    """End a vendor's person's access, sessions, windows and invitations. Needs no fresh factor.

    `left_at`: when the person left the company, where that was earlier than now.
    Raises `NotAllowed`, `NotPossible` (oneself, a day to come) or `TooLate`.
    """
    departure = _end_access(
        person, acting_user=acting_user, origin=origin, left_at=left_at, note=note
    )
    return _close_what_is_open(departure, acting_user=acting_user, origin=origin)


@transaction.atomic
def _end_access(
    person: User,
    *,
    acting_user: User,
    origin: Origin,
    left_at: datetime | None,
    note: str,
) -> Departure:
    reported_at = timezone.now()
    person = (
        User.objects.select_for_update(of=("self",))
        .select_related("vendor__sponsor")
        .get(pk=person.pk)
    )
    lock_starts(person=person)

    vendor = _guard_may_report(acting_user, person)
    if left_at is not None and left_at > reported_at:
        raise NotPossible(
            _(
                "This day is still to come. Report it on that day, or let the access expire."
            ),
            code="not_left_yet",
        )
    if person.disabled_at is not None:
        raise TooLate(
            _("The access of %(person)s has ended already.") % {"person": person},
            code="access_ended",
        )

    reason = REASON % {"person": person, "vendor": vendor}
    person.disabled_at = timezone.now()
    person.disabled_by = acting_user
    person.disabled_reason = f"{reason}. {note.strip()}".strip()[:500]
    # Whoever comes back one day is confirmed again, and coordinates nothing by itself.
    person.sponsor_confirmed_at = person.sponsor_confirmed_by = None
    person.coordinator_at = person.coordinator_by = None
    person.save(
        update_fields=[
            "disabled_at",
            "disabled_by",
            "disabled_reason",
            "sponsor_confirmed_at",
            "sponsor_confirmed_by",
            "coordinator_at",
            "coordinator_by",
        ]
    )
    live = list(
        BrokeredSession.objects.live()
        .filter(started_by=person)
        .select_related("window__access_request__site")
    )
    departure = _new_departure(
        person=person,
        vendor=vendor,
        left_at=left_at or reported_at,
        reported_at=reported_at,
        reported_by=acting_user,
        note=note.strip()[:500],
        access_ended_at=person.disabled_at,
        web_sessions_ended=end_web_sessions_of(
            person, reason=Ended.ACCESS, acting_user=acting_user, origin=origin
        ),
        invitations_revoked=take_back_for_leaver(
            person, acting_user=acting_user, origin=origin
        ),
    )
    departure.sessions.set(live)
    ask_for_ends(
        live,
        BrokeredSession.EndReason.ACCOUNT_DISABLED,
        at=reported_at,
        acting_user=acting_user,
        origin=origin,
        reason=reason,
        order=departure.number,
    )

    record(
        "account.leaver.reported",
        acting_user=acting_user,
        subject=person,
        origin=origin,
        reason=departure.note,
        departure=departure.number,
        vendor=vendor.name,
        left_at=departure.left_at.isoformat(),
        sessions=[one.number for one in live],
        web_sessions_ended=departure.web_sessions_ended,
        invitations_revoked=departure.invitations_revoked,
    )

    tell_company(vendor, person)
    return departure


@transaction.atomic
def _close_what_is_open(
    departure: Departure, *, acting_user: User, origin: Origin
) -> Departure:
    person, vendor = departure.person, departure.vendor
    windows, withdrawn = close_for_leaver(
        person,
        acting_user=acting_user,
        origin=origin,
        reason=REASON % {"person": person, "vendor": vendor},
    )
    departure.windows_revoked, departure.requests_withdrawn = windows, withdrawn
    departure.save(update_fields=["windows_revoked", "requests_withdrawn"])
    settle_departure(departure)

    told = [*who_vouches_for(vendor), *coordinators_of(vendor)]
    notify(
        [one for one in told if one.pk != acting_user.pk],
        "leaver.reported",
        path=reverse("departures:detail", args=[departure.number]),
        person=person.full_name,
        vendor=vendor.name,
        by=acting_user.full_name,
        sessions=departure.sessions.count(),
        windows=windows + withdrawn,
        note=departure.note,
    )
    departure.refresh_from_db()
    return departure


@transaction.atomic
def acknowledge_departure(
    departure: Departure, *, acting_user: User, origin: Origin
) -> Departure:
    """The sponsor agrees that the person is off the list. Raises `NotAllowed` or `TooLate`."""
    departure = (
        Departure.objects.select_for_update(of=("self",))
        .select_related("vendor__sponsor", "person")
        .get(pk=departure.pk)
    )

    if not may_vouch(acting_user, departure.vendor):
        raise NotAllowed(_("Only the sponsor, or an administrator, confirms this."))
    if departure.acknowledged_at is not None:
        raise TooLate(_("This is confirmed already."), code="already_acknowledged")

    departure.acknowledged_at = timezone.now()
    departure.acknowledged_by = acting_user
    departure.save(update_fields=["acknowledged_at", "acknowledged_by"])

    record(
        "account.leaver.confirmed",
        acting_user=acting_user,
        subject=departure.person,
        origin=origin,
        departure=departure.number,
        vendor=departure.vendor.name,
    )

    tell_company(departure.vendor, departure.person)
    return departure


def settle_departures() -> int:
    """Complete those whose sessions are all proven over; how many."""
    return sum(settle_departure(one) for one in Departure.objects.open())


@transaction.atomic
def settle_departure(departure: Departure, *, origin: Origin = SYSTEM) -> bool:
    """Complete one when nothing is left of the person; the time is that of the last proof.

    Nobody gives up here: what is not proven stays open, and is shown as open.
    """
    departure = (
        Departure.objects.select_for_update(of=("self",))
        .select_related("vendor__sponsor", "person")
        .get(pk=departure.pk)
    )
    proofs = list(departure.sessions.values_list("end_confirmed_at", flat=True))
    if departure.completed_at is not None or None in proofs:
        return False

    moments = [departure.access_ended_at, *(one for one in proofs if one is not None)]
    departure.completed_at = max(moments)
    departure.save(update_fields=["completed_at"])

    record(
        "account.revocation.completed",
        subject=departure.person,
        origin=origin,
        departure=departure.number,
        vendor=departure.vendor.name,
        sessions_ended=len(proofs),
        seconds_to_end=departure.seconds_to_end,
        seconds_to_proof=departure.seconds_to_proof,
    )

    tell_company(departure.vendor, departure.person)
    return True


def _guard_may_report(acting_user: User, person: User) -> Vendor:
    vendor = person.vendor
    if vendor is None or not may_report_leaver(acting_user, vendor):
        raise NotAllowed(
            _(
                "Only a coordinator of the company, its sponsor or IT security reports this."
            )
        )
    if person.pk == acting_user.pk:
        raise NotPossible(
            _("You cannot report yourself. Ask your sponsor at the plant."),
            code="oneself",
        )
    return vendor


def _new_departure(**fields: object) -> Departure:
    now = timezone.now()
    for _attempt in range(20):
        try:
            with transaction.atomic():
                return Departure.objects.create(
                    number=next_number(Departure.objects.all(), "DEP", now), **fields
                )
        except IntegrityError:
            continue  # the number went to another; take the next
    raise TooLate
