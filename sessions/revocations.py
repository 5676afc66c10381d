"""Whose access was taken away, when, and how fast: report R7, of everybody.

CIP-004-7 R5.1 to R5.4, PS-4 and PS-7 ask the same of each of these: a person of a vendor who
left (a departure), an access that somebody or the portal ended, a role taken at a transfer, a
date on which an access or a contract ran out. Acts are read from the audit trail, which keeps
each of them; dates from the rows.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import Min, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accessportal.accounts.models import RoleGrant, User, Vendor
from accessportal.audit.models import AuditEvent
from accessportal.plants.models import Site
from sessions.models import BrokeredSession, Departure

LIMIT = timedelta(hours=24)
"""From the day that counts to the end of the access (CIP-004-7 R5.1)."""
PASSWORD_LIMIT = timedelta(days=30)
"""From then on until shared passwords are changed (CIP-004-7 R5.4)."""


class Kind(models.TextChoices):
    LEFT = "left", _("Left the company")
    ENDED = "ended", _("Access ended")
    LAPSED = "lapsed", _("Ended by the portal")
    TRANSFER = "transfer", _("Role taken away")
    EXPIRED = "expired", _("Access ran out")
    CONTRACT = "contract", _("Contract ran out")


@dataclass
class Revocation:
    """One access, or one role, that is gone.

    effective_at: from when it should be; removed_at: from when nobody comes in by it;
    reported_by: empty where the date stood on record. site_id: at which a role was held; empty:
    at every site. sessions: those that were live at
    that moment. passwords: when those of the machines on which the person had worked were
    changed last; people of vendors never see one, the broker uses them.
    """

    kind: Kind
    person: User
    effective_at: datetime
    reported_at: datetime
    removed_at: datetime
    reported_by: str = ""
    note: str = ""
    reference: str = ""
    web_sessions: int | None = None
    site_id: int | None = None
    sessions: tuple[BrokeredSession, ...] = ()
    passwords: tuple[datetime, ...] = ()

    @property
    def nothing_left_at(self) -> datetime | None:
        """When also the last live session was proven over; None while that is open."""
        proofs = [one.end_confirmed_at for one in self.sessions]
        if any(proof is None for proof in proofs):
            return None
        return max([self.removed_at, *(proof for proof in proofs if proof)])

    @property
    def due_at(self) -> datetime:
        """R5.1: within 24 hours; R5.3: a transfer by the end of the next calendar day."""
        if self.kind != Kind.TRANSFER:
            return self.effective_at + LIMIT
        zone = ZoneInfo(self.person.time_zone)
        next_day = self.effective_at.astimezone(zone).date() + timedelta(days=1)
        return datetime.combine(next_day, time(23, 59, 59), zone)

    @property
    def in_time(self) -> bool | None:
        """None while it is neither done nor late."""
        return _in_time(self.nothing_left_at, self.due_at)

    @property
    def seconds_from_effective(self) -> float | None:
        return _seconds(self.effective_at, self.nothing_left_at)

    @property
    def seconds_from_report(self) -> float | None:
        return _seconds(self.reported_at, self.nothing_left_at)

    @property
    def passwords_changed(self) -> int:
        return sum(changed_at > self.removed_at for changed_at in self.passwords)

    @property
    def passwords_due_at(self) -> datetime:
        return self.removed_at + PASSWORD_LIMIT

    @property
    def passwords_in_time(self) -> bool | None:
        """Whether all were changed by then; None where there are none, or it is not yet due."""
        if not self.passwords:
            return None
        last = min(self.passwords)
        return _in_time(
            max(self.passwords) if last > self.removed_at else None,
            self.passwords_due_at,
        )


def revocations(start: datetime, end: datetime) -> list[Revocation]:
    """Those that took effect from `start` to before `end`, the newest first."""
    found = [*_departures(start, end), *_acts(start, end), *_dates(start, end)]
    _add_sessions(found)
    _add_passwords(found)
    return sorted(found, key=lambda one: one.removed_at, reverse=True)


def _departures(start: datetime, end: datetime) -> list[Revocation]:
    rows = Departure.objects.filter(access_ended_at__gte=start, access_ended_at__lt=end)
    return [
        Revocation(
            kind=Kind.LEFT,
            person=one.person,
            effective_at=one.left_at,
            reported_at=one.reported_at,
            removed_at=one.access_ended_at,
            reported_by=one.reported_by.full_name,
            note=one.note,
            reference=one.number,
            web_sessions=one.web_sessions_ended,
        )
        for one in rows.select_related("person__vendor", "reported_by")
    ]


def _acts(start: datetime, end: datetime) -> list[Revocation]:
    events = list(
        AuditEvent.objects.filter(
            event__in=("account.disabled", "role.revoked"),
            recorded_at__gte=start,
            recorded_at__lt=end,
        )
    )
    people = User.objects.select_related("vendor").in_bulk(
        {int(one.object_id) for one in events}
    )
    sites = Site.objects.in_bulk({one.site_id for one in events if one.site_id})
    return [
        Revocation(
            kind=_kind_of(event),
            person=people[int(event.object_id)],
            effective_at=event.recorded_at,
            reported_at=event.recorded_at,
            removed_at=event.recorded_at,
            reported_by=event.actor_name,
            note=_note_of(event, sites),
            site_id=event.site_id,
            web_sessions=event.detail.get("web_sessions_ended"),
        )
        for event in events
        if int(event.object_id) in people
    ]


def _kind_of(event: AuditEvent) -> Kind:
    if event.event == "role.revoked":
        return Kind.TRANSFER
    return Kind.ENDED if event.detail.get("cause", "act") == "act" else Kind.LAPSED


def _note_of(event: AuditEvent, sites: dict[int, Site]) -> str:
    if event.event != "role.revoked":
        cause = event.detail.get("cause", "act")
        return event.reason if cause == "act" else str(User.Cause(cause).label)
    role = str(RoleGrant.Role(event.detail["role"]).label)
    site = sites.get(event.site_id or 0)
    return f"{role}: {site or _('every site')}"


def _dates(start: datetime, end: datetime) -> list[Revocation]:
    """What the clock ended, of people whose access nobody had ended before."""
    end = min(end, timezone.now())
    expired = User.objects.select_related("vendor").filter(
        Q(disabled_at__isnull=True) | Q(disabled_at__gt=models.F("expires_at")),
        expires_at__gte=start,
        expires_at__lt=end,
    )
    ended = Vendor.objects.filter(contract_ends_at__gte=start, contract_ends_at__lt=end)
    of_vendors = User.objects.select_related("vendor").filter(
        Q(disabled_at__isnull=True)
        | Q(disabled_at__gt=models.F("vendor__contract_ends_at")),
        Q(expires_at__isnull=True)
        | Q(expires_at__gt=models.F("vendor__contract_ends_at")),
        vendor__in=ended,
        created_at__lt=models.F("vendor__contract_ends_at"),
    )
    return [
        *(_at(Kind.EXPIRED, one, one.expires_at) for one in expired),
        *(_at(Kind.CONTRACT, one, one.vendor.contract_ends_at) for one in of_vendors),
    ]


def _at(kind: Kind, person: User, moment: datetime) -> Revocation:
    return Revocation(
        kind=kind,
        person=person,
        effective_at=moment,
        reported_at=moment,
        removed_at=moment,
    )


def _add_sessions(found: list[Revocation]) -> None:
    """Sessions that were live when the access ended. A role is not what they hang on."""
    if not found:
        return
    live = defaultdict(list)
    first, last = (
        min(one.removed_at for one in found),
        max(one.removed_at for one in found),
    )
    for session in BrokeredSession.objects.filter(
        Q(ended_at__isnull=True) | Q(ended_at__gte=first),
        started_by__in={one.person.pk for one in found},
        requested_at__lte=last,
    ).only("started_by", "requested_at", "ended_at", "end_confirmed_at", "state"):
        live[session.started_by_id].append(session)
    for one in found:
        if one.kind != Kind.TRANSFER:
            one.sessions = tuple(
                session
                for session in live[one.person.pk]
                if session.requested_at <= one.removed_at
                and (session.ended_at is None or session.ended_at >= one.removed_at)
            )


def _add_passwords(found: list[Revocation]) -> None:
    """Of machines with a stored password on which the person had worked before."""
    used = defaultdict(list)
    for person, changed_at, first_at in (
        BrokeredSession.objects.filter(
            started_by__in={one.person.pk for one in found},
            active_at__isnull=False,
            endpoint__credential__isnull=False,
        )
        .values("started_by", "endpoint", "endpoint__credential__changed_at")
        .annotate(first_at=Min("active_at"))
        .values_list("started_by", "endpoint__credential__changed_at", "first_at")
    ):
        used[person].append((changed_at, first_at))
    for one in found:
        if one.kind != Kind.TRANSFER:
            one.passwords = tuple(
                changed_at
                for changed_at, first_at in used[one.person.pk]
                if first_at <= one.removed_at
            )


def _in_time(done_at: datetime | None, due_at: datetime) -> bool | None:
    if done_at is not None:
        return done_at <= due_at
    return False if timezone.now() > due_at else None


def _seconds(start: datetime, end: datetime | None) -> float | None:
    return None if end is None else (end - start).total_seconds()
