"""Where guacd is: addresses, the choice of another when one fails, and the look at all."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
import uuid
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.conf import settings

from sessions.guacamole.arguments import Size
from sessions.guacamole.errors import (
    GuacdMisunderstood,
    GuacdSilent,
    GuacdUnreachable,
)
from sessions.guacamole.handshake import (
    HANDSHAKE_SECONDS,
    HANDSHAKE_TRIES,
    GuacdAddress,
    GuacdStream,
    open_connection,
    probe_gone,
)
from sessions.services import guacd_pool

if TYPE_CHECKING:
    from sessions.broker.actor import SessionActor

logger = logging.getLogger(__name__)

LOOK_PAUSE_SECONDS = 2.0
LOOK_SECONDS = 1.5
"""A daemon that answers later than this is of no use to a new session."""

APART_SECONDS = 0.15
"""Between two connections that one guacd is asked for. It forks for each while its other
threads run: where it writes its log at the level `info`, 11 of 50 asked for 50 ms apart never
said a word; 100 ms apart, none (measured, decision 39)."""

_next_turn: dict[str, float] = {}


def guacd_address(text: str = "") -> GuacdAddress:
    """`host:port` as an address; empty means the one of the settings."""
    host, _, port = (text or settings.GUACD_ADDRESS).rpartition(":")
    return GuacdAddress(host.strip("[]"), int(port))


def is_here(address: GuacdAddress) -> bool:
    """Whether guacd runs on this machine, so that its connections can be seen."""
    return _is_ours(address.host)


async def open_upstream(
    actor: SessionActor, arguments: dict[str, str], size: Size
) -> GuacdStream:
    """The owner's connection, by the daemon that was chosen, or by another when that one
    cannot be reached at all. One that says nothing, or nonsense, before `ready` is asked
    again (decision 136). Either way nothing has happened at the machine.
    Raises `GuacdError`.
    """
    row = actor.row
    tried: list[str] = []
    tries_left = HANDSHAKE_TRIES
    while True:
        await turn_at(row.guacd_address)
        try:
            return await open_connection(
                guacd_address(row.guacd_address),
                row.endpoint.protocol,
                arguments,
                size,
                timezone=row.endpoint.asset.zone.site.time_zone,
                timeout=HANDSHAKE_SECONDS,
            )
        except (GuacdSilent, GuacdMisunderstood) as error:
            tries_left -= 1
            if not tries_left or actor.ending:
                raise
            logger.warning("%s: guacd is asked again: %s", row, error)
        except GuacdUnreachable:
            tried.append(row.guacd_address)
            await actor.db(guacd_pool.note_looks, [(row.guacd_address, False)])
            site = row.endpoint.asset.zone.site_id
            other = await actor.db(guacd_pool.move_to_another, row.pk, site, tried)
            if not other or actor.ending:
                raise
            row.guacd_address = other


async def turn_at(address: str) -> None:
    """Wait until this guacd may be asked for a connection: at once, or after those before."""
    now = asyncio.get_running_loop().time()
    turn = max(now, _next_turn.get(address, 0.0))
    _next_turn[address] = turn + APART_SECONDS
    await asyncio.sleep(turn - now)


async def watch_guacds(db: Any) -> None:
    """Look at the pool for as long as the broker lives."""
    while True:
        try:
            await look_at_guacds(db)
        except Exception:
            logger.exception("The guacd daemons could not be looked at")
        await asyncio.sleep(LOOK_PAUSE_SECONDS)


async def look_at_guacds(db: Any) -> None:
    """Ask every daemon that nobody asked lately whether it answers, all at once."""
    addresses = await db(guacd_pool.due_for_a_look)
    if not addresses:
        return
    answers = await asyncio.gather(*(_answers(address) for address in addresses))
    await db(guacd_pool.note_looks, list(zip(addresses, answers, strict=True)))


async def _answers(address: str) -> bool:
    """A daemon that hangs takes connections, too: it has to say that it knows no such id."""
    unknown = f"${uuid.uuid4()}"
    gone = await probe_gone(guacd_address(address), unknown, timeout=LOOK_SECONDS)
    return gone is True


@lru_cache(maxsize=64)
def _is_ours(host: str) -> bool:
    """Whether an address is one of this machine's own."""
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    if address.is_loopback:
        return True
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((host, 0))
        except OSError:
            return False
    return True
