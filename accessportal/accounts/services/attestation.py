"""Each month a vendor says who still works for it (AC-2(3), IEC 62443-2-4 SP.09)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accessportal import audit
from accessportal.accounts.models import StaffAttestation, User, Vendor
from accessportal.accounts.vendor_rights import coordinates
from accessportal.errors import NotAllowed, NotPossible, TooLate
from accessportal.news import tell_news, vendor_topic
from accessportal.origin import Origin

EVERY = timedelta(days=31)


@dataclass(frozen=True)
class AttestationState:
    """`due_at` is None while nobody coordinates: there is nobody to ask."""

    last: StaffAttestation | None
    due_at: datetime | None
    at: datetime

    @property
    def overdue(self) -> bool:
        return self.due_at is not None and self.due_at <= self.at


def attestation_state(
    vendor: Vendor, *, at: datetime | None = None
) -> AttestationState:
    """When the list was attested last, and when it is due: a month after that, or after
    the first coordinator was named."""
    at = at or timezone.now()
    last = vendor.attestations.select_related("attested_by").first()
    since = User.objects.coordinators(at=at).filter(vendor=vendor)
    first = since.aggregate(first=models.Min("coordinator_at"))["first"]
    if first is None:
        return AttestationState(last, None, at)
    return AttestationState(last, (last.attested_at if last else first) + EVERY, at)


def overdue_among(vendors: Sequence[Vendor], *, at: datetime) -> list[Vendor]:
    """Those of `vendors` whose list is overdue, by two queries however many they are."""
    coordinators = User.objects.coordinators(at=at).filter(vendor__in=vendors)
    since: dict[int, datetime] = dict(
        coordinators.order_by()
        .values_list("vendor")
        .annotate(models.Min("coordinator_at"))
    )
    if not since:
        return []
    attested = StaffAttestation.objects.filter(vendor__in=since).order_by()
    since |= dict(attested.values_list("vendor").annotate(models.Max("attested_at")))
    return [one for one in vendors if one.pk in since and since[one.pk] + EVERY <= at]


def people_to_attest(vendor: Vendor) -> list[User]:
    """Everybody of the company whose access has not been ended, by name."""
    people = vendor.people.filter(disabled_at__isnull=True)
    return list(people.order_by("full_name", "pk"))


@transaction.atomic
def attest_staff(
    *, acting_user: User, vendor: Vendor, seen: Collection[int], origin: Origin
) -> StaffAttestation:
    """Keep the coordinator's word that the people `seen` (ids) still work for the company.

    Raises `NotAllowed`, `NotPossible` (nobody on the list) or `TooLate`, when the list is
    not the one that was seen.
    """
    vendor = Vendor.objects.select_for_update(of=("self",)).get(pk=vendor.pk)

    if not coordinates(acting_user, vendor):
        raise NotAllowed(_("Only a coordinator of the company attests its list."))
    people = people_to_attest(vendor)
    if {person.pk for person in people} != set(seen):
        raise TooLate(
            _("The list has changed since you opened it. Please look at it again."),
            code="list_changed",
        )
    if not people:
        raise NotPossible(_("There is nobody on the list."))

    removed = _left_since(vendor)
    attestation = StaffAttestation.objects.create(
        vendor=vendor,
        attested_by=acting_user,
        attested_at=timezone.now(),
        people=[
            {"id": person.pk, "name": person.full_name, "email": person.email}
            for person in people
        ],
    )

    audit.record(
        "vendor.staff.attested",
        acting_user=acting_user,
        subject=vendor,
        origin=origin,
        people_confirmed=len(people),
        people_removed=removed,
    )

    transaction.on_commit(lambda: tell_news(vendor_topic(vendor.pk), about="account"))
    return attestation


def _left_since(vendor: Vendor) -> int:
    """How many of the last list have lost their access since."""
    last = vendor.attestations.first()
    if last is None:
        return 0
    ids = [person["id"] for person in last.people]
    return vendor.people.filter(pk__in=ids, disabled_at__isnull=False).count()
