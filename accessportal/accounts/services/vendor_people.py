"""The plant vouches for a vendor's people: confirms them, names coordinators, notes dates."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accessportal import audit
from accessportal.accounts.authorisation import Action, people_who_may
from accessportal.accounts.models import User, Vendor
from accessportal.accounts.signals import last_day_moved
from accessportal.accounts.vendor_rights import may_vouch, sponsors
from accessportal.errors import NotAllowed, NotPossible, TooLate
from accessportal.news import tell_news, user_topic, vendor_topic
from accessportal.notifications import notify
from accessportal.origin import Origin

CALLBACK_NUMBER = re.compile(r"\+?[0-9][0-9 ()/.-]{4,38}")
DATES = ("expires_at", "training_expires_at", "nda_signed_at", "nda_expires_at")


@transaction.atomic
def confirm_person(*, acting_user: User, person: User, origin: Origin) -> User:
    """The sponsor says that this is the person who was invited; now they may ask for access.

    Raises `NotAllowed`, `NotPossible` (access ended) or `TooLate` (somebody was first).
    """
    person, vendor = _locked(person)

    if not may_vouch(acting_user, vendor):
        raise NotAllowed(
            _(
                "Only the sponsor of %(vendor)s, or an administrator, confirms its people."
            )
            % {"vendor": vendor}
        )
    _guard_has_access(person)
    if not person.awaits_sponsor:
        raise TooLate(
            _("%(person)s is confirmed already.") % {"person": person},
            code="already_confirmed",
        )

    person.sponsor_confirmed_at = timezone.now()
    person.sponsor_confirmed_by = acting_user
    person.save(update_fields=["sponsor_confirmed_at", "sponsor_confirmed_by"])

    audit.record(
        "account.confirmed",
        acting_user=acting_user,
        subject=person,
        origin=origin,
        vendor=vendor.name,
    )

    notify(
        [person, *coordinators_of(vendor)],
        "person.confirmed",
        path="/",
        person=person.full_name,
        by=acting_user.full_name,
        vendor=vendor.name,
    )
    tell_company(vendor, person)
    return person


def confirm_anew(person: User, *, origin: Origin) -> None:
    """Whoever came back by the own mailbox alone waits for the sponsor again, as on joining.

    Part of setting up a factor (`factors.factor_added`), in its transaction.
    """
    person, vendor = _locked(person)

    if person.awaits_sponsor:
        return

    person.sponsor_confirmed_at = person.sponsor_confirmed_by = None
    person.save(update_fields=["sponsor_confirmed_at", "sponsor_confirmed_by"])

    audit.record(
        "account.confirmation.lapsed",
        acting_user=person,
        subject=person,
        origin=origin,
        vendor=vendor.name,
    )

    notify(
        who_vouches_for(vendor),
        "person.came_back",
        path=reverse("accounts:vendor", args=[vendor.slug]),
        person=person.full_name,
        email=person.email,
        vendor=vendor.name,
    )
    tell_company(vendor, person)


@transaction.atomic
def name_coordinator(*, acting_user: User, person: User, origin: Origin) -> User:
    """Let a confirmed person look after the company's own people. Raises as the above."""
    person, vendor = _locked(person)

    if not may_vouch(acting_user, vendor):
        raise NotAllowed
    _guard_has_access(person)
    if person.awaits_sponsor:
        raise NotPossible(
            _("Confirm %(person)s first.") % {"person": person}, code="not_confirmed"
        )
    if person.coordinates:
        raise TooLate(_("%(person)s is coordinator already.") % {"person": person})

    person.coordinator_at = timezone.now()
    person.coordinator_by = acting_user
    person.save(update_fields=["coordinator_at", "coordinator_by"])

    audit.record(
        "vendor.coordinator.named",
        acting_user=acting_user,
        subject=person,
        origin=origin,
        vendor=vendor.name,
    )

    notify(
        [person],
        "coordinator.named",
        path=reverse("accounts:company"),
        by=acting_user.full_name,
        vendor=vendor.name,
    )
    tell_company(vendor, person)
    return person


@transaction.atomic
def dismiss_coordinator(*, acting_user: User, person: User, origin: Origin) -> User:
    """Take the company's page away again; the person's own access stays."""
    person, vendor = _locked(person)

    if not may_vouch(acting_user, vendor):
        raise NotAllowed
    if not person.coordinates:
        raise TooLate(_("%(person)s is no coordinator any more.") % {"person": person})

    person.coordinator_at = None
    person.coordinator_by = None
    person.save(update_fields=["coordinator_at", "coordinator_by"])

    audit.record(
        "vendor.coordinator.dismissed",
        acting_user=acting_user,
        subject=person,
        origin=origin,
        vendor=vendor.name,
    )

    tell_company(vendor, person)
    return person


@transaction.atomic
def note_dates(
    *,
    acting_user: User,
    person: User,
    dates: Mapping[str, datetime | None],
    origin: Origin,
) -> User:
    """Set until when access, training and agreement are good (`DATES`); None: not on record.

    A date in the past ends nobody's work, so access cannot be given one: raises
    `NotPossible`, which says what to do instead.
    """
    person, vendor = _locked(person)

    if not may_vouch(acting_user, vendor):
        raise NotAllowed
    wanted = {name: dates.get(name) for name in DATES}
    _guard_dates(person, wanted)

    changes = {
        name: [_iso(getattr(person, name)), _iso(value)]
        for name, value in wanted.items()
        if getattr(person, name) != value
    }
    if not changes:
        return person
    for name, value in wanted.items():
        setattr(person, name, value)
    if "nda_signed_at" in changes:
        person.nda_noted_by = acting_user if person.nda_signed_at else None
    person.save(update_fields=[*DATES, "nda_noted_by"])

    audit.record(
        "account.updated",
        acting_user=acting_user,
        subject=person,
        origin=origin,
        changes=changes,
        vendor=vendor.name,
    )

    if "expires_at" in changes and person.expires_at is not None:
        last_day_moved.send(
            User,
            of=person,
            last=person.expires_at,
            acting_user=acting_user,
            origin=origin,
        )
    tell_company(vendor, person)
    return person


@transaction.atomic
def note_callback_number(
    *, acting_user: User, person: User, number: str, origin: Origin
) -> User:
    """Note at which number the plant calls this person back, or (empty) that it holds none.

    Somebody is escorted on the strength of it (decision 89), so the person and who answers for
    the company are told. Raises `NotAllowed`, `NotPossible`.
    """
    person, vendor = _locked(person)
    number = " ".join(number.split())

    if not may_vouch(acting_user, vendor):
        raise NotAllowed
    _guard_has_access(person)
    if number and not CALLBACK_NUMBER.fullmatch(number):
        raise NotPossible(
            _("A number in full, as it is dialled: +49 40 5550123."),
            code="number_unclear",
        )
    if number == person.callback_number:
        return person

    person.callback_number = number
    person.callback_number_at = timezone.now() if number else None
    person.callback_number_by = acting_user if number else None
    person.save(
        update_fields=["callback_number", "callback_number_at", "callback_number_by"]
    )

    audit.record(
        "account.callback.noted",
        acting_user=acting_user,
        subject=person,
        origin=origin,
        number=number,
        vendor=vendor.name,
    )

    notify(
        [person, *(one for one in who_vouches_for(vendor) if one.pk != acting_user.pk)],
        "person.callback_noted",
        path="/",
        person=person.full_name,
        by=acting_user.full_name,
        vendor=vendor.name,
    )
    tell_company(vendor, person)
    return person


def coordinators_of(vendor: Vendor) -> list[User]:
    return list(User.objects.coordinators().filter(vendor=vendor))


def who_vouches_for(vendor: Vendor) -> list[User]:
    """The sponsor; where there is none, or not any more, the administrators."""
    if vendor.sponsor is not None and sponsors(vendor.sponsor, vendor):
        return [vendor.sponsor]
    return list(people_who_may(Action.VENDOR_CHANGE, None))


def tell_company(vendor: Vendor, person: User) -> None:
    """After the commit, have the pages that show this company's people look again."""

    def tell() -> None:
        topics = [vendor_topic(vendor.pk), user_topic(person.pk)]
        if vendor.sponsor_id is not None:
            topics.append(user_topic(vendor.sponsor_id))
        tell_news(*topics, about="account")

    transaction.on_commit(tell)


def _locked(person: User) -> tuple[User, Vendor]:
    """The person and their company. Raises `NotPossible` for somebody of the plant."""
    person = (
        User.objects.select_for_update(of=("self",))
        .select_related("vendor__sponsor")
        .get(pk=person.pk)
    )
    if person.vendor is None:
        raise NotPossible(_("%(person)s is no vendor's.") % {"person": person})
    return person, person.vendor


def _guard_has_access(person: User) -> None:
    if person.disabled_at is not None:
        raise NotPossible(
            _("The access of %(person)s has ended.") % {"person": person},
            code="access_ended",
        )


def _guard_dates(person: User, wanted: dict[str, Any]) -> None:
    expires_at = wanted["expires_at"]
    if (
        expires_at is not None
        and expires_at != person.expires_at
        and expires_at <= timezone.now()
    ):
        raise NotPossible(
            _(
                "This day has passed. To end the access now, report that the person has left."
            ),
            code="expires_in_the_past",
        )
    signed_at, valid_until = wanted["nda_signed_at"], wanted["nda_expires_at"]
    if signed_at is not None and signed_at > timezone.now():
        raise NotPossible(
            _("An agreement cannot have been signed in the future."),
            code="signed_in_the_future",
        )
    if valid_until is not None and (signed_at is None or valid_until <= signed_at):
        raise NotPossible(
            _("Say when the agreement was signed; it must be valid for longer."),
            code="nda_dates",
        )


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None
