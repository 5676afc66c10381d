"""The session actor: one per live session, the only one who talks to its asset.

It holds the one upstream connection, feeds the recorder and every viewer, lets input
through from the one who works, and ends. When it dies, every way in dies with it.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Executor
from functools import partial
from typing import Any

from channels.db import database_sync_to_async

from accessportal.errors import PortalError
from accessportal.keys import KeyMissing, WrongKey
from sessions.broker import adoption, farewell, handover, words
from sessions.broker.anchor import Anchor
from sessions.broker.baton import Baton
from sessions.broker.company import Company
from sessions.broker.end import End
from sessions.broker.frames import filtered, syncs_of
from sessions.broker.held import Held
from sessions.broker.input import SILENCE_SECONDS, Input
from sessions.broker.lease import Lease, Leases
from sessions.broker.looks import Looks
from sessions.broker.opening import Opening
from sessions.broker.pace import BOUND_SECONDS, Pace
from sessions.broker.pictures import Pictures
from sessions.broker.plant_side import PlantSideFollower
from sessions.broker.proof import AssetLine
from sessions.broker.recording_care import RecordingCare
from sessions.broker.seat import CloseCode, Seat
from sessions.broker.supervision import Supervision
from sessions.broker.upstream import open_upstream
from sessions.broker.viewer import Picture, Viewer
from sessions.broker.viewer import State as ViewerState
from sessions.guacamole.arguments import Size, connection_arguments
from sessions.guacamole.errors import (
    ArgumentsError,
    ClosedAtOnce,
    GuacdError,
    GuacdRefused,
    ProtocolError,
)
from sessions.guacamole.handshake import GuacdStream
from sessions.guacamole.opcodes import OBSERVER
from sessions.guacamole.reader import Batch, InstructionReader
from sessions.guacamole.status import status_of_error
from sessions.guacamole.streamfilter import DownstreamFilter
from sessions.models import BrokeredSession
from sessions.recorder.writer import RecordingFailed, RecordingWriter
from sessions.sentences import Sentence
from sessions.services import lifecycle
from sessions.services.upstream_facts import endpoint_facts, permissions_of, sign_in

logger = logging.getLogger(__name__)

EndReason = BrokeredSession.EndReason

OPENING_SECONDS = 10.0


class SessionActor:
    """`run` is its life; `company` is what tunnels talk to."""

    def __init__(
        self,
        brokered_session: BrokeredSession,
        *,
        executor: Executor,
        looks: Looks,
        leases: Leases,
        lease: Lease,
        anchor: Anchor | None = None,
    ) -> None:
        self.row = brokered_session
        self.lease = lease
        self.adopted = anchor is not None
        self.looks = looks
        self._leases = leases
        self._anchor = anchor
        self.id = brokered_session.pk
        self.permissions = permissions_of(brokered_session.window.access_request)
        self.seats: dict[int, Seat] = {}
        self.active = False
        self.stream: GuacdStream | None = None
        self.recording: RecordingWriter | None = None
        self.writer: RecordingWriter | None = None  # the same, once it takes what comes
        self.pictures: Pictures | None = None
        self.screen = (brokered_session.screen_width, brokered_session.screen_height)
        self.asset = AssetLine.of(brokered_session)
        self.before_proof: list[Callable[[], Awaitable[None]]] = []
        self.pace = Pace(
            self._answer_sync, held=self.recorder_lags, slow=self._hand_lags
        )
        self.input = Input(self)
        self.baton = Baton(self)
        self.company = Company(self)
        self.care = RecordingCare(self)
        self.supervision = Supervision(self)
        self.plant = PlantSideFollower(self)
        self.heard_at = asyncio.get_running_loop().time()
        self._executor = executor
        self._ended: asyncio.Future[End] = asyncio.get_running_loop().create_future()
        self._errands: set[asyncio.Task[Any]] = set()
        self._record_filter = DownstreamFilter(OBSERVER)
        self.opening = Opening(self._record_filter)
        self.held = Held(self)
        lease.on_worn = self._wait_for_lease
        lease.on_fresh = self._go_on_with_lease
        lease.on_lost = partial(self.end, End("", close_code=CloseCode.RESTART))

    # --- Life ----------------------------------------------------------------------------

    async def run(self) -> None:
        """Connect, work, end, prove. Returns when the end is proven, or given up as unproven."""
        work = asyncio.create_task(self._work())
        watch = asyncio.create_task(self.supervision.run())
        try:
            end = await self._ended
        except asyncio.CancelledError:
            end = End(EndReason.INTERRUPTED, close_code=CloseCode.RESTART)
            self._ended.cancel()
        if end.hands_over and await handover.hand_over(self, work, watch):
            return
        if not await self._leases.sure(self.lease):
            await handover.stand_down(self, work, watch)
            return
        await farewell.wind_up(self, end, work, watch)

    def end(self, end: End) -> None:
        """End the session; the first reason stands. Input stops in this very moment."""
        if not self._ended.done():
            self._ended.set_result(end)

    @property
    def ending(self) -> bool:
        return self._ended.done()

    def _wait_for_lease(self) -> None:
        self.input.let_everybody_go("lease_worn")
        if self.active and not self.ending:
            words.tell_waiting(self)

    def _go_on_with_lease(self) -> None:
        self.input.release_owed()
        words.tell_going_on(self)

    @property
    def was_up(self) -> bool:
        """The machine was there: what goes wrong now is a loss, not a failure to connect."""
        return self.active or self.adopted

    async def db(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Run a function that uses the database in one of the broker's threads."""
        run = database_sync_to_async(
            function, thread_sensitive=False, executor=self._executor
        )
        return await run(*args, **kwargs)

    def later(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        """`db`, without waiting; what fails is logged."""
        self.errand(self.db(function, *args, **kwargs))

    def errand(self, doing: Coroutine[Any, Any, Any]) -> None:
        """Something to be done beside everything else; waited for at the end."""
        task = asyncio.create_task(doing)
        self._errands.add(task)
        task.add_done_callback(self._errand_done)

    async def errands_done(self) -> None:
        if self._errands:
            await asyncio.wait(self._errands, timeout=5.0)

    def _errand_done(self, task: asyncio.Task[Any]) -> None:
        self._errands.discard(task)
        if not task.cancelled() and task.exception() is not None:
            logger.error("%s: not written", self.row, exc_info=task.exception())

    async def _work(self) -> None:
        try:
            if self._anchor is not None:
                reader = await adoption.take_up(self, self._anchor)
            else:
                reader = await self._connect()
            await self._read(reader)
        except RecordingFailed as error:
            self.recording_failed(error)
        except (GuacdError, ArgumentsError) as error:
            code = error.status.code if isinstance(error, GuacdRefused) else None
            self._fail(error.key, sentence=error.sentence, guacd_status=code)
        except (WrongKey, KeyMissing):
            logger.exception("%s: the stored credential cannot be opened", self.row)
            self._fail("secrets_unreadable")
        except (OSError, ProtocolError) as error:
            logger.warning("%s: the line to guacd broke: %s", self.row, error)
            self._fail("line_broke")
        except PortalError as error:
            self._fail("start_interrupted", sentence=error.sentence)
        except Exception:
            logger.exception("%s: the actor failed", self.row)
            self._fail("actor_failed")

    def _fail(
        self, failure: str, *, sentence: Sentence = "", guacd_status: int | None = None
    ) -> None:
        reason = EndReason.CONNECTION_LOST if self.was_up else EndReason.NOT_CONNECTED
        self.end(
            End(reason, failure=failure, guacd_status=guacd_status, sentence=sentence)
        )

    # --- Connecting ------------------------------------------------------------------------

    async def _connect(self) -> InstructionReader:
        """Recorder first, then guacd; our id there is kept before anything else happens."""
        row = self.row
        await self.care.open()
        for seat in self.seats.values():
            self.mark("joined", seat)
        secrets = await self.db(lifecycle.check_out_secrets, row)
        size = Size(*self.screen)
        arguments = connection_arguments(
            endpoint_facts(row.endpoint), sign_in(secrets), self.permissions, size
        )
        if self.ending:
            return InstructionReader()
        self.stream = await open_upstream(self, arguments, size)
        self.stream.gate = self.lease.held
        self.asset = AssetLine.of(row)
        self.row.guacd_connection_id = self.stream.connection_id
        await self.db(lifecycle.note_connection, self.id, self.stream.connection_id)
        self.pictures = Pictures(self.stream.address, self.stream.connection_id)
        return InstructionReader()

    async def _read(self, reader: InstructionReader) -> None:
        """The read path: whole batches, whatever they hold."""
        if self.stream is None:
            return  # ended before the connection was made
        loop = asyncio.get_running_loop()
        while not self.ending:
            data = await self.stream.read()
            if not data:
                self._fail("guacd_closed")
                return
            batch = reader.feed(data)
            self.heard_at = loop.time()
            if self.active:
                self.show(batch)
            elif batch:
                await self._open(batch)

    async def _open(self, batch: Batch) -> None:
        """Before the first picture: nothing is shown until it is recorded."""
        assert self.writer is not None
        self.decide_on(batch)
        self.pace.frames(batch.syncs, wait=False)
        if self.ending:
            return
        found = self.opening.add(batch)
        if found is None:
            if self.opening.too_long:
                self._fail("no_picture")
            return
        picture, rest = found
        await self.writer.start(picture.text, picture.timestamp)
        await self.activate()
        if rest and not self.ending:
            self.show(rest)

    async def activate(self) -> None:
        """The first picture is on the disk: from now on the session is active."""
        assert self.stream is not None
        await self.asset.look()
        row = self.row
        if not self.adopted:
            await self.db(lifecycle.mark_active, row)
        self.row = row  # a look that was under way may have put an older one here
        self.active = True
        asyncio.get_running_loop().call_later(OPENING_SECONDS, self.opening.forget)
        self.supervision.began()
        for seat in self.seats.values():
            self.opening.show_to(seat.viewer)
        words.tell_state(self)

    # --- Downstream ------------------------------------------------------------------------

    def show(self, batch: Batch) -> None:
        """One batch to the recorder, then to everyone; nobody is waited for."""
        assert self.writer is not None
        if not batch:
            return
        syncs = syncs_of(batch)
        if batch.marks:
            self.decide_on(batch)
        text, recorded = filtered(self._record_filter, batch, syncs)
        self.writer.append_screen(text, recorded)
        self.opening.keep(batch)
        self.held.keep(batch)
        paced = False
        for seat in self.seats.values():
            seat.viewer.show(batch, syncs)
            paced = paced or self._paces(seat)
        self.pace.frames(syncs, wait=paced)
        if self.writer.wants_rotation and not self.writer.cutting:
            self._rotate()

    def decide_on(self, batch: Batch) -> None:
        """What in a batch is for the actor."""
        for mark in batch.marks:
            opcode = mark.opcode
            if opcode == "error":
                status = status_of_error(
                    batch.instruction(mark), self.row.endpoint.protocol
                )
                reason = (
                    EndReason.ASSET_CLOSED if self.was_up else EndReason.NOT_CONNECTED
                )
                if self.was_up and status.key == "not_answering":
                    reason = EndReason.CONNECTION_LOST
                self.end(
                    End(
                        reason,
                        failure=status.key,
                        guacd_status=status.code,
                        sentence=status.sentence,
                    )
                )
            elif opcode == "disconnect":
                if self.was_up:
                    self.end(End(EndReason.ASSET_CLOSED))
                else:
                    self._fail(ClosedAtOnce.key)
            elif opcode == "required":
                self._fail("asks_for_credentials")
            elif opcode == "ack":
                self._pass_on_ack(batch.text[mark.start : mark.end])
            elif opcode == "clipboard" and self.permissions.clipboard_out:
                self._note_clipboard_out()

    def _pass_on_ack(self, text: str) -> None:
        hand = self.hand
        if hand is not None and hand.viewer.wants_frames():
            hand.viewer.say_raw(text)

    def _note_clipboard_out(self) -> None:
        """Only the hand at work is sent the clipboard, and nobody of the plant is."""
        hand = self.hand
        if hand is not None and not hand.observer:
            self.later(lifecycle.note_clipboard, self.row, hand.user, direction="out")

    def recorder_lags(self) -> bool:
        """Rather a slower picture than a recording that fails for want of speed."""
        return self.writer is not None and self.writer.behind

    def _hand_lags(self) -> float:
        """Seconds by which the one who works sees frames later than guacd is answered."""
        hand = self.hand
        if hand is None or not self._paces(hand):
            return 0.0
        if hand.viewer.catching_up:
            return math.inf
        return max(0.0, hand.viewer.age - BOUND_SECONDS)

    def _paces(self, seat: Seat) -> bool:
        """Who works, is sent what comes, and is there: a dead browser slows nobody."""
        viewer = seat.viewer
        silent = self.heard_at - seat.heard_at > SILENCE_SECONDS
        sees = viewer.wants_frames() or viewer.catching_up
        return seat.has_baton and sees and not silent

    def _answer_sync(self, timestamp: int) -> None:
        if self.stream is not None and timestamp >= 0:
            self.stream.acknowledge(timestamp)

    def _rotate(self) -> None:
        """A new segment of the recording, beginning with a full picture."""
        assert self.writer is not None and self.pictures is not None
        self.writer.begin_cut()
        self.pictures.want(self._rotate_with)

    def _rotate_with(self, picture: Picture | None) -> None:
        if self.writer is None or self.ending:
            return
        if picture is None:
            self.writer.abandon_cut()
        elif self.writer.cutting:
            self.writer.rotate(picture.text, picture.timestamp)

    def recording_failed(self, error: RecordingFailed) -> None:
        """Input stops at once; what becomes of the session is the care's to decide."""
        self.care.failed(error)

    @property
    def owner(self) -> Seat | None:
        """The seat of the one who started the session, when that person is here."""
        return next((seat for seat in self.seats.values() if seat.owner), None)

    @property
    def hand(self) -> Seat | None:
        """The seat of the one who works: the owner's, unless the baton is with another."""
        return self.baton.hand

    def show_to(self, seat: Seat) -> None:
        """The picture: the opening itself for who comes at once, a join for who comes later."""
        if not self.active or seat.viewer.state is not ViewerState.WAITING:
            return
        viewer = seat.viewer
        if not (self.opening.show_to(viewer) or self.held.show_to(viewer)):
            self.picture_for(seat.viewer)

    def picture_for(self, viewer: Viewer) -> None:
        if self.active and self.pictures is not None and not self.ending:
            self.pictures.want(viewer.give)

    def mark(
        self,
        kind: str,
        seat: Seat | None = None,
        *,
        user_id: int | None = None,
        **data: Any,
    ) -> None:
        """A mark on the recording's time line; while there is none it is kept for later."""
        if self.writer is None:
            return
        if seat is not None:
            user_id = seat.user.pk
            data = {"role": seat.participant.role, "name": seat.user.full_name, **data}
        self.writer.append_mark(kind, user_id, **data)
