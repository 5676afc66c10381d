"""What verification may find, as a person reads it."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from sessions.recorder.verification import Finding

SENTENCES: dict[str, Promise] = {
    "signature_invalid": _("The signature does not fit the manifest."),
    "manifest_differs": _("The database says something else than the signed manifest."),
    "key_wrong": _("The key kept here does not open this recording."),
    "segment_missing": _("A part of the recording is missing."),
    "segment_swapped": _("A part of the recording was put in the place of another."),
    "segment_cut": _("A part of the recording was cut short."),
    "stored_changed": _("A stored file was changed."),
    "plain_changed": _("What was recorded does not fit its digest."),
    "block_changed": _("A block was changed, or does not belong here."),
    "block_out_of_order": _("Blocks are missing or in another order."),
    "block_unpackable": _("A block cannot be unpacked."),
    "header_unreadable": _("The beginning of a file cannot be read."),
    "not_a_segment": _("A file is no part of a recording at all."),
    "more_after_the_end": _("There is more in a file than was written."),
    "chain_broken": _("The chain from one part to the next is broken."),
    "input_unreadable": _("The input track cannot be read."),
    "torn": _("A file ends in the middle."),
}


def sentence(finding: Finding) -> str:
    """One finding in words, with the place behind it."""
    words = SENTENCES.get(finding.finding, SENTENCES["stored_changed"])
    if not finding.where:
        return str(words)
    return str(format_lazy("{} ({})", words, finding.where))


def in_short(findings: Iterable[Finding], limit: int = 500) -> str:
    """Findings as they are stored: `block_changed screen-00002.seg; ...`."""
    text = ""
    for finding in findings:
        piece = f"{finding.finding} {finding.where}".strip().replace(";", ",")
        longer = f"{text}; {piece}" if text else piece[:limit]
        if len(longer) > limit:
            break
        text = longer
    return text


def from_short(text: str) -> list[Finding]:
    """What `in_short` stored."""
    pieces = (
        piece.strip().partition(" ") for piece in text.split(";") if piece.strip()
    )
    return [Finding(finding, where) for finding, _space, where in pieces]
