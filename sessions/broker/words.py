"""What the actor says to those who take part: the portal's own words on the tunnel."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from sessions.broker.plant_side import message_word
from sessions.broker.seat import Seat
from sessions.models import ConsoleMessage, Vantage
from sessions.recording_words import recording_sentence
from sessions.services.looking import Freeze
from sessions.services.status import frozen_word, moment, state_of

if TYPE_CHECKING:
    from sessions.broker.actor import SessionActor

WARNING = ngettext_lazy(
    "The session ends in %(minutes)d minute.",
    "The session ends in %(minutes)d minutes.",
    "minutes",
)
WAITING = _(
    "The portal cannot reach its database. Keyboard and mouse are off for the moment."
)
UNFROZEN = _("The session goes on.")

GOOD_SECONDS = 0.3
FAIR_SECONDS = 1.0


async def greet(actor: SessionActor, seat: Seat) -> None:
    """The first words to somebody who has just come."""
    _say_state(actor, seat)
    actor.plant.tell(seat)
    for message in await actor.db(_messages_of, actor.id):
        say_message(seat, message)


def tell_state(actor: SessionActor) -> None:
    for seat in actor.seats.values():
        _say_state(actor, seat)


def tell_participants(actor: SessionActor) -> None:
    """Who is here, to everybody: nobody is watched without knowing it."""
    present = [seat for seat in actor.seats.values() if not seat.left]
    for seat in present:

        def word(_text: Any, seat: Seat = seat) -> dict[str, Any]:
            asks = actor.baton.asks
            people = [
                _person(other, you=other is seat, asks=other.user.pk in asks)
                for other in present
            ]
            return {"participants": people}

        seat.say("participants", word)


def tell_warning(actor: SessionActor, minutes: int, closes_at: datetime) -> None:
    for seat in actor.seats.values():
        seat.say(
            "warning",
            lambda text: {
                "minutes": minutes,
                "closes_at": moment(closes_at),
                "sentence": text(WARNING % {"minutes": minutes}),
            },
        )


def tell_frozen(actor: SessionActor, freeze: Freeze) -> None:
    for seat in actor.seats.values():
        works = seat.has_baton
        seat.say("frozen", lambda text, works=works: frozen_word(freeze, works=works))  # type: ignore[misc]


def tell_unfrozen(actor: SessionActor) -> None:
    for seat in actor.seats.values():
        seat.say("unfrozen", lambda text: {"by": "", "sentence": text(UNFROZEN)})


def tell_waiting(actor: SessionActor) -> None:
    """The database does not answer: input waits, and nobody froze anything."""
    at = moment(timezone.now())
    for seat in actor.seats.values():
        seat.say(
            "frozen",
            lambda text: {
                "cause": "portal", "by": "", "note": "", "sentence": text(WAITING),
                "at": at, "until": None, "step_up": False,
            },
        )  # fmt: skip


def tell_going_on(actor: SessionActor) -> None:
    """It answers again; what was frozen before still is."""
    freeze = actor.supervision.freeze
    if freeze is None:
        tell_unfrozen(actor)
    else:
        tell_frozen(actor, freeze)
    tell_state(actor)


def tell_recording(actor: SessionActor) -> None:
    for seat in actor.seats.values():
        _say_recording(actor, seat)


def _say_recording(actor: SessionActor, seat: Seat) -> None:
    """Whether it is recorded; if not, since when, until when, and who let it go on."""
    care = actor.care
    since = moment(care.failed_at or actor.row.active_at or timezone.now())
    seat.say(
        "recording",
        lambda text: {
            "ok": not care.failing,
            "since": since,
            "until": moment(care.grace_until),
            "may_continue": care.may_be_continued,
            "sentence": text(
                recording_sentence(
                    failing=care.failing,
                    continued_by=care.continued_by,
                    journal_works=care.journal_works,
                )
            ),
        },
    )


def tell_messages(actor: SessionActor, messages: Iterable[ConsoleMessage]) -> None:
    for message in messages:
        for seat in actor.seats.values():
            say_message(seat, message)


def tell_pace(actor: SessionActor) -> None:
    for seat in actor.seats.values():
        if seat.viewer.closed:
            continue
        age = seat.viewer.age
        quality = (
            "good" if age < GOOD_SECONDS else "fair" if age < FAIR_SECONDS else "poor"
        )
        limit = actor.row.endpoint.stale_after_ms
        seat.viewer.say(
            "pace",
            {"lag_ms": round(age * 1000), "limit_ms": limit, "quality": quality},
        )


def say_message(seat: Seat, message: ConsoleMessage) -> None:
    seat.say("message", lambda text: message_word(message, seat))


def _say_state(actor: SessionActor, seat: Seat) -> None:
    row = actor.row
    role = seat.participant.role

    def word(text: Any) -> dict[str, Any]:
        return state_of(
            row,
            role=role,
            works=seat.has_baton,
            freeze=actor.supervision.freeze,
            screen=actor.screen,
            ending=actor.ending,
        )

    seat.say("state", word)
    if actor.active:
        _say_recording(actor, seat)


def _person(seat: Seat, *, you: bool, asks: bool) -> dict[str, Any]:
    user = seat.user
    name = user.full_name
    if seat.participant.vantage == Vantage.BOARD:
        name = _("%(name)s (live board)") % {"name": name}
    return {
        "id": seat.participant.pk,
        "name": name,
        "organisation": user.organisation,
        "initials": user.initials,
        "colour": user.avatar_colour,
        "user": user.pk,
        "role": seat.participant.role,
        "works": seat.has_baton,
        "asks": asks,
        "joined_at": moment(seat.participant.joined_at),
        "you": you,
    }


def _messages_of(session_id: Any) -> list[ConsoleMessage]:
    return list(
        ConsoleMessage.objects.filter(brokered_session=session_id)
        .select_related("sent_by__vendor", "acknowledged_by")
        .order_by("pk")
    )
