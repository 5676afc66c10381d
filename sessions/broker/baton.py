"""The baton: whose hands work. One person's at a time, and everybody sees whose.

The row says with whom it is (`baton_with`; empty: with the one who started). Here it is
turned into one seat: what the hand before held is released before the next one begins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessions.broker import words
from sessions.broker.seat import Seat
from sessions.guacamole.opcodes import OBSERVER, Permissions
from sessions.models.participant import Vantage

if TYPE_CHECKING:
    from sessions.broker.actor import SessionActor


class Baton:
    """Of one session. `follow` the row, `settle` when somebody comes or goes."""

    def __init__(self, actor: SessionActor) -> None:
        self._actor = actor
        self._known = self.user_id
        self.asks: frozenset[int] = frozenset()
        """Ids of the people who ask for it."""

    @property
    def user_id(self) -> int:
        """Whose it is, also while that person is away."""
        return self._actor.row.hand_id

    @property
    def hand(self) -> Seat | None:
        """The seat of the one who works, when there is one."""
        return next(
            (seat for seat in self._actor.seats.values() if seat.has_baton), None
        )

    def follow(self, asks: frozenset[int]) -> None:
        """After the row was read anew: let go, hand over, write it down, say so."""
        actor = self._actor
        moved = self.settle()
        if self.user_id != self._known:
            self._known = self.user_id
            self._mark()
            moved = True
        if moved:
            if self.hand is not None:
                actor.held.forget()
            words.tell_state(actor)
        if moved or asks != self.asks:
            self.asks = asks
            words.tell_participants(actor)

    def settle(self) -> bool:
        """Give it to the newest seat of whose it is. True when another seat has it now."""
        before = self.hand
        theirs = [
            seat
            for seat in self._actor.seats.values()
            if seat.user.pk == self.user_id
            and not seat.left
            and seat.participant.vantage == Vantage.CONSOLE
        ]
        hand = theirs[-1] if theirs else None
        if hand is before:
            return False
        if before is not None:
            self._take_from(before)
        if hand is not None:
            self._give_to(hand)
        return True

    def _take_from(self, seat: Seat) -> None:
        actor = self._actor
        actor.input.let_go(seat, "handed_over")
        seat.has_baton = False
        seat.viewer.permit(OBSERVER)
        actor.pace.release()

    def _give_to(self, seat: Seat) -> None:
        seat.has_baton = True
        permissions = self._permissions_of(seat)
        seat.hands.permit(permissions)
        seat.viewer.permit(permissions)
        self._actor.input.touched()

    def _permissions_of(self, seat: Seat) -> Permissions:
        """What was approved, for the vendor's people; keyboard and pointer for the plant's."""
        approved = self._actor.permissions
        if seat.user.vendor_id is not None:
            return approved
        return Permissions(control=approved.control)

    def _mark(self) -> None:
        """On the recording's time line: whose hands work from here on."""
        row = self._actor.row
        person = row.baton_with or row.started_by
        role = "plant" if row.control_taken else "companion"
        if person.pk == row.started_by_id:
            role = "owner"
        self._actor.mark("baton", user_id=person.pk, role=role, name=person.full_name)
