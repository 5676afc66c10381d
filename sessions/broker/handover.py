"""An actor goes and its session stays: handed over in order, or lost to another broker."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from sessions.broker.seat import CloseCode
from sessions.recorder.writer import RecordingFailed
from sessions.services import adoption, lifecycle

if TYPE_CHECKING:
    from sessions.broker.actor import SessionActor

logger = logging.getLogger(__name__)

TAKEN_SECONDS = 5.0
POLL_SECONDS = 0.05
FILES_SECONDS = 2.0


async def hand_over(
    actor: SessionActor, work: asyncio.Task[None], watch: asyncio.Task[None]
) -> bool:
    """Let the anchor's broker take the session; False when it did not, and this is an end.

    Everything of ours is finished first, so that the other may begin the moment it has the
    lease: input stopped and released, both tracks closed. Our own user at guacd stays
    until then: should the other fail, it is still ours to end properly.
    """
    watch.cancel()
    actor.input.let_everybody_go("handed_over")
    actor.input.close()
    if actor.stream is None or not actor.active:
        return False
    try:
        held = actor.input.held_rows()  # nothing, unless the lease wore out just now
        await actor.db(lifecycle.keep_held_input, actor.id, held, actor.lease.epoch)
        await _finish_recording(actor)
        if not await actor.db(
            adoption.request_handover, actor.id, epoch=actor.lease.epoch
        ):
            return False
        async with asyncio.timeout(TAKEN_SECONDS):
            while (await actor.db(adoption.holder_of, actor.id))[
                1
            ] == actor.lease.epoch:
                await asyncio.sleep(POLL_SECONDS)
    except Exception as error:  # noqa: BLE001 - whatever it is, nobody has taken it
        logger.warning("%s: not handed over: %s", actor.row, error or "no answer")
        return False
    _close_tunnels(actor)
    # The other is joined, so this takes nobody away but our own user (guacd-facts 9).
    actor.stream.gate = None
    await actor.stream.leave()
    await _let_go(actor, work)
    return True


async def stand_down(
    actor: SessionActor, work: asyncio.Task[None], watch: asyncio.Task[None]
) -> None:
    """The lease is another's: go without a word to guacd or to the database."""
    logger.warning("%s: another broker has it; this one stands down", actor.row)
    watch.cancel()
    actor.pace.close()
    actor.input.close()
    _close_tunnels(actor)
    if actor.stream is not None:
        await actor.stream.close()
    await _let_go(actor, work)
    if actor.recording is not None:
        await actor.care.leave()
        await actor.recording.abandon()


def _close_tunnels(actor: SessionActor) -> None:
    """The browsers ask the web where their session is now, and go there."""
    for seat in list(actor.seats.values()):
        seat.left = True
        seat.viewer.close(CloseCode.RESTART)


async def _let_go(actor: SessionActor, work: asyncio.Task[None]) -> None:
    actor.pace.close()
    work.cancel()
    await asyncio.wait({work}, timeout=2.0)
    if actor.pictures is not None:
        await actor.pictures.close()
    await asyncio.gather(
        *(seat.viewer.closed_down() for seat in list(actor.seats.values()))
    )


async def _finish_recording(actor: SessionActor) -> None:
    """Both tracks closed and on the disk; the other opens the next segment of each.

    A recorder in failure keeps no session from being handed over: its files are left as
    a crash leaves them, and the other tries again with its own.
    """
    if actor.recording is None:
        return
    try:
        async with asyncio.timeout(FILES_SECONDS):
            await actor.care.leave()
            await actor.recording.finish()
    except (RecordingFailed, TimeoutError) as error:
        logger.warning("%s: handed over while recording fails: %s", actor.row, error)
        await actor.recording.abandon()
