"""The end of a session: let go, disconnect, write it down, tell everyone, prove it.

In this order, because stopping comes first: what touches the asset is over before the
database is asked, and a database that does not answer keeps nobody connected.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from accessportal.errors import TooLate
from sessions.broker import proof
from sessions.broker.end import End
from sessions.broker.upstream import guacd_address
from sessions.guacamole.handshake import GuacdAddress
from sessions.models import BrokeredSession
from sessions.recorder.writer import RecordingFailed
from sessions.sentences import WHAT_NOW, end_sentence
from sessions.services import lifecycle
from sessions.services import recording as recordings
from sessions.services.status import may_start_again, moment

if TYPE_CHECKING:
    from sessions.broker.actor import SessionActor

logger = logging.getLogger(__name__)

EndReason = BrokeredSession.EndReason

CONNECTING_SECONDS = 35.0
"""How long a connection that is being made is waited for, to be closed properly."""


async def wind_up(
    actor: SessionActor, end: End, work: asyncio.Task[None], watch: asyncio.Task[None]
) -> None:
    """Everything that follows an end. Returns when it is proven or given up for later."""
    watch.cancel()
    actor.supervision.close()
    actor.pace.close()
    actor.input.let_everybody_go("ended")
    actor.input.close()
    if actor.stream is not None:
        await _disconnect(actor, work)
    await _write_down(actor, end)
    actor.mark("ended", reason=end.reason)
    say_farewell(actor, end)
    if not work.done():
        # It was still connecting: a connection made meanwhile is closed like any other.
        await asyncio.wait({work}, timeout=CONNECTING_SECONDS)
        work.cancel()
        if actor.stream is not None:
            await _disconnect(actor, work)
    await asyncio.gather(
        _close_recording(actor, end),
        prove(actor),
        *(seat.viewer.closed_down() for seat in list(actor.seats.values())),
    )
    await actor.errands_done()


async def _disconnect(actor: SessionActor, work: asyncio.Task[None]) -> None:
    """Every user we have at guacd says `disconnect`: ours, and joins under way."""
    assert actor.stream is not None
    await actor.stream.leave()
    if actor.pictures is not None:
        await actor.pictures.close()
    work.cancel()
    await asyncio.wait({work}, timeout=2.0)


async def _write_down(actor: SessionActor, end: End) -> None:
    for attempt in (1, 2, 3):
        try:
            await actor.db(
                lifecycle.end_session,
                actor.row,
                reason=end.reason,
                acting_user=end.acting_user,
                note=end.note,
                failure=end.failure,
                guacd_status=end.guacd_status,
                desktop_state=_desktop_state(actor),
            )
            return
        except TooLate:
            return
        except Exception:
            logger.exception("%s: the end was not written, try %d", actor.row, attempt)
            await asyncio.sleep(0.5 * attempt)


def _desktop_state(actor: SessionActor) -> str:
    """A VNC server keeps its desktop when a client goes; of others nothing is known."""
    if actor.active and actor.row.endpoint.protocol == "vnc":
        return BrokeredSession.DesktopState.LEFT_RUNNING
    return BrokeredSession.DesktopState.UNKNOWN


def say_farewell(actor: SessionActor, end: End) -> None:
    """Why, and what now, to everyone in their language; then their sockets close."""
    row = actor.row
    by = end.acting_user.full_name if end.acting_user is not None else ""
    sentence = end.sentence or end_sentence(end.reason, end.failure, end.guacd_status)
    for seat in list(actor.seats.values()):

        def word(text: Any, owner: bool = seat.owner) -> dict[str, Any]:
            return {
                "reason": end.reason,
                "sentence": text(sentence),
                "what_now": text(WHAT_NOW.get(end.reason, "")) if owner else "",
                "by": by,
                "note": end.note if end.acting_user is not None else "",
                "at": moment(row.ended_at),
                "failed": end.reason == EndReason.NOT_CONNECTED,
                "can_start_again": owner and may_start_again(row),
            }

        seat.left = True
        seat.say("ended", word)
        seat.viewer.close(end.close_code)


async def _close_recording(actor: SessionActor, end: End) -> None:
    writer = actor.recording
    if writer is None:
        return
    recording_id = writer.order.recording_id
    try:
        await writer.finish()
        await actor.db(recordings.seal_recording, recording_id=recording_id)
    except RecordingFailed as error:
        await writer.abandon()
        reason = str(error)
        try:
            await actor.db(
                recordings.note_recording_failure,
                recording_id=recording_id,
                reason=reason,
            )
            await actor.db(
                recordings.seal_recording,
                recording_id=recording_id,
                incomplete=True,
                reason=reason,
            )
        except Exception:
            logger.exception(
                "%s: the recording was not sealed; a sweep will", actor.row
            )
    except Exception:
        logger.exception("%s: the recording was not sealed; a sweep will", actor.row)


async def prove(actor: SessionActor) -> None:
    connection_id = actor.stream.connection_id if actor.stream is not None else ""
    await prove_end(
        actor.db,
        actor.row,
        guacd_address(actor.row.guacd_address),
        connection_id,
        actor.asset,
    )


async def prove_end(
    db: Any,
    row: BrokeredSession,
    address: GuacdAddress,
    connection_id: str,
    asset: proof.AssetLine,
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
        others = await db(proof.sessions_on_the_same_asset, row)
        proven, found = await proof.gather_proof(
            address, connection_id, asset, others=others
        )
        found["tries"] = tries
        if proven:
            await db(lifecycle.confirm_end, row, proof=found)
            return True
        if not reported and loop.time() - began > proof.UNCONFIRMED_AFTER_SECONDS:
            reported = True
            await db(lifecycle.report_unconfirmed_end, row, proof=found)
        await asyncio.sleep(
            proof.RETRY_EVERY_SECONDS if reported else proof.PROBE_EVERY_SECONDS
        )
    return False
