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
from typing import Any

from accessportal.errors import TooLate
from sessions.broker import farewell, proof
from sessions.broker.pressed import releases_of
from sessions.broker.upstream import guacd_address
from sessions.guacamole.errors import GuacdError
from sessions.guacamole.handshake import GuacdAddress, join_connection
from sessions.models import BrokeredSession
from sessions.services import lifecycle

logger = logging.getLogger(__name__)

EndReason = BrokeredSession.EndReason


@dataclass(frozen=True, slots=True)
class LeftBehind:
    to_connect: list[Any]
    abandoned: list[BrokeredSession]
    unproven: list[BrokeredSession]


def left_behind(broker: str, with_actor: Sequence[str]) -> LeftBehind:
    """The sessions of a broker that no actor of it looks after."""
    mine = lifecycle.with_relations().filter(broker=broker).exclude(pk__in=with_actor)
    live = mine.filter(state__in=BrokeredSession.LIVE)
    return LeftBehind(
        to_connect=list(
            live.filter(lease_expires_at__isnull=True).values_list("pk", flat=True)
        ),
        abandoned=list(live.filter(lease_expires_at__isnull=False)),
        unproven=list(mine.filter(ended_at__isnull=False, slot__isnull=False)),
    )


async def interrupt(db: Any, row: BrokeredSession) -> None:
    """End a live session whose actor is dead."""
    held = row.held_input
    try:
        await db(lifecycle.end_session, row, reason=EndReason.INTERRUPTED)
    except TooLate:
        return
    address = guacd_address(row.guacd_address)
    if row.guacd_connection_id and await disconnect_by_joining(
        address, row.guacd_connection_id, held, drag_off=row.endpoint.drags_off
    ):
        keys = sum(1 for _participant, kind, _values in held if kind == "key")
        if held:
            await db(
                lifecycle.note_released_input,
                row,
                why="interrupted",
                keys=keys,
                buttons=len(held) - keys,
            )


async def disconnect_by_joining(
    address: GuacdAddress,
    connection_id: str,
    held: list[list[Any]],
    *,
    drag_off: bool = False,
) -> bool:
    """Join the connection of a dead broker, release what it held, disconnect. False: gone."""
    try:
        stream = await join_connection(
            address, connection_id, timeout=3.0, control=True
        )
    except GuacdError as error:
        logger.info("No join to clear up with: %s", error)
        return False
    releases = releases_of(held, drag_off=drag_off)
    if releases:
        stream.send("".join(release.encode() for release in releases))
        # guacd handles one instruction after the other, but the asset's own line takes time.
        await asyncio.sleep(0.2)
    await stream.leave()
    return True


async def prove(db: Any, row: BrokeredSession) -> bool:
    """Prove the end of a session that this process did not see active.

    Whether guacd was on this machine is not known, so the asset's line is not judged.
    """
    asset = proof.AssetLine(row.endpoint.host, row.endpoint.port)
    return await farewell.prove_end(
        db, row, guacd_address(row.guacd_address), row.guacd_connection_id, asset
    )
