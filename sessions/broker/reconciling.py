"""The broker's part in reconciling: say what it hears, and ask guacd about the rest.

A `select` of an id that guacd does not know is closed at once and costs it nothing; one
that it knows costs a handshake that is broken off. A few each round, one after the other.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any
from uuid import UUID

from sessions.broker.actor import SessionActor
from sessions.broker.interrupted import disconnect_by_joining
from sessions.broker.upstream import guacd_address
from sessions.guacamole.handshake import probe_gone
from sessions.models import BrokeredSession, Sighting
from sessions.services import reconcile

logger = logging.getLogger(__name__)

ROUND_SECONDS = 5.0
GLANCE_SECONDS = 0.5
"""How often it is asked whether a recorder fell behind: the board is told within a second."""

HEARD_SECONDS = 3.0
"""guacd ends a frame each second on an idle screen."""

ANSWERS = {
    True: Sighting.Answer.UNKNOWN,
    False: Sighting.Answer.KNOWS,
    None: Sighting.Answer.SILENT,
}


async def run(actors: Callable[[], list[SessionActor]], db: Any) -> None:
    """Round after round, as long as the broker lives."""
    while True:
        await asyncio.sleep(ROUND_SECONDS)
        try:
            await look_round(actors(), db)
        except Exception:
            logger.exception("A round of reconciling failed; the next one will try")


async def watch_recorders(actors: Callable[[], list[SessionActor]], db: Any) -> None:
    """Say at once which recorders fall behind and which have caught up."""
    # What the rows say of our sessions; of an adopted one it is not known yet.
    said: dict[UUID, bool] = {}
    while True:
        await asyncio.sleep(GLANCE_SECONDS)
        now = {actor.id: actor.recorder_lags() for actor in actors() if actor.active}
        news = {pk: lags for pk, lags in now.items() if said.get(pk) is not lags}
        try:
            await db(
                reconcile.note_recorders,
                [pk for pk, lags in news.items() if lags],
                [pk for pk, lags in news.items() if not lags],
            )
            said = now
        except Exception:
            logger.exception("It is not noted whose recorder is behind; tried again")


async def look_round(actors: list[SessionActor], db: Any) -> None:
    """One round: what is heard here, what guacd says of the others, whose lease is old."""
    now = asyncio.get_running_loop().time()
    heard = [
        actor
        for actor in actors
        if actor.active and not actor.ending and now - actor.heard_at < HEARD_SECONDS
    ]
    await db(reconcile.note_heard, [actor.id for actor in heard])
    answers: dict[UUID, str] = {}
    for question in await db(reconcile.questions):
        gone = await probe_gone(
            guacd_address(question.guacd_address), question.connection_id
        )
        answers[question.session_id] = ANSWERS[gone]
    for row in await db(reconcile.note_answers, answers):
        await _disconnect(row)
    await db(reconcile.look_at_leases)


async def _disconnect(row: BrokeredSession) -> None:
    """guacd holds on to a session that is over: what an end does is done once more."""
    logger.error("%s ended, and guacd still has its connection", row)
    await disconnect_by_joining(
        guacd_address(row.guacd_address), row.guacd_connection_id, []
    )
