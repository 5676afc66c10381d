"""Who has left a vendor and when nothing was left of the access, as CSV (report R7).

One line for each departure: CIP-004 R5.1 asks for the time from the end of the work to the
end of the access, PS-4 and PS-7 for what was taken away, and who told the plant.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from accessportal.csv_cells import cell
from sessions.models import Departure
from sessions.revocations import LIMIT

COLUMNS = (
    "departure",
    "person",
    "email",
    "vendor",
    "left_at",
    "reported_at",
    "reported_by",
    "note",
    "access_ended_at",
    "hours_left_to_ended",
    "hours_reported_to_ended",
    "limit_hours",
    "within_limit",
    "sessions_ended",
    "web_sessions_ended",
    "windows_revoked",
    "requests_withdrawn",
    "invitations_revoked",
    "nothing_left_at",
    "seconds_reported_to_proof",
    "confirmed_at",
    "confirmed_by",
)


def as_csv(departures: Iterable[Departure]) -> str:
    """A header and one line for each; times are ISO 8601 in UTC, open ones are empty.

    Each departure has its `session_count`.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for one in departures:
        writer.writerow([cell(value) for value in _values(one)])
    return text.getvalue()


def _values(one: Departure) -> list[Any]:
    took = one.access_ended_at - one.left_at
    return [
        one.number,
        one.person.full_name,
        one.person.email,
        one.vendor.name,
        _moment(one.left_at),
        _moment(one.reported_at),
        one.reported_by,
        one.note,
        _moment(one.access_ended_at),
        f"{took / timedelta(hours=1):.2f}",
        f"{one.seconds_to_end / 3600:.2f}",
        f"{LIMIT / timedelta(hours=1):.0f}",
        "yes" if took <= LIMIT else "no",
        one.session_count,  # type: ignore[attr-defined]
        one.web_sessions_ended,
        one.windows_revoked,
        one.requests_withdrawn,
        one.invitations_revoked,
        _moment(one.completed_at),
        "" if one.seconds_to_proof is None else f"{one.seconds_to_proof:.1f}",
        _moment(one.acknowledged_at),
        one.acknowledged_by,
    ]


def _moment(at: datetime | None) -> str:
    return at.isoformat(timespec="seconds") if at else ""
