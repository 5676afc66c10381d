"""What happened in a session, in order, out of the audit trail: the timeline of its page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from accessportal.accounts.models import User
from accessportal.audit.events import EVENTS
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


LOOKS: dict[str, tuple[str, str]] = {
    "notice.accepted": ("signature", "quiet"),
    "session.start.requested": ("plug", "info"),
    "session.denied": ("ban", "bad"),
    "session.started": ("plug-connected", "ok"),
    "session.failed": ("plug-x", "bad"),
    "session.participant.joined": ("login", "quiet"),
    "session.participant.left": ("logout", "quiet"),
    "session.observer.joined": ("eye", "info"),
    "session.frozen": ("snowflake", "warn"),
    "session.unfrozen": ("player-play", "ok"),
    "session.warned": ("bell", "warn"),
    "session.input.blocked": ("hand-stop", "warn"),
    "session.input.released": ("arrow-back-up", "quiet"),
    "session.message.sent": ("message", "quiet"),
    "session.end.requested": ("power", "warn"),
    "session.terminated": ("player-stop", "quiet"),
    "session.end.confirmed": ("shield-check", "ok"),
    "session.end.unconfirmed": ("shield-exclamation", "bad"),
    "session.interrupted": ("alert-triangle", "bad"),
    "session.error": ("alert-circle", "warn"),
    "clipboard.transferred": ("clipboard", "quiet"),
    "credential.checked_out": ("key", "quiet"),
    "recording.started": ("player-record", "info"),
    "recording.closed": ("certificate", "ok"),
    "recording.failed": ("video-off", "bad"),
}
"""The events of a session's page; what is done with its recording later stands elsewhere."""

PLANT_ONLY = frozenset({"credential.checked_out"})


def story_of(brokered_session: BrokeredSession, reader: User) -> list[Happening]:
    """Everything that was recorded, oldest first. A contractor reads no plant address."""
    of_plant = reader.vendor_id is None
    told = [name for name in LOOKS if of_plant or name not in PLANT_ONLY]
    events = AuditEvent.objects.filter(
        session_number=brokered_session.number, event__in=told
    ).order_by("recorded_at", "pk")
    return [_line(event, shows_address=of_plant or event.actor_id == reader.pk) for event in events]


def _line(event: AuditEvent, *, shows_address: bool) -> Happening:
    icon, tone = LOOKS[event.event]
    actor = event.actor_name if event.actor_type == "user" else _("The portal")
    # Translators: a line of a timeline: a person's name, then what the person did.
    title = _("%(actor)s %(did)s") % {"actor": actor, "did": EVENTS[event.event].sentence}
    minutes = event.detail.get("minutes")
    if event.event == "session.warned" and minutes:
        title = _("%(minutes)s minutes were left: everyone in the session was warned") % {
            "minutes": minutes
        }
    return Happening(
        at=event.recorded_at,
        title=title,
        icon=icon,
        tone=tone,
        address=event.source_address if shows_address else "",
        text=event.reason,
    )
