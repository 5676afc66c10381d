"""The private calendar link: made (and so renewed), revoked, and asked with."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accessportal.accounts.models import User
from accessportal.accounts.parking import is_parked
from accessportal.accounts.services.common import guard_fresh_factor
from accessportal.audit import record
from accessportal.errors import TooLate
from accessportal.origin import Origin
from requests.models import CalendarFeed

USE_NOTED_EVERY = timedelta(minutes=5)
SECRET_LENGTH = 43  # 32 random bytes as URL-safe base64


@transaction.atomic
def make_feed(*, acting_user: User, origin: Origin) -> tuple[CalendarFeed, str]:
    """A new link of one's own, and its secret: the only time that anybody sees it.

    A link from before stops working. Raises `FreshFactorNeeded`.
    """
    User.objects.select_for_update(of=("self",)).get(pk=acting_user.pk)

    guard_fresh_factor(origin, acting_user, None)

    now = timezone.now()
    renewed = CalendarFeed.objects.in_force().filter(owner=acting_user)
    replaced = renewed.update(revoked_at=now, revoked_by=acting_user)
    secret = secrets.token_urlsafe(32)
    feed = CalendarFeed.objects.create(
        owner=acting_user, secret_hash=_hash(secret), created_at=now
    )

    record(
        "calendar.feed.made",
        acting_user=acting_user,
        subject=feed,
        origin=origin,
        replaced=bool(replaced),
    )
    return feed, secret


@transaction.atomic
def revoke_feed(*, acting_user: User, origin: Origin) -> None:
    """One's own link stops working at once. Needs no fresh factor.

    Raises `TooLate` when there is none.
    """
    feed = CalendarFeed.objects.in_force().filter(owner=acting_user).first()
    revoked = CalendarFeed.objects.in_force().filter(owner=acting_user)
    if feed is None or not revoked.update(
        revoked_at=timezone.now(), revoked_by=acting_user
    ):
        raise TooLate(_("You have no calendar link."), code="no_calendar_link")

    record(
        "calendar.feed.revoked",
        acting_user=acting_user,
        subject=feed,
        origin=origin,
    )


def feed_of(secret: str) -> CalendarFeed | None:
    """The link in force with this secret whose owner may still come in.

    What is looked up is the hash, so that nothing can be learnt from how long it takes.
    """
    asked = _hash(secret) if len(secret) == SECRET_LENGTH else "0" * 64
    feed = (
        CalendarFeed.objects.in_force()
        .select_related("owner__vendor")
        .filter(secret_hash=asked)
        .first()
    )
    stored = feed.secret_hash if feed is not None else "1" * 64
    same = hmac.compare_digest(asked, stored)
    if feed is None or not same:
        return None
    return feed if feed.owner.is_active and not is_parked(feed.owner) else None


def note_feed_use(feed: CalendarFeed) -> None:
    """When it was read last; calendars ask often, so at most every few minutes."""
    now = timezone.now()
    CalendarFeed.objects.filter(
        Q(last_used_at__isnull=True) | Q(last_used_at__lte=now - USE_NOTED_EVERY),
        pk=feed.pk,
    ).update(last_used_at=now)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
