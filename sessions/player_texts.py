"""The words of the player's script, in the reader's language."""

from __future__ import annotations

from django.utils.translation import gettext as _

from sessions.models import BrokeredSession
from sessions.recording_words import REASONS
from sessions.services.phrases import PHRASES

FreezeCause = BrokeredSession.FreezeCause


def player_texts() -> dict[str, str]:
    """Handed to the page as JSON; `{name}` is filled in by the script."""
    gaps = {f"gap_{code}": str(words) for code, words in REASONS.items()}
    return {
        **gaps,
        "play": _("Play"),
        "pause": _("Pause"),
        "loading": _("Loading the picture"),
        "buffering": _("Waiting for the network"),
        "ended": _("End of the recording"),
        "at": _("At {time}"),
        "gap": _("No picture: the recording has a gap here"),
        "position": _("{time} of {total}"),
        "speed": _("Speed {speed}"),
        "skipped": _("Skipped {time} without activity"),
        "link_copied": _("The link to this moment is in the clipboard."),
        "link_is": _("The link to this moment is in the address line."),
        "failed": _(
            "The picture could not be loaded. Check your connection, then press play."
        ),
        "bad_time": _("Write a time as 12:34 or 1:02:03."),
        "no_events": _("Nothing was typed, clicked or said in this recording."),
        "typing": _("Typing ({count} keys)"),
        "clicks": _("Clicks ({count})"),
        "click": _("Click"),
        "clipboard": _("Clipboard used ({bytes} bytes)"),
        "file": _("File transferred ({bytes} bytes)"),
        "blocked": _("Input was blocked"),
        "frozen": _("Frozen: {reason}"),
        "frozen_plain": _("Frozen"),
        "unfrozen": _("Went on"),
        "watching": _("{name} watches"),
        "watching_plain": _("Somebody watches"),
        "joined": _("{name} joined"),
        "baton": _("{name} works from here on"),
        "control": _("{name} of the plant took control"),
        "by": _("{words}: {name}"),
        "hand_owner": _("{name} works"),
        "hand_companion": _("{name} works, with the baton"),
        "hand_plant": _("{name} of the plant has control"),
        "left": _("{name} left"),
        "somebody": _("Somebody"),
        "warning": _("Warned: {minutes} min left"),
        "message": _("{name}: {text}"),
        "acknowledged": _("{name} acknowledged: {text}"),
        "charge": _("{name} is in charge at the plant"),
        "charge_nobody": _("Nobody at the plant is in charge"),
        "step": _("Critical step begins: {what} ({minutes} min)"),
        "step_ended": _("Critical step is over: {what}"),
        "attended": _("{name} is at the machine"),
        "attendance_due": _("Warned: somebody of the plant has to be there"),
        **{f"phrase_{key}": str(one.words) for key, one in PHRASES.items()},
        **{f"frozen_{cause.value}": str(cause.label) for cause in FreezeCause},
        "extended": _("More time was given"),
        "recalled": _("{name} wants the line back: {reason}"),
        "recalled_plain": _("{name} wants the line back"),
        "recall_seen": _("It was read that the line is wanted back"),
        "mark_gap": _("Gap of {time}: {reason}"),
        "journal_gap": _("Nothing could be written down for {time}: {reason}"),
        "clock": _("The portal's clock was set ({seconds} s)"),
        "unrecorded": _("{name} let the work go on unrecorded"),
        "gap_plain": _("Gap of {time}"),
        "ended_mark": _("The session ended"),
    }
