"""Accounts that should not be there: never used, or without anybody who answers for them.

Warned first, by mail, then disabled by the portal itself: nobody is disabled who was not
warned `LAPSE_WARNING_DAYS` (without a sponsor: `NO_SPONSOR_DAYS`) before, however late the
schedule runs. Whoever is at work is left alone, and so is the last administrator.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accessportal import audit
from accessportal.accounts.models import LapseWarning, RoleGrant, User
from accessportal.accounts.services.people import disable_person
from accessportal.errors import PortalError
from accessportal.notifications import notify
from accessportal.origin import SYSTEM

logger = logging.getLogger(__name__)

Cause = User.Cause

ADVICE = {
    Cause.NEVER_USED: _("Sign in once to keep it."),
    Cause.NO_SPONSOR: _("The plant has to name somebody who answers for the company."),
}


@dataclass
class Round:
    """What one look did: whom it warned and disabled, and for which cause."""

    warned: list[LapseWarning] = field(default_factory=list)
    disabled: list[LapseWarning] = field(default_factory=list)


def grace(cause: str) -> timedelta:
    """How long after the warning an access ends."""
    days = (
        settings.NO_SPONSOR_DAYS
        if cause == Cause.NO_SPONSOR
        else settings.LAPSE_WARNING_DAYS
    )
    return timedelta(days=days)


def lapsing(at: datetime) -> dict[str, set[int]]:
    """Ids of the active people whom each cause concerns now."""
    active = User.objects.active(at=at)
    since = at - timedelta(days=settings.NEVER_USED_DAYS) + grace(Cause.NEVER_USED)
    never_used = active.filter(
        Q(reactivated_at__isnull=True) | Q(reactivated_at__lte=since),
        last_login__isnull=True,
        created_at__lte=since,
        break_glass__isnull=True,
    )
    without_sponsor = active.filter(vendor__isnull=False).exclude(
        vendor__sponsor__in=User.objects.active(at=at).plant_people()
    )
    return {
        Cause.NEVER_USED: set(never_used.values_list("pk", flat=True)),
        Cause.NO_SPONSOR: set(without_sponsor.values_list("pk", flat=True)),
    }


def look_after_unused(*, at_work: Collection[int]) -> Round:
    """Warn and disable whom a cause concerns; `at_work`: ids of people to leave alone today."""
    now = timezone.now()
    concerned = lapsing(now)
    done = Round()
    _settle_what_changed(concerned, now)
    for cause, people in concerned.items():
        warnings = {
            warning.user_id: warning
            for warning in LapseWarning.objects.filter(
                cause=cause, settled_at=None, user__in=people
            ).select_related("user__vendor__sponsor")
        }
        for person_id in sorted(people):
            warning = warnings.get(person_id)
            if warning is None:
                done.warned += _warn(person_id, cause, now)
            elif warning.warned_at + grace(cause) <= now and person_id not in at_work:
                done.disabled += _disable(warning, now)
    _tell_the_plant("account.lapse.list", done.warned)
    _tell_the_plant("account.lapsed.list", done.disabled)
    return done


def _settle_what_changed(concerned: dict[str, set[int]], now: datetime) -> None:
    """Somebody signed in, or answers for the company: what was warned of is settled."""
    for cause, people in concerned.items():
        LapseWarning.objects.filter(cause=cause, settled_at=None).exclude(
            user__in=people
        ).update(settled_at=now)


def _warn(person_id: int, cause: str, now: datetime) -> list[LapseWarning]:
    person = User.objects.select_related("vendor__sponsor").get(pk=person_id)
    try:
        with transaction.atomic():
            warning = LapseWarning.objects.create(
                user=person, cause=cause, warned_at=now
            )
            audit.record(
                "account.lapse.warned",
                subject=person,
                cause=cause,
                ends_at=now + grace(cause),
            )
            notify(
                [person],
                "account.lapse.warned",
                path="/account/ready/",
                cause=warning.get_cause_display,
                days=grace(cause).days,
                advice=lambda: str(ADVICE[Cause(cause)]),
            )
    except IntegrityError:
        return []  # another worker has just warned
    return [warning]


def _disable(warning: LapseWarning, now: datetime) -> list[LapseWarning]:
    person = warning.user
    try:
        with transaction.atomic():
            disable_person(
                acting_user=None, person=person, cause=warning.cause, origin=SYSTEM
            )
            LapseWarning.objects.filter(pk=warning.pk).update(settled_at=now)
            notify(
                [person],
                "account.lapsed",
                cause=warning.get_cause_display,
            )
    except PortalError as refusal:
        logger.warning("%s stays: %s", person.pk, refusal.code)
        return []
    return [warning]


def _tell_the_plant(kind: str, warnings: list[LapseWarning]) -> None:
    """IT security hears of all, a sponsor of those of the own companies, each in one mail."""
    for recipient, rows in _by_recipient(warnings).items():
        with transaction.atomic():
            notify(
                [recipient],
                kind,
                path="/people/?of=all",
                count=len(rows),
                list=lambda rows=rows: "\n".join(
                    f"{row.user.full_name} ({row.user.organisation}): "
                    f"{row.get_cause_display()}"
                    for row in rows
                ),
            )


def _by_recipient(warnings: Iterable[LapseWarning]) -> dict[User, list[LapseWarning]]:
    security = list(
        User.objects.active()
        .plant_people()
        .filter(role_grants__role=RoleGrant.Role.IT_SECURITY)
        .distinct()
    )
    found: dict[User, list[LapseWarning]] = {}
    for warning in warnings:
        vendor = warning.user.vendor
        sponsor = vendor.sponsor if vendor is not None else None
        told = {*security, *([sponsor] if sponsor and sponsor.is_active else [])}
        for person in told - {warning.user}:
            found.setdefault(person, []).append(warning)
    return found
