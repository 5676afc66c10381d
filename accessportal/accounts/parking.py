"""Parked accounts: unused for `PARKED_AFTER_DAYS`, by the facts and the clock (AC-2(3)).

Nothing is stored when an account parks, and no job does it. Whoever signs in to a parked one
proves the password, the own factor and then the company's mailbox: a technician comes five to
ten times a year, and may have left the company in between.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from accessportal.accounts.models import BreakGlassAccount, User


def last_use(user: User) -> datetime:
    """The last sign-in or revival; for somebody who never signed in, when the account was made."""
    used: datetime = user.last_login or user.created_at
    return max(used, user.revived_at) if user.revived_at is not None else used


def parks_at(user: User) -> datetime:
    """When the account parks unless it is used before."""
    return last_use(user) + timedelta(days=settings.PARKED_AFTER_DAYS)


def is_parked(user: User, *, at: datetime | None = None) -> bool:
    return parks_at(user) <= (at or timezone.now()) and not _kept_unused(user)


def _kept_unused(user: User) -> bool:
    """A break-glass account is there to be unused; its own reminder has it tried."""
    return BreakGlassAccount.objects.filter(user=user).exists()


def idle_days(user: User, *, at: datetime | None = None) -> int:
    """Whole days since the last use."""
    return max(0, ((at or timezone.now()) - last_use(user)).days)


def parked(people: QuerySet[User], *, at: datetime | None = None) -> QuerySet[User]:
    """Those of `people` whose account is parked."""
    since = (at or timezone.now()) - timedelta(days=settings.PARKED_AFTER_DAYS)
    return people.alias(used_at=Coalesce("last_login", F("created_at"))).filter(
        Q(revived_at__isnull=True) | Q(revived_at__lte=since),
        used_at__lte=since,
        break_glass__isnull=True,
    )
