"""The broker processes as the database knows them: which live, and where a session goes.

Each says every second that it is there. All times here are the database's.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.db.models import Count, ExpressionWrapper, Q
from django.db.models.functions import Now

from sessions.models import BrokeredSession, BrokerNode
from sessions.services.leases import LEASE_SECONDS

SEEN_SECONDS = LEASE_SECONDS
"""A broker that has not been heard of for this long is not counted on."""


def _seen_lately() -> Q:
    since = ExpressionWrapper(
        Now() - timedelta(seconds=SEEN_SECONDS), output_field=models.DateTimeField()
    )
    return Q(seen_at__gt=since)


def living_brokers() -> list[str]:
    """The names of the brokers that are there and stay, in order."""
    return list(
        BrokerNode.objects.filter(_seen_lately(), stopping_at__isnull=True)
        .order_by("name")
        .values_list("name", flat=True)
    )


def place_session() -> str:
    """The broker with the fewest live sessions; the one of the settings where none is known."""
    living = living_brokers()
    if not living:
        return str(settings.BROKER_NAME)
    if len(living) == 1:
        return living[0]
    loads = dict(
        BrokeredSession.objects.live()
        .filter(broker__in=living)
        .order_by()
        .values_list("broker")
        .annotate(count=Count("pk"))
    )
    return min(living, key=lambda name: (loads.get(name, 0), name))


def take_name(name: str, run: UUID, *, at_once: bool = False) -> bool:
    """Become the broker of this name; False while another process is.

    at_once: whoever called knows that no other process can be (the embedded profile).
    """
    free = Q() if at_once else Q(run=run) | ~_seen_lately()
    fresh = {"run": run, "started_at": Now(), "seen_at": Now(), "stopping_at": None}
    if BrokerNode.objects.filter(free, name=name).update(**fresh):
        return True
    try:
        with transaction.atomic():
            BrokerNode.objects.create(name=name, **fresh)
    except IntegrityError:
        return False
    return True


def say_here(name: str, run: UUID) -> bool:
    """Another second; False when the name has gone to another process."""
    return bool(BrokerNode.objects.filter(name=name, run=run).update(seen_at=Now()))


def say_stopping(name: str, run: UUID) -> None:
    """No new session, and no anchor, comes here any more."""
    BrokerNode.objects.filter(name=name, run=run).update(stopping_at=Now())


def leave_name(name: str, run: UUID) -> None:
    """The process is gone, in order: the next of this name need not wait."""
    BrokerNode.objects.filter(name=name, run=run).delete()


def chosen_for(session_id: UUID, candidates: Collection[str]) -> str:
    """Which of several brokers keeps a session's anchor: each finds the same without asking."""
    names = sorted(candidates)
    return names[session_id.int % len(names)]
