"""The lease of a session: who alone may send anything to its asset, by the database's clock.

Only the database's time decides when a lease is over, so the clocks of two brokers may
differ as they like. A broker counts its own time from before it asked, which is never
later than what the database counts from: it always stops first (docs/decisions/0020).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import models, transaction
from django.db.models import ExpressionWrapper, F, Q
from django.db.models.functions import Now

from accessportal.errors import TooLate
from sessions.models import BrokeredSession

LEASE_SECONDS = 4.0
RENEW_SECONDS = 1.0

LEASE_LOST = "lease_lost"


def lease_end() -> Any:
    """The moment until which a lease lasts that is given now."""
    return ExpressionWrapper(
        Now() + timedelta(seconds=LEASE_SECONDS), output_field=models.DateTimeField()
    )


def lapsed(*, for_seconds: float = 0.0) -> Q:
    """The lease is over (since so long): whoever held it has stopped by its own clock."""
    past = ExpressionWrapper(
        Now() - timedelta(seconds=for_seconds), output_field=models.DateTimeField()
    )
    return Q(lease_expires_at__lt=past)


@transaction.atomic
def renew_leases(broker: str, held: Mapping[UUID, int]) -> tuple[set[UUID], set[UUID]]:
    """Renew all leases of a broker at once: (those renewed, those lost for good).

    held: the epoch of each. A row that somebody is changing this moment is left out and
    waits for the next renewal, so that no lock on one session stops all the others.
    """
    if not held:
        return set(), set()
    mine = BrokeredSession.objects.live().filter(broker=broker, pk__in=list(held))
    free = mine.select_for_update(skip_locked=True).order_by()
    renewed = {
        pk for pk, epoch in free.values_list("pk", "lease_epoch") if held[pk] == epoch
    }
    BrokeredSession.objects.filter(pk__in=renewed).update(lease_expires_at=lease_end())
    if len(renewed) == len(held):
        return renewed, set()
    still = {
        pk for pk, epoch in mine.values_list("pk", "lease_epoch") if held[pk] == epoch
    }
    return renewed, set(held) - still - renewed


def refuse_other_holder(brokered_session: BrokeredSession) -> None:
    """Inside the caller's transaction: raise `TooLate` unless the lease is still of this epoch."""
    still = (
        BrokeredSession.objects.select_for_update(of=("self",))
        .filter(pk=brokered_session.pk, lease_epoch=brokered_session.lease_epoch)
        .values_list("pk", flat=True)
    )
    if not list(still):
        raise TooLate(code=LEASE_LOST)


def has_lease(session_id: UUID, epoch: int) -> bool:
    """Whether nobody has taken the session over since this epoch."""
    return BrokeredSession.objects.filter(pk=session_id, lease_epoch=epoch).exists()


def take_over(
    session_id: UUID, *, broker: str, epoch: int, when: Q, **changes: Any
) -> bool:
    """One conditional UPDATE: the next epoch is ours if the row is still as it was seen.

    Inside the caller's transaction. when: what must still be true of the row.
    """
    taken = (
        BrokeredSession.objects.live()
        .filter(when, pk=session_id, lease_epoch=epoch)
        .update(
            broker=broker,
            lease_epoch=F("lease_epoch") + 1,
            lease_expires_at=lease_end(),
            anchor_broker="",
            anchored_at=None,
            handover_requested_at=None,
            **changes,
        )
    )
    return bool(taken == 1)
