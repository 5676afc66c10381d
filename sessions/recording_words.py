"""What a recording that fails says to people: in the console, on the board, in the player."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

REASONS: dict[str, Promise] = {
    "interrupted": _("The portal was interrupted while it recorded."),
    "recording_failed": _("Recording failed, so the session was ended."),
    "disk_full": _("The disk for recordings was full."),
    "storage_refuses": _("The storage for recordings refused to be written to."),
    "storage_silent": _("The storage for recordings did not answer."),
    "too_slow": _("The storage for recordings was too slow."),
    "key_missing": _("The key for recordings was missing."),
    "recorder_fault": _("The recorder met a fault."),
    "guacd_clock": _("The gateway's clock was set, on which positions rest."),
    "portal_clock": _("The portal's clock was set."),
    "no_picture": _("There was no picture to go on from."),
    "broker_lost": _("The broker that recorded was lost."),
    "handed_over": _("The session was handed over to another broker."),
}
"""Why a recording has a gap or is incomplete, by the code in its manifest."""

RECORDED = ""
STOPPED = _(
    "The recording failed, so keyboard and mouse are off. The work stays open, and the "
    "portal tries every 2 seconds to record again."
)
JOURNAL_STOPPED = _(
    "Neither the picture nor what is typed can be recorded, so keyboard and mouse are off. "
    "The work stays open, and the portal tries every 2 seconds to record again."
)
CONTINUED = _(
    "The picture is not recorded. {name} is at the machine and lets the work go on; what is "
    "typed and clicked is still written down."
)


def recording_sentence(
    *, failing: bool, continued_by: str = "", journal_works: bool = True
) -> str | Promise:
    """How it stands with the recording, for everybody in the session."""
    if not failing:
        return RECORDED
    if continued_by and journal_works:
        return format_lazy(CONTINUED, name=continued_by)
    return STOPPED if journal_works else JOURNAL_STOPPED


def reason_of_gap(code: str) -> str:
    """In words; a code of another version as it is."""
    return str(REASONS.get(code, code))
