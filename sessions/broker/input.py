"""From hands to asset: the gate, the journal, the releases, the record of what is held.

Input goes upstream only while the session is active, not frozen, recorded and not ending,
and only after it is in the input track. Releases always go.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sessions.broker.discards import sentence_of
from sessions.broker.hands import Heard, kind_of_press, records_of, release_values
from sessions.broker.last_down import LastDown
from sessions.broker.seat import CloseCode, Seat
from sessions.guacamole.arguments import clamp_size
from sessions.guacamole.instruction import Instruction, encode
from sessions.guacamole.streamfilter import Reason
from sessions.recorder.writer import InputRecord, RecordingFailed
from sessions.services import lifecycle

if TYPE_CHECKING:
    from sessions.broker.actor import SessionActor

KEEP_HELD_SECONDS = 0.25
"""How soon after a change the database knows what is held down."""

SILENCE_SECONDS = 1.2
"""A browser that holds something and says nothing for this long has vanished: what it
holds is released. It pings every 0.25 s meanwhile, so that one lost packet at a round trip
of 300 ms (a silence of up to 0.9 s) is none; with its own way here that makes 1.5 s."""

QUIET_SECONDS = 2.0
"""guacd says something each second at least, also of a screen that stands still."""

POINTER_SECONDS = 0.1

LINE_DOWN = "connection_lost"
"""Why something is let go of that nobody takes: that it was is said when it is."""

MOST_UNSENT_BYTES = 256 * 1024
"""guacd takes no input: more is discarded, not queued to arrive late."""

LET_GO = _(
    "What you held down was let go: nothing was heard of your browser for a moment."
)
BLOCKED = _("Blocked: this is not part of what was approved.")
SHOWN_OUT = _("This browser sent something that is not allowed, and was disconnected.")


class Owed(NamedTuple):
    """What a person held when this process might not send: released as soon as it may."""

    seat: Seat
    why: str
    rows: list[list[Any]]
    keys: int
    buttons: int
    releases: list[Instruction]
    streams: list[Instruction]


class Touch(NamedTuple):
    """What was done last on the machine, and where: pixels of the remote screen."""

    kind: str
    x: int
    y: int
    at: datetime
    name: str


class Input:
    """The way upstream of one session."""

    def __init__(self, actor: SessionActor) -> None:
        self._actor = actor
        self._touched_at = asyncio.get_running_loop().time()
        self._kept: list[list[Any]] = []
        self._owed: list[Owed] = []
        self._pointer = ("0", "0")
        self._pointed_at = 0.0
        self._keeping: asyncio.TimerHandle | None = None
        self._watching: asyncio.TimerHandle | None = None
        self.last_touch: Touch | None = None
        self.last_down = LastDown()

    # --- In --------------------------------------------------------------------------------

    @property
    def open(self) -> bool:
        """Whether input may pass at all."""
        actor = self._actor
        return (
            actor.active
            and not actor.ending
            and not actor.supervision.stopped
            and not actor.lease.worn
            and actor.stream is not None
            and actor.stream.unsent < MOST_UNSENT_BYTES
        )

    @property
    def idle_for(self) -> float:
        """Seconds since the one who works did something."""
        return asyncio.get_running_loop().time() - self._touched_at

    def touched(self) -> None:
        self._touched_at = asyncio.get_running_loop().time()

    def hear(self, seat: Seat, text: str) -> Heard:
        """One message: judged, journalled, sent."""
        actor = self._actor
        age = self._age_of_picture(seat)
        heard = seat.hands.hear(
            text,
            stale=seat.viewer.seen_nothing
            or age * 1000 > actor.row.endpoint.stale_after_ms,
            open=self.open and seat.has_baton,
        )
        for ping in heard.pings:
            seat.viewer.say_raw(ping.encode())
        if heard.drawn is not None:
            seat.viewer.drawn(heard.drawn)
            if seat.has_baton:
                actor.pace.drawn(heard.drawn)
        if heard.active and seat.has_baton:
            self.touched()
        if heard.forward:
            self._send(seat, heard)
        if heard.size is not None and seat.has_baton and self.open:
            self._resize(seat, *heard.size)
        if heard.lets_go:
            self.let_go(seat, "asked")
        if heard.discarded:
            seat.discarded += heard.discarded.total()
            seat.discards.add(heard.discarded, age)
        for opcode, reason in heard.refused:
            self._tell_blocked(seat, opcode, reason)
        if heard.show_out is not None:
            self._show_out(seat, *heard.show_out)
        return heard

    def _age_of_picture(self, seat: Seat) -> float:
        """Seconds; while guacd stands still the picture grows old for everybody, and what is
        sent would be done when it goes on."""
        actor = self._actor
        quiet_for = asyncio.get_running_loop().time() - actor.heard_at
        if quiet_for < QUIET_SECONDS:
            return seat.viewer.age
        actor.supervision.ask_guacd()
        return max(seat.viewer.age, quiet_for)

    def _send(self, seat: Seat, heard: Heard) -> None:
        """Journal first; what cannot be journalled is not sent."""
        actor = self._actor
        assert actor.writer is not None and actor.stream is not None
        instructions = heard.forward
        records = records_of(heard, seat.user.pk)
        try:
            if records:
                actor.writer.append_input(records)
        except RecordingFailed as error:
            actor.recording_failed(error)
            return
        actor.stream.send("".join(one.encode() for one in instructions))
        self._remember_touch(seat, instructions)
        self._show_pointer(seat)
        if any(one.opcode == "clipboard" for one in instructions):
            actor.later(lifecycle.note_clipboard, actor.row, seat.user, direction="in")
        self._keep_held()

    def _remember_touch(self, seat: Seat, instructions: list[Instruction]) -> None:
        kinds = [kind for one in instructions if (kind := kind_of_press(one))]
        if kinds:
            x, y = seat.hands.pressed.position
            name = seat.user.full_name
            self.last_touch = Touch(kinds[-1], int(x), int(y), timezone.now(), name)

    def _show_pointer(self, seat: Seat) -> None:
        """guacd tells its only user nothing of the pointer: those who watch, and the
        recording, hear of it from here, ten times a second at most."""
        actor = self._actor
        position = seat.hands.pressed.position
        now = asyncio.get_running_loop().time()
        if position == self._pointer or now - self._pointed_at < POINTER_SECONDS:
            return
        self._pointer, self._pointed_at = position, now
        text = encode("mouse", *position)
        assert actor.writer is not None
        try:
            actor.writer.append_screen(text, [])
        except RecordingFailed as error:
            actor.recording_failed(error)
            return
        for other in actor.seats.values():
            if other is not seat and other.viewer.wants_frames():
                other.viewer.say_raw(text)

    def _resize(self, seat: Seat, width: int, height: int) -> None:
        """Only the actor sends a size: clamped, and never where the endpoint's is fixed."""
        actor = self._actor
        endpoint = actor.row.endpoint
        if endpoint.fixed_width or not seat.hands.permissions.control:
            return
        size = clamp_size(width, height)
        if (size.width, size.height) == actor.screen:
            return
        assert actor.writer is not None and actor.stream is not None
        try:
            record = InputRecord(seat.user.pk, "size", (size.width, size.height))
            actor.writer.append_input([record])
        except RecordingFailed as error:
            actor.recording_failed(error)
            return
        actor.screen = (size.width, size.height)
        actor.stream.send(encode("size", size.width, size.height))

    # --- Out: releases -----------------------------------------------------------------------

    def let_go(self, seat: Seat, why: str) -> None:
        """Release, now, what this person holds, whatever the session's state.

        While the lease is over by this process's clock nothing may be sent: it is kept as
        owed, and neither recorded nor forgotten before it is really released.
        """
        actor = self._actor
        actor.lease.notice_wear()
        hands = seat.hands
        seat.discards.flush()
        keys, buttons = len(hands.pressed.keys), hands.pressed.buttons.bit_count()
        rows = hands.pressed.as_rows(seat.participant.pk)
        releases = hands.pressed.let_go(drag_off=actor.row.endpoint.drags_off)
        streams = [Instruction("end", (index,)) for index in sorted(hands.open_streams)]
        hands.open_streams.clear()
        if actor.stream is None or not (releases or streams):
            return
        self._owed.append(Owed(seat, why, rows, keys, buttons, releases, streams))
        self.release_owed()

    def let_everybody_go(self, why: str) -> None:
        self.release_owed()
        for seat in list(self._actor.seats.values()):
            self.let_go(seat, why)

    def release_owed(self) -> None:
        """Send the releases that wait, if this process may send."""
        if self._owed and self._actor.lease.held():
            owed, self._owed = self._owed, []
            for one in owed:
                self._release(one)
            self._keep_held()

    def _release(self, owed: Owed) -> None:
        actor = self._actor
        user = owed.seat.user.pk
        if owed.releases and actor.writer is not None:
            records = [InputRecord(user, *release_values(one)) for one in owed.releases]
            try:
                actor.writer.append_input(records)
            except RecordingFailed as error:
                actor.recording_failed(error)
                actor.writer.note_later(records)
        assert actor.stream is not None
        sent = [*owed.releases, *owed.streams]
        actor.stream.send("".join(one.encode() for one in sent))
        if owed.releases and owed.why != LINE_DOWN:
            actor.later(
                lifecycle.note_released_input,
                actor.row,
                why=owed.why,
                keys=owed.keys,
                buttons=owed.buttons,
            )
            if owed.why == "silent":
                owed.seat.say("input-released", lambda text: {"sentence": text(LET_GO)})

    def _watch(self) -> None:
        """While somebody holds something, see that their browser lives."""
        self._watching = None
        loop = asyncio.get_running_loop()
        now = loop.time()
        deadlines = []
        for seat in list(self._actor.seats.values()):
            if not seat.hands.pressed:
                continue
            if now - seat.heard_at >= SILENCE_SECONDS:
                self.let_go(seat, "silent")
            else:
                deadlines.append(seat.heard_at + SILENCE_SECONDS)
        if deadlines and not self._actor.ending:
            self._watching = loop.call_at(min(deadlines), self._watch)

    def close(self) -> None:
        for timer in (self._keeping, self._watching):
            if timer is not None:
                timer.cancel()

    def _keep_held(self) -> None:
        """Have the database know soon what is held; often it is nothing by then."""
        now, heard_at = asyncio.get_running_loop().time(), self._actor.heard_at
        self.last_down.follow(self.held_rows(), now=now, heard_at=heard_at)
        if self._watching is None:
            self._watch()
        if self._keeping is None:
            loop = asyncio.get_running_loop()
            self._keeping = loop.call_later(KEEP_HELD_SECONDS, self._keep_held_now)

    def _keep_held_now(self) -> None:
        self._keeping = None
        actor = self._actor
        held = self.held_rows()
        if held == self._kept or actor.ending:
            return
        self._kept = held
        actor.later(lifecycle.keep_held_input, actor.id, held, actor.lease.epoch)

    def held_rows(self) -> list[list[Any]]:
        """What is down on the machine, as `BrokeredSession.held_input` keeps it."""
        rows = [row for owed in self._owed for row in owed.rows]
        for seat in self._actor.seats.values():
            rows += seat.hands.pressed.as_rows(seat.participant.pk)
        return rows

    # --- Saying no ---------------------------------------------------------------------------

    def tell_discarded(self, seat: Seat, counts: Counter[str], age: float) -> None:
        """Say what was not sent, and write it into the input track."""
        age_ms = round(age * 1000)
        self._write(
            InputRecord(seat.user.pk, "discarded", (kind, count, age_ms))
            for kind, count in counts.items()
        )
        total = seat.discarded
        seat.say(
            "input-discarded",
            lambda text: {
                "count": total,
                "kinds": dict(counts),
                "age_ms": age_ms,
                "sentence": sentence_of(counts, age),
            },
        )

    def _tell_blocked(self, seat: Seat, opcode: str, reason: Reason) -> None:
        """Say it once for each kind; a browser may try with every move of a mouse."""
        kind = f"{opcode}/{reason.name}"
        if kind in seat.refusals_told:
            return
        seat.refusals_told.add(kind)
        why = reason.name.lower()
        seat.say(
            "input-blocked", lambda text: {"sentence": text(BLOCKED), "reason": why}
        )
        self._note_blocked(seat, opcode, why)

    def _show_out(self, seat: Seat, what: str, why: str) -> None:
        code = CloseCode.FLOOD if why == "flood" else CloseCode.BLOCKED
        seat.say("closed", lambda text: {"code": code, "sentence": text(SHOWN_OUT)})
        self._note_blocked(seat, what, why)
        self._actor.company.show_out(seat, code, "blocked")

    def _note_blocked(self, seat: Seat, what: str, why: str) -> None:
        self._write([InputRecord(seat.user.pk, "blocked", (what, why))])
        actor = self._actor
        actor.later(
            lifecycle.note_blocked_input, actor.row, seat.user, what=what, why=why
        )

    def _write(self, records: Iterable[InputRecord]) -> None:
        """Into the input track, where there is one; nothing waits for it."""
        actor = self._actor
        if actor.writer is None:
            return
        try:
            actor.writer.append_input(records)
        except RecordingFailed as error:
            actor.recording_failed(error)
