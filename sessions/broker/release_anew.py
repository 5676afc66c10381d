"""The line to the machine is down while something was held: connect once more, to release.

A VNC screen keeps what its last client held down, for good (measured); a terminal holds
nothing, and an RDP server lets go when its client goes. Nobody sees the picture.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from accessportal.keys import KeyMissing, WrongKey
from sessions.broker.input import QUIET_SECONDS
from sessions.broker.lease import clock
from sessions.broker.pressed import releases_of
from sessions.broker.upstream import guacd_address
from sessions.guacamole.arguments import DEFAULT_SIZE, connection_arguments
from sessions.guacamole.errors import ArgumentsError, GuacdError, ProtocolError
from sessions.guacamole.handshake import GuacdAddress, GuacdStream, open_connection
from sessions.guacamole.reader import InstructionReader
from sessions.models import BrokeredSession
from sessions.services import adoption, guacd_pool, lifecycle
from sessions.services.upstream_facts import endpoint_facts, permissions_of, sign_in

if TYPE_CHECKING:
    from sessions.broker.actor import SessionActor

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 10.0

SETTLE_SECONDS = 0.2
"""guacd handles one instruction after the other, but the asset's own line takes time."""

FRESH_SECONDS = 1.0
ASKED_AT_MOST = 3
"""An answer that took longer is older than somebody else's first press may be."""


def keeps_what_is_held(row: BrokeredSession) -> bool:
    """Whether the machine goes on feeling what its client held when the line is gone."""
    return row.endpoint.protocol == "vnc"


def left_in_doubt(actor: SessionActor, *, line_is_down: bool) -> list[list[Any]]:
    """What may still be down on the machine, although it was released: nobody took it."""
    if not actor.was_up or not keeps_what_is_held(actor.row):
        return []
    quiet_for = asyncio.get_running_loop().time() - actor.heard_at
    if not line_is_down and quiet_for < QUIET_SECONDS:
        return []
    return actor.input.last_down.since(actor.heard_at)


def last_heard(actor: SessionActor) -> datetime:
    """When guacd said something for the last time."""
    quiet_for = asyncio.get_running_loop().time() - actor.heard_at
    return timezone.now() - timedelta(seconds=quiet_for)


async def is_left_to_us(db: Any, row: BrokeredSession, since: datetime) -> bool:
    """Whether nobody who came after `since` can be at the machine in this moment.

    Their button would be let go of. What follows must be sent at once.
    """
    for _time in range(ASKED_AT_MOST):
        asked_at = clock()
        if not await db(adoption.nobody_came_since, row, since):
            logger.warning("%s: somebody else may be there: nothing is sent", row)
            return False
        if clock() - asked_at < FRESH_SECONDS:
            return True
    logger.warning("%s: the database answers late: nothing is sent", row)
    return False


async def let_go_once_more(
    db: Any, row: BrokeredSession, held: list[list[Any]], since: datetime
) -> None:
    """By the same guacd or by another; whatever comes of it, somebody has to look.

    since: when the machine was heard last.
    """
    await db(adoption.note_left_pressed, row, len(held))
    site_id = row.endpoint.asset.zone.site_id
    tried: list[str] = []
    address = row.guacd_address
    while address not in tried:
        if await release_by_connecting(db, row, guacd_address(address), held, since):
            await db(adoption.note_releases, row, held, why="connection_lost")
            await db(adoption.note_all_released, row)
            return
        tried.append(address)
        address = await db(guacd_pool.choose_guacd, site_id, tried=tried) or address


async def release_by_connecting(
    db: Any,
    row: BrokeredSession,
    address: GuacdAddress,
    held: list[list[Any]],
    since: datetime,
) -> bool:
    """Whether the machine was reached, and told to let go."""
    if not keeps_what_is_held(row) or not await is_left_to_us(db, row, since):
        return False
    size = DEFAULT_SIZE
    try:
        secrets = await db(lifecycle.check_out_secrets, row)
        arguments = connection_arguments(
            endpoint_facts(row.endpoint),
            sign_in(secrets),
            permissions_of(row.window.access_request),
            size,
        )
        stream = await open_connection(
            address, "vnc", arguments, size, timeout=CONNECT_SECONDS
        )
    except (GuacdError, ArgumentsError, KeyMissing, WrongKey) as error:
        logger.warning("%s: nothing could be released: %s", row, error)
        return False
    try:
        if not await _first_frame(stream):
            return False
        last_words = releases_of(held, drag_off=row.endpoint.drags_off)
        if not await is_left_to_us(db, row, since):
            return False
        stream.send("".join(word.encode() for word in last_words))
        await asyncio.sleep(SETTLE_SECONDS)
    finally:
        await asyncio.shield(stream.leave())
    return True


async def _first_frame(stream: GuacdStream) -> bool:
    """Whether the machine answered: before its first frame it takes no input."""
    reader = InstructionReader()
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            while data := await stream.read():
                batch = reader.feed(data)
                if any(mark.opcode in ("error", "disconnect") for mark in batch.marks):
                    return False
                if batch.syncs:
                    stream.acknowledge(batch.syncs[-1][1])
                    return True
    except (OSError, ProtocolError, TimeoutError):
        pass
    return False
