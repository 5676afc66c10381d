"""Words of the pages about recordings."""

from __future__ import annotations

import re

from django import template
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from sessions.recorder.findings import from_short, sentence
from sessions.recording_words import reason_of_gap

register = template.Library()

MOMENT = re.compile(r"\[(?:(\d{1,3}):)?(\d{1,2}):(\d{2})\]")


@register.filter
def media_time(milliseconds: int) -> str:
    """A position in a recording: 0:07, 12:34, 1:02:03."""
    seconds = max(0, int(milliseconds)) // 1000
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    if hours:
        return f"{hours}:{minutes:02d}:{seconds:02d}"
    return f"{minutes}:{seconds:02d}"


@register.filter
def moments(text: str) -> SafeString:
    """Escaped text in which [12:34] leads to that moment of the player."""
    pieces, last = [], 0
    for match in MOMENT.finditer(text):
        pieces.append(conditional_escape(text[last : match.start()]))
        shown = match[0].strip("[]")
        pieces.append(format_html('<a href="#t={}" data-moment>{}</a>', shown, shown))
        last = match.end()
    pieces.append(conditional_escape(text[last:]))
    return mark_safe("".join(pieces))  # noqa: S308 - every piece was escaped above


@register.filter
def reason_words(reason: str) -> str:
    """Why a recording is incomplete, as its manifest says."""
    return reason_of_gap(reason)


@register.filter
def findings(verification_error: str) -> list[str]:
    """What a verification found, one sentence each."""
    return [sentence(finding) for finding in from_short(verification_error)]
