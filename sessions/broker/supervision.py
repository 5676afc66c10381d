"""The actor's tick: ask policy, obey people, watch the window, notice silence.

Every 2 s by itself; a channel message makes it look at once. Messages make a kill fast,
the tick makes it true. The window's end is met on the second, with the database or
without it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone

from accessportal.accounts.web_sessions import keep_awake
from accessportal.errors import PortalError
from sessions.broker import words
from sessions.broker.end import End
from sessions.broker.last_second import LastSecond
from sessions.broker.seat import CloseCode
from sessions.guacamole.handshake import GuacdStream, probe_gone
from sessions.models import BrokeredSession, Vantage
from sessions.policy import Outcome
from sessions.services import freezes, lifecycle, verdicts
from sessions.services.looking import Freeze, Look, Question, freeze_of

if TYPE_CHECKING:
    from sessions.broker.actor import SessionActor

logger = logging.getLogger(__name__)

EndReason = BrokeredSession.EndReason
FreezeCause = BrokeredSession.FreezeCause

Said = tuple[str, ...]

WARN_MINUTES = (15, 5, 1)

FIRST_PICTURE_SECONDS = 45.0

SILENCE_SECONDS = 5.0
"""An idle connection sends a `sync` every second; guacd says nothing when its child dies."""

LOST_SECONDS = 16.0
"""A guacd that neither speaks nor answers for this long has dropped us by itself (measured)."""

AWAKE_SECONDS = 60.0
"""How often the web sessions of those present are noted as in use."""

BLIND_SECONDS = 8.0
"""After this long without an answer of the database nobody knows what policy says: no input."""


class Supervision:
    """Runs beside the read path; `stopped` is what keeps input out."""

    def __init__(self, actor: SessionActor) -> None:
        self._actor = actor
        self._wake = asyncio.Event()
        self.freeze: Freeze | None = freeze_of(actor.row)
        self._freeze_marked = ""
        self.closes_at = actor.row.window.closes_at
        self.critical_step_until: datetime | None = None
        self._last_second = LastSecond(self.closes_at, self._window_over)
        self._warnings: list[int] = []
        self._last_message = 0
        self._verdict_noted: Said | None = None
        self._looked_at = asyncio.get_running_loop().time()
        self._began_at = self._looked_at
        self._kept_awake_at = 0.0
        self._asking = False

    @property
    def stopped(self) -> bool:
        """Frozen, or blind: policy was not asked for too long."""
        age = asyncio.get_running_loop().time() - self._looked_at
        return (
            self.freeze is not None or age > BLIND_SECONDS or self._actor.care.stopped
        )

    @property
    def ends_at(self) -> datetime:
        """When the session ends as things are: with its window, or a later critical step."""
        return self._last_second.ends_at

    def wake(self) -> None:
        """Look now."""
        self._wake.set()

    def began(self) -> None:
        """The session is active: warnings count from here."""
        self._plan_warnings()
        self._mark_freeze()

    async def run(self) -> None:
        try:
            await self._watch()
        finally:
            self._last_second.close()

    async def _watch(self) -> None:
        actor = self._actor
        while not actor.ending:
            self._wake.clear()
            try:
                await self._tick()
            except Exception:
                # Whatever it is: a session that nobody watches would be worse.
                logger.exception("%s: a look failed; the next one comes", actor.row)
            if actor.ending:
                return  # type: ignore[unreachable]  # it ends while we look
            try:
                async with asyncio.timeout_at(next_look(_now())):
                    await self._wake.wait()
            except TimeoutError:
                pass

    async def _tick(self) -> None:
        actor = self._actor
        actor.care.look_at_clock()  # first: the database may take its time
        await self._look()
        self._notice_time()
        await self._notice_silence()
        words.tell_pace(actor)
        actor.company.show_out_the_silent()
        await self._keep_awake()

    async def _keep_awake(self) -> None:
        """Whoever works here, or watches from a console, is not idle on the web."""
        now = asyncio.get_running_loop().time()
        if now - self._kept_awake_at < AWAKE_SECONDS:
            return
        self._kept_awake_at = now
        present = {
            seat.web_session_key
            for seat in self._actor.seats.values()
            if seat.participant.vantage == Vantage.CONSOLE
        }
        if present:
            await self._actor.db(keep_awake, present)

    async def read(
        self,
        *,
        address: str = "",
        web_session_key: str = "",
        observers: Sequence[int] | None = None,
    ) -> Look:
        """One look at the database, with the verdict of policy."""
        actor = self._actor
        owner = actor.owner
        if owner is not None and not address:
            address, web_session_key = owner.address, owner.web_session_key
        if observers is None:
            observers = [seat.user.pk for seat in actor.seats.values() if seat.observer]
        idle = 0.0
        works = actor.hand is not None and actor.active and actor.permissions.control
        if works and self.freeze is None:  # who may do nothing is not idle
            idle = actor.input.idle_for
        question = Question(
            session_id=actor.id,
            idle_for=idle,
            address=address,
            web_session_key=web_session_key,
            after_message=self._last_message,
            observers=observers,
            waiting=frozenset(actor.plant.waiting),
            companions=actor.company.companions(),
            present={seat.web_session_key for seat in actor.seats.values()},
        )
        return await actor.looks.ask(question)

    async def freeze_while_away(self) -> None:
        """The contractor's browser is gone: the work is held as it is."""
        await self._freeze(FreezeCause.AWAY)
        self.wake()

    # --- Looking -----------------------------------------------------------------------------

    async def _look(self) -> None:
        try:
            seen = await self.read()
        except BrokeredSession.DoesNotExist:
            self._end(EndReason.INTERRUPTED)
            return
        except Exception:
            logger.exception("%s: policy could not be asked", self._actor.row)
            if self.stopped:
                self._actor.input.let_everybody_go("policy_unknown")
            return
        self._looked_at = asyncio.get_running_loop().time()
        await self._obey(seen)

    async def _obey(self, seen: Look) -> None:
        actor = self._actor
        row = seen.brokered_session
        if row.lease_epoch != actor.lease.epoch:
            actor.lease.lose()
            return
        if not row.is_live:
            self._end(row.end_reason or EndReason.INTERRUPTED)
            return
        if row.end_requested_at is not None:
            self._end(row.end_requested_reason, row)
            return
        self._note_verdict(seen)
        if seen.verdict.outcome is Outcome.END:
            self._end(seen.verdict.reasons[0].ends)
            return
        self.critical_step_until = seen.critical_step_until
        if seen.ends_at != self.ends_at:
            self._last_second.follow(seen.ends_at)
            self._plan_warnings()
        self._follow_window(seen.closes_at)
        self._follow_row(row, seen.asks)
        actor.care.follow_row(row)
        to_freeze = seen.verdict.outcome is Outcome.FREEZE and seen.freeze is None
        if (
            not to_freeze
        ):  # a freeze that is lifted into another is never off in between
            self._follow_freeze(seen.freeze)
        if seen.messages:
            self._last_message = seen.messages[-1].pk
            words.tell_messages(actor, seen.messages)
            for message in seen.messages:
                name = message.sent_by.full_name
                actor.mark(
                    "message", text=message.text, phrase=message.phrase, name=name
                )
        actor.plant.follow(seen)
        for seat in list(actor.seats.values()):
            unwelcome = not seat.owner and seat.user.pk in seen.unwelcome
            if unwelcome or seat.web_session_key in seen.signed_out:
                actor.company.show_out(seat, CloseCode.NOT_WELCOME, "not_welcome")
        if to_freeze:
            await self._freeze(seen.verdict.reasons[0].freezes)
            self.wake()
        elif seen.freeze is None and actor.hand is None:
            await actor.company.hold_if_alone()
        elif seen.freeze is not None and seen.freeze.cause == FreezeCause.AWAY:
            await actor.company.go_on_if_here()

    def _note_verdict(self, seen: Look) -> None:
        """Have a change of outcome or reasons kept. What froze it counts until it is lifted."""
        verdict = seen.verdict
        said: Said = (
            verdict.outcome.value,
            *verdict.codes,
            *(rule.code for rule in verdict.waiting),
        )
        frozen_still = verdict.allowed and seen.freeze is not None
        if said == self._verdict_noted or frozen_still:
            return
        self._verdict_noted = said
        self._actor.later(
            verdicts.note_verdict, seen.brokered_session, seen.rests_on, verdict
        )

    def _follow_row(self, row: BrokeredSession, asks: frozenset[int]) -> None:
        """What the words say comes from the row as it is now."""
        actor = self._actor
        if actor.active and row.active_at is None:
            return  # read just before the actor wrote that it is active
        row.guacd_connection_id = actor.row.guacd_connection_id
        actor.row = row
        actor.baton.follow(asks)

    def _follow_freeze(self, freeze: Freeze | None) -> None:
        actor = self._actor
        freeze = actor.care.freeze_over(freeze)
        before, self.freeze = self.freeze, freeze
        if freeze == before:
            return
        if freeze is not None:
            actor.input.let_everybody_go("frozen")
            self._mark_freeze()
            words.tell_frozen(actor, freeze)
        else:
            actor.input.touched()
            actor.mark("unfrozen")
            self._freeze_marked = ""
            words.tell_unfrozen(actor)
        words.tell_state(actor)

    def follow_recording(self) -> None:
        """The recorder failed: frozen in memory first, the database hears of it later."""
        self._follow_freeze(self.freeze)

    def _mark_freeze(self) -> None:
        """In the recording once, also where a session begins frozen."""
        actor, freeze = self._actor, self.freeze
        if freeze is None or actor.writer is None:
            return
        if freeze.cause != self._freeze_marked:
            actor.mark("frozen", reason=freeze.cause, note=freeze.note)
            self._freeze_marked = freeze.cause

    async def _freeze(self, cause: str) -> None:
        actor = self._actor
        try:
            await actor.db(
                freezes.freeze_session, actor.row, acting_user=None, cause=cause
            )
        except PortalError:
            pass  # frozen by somebody else meanwhile, or over

    # --- The window --------------------------------------------------------------------------

    def _follow_window(self, closes_at: datetime) -> None:
        if closes_at == self.closes_at:
            return
        sooner, self.closes_at = closes_at < self.closes_at, closes_at
        self._actor.row.window.closes_at = closes_at
        if not sooner:
            self._actor.mark("extended", until=closes_at.isoformat())
        words.tell_state(self._actor)
        left = (self.ends_at - timezone.now()).total_seconds()
        if sooner and self._actor.active and left >= 60:
            # Called back: said at once, and not only when a warning is due.
            self._warn(round(left / 60))

    def _plan_warnings(self) -> None:
        """Those whose time is still to come."""
        left = (self.ends_at - timezone.now()).total_seconds()
        self._warnings = [minutes for minutes in WARN_MINUTES if minutes * 60 < left]

    def _notice_time(self) -> None:
        actor = self._actor
        if not actor.active:
            self._notice_no_picture()
            return
        left = (self.ends_at - timezone.now()).total_seconds()
        due = [minutes for minutes in self._warnings if minutes * 60 >= left]
        if due:
            self._warn(min(due))

    def _warn(self, minutes: int) -> None:
        """Say on both sides how long is left; what was to be said before is said by it."""
        self._warnings = [other for other in self._warnings if other < minutes]
        words.tell_warning(self._actor, minutes, self.ends_at)
        self._actor.mark("warning", minutes=minutes)
        self._actor.later(lifecycle.note_warning, self._actor.row, minutes=minutes)

    def _window_over(self) -> None:
        self._end(EndReason.WINDOW_CLOSED)

    # --- Silence -----------------------------------------------------------------------------

    def _notice_no_picture(self) -> None:
        if asyncio.get_running_loop().time() - self._began_at > FIRST_PICTURE_SECONDS:
            self._actor.end(End(EndReason.NOT_CONNECTED, failure="no_picture"))

    async def _notice_silence(self) -> None:
        """guacd's child may be dead without a word: ask guacd."""
        actor = self._actor
        loop = asyncio.get_running_loop()
        if actor.stream is None or loop.time() - actor.heard_at < SILENCE_SECONDS:
            return
        gone = await self._ask_guacd(actor.stream)
        silent_for = loop.time() - actor.heard_at
        lost = gone is None and silent_for >= LOST_SECONDS
        if gone or lost:
            reason = (
                EndReason.CONNECTION_LOST if actor.active else EndReason.NOT_CONNECTED
            )
            actor.end(End(reason, failure="guacd_lost" if lost else ""))

    def ask_guacd(self) -> None:
        """Have it say whether the session's process lives; one question at a time."""
        if self._actor.stream is not None and not self._asking:
            self._asking = True
            self._actor.errand(self._ask_guacd(self._actor.stream))

    async def _ask_guacd(self, stream: GuacdStream) -> bool | None:
        """What `probe_gone` says; an answer counts as having been heard."""
        asked_at = _now()
        try:
            gone = await probe_gone(stream.address, stream.connection_id)
        finally:
            self._asking = False
        if gone is False:
            self._actor.heard_at = max(self._actor.heard_at, asked_at)
        return gone

    def _end(self, reason: str, row: BrokeredSession | None = None) -> None:
        actor = self._actor
        if row is None:
            actor.end(End(reason))
            return
        actor.end(End(reason, acting_user=row.end_requested_by, note=row.end_note))


def next_look(now: float) -> float:
    """When to look again, in seconds of the same clock: within a tick, at one of its eighths.

    Sessions that look at the same moment are read in one round (`sessions.broker.looks`):
    so there are four rounds in a second, however many sessions there are.
    """
    due = now + settings.POLICY_TICK_SECONDS
    return due - due % (settings.POLICY_TICK_SECONDS / 8)


def _now() -> float:
    return asyncio.get_running_loop().time()
