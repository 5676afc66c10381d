"""The care for a session's recording: it fails closed, tries again, and comes back.

Whatever fails, input stands still in that moment, in the actor's own memory; rows, people
and retries follow. What becomes of the session is the machine's `on_record_failure`: it
ends at once, or after a grace time, or goes on when somebody of the plant who is there
says so, and then only while the journal of input works.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from accessportal.errors import PortalError
from accessportal.keys import KeyMissing, WrongKey
from accessportal.plants.models import Asset
from sessions.broker import words
from sessions.broker.end import End
from sessions.broker.viewer import Picture
from sessions.models import BrokeredSession
from sessions.recorder.container import INPUT, SCREEN
from sessions.recorder.errors import KEY_MISSING, NO_PICTURE, RecordingFailed
from sessions.recorder.writer import RecordingWriter
from sessions.services import lifecycle
from sessions.services import recording as recordings
from sessions.services import recording_failures as failures
from sessions.services.leases import has_lease
from sessions.services.looking import Freeze

if TYPE_CHECKING:
    from sessions.broker.actor import SessionActor

logger = logging.getLogger(__name__)

EndReason = BrokeredSession.EndReason
FreezeCause = BrokeredSession.FreezeCause
OnRecordFailure = Asset.OnRecordFailure

RETRY_SECONDS = 2.0
ATTEMPT_SECONDS = 20.0
STREAM_SECONDS = 5.0
"""How long the session's own stream may take to come to a picture's moment."""

WRITE_AGAIN_SECONDS = 1.0
CLOSE_SECONDS = 20.0


class RecordingCare:
    """`failed` is told of every failure; `stopped` keeps input out while one lasts."""

    def __init__(self, actor: SessionActor) -> None:
        self._actor = actor
        self._down: dict[str, RecordingFailed] = {}
        self.failed_at: datetime | None = None
        self.grace_until: datetime | None = None
        self.continued_by = ""
        """Who of the plant let the work go on without a picture of it."""
        self._journal_failed_at: datetime | None = None
        self._failed_since = 0.0
        self._grace: asyncio.TimerHandle | None = None
        self._retrying: asyncio.Task[None] | None = None
        self._rows: deque[tuple[Callable[..., Any], dict[str, Any]]] = deque()
        self._writing: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Before anything else of a session. Raises `RecordingFailed`, `PortalError`."""
        actor = self._actor
        row = actor.row
        try:
            order = await actor.db(
                recordings.open_recording,
                brokered_session=row,
                acting_user=row.started_by,
                origin=lifecycle.origin_of_start(row),
            )
        except (KeyMissing, WrongKey) as error:
            raise RecordingFailed(str(error), KEY_MISSING) from error
        actor.recording = RecordingWriter(order, on_failure=actor.recording_failed)
        await actor.recording.open()
        actor.writer = actor.recording

    # --- How it stands ----------------------------------------------------------------------

    @property
    def failing(self) -> bool:
        return bool(self._down)

    @property
    def journal_works(self) -> bool:
        return INPUT not in self._down

    @property
    def stopped(self) -> bool:
        """Whether input must not pass: unrecorded, unless a person let it go on and
        everything is still written down before it is sent."""
        return self.failing and not (self.continued_by and self.journal_works)

    @property
    def may_be_continued(self) -> bool:
        """Whether a person of the plant could let it go on now."""
        return self.stopped and self.journal_works and self._policy == "continue"

    def freeze_over(self, freeze: Freeze | None) -> Freeze | None:
        """The freeze that counts: a person's before ours, ours before none."""
        if not self.stopped or self.failed_at is None:
            return freeze
        if freeze is not None and freeze.cause != FreezeCause.RECORDING:
            return freeze
        return Freeze(
            FreezeCause.RECORDING, "", "", self.failed_at, until=self.grace_until
        )

    # --- Failing ----------------------------------------------------------------------------

    def failed(self, error: RecordingFailed) -> None:
        """Input stops in this very moment; what is held is let go of."""
        actor = self._actor
        track = error.track or INPUT
        if actor.ending or track in self._down:
            return
        logger.error("%s: %s is not recorded: %s", actor.row, track, error)
        if not actor.active:
            reason = (
                EndReason.RECORDING_FAILED if actor.adopted else EndReason.NOT_CONNECTED
            )
            actor.end(End(reason, failure="recorder_failed", note=str(error)))
            return
        self._down[track] = error
        self._remember_when(track)
        if self._policy == "end":
            self._end(error)
        elif self._grace is None:
            self._begin_grace()
        self.continued_by = ""
        actor.input.let_everybody_go("recording_failed")
        actor.supervision.follow_recording()
        words.tell_recording(actor)
        self._note_failure(error, track)
        if self._retrying is None and not actor.ending:
            self._retrying = asyncio.create_task(self._try_until_back())

    @property
    def _policy(self) -> str:
        policy = self._actor.row.endpoint.asset.on_record_failure
        names = {
            OnRecordFailure.END: "end",
            OnRecordFailure.GRACE: "grace",
            OnRecordFailure.CONTINUE: "continue",
        }
        return names.get(OnRecordFailure(policy), "end")

    def _remember_when(self, track: str) -> None:
        now = timezone.now()
        if self.failed_at is None:
            self.failed_at = now
            self._failed_since = asyncio.get_running_loop().time()
        if track == INPUT:
            self._journal_failed_at = now

    def _begin_grace(self) -> None:
        seconds = self._actor.row.endpoint.asset.record_grace_seconds
        self.grace_until = timezone.now() + timedelta(seconds=seconds)
        loop = asyncio.get_running_loop()
        self._grace = loop.call_later(seconds, self._grace_over)

    def _grace_over(self) -> None:
        self._grace = None
        if self.stopped:
            self._end(next(iter(self._down.values())))

    def _end_grace(self) -> None:
        self.grace_until = None
        if self._grace is not None:
            self._grace.cancel()
            self._grace = None

    def _end(self, error: RecordingFailed) -> None:
        """Now, or after an accepted critical step; input stands still until then."""
        until = self._actor.supervision.critical_step_until
        left = (until - timezone.now()).total_seconds() if until is not None else 0.0
        if left > 0:
            self.grace_until = until
            loop = asyncio.get_running_loop()
            self._grace = loop.call_later(left, self._grace_over)
            return
        self._actor.end(
            End(EndReason.RECORDING_FAILED, failure="recording_failed", note=str(error))
        )

    # --- Going on unrecorded ----------------------------------------------------------------

    def follow_row(self, row: BrokeredSession) -> None:
        """What people decided, as the database has it at this look."""
        if self._rows:
            return  # it does not know yet how things stand
        if not self.failing:
            if row.recording_failed_at is not None:
                self._note_back(0.0)  # a broker left it so that is gone
            return
        let_go_on = (
            row.unrecorded_at is not None
            and self.failed_at is not None
            and row.unrecorded_at >= self.failed_at
        )
        if let_go_on and not self.continued_by and self.journal_works:
            by = row.unrecorded_by
            self.continued_by = by.full_name if by is not None else "?"
            self._end_grace()
            self._actor.mark("unrecorded", name=self.continued_by)
            words.tell_recording(self._actor)

    # --- Coming back ------------------------------------------------------------------------

    async def _try_until_back(self) -> None:
        actor = self._actor
        while self._down and not actor.ending:
            await asyncio.sleep(RETRY_SECONDS)
            try:
                async with asyncio.timeout(ATTEMPT_SECONDS):
                    await self._try()
            except (RecordingFailed, TimeoutError) as error:
                logger.info("%s: still not recorded: %s", actor.row, error)
            except Exception:
                logger.exception("%s: the recorder met a fault", actor.row)
            else:
                self._back()
        self._retrying = None

    async def _try(self) -> None:
        """Journal first; then the screen, from a fresh picture on, in a new segment."""
        writer = self._actor.writer
        assert writer is not None
        await writer.reopen()
        if not self.journal_works:
            del self._down[INPUT]
            self._journal_failed_at = None
            if SCREEN in self._down:
                self._note_failure(self._down[SCREEN], SCREEN)
                words.tell_recording(self._actor)
        if writer.screen_failure is not None:
            await self._resume_screen(writer)
        for failure in (writer.journal_failure, writer.screen_failure):
            if failure is not None:
                raise failure

    async def _resume_screen(self, writer: RecordingWriter) -> None:
        writer.begin_cut()
        try:
            picture = await self._picture()
            if picture is None:
                raise RecordingFailed("There was no picture to go on from.", NO_PICTURE)
            async with asyncio.timeout(STREAM_SECONDS):
                while not writer.has_seen(picture.timestamp):
                    await asyncio.sleep(0.02)
            writer.resume(picture.text, picture.timestamp)
            await writer.settled()
        finally:
            writer.abandon_cut()

    async def _picture(self) -> Picture | None:
        actor = self._actor
        assert actor.pictures is not None
        taken: asyncio.Future[Picture | None] = (
            asyncio.get_running_loop().create_future()
        )

        def take(picture: Picture | None) -> None:
            if not taken.done():
                taken.set_result(picture)

        actor.pictures.want(take)
        return await taken

    def _back(self) -> None:
        """Recorded again. Input follows when a look of policy has lifted the freeze."""
        actor = self._actor
        gap = asyncio.get_running_loop().time() - self._failed_since
        logger.warning("%s: recorded again after %.1f s", actor.row, gap)
        self._down.clear()
        self._end_grace()
        self.failed_at = self._journal_failed_at = None
        self.continued_by = ""
        self._note_back(gap)
        words.tell_recording(actor)
        actor.supervision.wake()

    # --- The clock --------------------------------------------------------------------------

    def look_at_clock(self) -> None:
        """A time of day that is set is a failure: the recording goes on in a new segment
        that tells the new time, behind a stated gap."""
        actor = self._actor
        if actor.writer is None or not actor.active:
            return
        leap = actor.writer.check_clock()
        if leap:
            actor.later(
                lifecycle.note_error, actor.row, what=f"clock leapt by {leap:+.0f} s"
            )

    # --- Rows -------------------------------------------------------------------------------

    def _note_failure(self, error: RecordingFailed, track: str) -> None:
        assert self.failed_at is not None
        self._write(
            failures.note_recording_failed,
            track=track,
            code=error.code,
            detail=str(error),
            failed_at=self.failed_at,
            journal_failed_at=self._journal_failed_at,
            grace_until=self.grace_until,
        )

    def _note_back(self, gap: float) -> None:
        self._write(failures.note_recording_resumed, gap_seconds=gap)

    def _write(self, verb: Callable[..., Any], **values: Any) -> None:
        """In order, and again until the database takes it."""
        self._rows.append((verb, values))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all())

    async def _write_all(self) -> None:
        while self._rows:
            try:
                verb, values = self._rows[0]
                await self._actor.db(verb, self._actor.row, **values)
            except PortalError:
                logger.info("%s: nothing to note any more", self._actor.row)
            except Exception as error:  # noqa: BLE001 - until the database takes it
                logger.error("%s: not written yet: %s", self._actor.row, error)
                await asyncio.sleep(WRITE_AGAIN_SECONDS)
                continue
            self._rows.popleft()
        self._actor.supervision.wake()

    # --- The end ----------------------------------------------------------------------------

    async def close(self) -> None:
        """Close the files and seal what was recorded, as what it is. Never raises; what
        cannot be sealed now (the storage, the key or the database is away) is sealed by
        the sweep."""
        await self.leave()
        actor = self._actor
        writer = actor.recording
        if writer is None:
            return
        reason = next((error.code for error in self._down.values()), "")
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                if not await actor.db(has_lease, actor.id, actor.lease.epoch):
                    await writer.abandon()  # another broker goes on with it
                    return
                try:
                    await writer.finish()
                except RecordingFailed as error:
                    reason = reason or error.code
                    await writer.abandon()
                await actor.db(
                    recordings.seal_recording,
                    recording_id=writer.order.recording_id,
                    incomplete=bool(reason),
                    reason=reason,
                )
        except Exception:
            logger.exception("%s: not sealed; a sweep will", actor.row)

    async def leave(self) -> None:
        """Stop trying and waiting; what is still to be noted is given some time."""
        self._end_grace()
        if self._retrying is not None:
            self._retrying.cancel()
            await asyncio.wait({self._retrying}, timeout=2.0)
        if self._writing is not None:
            await asyncio.wait({self._writing}, timeout=CLOSE_SECONDS)
            self._writing.cancel()
