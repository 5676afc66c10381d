"""Fixed phrases between the plant and the contractor: sent by their key, read in one's own
language, acknowledged by one key."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accessportal.accounts.models import User
from accessportal.audit import record
from accessportal.errors import NotAllowed, NotPossible
from accessportal.origin import Origin
from sessions.models import BrokeredSession, ConsoleMessage
from sessions.services.live_session import locked, refuse_when_over, role_of
from sessions.services.news import tell_pages, wake_actor

PLANT = "plant"
CONTRACTOR = "contractor"


@dataclass(frozen=True)
class Phrase:
    """`side`: who says it. `tone`: how much attention it wants (`bad` most)."""

    words: str | Promise
    side: str
    tone: str
    icon: str


PHRASES: dict[str, Phrase] = {
    "stop_and_wait": Phrase(gettext_lazy("Stop and wait"), PLANT, "bad", "hand-stop"),
    "people_in_the_machine": Phrase(
        gettext_lazy("People in the machine"), PLANT, "bad", "users"
    ),
    "continue": Phrase(gettext_lazy("Continue"), PLANT, "ok", "player-play"),
    "give_the_line_back": Phrase(
        gettext_lazy("Give the line back"), PLANT, "warn", "arrow-back-up"
    ),
    "please_call_me": Phrase(
        gettext_lazy("Please call me"), CONTRACTOR, "warn", "phone"
    ),
    "look_at_the_machine": Phrase(
        gettext_lazy("Please look at the machine"), CONTRACTOR, "warn", "eye"
    ),
    "i_am_finished": Phrase(
        gettext_lazy("I am finished"), CONTRACTOR, "info", "circle-check"
    ),
}


def side_of(user: User) -> str:
    return CONTRACTOR if user.vendor_id is not None else PLANT


def words_of(message: ConsoleMessage) -> str | Promise:
    """What a message says: a phrase is translated when it is read."""
    phrase = PHRASES.get(message.phrase)
    return phrase.words if phrase is not None else message.text


@transaction.atomic
def send_phrase(
    brokered_session: BrokeredSession, *, acting_user: User, origin: Origin, phrase: str
) -> ConsoleMessage:
    """Say a fixed phrase to the other side; it stands out there until it is acknowledged.

    Its English words are kept with it as evidence. Raises `NotPossible` for a phrase of
    the other side or none.
    """
    brokered_session = locked(brokered_session)

    refuse_when_over(brokered_session)
    role_of(acting_user, brokered_session)
    found = PHRASES.get(phrase)
    if found is None or found.side != side_of(acting_user):
        raise NotPossible(_("There is no such phrase."), code="phrase_unknown")

    with translation.override("en"):
        text = str(found.words)
    message = ConsoleMessage.objects.create(
        brokered_session=brokered_session,
        sent_by=acting_user,
        text=text,
        phrase=phrase,
    )

    record(
        "session.message.sent",
        acting_user=acting_user,
        subject=message,
        brokered_session=brokered_session,
        origin=origin,
        length=len(text),
        phrase=phrase,
    )

    wake_actor(brokered_session)
    tell_pages(brokered_session)
    return message


@transaction.atomic
def acknowledge(
    brokered_session: BrokeredSession,
    *,
    acting_user: User,
    origin: Origin,
    message: int,
) -> ConsoleMessage:
    """A person of the other side has read a phrase. The first one counts; again does nothing.

    Raises `NotAllowed` for a phrase of one's own side, `NotPossible` for what is none.
    """
    brokered_session = locked(brokered_session)

    refuse_when_over(brokered_session)
    role_of(acting_user, brokered_session)
    found = (
        ConsoleMessage.objects.select_related("sent_by", "acknowledged_by")
        .filter(brokered_session=brokered_session, pk=message)
        .exclude(phrase="")
        .first()
    )
    if found is None:
        raise NotPossible(
            _("There is nothing to acknowledge."), code="nothing_to_acknowledge"
        )
    if side_of(found.sent_by) == side_of(acting_user):
        raise NotAllowed(_("The other side acknowledges this."), code="own_side")
    if found.acknowledged_at is not None:
        return found

    found.acknowledged_at = timezone.now()
    found.acknowledged_by = acting_user
    found.save(update_fields=["acknowledged_at", "acknowledged_by"])

    record(
        "session.message.acknowledged",
        acting_user=acting_user,
        subject=found,
        brokered_session=brokered_session,
        origin=origin,
        phrase=found.phrase,
    )

    wake_actor(brokered_session)
    tell_pages(brokered_session)
    return found
