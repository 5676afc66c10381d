"""Warned in time: 30, 7 and 1 days before a date stops somebody's work, once each.

A date blocks what is new and never bites in the middle of work, so the warning is what
keeps it from being a surprise. Run again and again by the schedule: what was said already
is a row (`Warned`), and where the portal was off for days only the nearest warning goes out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import dateformat, timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accessportal import audit
from accessportal.accounts.models import User, Vendor, Warned
from accessportal.accounts.services.attestation import attestation_state
from accessportal.accounts.services.vendor_people import (
    coordinators_of,
    who_vouches_for,
)
from accessportal.accounts.standing import who_manages
from accessportal.notifications import notify
from accessportal.origin import SYSTEM, Origin
from accessportal.words import length_words

DAYS = (30, 7, 1)
ATTEST_DAYS = 7
OVERDUE = 0

Kind = Warned.Kind
FIELDS = {
    Kind.ACCESS: "expires_at",
    Kind.TRAINING: "training_expires_at",
    Kind.NDA: "nda_expires_at",
}


@dataclass(frozen=True)
class Due:
    """One date of a person or a vendor, and the nearest warning that fits it now.

    vendor: None for somebody of the plant.
    """

    kind: str
    at: datetime
    days: int
    vendor: Vendor | None
    person: User | None = None

    @property
    def key(self) -> tuple[str, int | None, int | None, datetime, int]:
        """What makes it the same warning as one that went out."""
        person = self.person
        if person is not None:
            return (str(self.kind), person.pk, None, self.at, self.days)
        assert self.vendor is not None  # of a person, or of a vendor
        return (str(self.kind), None, self.vendor.pk, self.at, self.days)


def warn_of_expiries(*, at: datetime | None = None) -> int:
    """Tell who is concerned of every date that comes near; how many warnings went out."""
    at = at or timezone.now()
    found = [*_of_people(at), *_of_vendors(at), *_of_lists(at)]
    if not found:
        return 0
    said = set(
        Warned.objects.filter(due_at__gte=min(due.at for due in found)).values_list(
            "kind", "person", "vendor", "due_at", "days"
        )
    )
    return sum(warn(due, at=at) for due in found if due.key not in said)


def warn(due: Due, *, at: datetime, origin: Origin = SYSTEM) -> bool:
    """Say one warning, unless somebody was first; whether it went out."""
    about: dict[str, Any] = (
        {"person": due.person} if due.person is not None else {"vendor": due.vendor}
    )
    try:
        with transaction.atomic():
            Warned.objects.create(
                kind=due.kind, due_at=due.at, days=due.days, warned_at=at, **about
            )
            recipients = _recipients(due)
            _tell(due, recipients, at)
            audit.record(
                "account.expiry.warned",
                subject=due.person or due.vendor,
                origin=origin,
                kind=str(due.kind),
                days=due.days,
                due_at=due.at.isoformat(),
                told=[person.full_name for person in recipients],
            )
    except IntegrityError:
        return False
    return True


def _of_people(at: datetime) -> Iterator[Due]:
    people = User.objects.active(at=at)
    for kind, field in FIELDS.items():
        near = people.filter(
            **{f"{field}__gt": at, f"{field}__lte": at + timedelta(days=max(DAYS))}
        )
        if kind == Kind.NDA:
            near = near.filter(vendor__nda_required=True)
        if (
            kind == Kind.TRAINING
        ):  # what a company's people bring; the plant trains its own
            near = near.filter(vendor__isnull=False)
        for person in near.select_related("vendor__sponsor"):
            moment = getattr(person, field)
            yield Due(kind, moment, _nearest(moment, at), person.vendor, person)


def _of_vendors(at: datetime) -> Iterator[Due]:
    near = Vendor.objects.filter(
        suspended_at__isnull=True,
        contract_ends_at__gt=at,
        contract_ends_at__lte=at + timedelta(days=max(DAYS)),
    )
    for vendor in near.select_related("sponsor"):
        moment = vendor.contract_ends_at
        yield Due(Kind.CONTRACT, moment, _nearest(moment, at), vendor)


def _of_lists(at: datetime) -> Iterator[Due]:
    """Lists that are to be attested within days, and those that are overdue."""
    coordinated = Vendor.objects.filter(
        people__in=User.objects.coordinators(at=at)
    ).distinct()
    for vendor in coordinated.select_related("sponsor"):
        due_at = attestation_state(vendor, at=at).due_at
        if due_at is None or due_at > at + timedelta(days=ATTEST_DAYS):
            continue
        days = OVERDUE if due_at <= at else ATTEST_DAYS
        yield Due(Kind.ATTESTATION, due_at, days, vendor)


def _nearest(moment: datetime, at: datetime) -> int:
    """The smallest of `DAYS` that still reaches as far as the moment."""
    return min(days for days in DAYS if moment - at <= timedelta(days=days))


def _recipients(due: Due) -> list[User]:
    """The person, the company's coordinators and who vouches for it; of somebody of the
    plant, who may renew the access. Each once."""
    if due.vendor is not None:
        told = [*coordinators_of(due.vendor), *who_vouches_for(due.vendor)]
        if due.kind == Kind.ATTESTATION and due.days != OVERDUE:
            told = coordinators_of(due.vendor)
    else:
        told = who_manages(due.person) if due.person is not None else []
    if due.person is not None:
        told.insert(0, due.person)
    return list({person.pk: person for person in told}.values())


def _tell(due: Due, recipients: list[User], at: datetime) -> None:
    facts: dict[str, Any] = {
        "date": lambda: (
            dateformat.format(due.at, pgettext("date format", "D j M Y, H:i")) + " UTC"
        ),
        "days": lambda: length_words((due.at - at).total_seconds(), after_in=True),
    }
    if due.person is not None:
        facts["person"] = due.person.full_name
    vendor = due.vendor
    kind = f"expiry.{due.kind}" if vendor is not None else "expiry.colleague"
    if vendor is not None:
        facts["vendor"] = vendor.name
        facts["sponsor"] = lambda: str(vendor.sponsor or _("not named yet"))
    if vendor is not None and due.kind == Kind.ATTESTATION:
        kind = "attestation.overdue" if due.days == OVERDUE else "attestation.due"
        names = [person.full_name for person in coordinators_of(vendor)]
        facts["coordinators"] = ", ".join(names)
    for recipient in recipients:
        notify([recipient], kind, path=_path(recipient, due), **facts)


def _path(recipient: User, due: Due) -> str:
    """Where the reader can do something about it."""
    if due.vendor is None and due.person is not None:
        own = recipient.pk == due.person.pk
        return "/" if own else reverse("accounts:person", args=[due.person.pk])
    if recipient.vendor_id is None and due.vendor is not None:
        return reverse("accounts:vendor", args=[due.vendor.slug])
    return reverse("accounts:company") if recipient.coordinates else "/"
