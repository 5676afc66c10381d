"""Those who take part in a session: who is let in, sits down, is heard, and stands up."""

from __future__ import annotations

import asyncio
import uuid
from functools import partial
from typing import TYPE_CHECKING

from accessportal.errors import NotAllowed, TooLate
from accessportal.origin import Origin
from sessions.broker import words
from sessions.broker.discards import Discards
from sessions.broker.glance import viewer_for
from sessions.broker.hands import Hands
from sessions.broker.seat import CloseCode, Seat
from sessions.broker.viewer import Transport
from sessions.companions import CompanionHere, refuse_unless_welcome
from sessions.guacamole.instruction import encode
from sessions.guacamole.opcodes import OBSERVER
from sessions.models import Participant, TunnelTicket
from sessions.policy import Outcome
from sessions.services import lifecycle

if TYPE_CHECKING:
    from sessions.broker.actor import SessionActor


GONE_SECONDS = 12.0
"""A page pings every half second, and answers every `sync` even while it is hidden."""

STUCK_SECONDS = 20.0
"""A socket that has taken nothing for this long; its picture is not queued for anyhow."""


class Company:
    """The people of one session. One door: they come and go one after the other."""

    def __init__(self, actor: SessionActor) -> None:
        self._actor = actor
        self._door = asyncio.Lock()
        self._somebody_worked = False

    async def admit(self, ticket: TunnelTicket, origin: Origin) -> None:
        """The policy decision point, before a socket is accepted. Raises `PortalError`."""
        supervision = self._actor.supervision
        if self._actor.ending:
            raise TooLate
        if ticket.role == Participant.Role.COMPANION:
            await self._actor.db(
                refuse_unless_welcome,
                self._actor.id,
                ticket.user,
                origin=origin,
                web_session_key=ticket.web_session_key,
            )
            return
        if ticket.role == Participant.Role.OBSERVER:
            look = await supervision.read(observers=[ticket.user_id])
            if ticket.user_id in look.unwelcome:
                raise NotAllowed
            return
        look = await supervision.read(
            address=origin.address, web_session_key=ticket.web_session_key
        )
        if look.verdict.outcome is Outcome.END:
            supervision.wake()
            reason = look.verdict.reasons[0]
            raise NotAllowed(reason.sentence, code=reason.code)

    def companions(self) -> list[CompanionHere]:
        """Those whom policy judges each by themselves."""
        return [
            CompanionHere(seat.participant.pk, seat.web_session_key)
            for seat in self._actor.seats.values()
            if seat.companion
        ]

    async def join(
        self, ticket: TunnelTicket, transport: Transport, origin: Origin, language: str
    ) -> Seat:
        """Take a seat; the socket was accepted. Raises `TooLate` when the end was first."""
        actor = self._actor
        observer = ticket.role == Participant.Role.OBSERVER
        async with self._door:
            other = None if observer else self._other_seat_of(ticket.user_id)
            if other is not None:
                await self._stand_up(other, CloseCode.REPLACED, "replaced")
            participant = await actor.db(
                lifecycle.participant_joined, ticket, actor.row, origin
            )
            if actor.ending:
                actor.later(
                    lifecycle.participant_left,
                    participant,
                    actor.row,
                    reason="session_over",
                    discarded=0,
                )
                raise TooLate
            seat = Seat(
                participant=participant,
                viewer=viewer_for(ticket.vantage, transport, actor.picture_for),
                hands=Hands(OBSERVER if observer else actor.permissions),
                language=language,
                address=origin.address,
                web_session_key=ticket.web_session_key,
                heard_at=asyncio.get_running_loop().time(),
            )
            seat.discards = Discards(partial(actor.input.tell_discarded, seat))
            seat.viewer.say_raw(encode("", str(uuid.uuid4())))
            actor.seats[participant.pk] = seat
            actor.baton.settle()
            self._somebody_worked = self._somebody_worked or seat.has_baton
        actor.mark("joined", seat)
        await words.greet(actor, seat)
        actor.show_to(seat)
        if seat.has_baton:
            actor.held.forget()
        words.tell_participants(actor)
        actor.supervision.wake()
        return seat

    def hear(self, seat: Seat, text: str) -> None:
        """One message of a participant's browser."""
        if seat.left or self._actor.ending:
            return
        seat.heard_at = asyncio.get_running_loop().time()
        heard = self._actor.input.hear(seat, text)
        if heard.leaves:
            self.show_out(seat, CloseCode.LEFT, "left")

    def show_out(self, seat: Seat, code: int, reason: str) -> None:
        """Close a socket from this side; what its person holds is released this moment."""
        if not seat.left:
            self._actor.input.let_go(seat, reason)
            self._actor.errand(self.leave(seat, code, reason))

    async def leave(self, seat: Seat, code: int, reason: str) -> None:
        """The browser went away, or is shown out; the session goes on without it."""
        # Not behind the door: what is held is let go of before anything is waited for.
        self._actor.input.let_go(seat, reason)
        async with self._door:
            await self._stand_up(seat, code, reason)

    def show_out_the_silent(self) -> None:
        """A browser of which nothing is heard, or that reads nothing, is not there."""
        now = asyncio.get_running_loop().time()
        for seat in list(self._actor.seats.values()):
            silent = now - seat.heard_at > GONE_SECONDS
            if silent or seat.viewer.stuck_for > STUCK_SECONDS:
                self.show_out(seat, CloseCode.NOT_HEARD, "vanished")
        self._actor.held.begin_if_alone()

    async def hold_if_alone(self) -> None:
        """The work is held while the one with the baton is gone, also when the plant lifted
        its own freeze meanwhile. Behind the door, so that nobody who just comes in is frozen."""
        async with self._door:
            if self._somebody_worked and self._actor.hand is None:
                await self._actor.supervision.freeze_while_away()

    async def go_on_if_here(self) -> None:
        """Held for somebody who dropped, while the baton went to somebody who is here."""
        async with self._door:
            hand = self._actor.hand
            if hand is not None and not hand.left:
                await self._actor.db(
                    lifecycle.lift_absence, self._actor.row, of=hand.user.pk
                )

    async def _stand_up(self, seat: Seat, code: int, reason: str) -> None:
        actor = self._actor
        if seat.left:
            return
        seat.left = True
        actor.input.let_go(seat, reason)
        actor.seats.pop(seat.participant.pk, None)
        if seat.has_baton:
            actor.pace.release()
            actor.baton.settle()
            actor.held.begin_if_alone()
        actor.mark("left", seat)
        if reason == "vanished" and code != CloseCode.NOT_HEARD:
            seat.viewer.abandon()
        else:
            seat.viewer.close(code)
        if actor.ending:
            return
        words.tell_participants(actor)
        await actor.db(
            lifecycle.participant_left,
            seat.participant,
            actor.row,
            reason=reason,
            discarded=seat.discarded,
        )
        if seat.has_baton and actor.hand is None and reason != "replaced":
            await actor.supervision.freeze_while_away()

    def _other_seat_of(self, user_id: int) -> Seat | None:
        """Where somebody who works sits already: the newer browser replaces the older."""
        return next(
            (
                seat
                for seat in self._actor.seats.values()
                if seat.user.pk == user_id and not seat.observer
            ),
            None,
        )
