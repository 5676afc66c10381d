"""The end of a session: let go, disconnect, tell everyone, write it down, prove it.

In this order, because stopping comes first: what touches the asset is over before the
database is asked, and a database that does not answer keeps nobody connected and nobody
waiting. What is written later carries the moment of the end, not of the writing.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError
from django.utils import timezone

from accessportal.errors import TooLate
from sessions.broker import end_action, proof, release_anew
from sessions.broker.end import End
from sessions.broker.input import LINE_DOWN
from sessions.broker.upstream import guacd_address
from sessions.desktops import Plan
from sessions.guacamole.handshake import GuacdAddress
from sessions.models import BrokeredSession
from sessions.sentences import WHAT_NOW, end_sentence_for
from sessions.services import lifecycle
from sessions.services.leases import LEASE_LOST
from sessions.services.status import may_begin_anew, moment

if TYPE_CHECKING:
    from sessions.broker.actor import SessionActor

logger = logging.getLogger(__name__)

EndReason = BrokeredSession.EndReason

CONNECTING_SECONDS = 35.0
"""How long a connection that is being made is waited for, to be closed properly."""

OTHERS_SECONDS = 1.0
"""How long those who keep the connection open beside us have to leave before the proof."""

WRITTEN_SECONDS = 0.5
"""People are told when the end is written, or this much later when the database is busy."""

WRITE_AGAIN_SECONDS = (0.5, 1.0, 2.0, 5.0)
"""The pauses between tries to write the end; the last one is repeated."""

LINE_IS_DOWN = frozenset(
    {EndReason.ASSET_CLOSED, EndReason.CONNECTION_LOST, EndReason.NOT_CONNECTED}
)


async def wind_up(
    actor: SessionActor, end: End, work: asyncio.Task[None], watch: asyncio.Task[None]
) -> None:
    """Everything that follows an end. Returns when it is proven or given up for later."""
    watch.cancel()
    actor.pace.close()
    down = end.reason in LINE_IS_DOWN
    keeps = down and release_anew.keeps_what_is_held(actor.row)
    actor.input.let_everybody_go(LINE_DOWN if keeps else "ended")
    actor.input.close()
    in_doubt = release_anew.left_in_doubt(actor, line_is_down=down)
    heard_at = release_anew.last_heard(actor)
    left = await end_action.carry_out(actor, line_is_up=not down)
    at = None
    if actor.stream is not None:
        if not actor.active:
            await actor.asset.look()
        at = await _disconnect(actor, work)
    at = at or timezone.now()
    writing = asyncio.create_task(_write_down(actor, end, at, left.state))
    await asyncio.wait({writing}, timeout=WRITTEN_SECONDS)
    actor.mark("ended", reason=end.reason)
    say_farewell(actor, end, at)
    if not work.done():
        # It was still connecting: a connection made meanwhile is closed like any other.
        await asyncio.wait({work}, timeout=CONNECTING_SECONDS)
        work.cancel()
        if actor.stream is not None:
            await _disconnect(actor, work)
    await have_others_leave(actor)
    outcomes = await asyncio.gather(
        actor.care.close(),
        _prove_once_written(actor, left, writing, in_doubt, heard_at),
        *(seat.viewer.closed_down() for seat in list(actor.seats.values())),
        return_exceptions=True,
    )
    for outcome in outcomes:
        # None of these keeps the others from being done; sweeps make up for what failed.
        if isinstance(outcome, Exception):
            logger.error("%s: not wound up in full", actor.row, exc_info=outcome)
    await actor.errands_done()


async def have_others_leave(actor: SessionActor) -> None:
    """Whoever else keeps the connection open: each has to go before guacd lets go of it."""
    leaving = [asyncio.ensure_future(leave()) for leave in actor.before_proof]
    if leaving:
        await asyncio.wait(leaving, timeout=OTHERS_SECONDS)


async def _disconnect(actor: SessionActor, work: asyncio.Task[None]) -> datetime:
    """Every user we have at guacd says `disconnect`: ours, and joins under way.

    Returns when ours had said it. The others only look on; where many sessions end together
    it takes a while until they and all sockets are gone.
    """
    assert actor.stream is not None
    await actor.stream.say_disconnect()
    at = timezone.now()
    await actor.stream.close()
    if actor.pictures is not None:
        await actor.pictures.close()
    work.cancel()
    await asyncio.wait({work}, timeout=2.0)
    return at


async def _write_down(
    actor: SessionActor, end: End, at: datetime, desktop_state: str
) -> None:
    """Until it is written: a database that comes back finds out why and when it ended."""
    for attempt in itertools.count():
        try:
            await actor.db(
                lifecycle.end_session,
                actor.row,
                reason=end.reason,
                acting_user=end.acting_user,
                note=end.note,
                failure=end.failure,
                guacd_status=end.guacd_status,
                desktop_state=desktop_state,
                at=at,
            )
            return
        except TooLate as error:
            if error.code == LEASE_LOST:
                actor.lease.lose()  # the recording is another's, too
            return
        except RuntimeError:
            # The broker's threads are gone: its next start finds the session left behind.
            logger.exception("%s: the end was not written", actor.row)
            return
        except Exception as error:
            # In full once; a database that is away for minutes fills no log.
            logger.error(
                "%s: the end was not written, try %d: %s",
                actor.row, attempt + 1, error, exc_info=attempt == 0,
            )  # fmt: skip
            last = len(WRITE_AGAIN_SECONDS) - 1
            await asyncio.sleep(WRITE_AGAIN_SECONDS[min(attempt, last)])


def say_farewell(actor: SessionActor, end: End, at: datetime) -> None:
    """Why, and what now, to everyone in their language; then their sockets close."""
    row = actor.row
    by = end.acting_user.full_name if end.acting_user is not None else ""
    ender = end.acting_user.pk if end.acting_user is not None else None
    for seat in list(actor.seats.values()):

        def word(
            text: Any, owner: bool = seat.owner, own_act: bool = seat.user.pk == ender
        ) -> dict[str, Any]:
            sentence = end.sentence or end_sentence_for(
                end.reason, end.failure, end.guacd_status, own_act=own_act, by=by
            )
            return {
                "reason": end.reason,
                "sentence": text(sentence),
                "what_now": text(WHAT_NOW.get(end.reason, "")) if owner else "",
                "by": by,
                "note": end.note if end.acting_user is not None else "",
                "at": moment(at),
                "failed": end.reason == EndReason.NOT_CONNECTED,
                "can_start_again": owner and may_begin_anew(end.reason, row.window),
            }

        seat.left = True
        seat.say("ended", word)
        seat.viewer.close(end.close_code)


async def _prove_once_written(
    actor: SessionActor,
    left: Plan,
    writing: asyncio.Task[None],
    in_doubt: list[list[Any]],
    heard_at: datetime,
) -> None:
    await writing
    try:
        if in_doubt and not actor.lease.lost:
            await release_anew.let_go_once_more(actor.db, actor.row, in_doubt, heard_at)
    except Exception:
        logger.exception("%s: what was held is not known to be released", actor.row)
    await prove(actor, left)


async def prove(actor: SessionActor, left: Plan) -> None:
    stream = actor.stream
    await prove_end(
        actor.db,
        actor.row,
        guacd_address(actor.row.guacd_address),
        stream.connection_id if stream is not None else "",
        actor.asset,
        left,
    )


async def prove_end(
    db: Any,
    row: BrokeredSession,
    address: GuacdAddress,
    connection_id: str,
    asset: proof.AssetLine,
    left: Plan,
) -> bool:
    """Try until it is proven: often at first, then every few seconds, for a minute.

    Says so after five seconds without a proof. What is still unproven then is tried
    again by the broker's round; until it is proven the endpoint's place stays taken.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    reported = False
    tries = 0
    while loop.time() - began < 60.0:
        tries += 1
        try:
            if not await db(proof.holds_its_place, row):
                return False  # proven by another, or a person said that it is off
            others = await db(proof.sessions_on_the_same_asset, row)
            proven, found = await proof.gather_proof(
                address, connection_id, asset, others=others
            )
            found["tries"] = tries
            if proven:
                state = left.after_proof(found["asset_connection"])
                await db(lifecycle.confirm_end, row, proof=found, desktop_state=state)
                return True
            late = loop.time() - began > proof.UNCONFIRMED_AFTER_SECONDS
            if late and not reported:
                await db(lifecycle.report_unconfirmed_end, row, proof=found)
                reported = True
        except DatabaseError as error:
            logger.warning("%s: the proof could not be written: %s", row, error)
        await asyncio.sleep(
            proof.RETRY_EVERY_SECONDS if reported else proof.PROBE_EVERY_SECONDS
        )
    return False
