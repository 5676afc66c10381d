"""What a broker that died left behind: let go of what was held, end it, prove it.

The contractor's keys and buttons may still be pressed on the machine, and guacd may still
be connected to it: closing sockets alone leaves it there for many seconds (measured). So
the held input is released through a join of the old connection, which then disconnects.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from accessportal.errors import TooLate
from sessions.broker import farewell, proof
from sessions.broker.held_at_crash import held_when_lost
from sessions.broker.pressed import releases_of
from sessions.broker.release_anew import (
    SETTLE_SECONDS,
    is_left_to_us,
    release_by_connecting,
)
from sessions.broker.upstream import guacd_address
from sessions.desktops import Plan, plan_for
from sessions.guacamole.errors import GuacdError
from sessions.guacamole.handshake import GuacdAddress, join_connection
from sessions.guacamole.instruction import Instruction
from sessions.models import BrokeredSession
from sessions.services import adoption, brokers, lifecycle
from sessions.services.leases import LEASE_SECONDS, lapsed
from sessions.services.session_rows import session_rows
from sessions.services.upstream_facts import permissions_of

logger = logging.getLogger(__name__)

LIVE = BrokeredSession.LIVE


@dataclass(frozen=True, slots=True)
class LeftBehind:
    to_connect: list[Any]
    abandoned: list[BrokeredSession]
    unproven: list[BrokeredSession]


def left_behind(broker: str, with_actor: Sequence[str]) -> LeftBehind:
    """What no actor looks after: this broker's own, and what a dead one's anchor left."""
    living = brokers.living_brokers()
    others = [name for name in living if name != broker]
    mine = BrokeredSession.objects.filter(broker=broker).exclude(pk__in=with_actor)
    gone = BrokeredSession.objects.exclude(broker__in=[*others, broker])
    long_lapsed = lapsed(for_seconds=adoption.ADOPTION_SECONDS)
    # Whoever keeps the anchor adopts, and is given the time to.
    abandoned = [
        mine.filter(state__in=LIVE, lease_expires_at__isnull=False).exclude(
            ~long_lapsed, anchor_broker__in=others, anchored_at__isnull=False
        ),
        gone.filter(long_lapsed, state__in=LIVE),
    ]
    unproven = [
        mine.filter(ended_at__isnull=False, slot__isnull=False),
        gone.filter(ended_at__isnull=False, slot__isnull=False),
    ]
    return LeftBehind(
        to_connect=[
            *mine.filter(state__in=LIVE, lease_expires_at__isnull=True).values_list(
                "pk", flat=True
            ),
            *adoption.take_unclaimed(broker, living),
        ],
        abandoned=_for_us(abandoned, broker, living),
        unproven=_for_us(unproven, broker, living),
    )


def _for_us(
    found: Sequence[QuerySet[BrokeredSession]], broker: str, living: list[str]
) -> list[BrokeredSession]:
    """Of the sessions of dead brokers, those that fall to this one.

    There is almost never one: asked for by their keys, and read with all relations only then.
    """
    keys = [key for rows in found for key in rows.values_list("pk", flat=True)]
    if not keys:
        return []
    return [
        row
        for row in session_rows(BrokeredSession.objects.filter(pk__in=keys))
        if row.broker == broker
        or brokers.chosen_for(row.pk, living or [broker]) == broker
    ]


async def interrupt(db: Any, row: BrokeredSession, broker: str) -> None:
    """End a live session whose actor is dead; only one broker gets to.

    Neither a release nor the end action's keys are sent where somebody else may be by now
    (decision 135).
    """
    lost = await db(held_when_lost, row)
    held = lost.rows
    lease_ended_at = row.lease_expires_at or timezone.now()
    lived_at = lease_ended_at - timedelta(seconds=LEASE_SECONDS)
    claimed = await db(adoption.claim_abandoned, row, broker=broker)
    if claimed is None:
        return
    row = claimed
    try:
        await db(lifecycle.end_session, row, **await db(adoption.reason_of_end, row))
    except TooLate:
        return
    if held or lost.nameless:
        count = len(held) + lost.nameless
        await db(adoption.note_left_pressed, row, count, nameless=lost.nameless)
    address = guacd_address(row.guacd_address)
    ours = await is_left_to_us(db, row, lived_at)
    if not ours:
        held = []
    plan = plan_for(
        row.endpoint.protocol,
        row.endpoint.end_action,
        controls=ours and permissions_of(row.window.access_request).control,
    )
    if row.guacd_connection_id and await disconnect_by_joining(
        address,
        row.guacd_connection_id,
        held,
        drag_off=row.endpoint.drags_off,
        and_then=plan.send,
    ):
        await db(lifecycle.note_desktop, row, plan.state)
    elif not held or not await release_by_connecting(db, row, address, held, lived_at):
        return
    if held:
        await db(adoption.note_releases, row, held, why="interrupted")
    if held and not lost.nameless:
        await db(adoption.note_all_released, row)


async def disconnect_by_joining(
    address: GuacdAddress,
    connection_id: str,
    held: list[list[Any]],
    *,
    drag_off: bool = False,
    and_then: Sequence[Instruction] = (),
) -> bool:
    """Join the connection of a dead broker, release what it held, disconnect. False: gone.

    `and_then`: what the endpoint's end action sends before the `disconnect`.
    """
    try:
        stream = await join_connection(
            address, connection_id, timeout=3.0, control=True
        )
    except GuacdError as error:
        logger.info("No join to clear up with: %s", error)
        return False
    last_words = [*releases_of(held, drag_off=drag_off), *and_then]
    if last_words:
        stream.send("".join(word.encode() for word in last_words))
        await asyncio.sleep(SETTLE_SECONDS)
    await stream.leave()
    return True


async def prove(db: Any, row: BrokeredSession) -> bool:
    """Prove the end of a session that this process did not see active.

    That the asset's line could be seen from here is not known: it is never called gone.
    """
    await db(row.refresh_from_db, fields=["desktop_state"])
    return await farewell.prove_end(
        db,
        row,
        guacd_address(row.guacd_address),
        row.guacd_connection_id,
        proof.AssetLine.of(row),
        Plan((), row.desktop_state, row.desktop_state),
    )
