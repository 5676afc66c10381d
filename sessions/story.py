"""What happened in a session, in order, out of the audit trail: the timeline of its page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accessportal.accounts.models import User
from accessportal.audit.models import AuditEvent
from sessions.models import BrokeredSession


@dataclass(frozen=True)
class Happening:
    """One line: when, who did what, from where, and in whose words."""

    at: datetime
    title: str
    icon: str
    tone: str = "quiet"
    address: str = ""
    text: str = ""


@dataclass(frozen=True)
class Look:
    """How an event stands on a session's page; `words` may name the `%(actor)s`."""

    icon: str
    tone: str
    words: str | Promise


LOOKS: dict[str, Look] = {
    "notice.accepted": Look(
        "signature", "quiet", _("%(actor)s accepted the notice of recording")
    ),
    "session.start.requested": Look("plug", "info", _("%(actor)s asked to connect")),
    "session.denied": Look("ban", "bad", _("%(actor)s was refused a connection")),
    "session.started": Look(
        "plug-connected", "ok", _("The machine answered: connected")
    ),
    "session.failed": Look("plug-x", "bad", _("The machine could not be connected")),
    "session.participant.joined": Look(
        "login", "quiet", _("%(actor)s opened the console")
    ),
    "session.participant.left": Look(
        "logout", "quiet", _("%(actor)s left the session")
    ),
    "session.observer.joined": Look("eye", "info", _("%(actor)s began to watch")),
    "session.frozen": Look("snowflake", "warn", _("%(actor)s froze the session")),
    "session.unfrozen": Look("player-play", "ok", _("%(actor)s let the session go on")),
    "session.warned": Look("bell", "warn", _("Everyone was warned of the end")),
    "session.input.blocked": Look(
        "hand-stop", "warn", _("Forbidden input was blocked")
    ),
    "session.input.released": Look(
        "arrow-back-up", "quiet", _("Held keys and buttons were let go")
    ),
    "session.input.left_pressed": Look(
        "alert-octagon", "bad", _("A key may still be pressed on the machine")
    ),
    "session.message.sent": Look("message", "quiet", _("%(actor)s wrote a message")),
    "session.message.acknowledged": Look(
        "check", "quiet", _("%(actor)s acknowledged a phrase")
    ),
    "session.charge.changed": Look(
        "user-check", "info", _("%(to)s is in charge at the plant")
    ),
    "session.charge.offered": Look(
        "user-plus", "quiet", _("%(actor)s offered the charge to %(to)s")
    ),
    "session.charge.declined": Look(
        "user-x", "quiet", _("The offer of the charge was turned down")
    ),
    "session.charge.vacant": Look(
        "alert-triangle", "warn", _("Nobody at the plant is in charge")
    ),
    "session.critical_step.declared": Look(
        "shield-lock", "info", _("%(actor)s asked for a critical step")
    ),
    "session.critical_step.accepted": Look(
        "shield-lock", "warn", _("%(actor)s accepted the critical step")
    ),
    "session.critical_step.refused": Look(
        "shield-lock", "quiet", _("%(actor)s did not accept the critical step")
    ),
    "session.critical_step.ended": Look(
        "shield-check", "ok", _("The critical step is over")
    ),
    "session.baton.asked": Look("mouse", "quiet", _("%(actor)s asked for the baton")),
    "session.baton.passed": Look(
        "mouse", "info", _("%(actor)s passed the baton: %(to)s works")
    ),
    "session.control.taken": Look("mouse", "warn", _("%(actor)s took control")),
    "session.control.returned": Look(
        "mouse", "ok", _("%(actor)s gave control back: %(to)s works")
    ),
    "session.hold.kept": Look(
        "hourglass", "info", _("%(actor)s keeps the held session open")
    ),
    "session.attended": Look("map-pin", "quiet", _("%(actor)s is at the machine")),
    "session.end.requested": Look("power", "warn", _("%(actor)s asked for the end")),
    "session.terminated": Look("player-stop", "quiet", _("The session ended")),
    "session.end.confirmed": Look(
        "shield-check", "ok", _("Proven: the connection to the machine is closed")
    ),
    "session.end.attested": Look(
        "shield-exclamation",
        "warn",
        _("%(actor)s said that nothing is left of the connection"),
    ),
    "session.end.unconfirmed": Look(
        "shield-exclamation",
        "bad",
        _("The end of the connection could not be proven yet"),
    ),
    "session.interrupted": Look(
        "alert-triangle", "bad", _("The portal was interrupted")
    ),
    "session.adopted": Look(
        "refresh", "warn", _("Another process of the portal took the session over")
    ),
    "session.machine.looked_at": Look(
        "eye", "ok", _("Somebody of the plant looked at the machine")
    ),
    "session.error": Look(
        "alert-circle", "warn", _("Something went wrong in the session")
    ),
    "clipboard.transferred": Look(
        "clipboard", "quiet", _("%(actor)s used the clipboard")
    ),
    "credential.checked_out": Look(
        "key", "quiet", _("The stored credential of the machine was used")
    ),
    "recording.started": Look("player-record", "info", _("The recording began")),
    "recording.closed": Look("certificate", "ok", _("The recording was sealed")),
    "recording.failed": Look("video-off", "bad", _("The recording failed")),
}
"""The events of a session's page; what is done with its recording later stands elsewhere."""

PLANT_ONLY = frozenset(
    {"credential.checked_out", "session.charge.offered", "session.charge.declined"}
)

IN_THEIR_WORDS = frozenset(
    {
        "session.frozen",
        "session.control.taken",
        "session.hold.kept",
        "session.end.requested",
        "session.charge.changed",
        "session.charge.offered",
        "session.charge.declined",
        "session.critical_step.declared",
        "session.critical_step.accepted",
        "session.critical_step.refused",
        "session.critical_step.ended",
    }
)
"""Events whose reason a person wrote; of the others it is a word for programs."""


def story_of(brokered_session: BrokeredSession, reader: User) -> list[Happening]:
    """Everything that was recorded, oldest first. A contractor reads no plant address."""
    of_plant = reader.vendor_id is None
    told = [name for name in LOOKS if of_plant or name not in PLANT_ONLY]
    events = AuditEvent.objects.filter(
        session_number=brokered_session.number, event__in=told
    ).order_by("recorded_at", "pk")
    return [
        _line(event, shows_address=of_plant or event.actor_id == reader.pk)
        for event in events
    ]


def _line(event: AuditEvent, *, shows_address: bool) -> Happening:
    look = LOOKS[event.event]
    actor = event.actor_name if event.actor_type == "user" else gettext("The portal")
    title = str(look.words) % {"actor": actor, "to": event.detail.get("to", "")}
    minutes = event.detail.get("minutes")
    if event.event == "session.warned" and minutes:
        title = gettext("Everyone was warned: %(minutes)s minutes left") % {
            "minutes": minutes
        }
    return Happening(
        at=event.recorded_at,
        title=title,
        icon=look.icon,
        tone=look.tone,
        address=event.source_address
        if shows_address and "%(actor)s" in str(look.words)
        else "",
        text=event.reason if event.event in IN_THEIR_WORDS else "",
    )
