"""Report R7 as CSV: one line for each access or role that was taken away."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from accessportal.csv_cells import cell
from sessions.revocations import Revocation

COLUMNS = (
    "person",
    "email",
    "company",
    "action",
    "effective_at",
    "reported_at",
    "reported_by",
    "removed_at",
    "nothing_left_at",
    "hours_effective_to_nothing_left",
    "hours_reported_to_nothing_left",
    "due_at",
    "in_time",
    "live_sessions",
    "web_sessions_ended",
    "machine_passwords_used",
    "machine_passwords_changed",
    "machine_passwords_due_at",
    "machine_passwords_in_time",
    "note",
    "reference",
)


def as_csv(rows: Iterable[Revocation]) -> str:
    """A header and one line for each; times are ISO 8601 in UTC, what is open is empty."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for one in rows:
        writer.writerow([cell(value) for value in _values(one)])
    return text.getvalue()


def _values(one: Revocation) -> list[Any]:
    return [
        one.person.full_name,
        one.person.email,
        one.person.organisation,
        one.kind.value,
        _moment(one.effective_at),
        _moment(one.reported_at),
        one.reported_by,
        _moment(one.removed_at),
        _moment(one.nothing_left_at),
        _hours(one.seconds_from_effective),
        _hours(one.seconds_from_report),
        _moment(one.due_at),
        _answer(one.in_time),
        len(one.sessions),
        one.web_sessions,
        len(one.passwords),
        one.passwords_changed,
        _moment(one.passwords_due_at) if one.passwords else "",
        _answer(one.passwords_in_time),
        one.note,
        one.reference,
    ]


def _moment(at: datetime | None) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds") if at else ""


def _hours(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds / 3600:.2f}"


def _answer(yes: bool | None) -> str:
    return "" if yes is None else "yes" if yes else "no"
