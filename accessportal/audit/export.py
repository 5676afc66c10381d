"""The audit trail as a file: CSV, streamed, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from typing import Any

from django.db import models

from accessportal.audit.models import AuditEvent
from accessportal.audit.recorder import HASHED_FIELDS

COLUMNS = ("seq", *HASHED_FIELDS, "content_hash", "seal_hash")
# A spreadsheet takes a cell that begins so for a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class _Line:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def csv_lines(events: models.QuerySet[AuditEvent]) -> Iterator[str]:
    """A header and one line per event, oldest first, UTF-8 with ISO 8601 times in UTC."""
    writer = csv.writer(_Line())
    yield writer.writerow(COLUMNS)
    for event in events.select_related("seal").order_by("id").iterator(chunk_size=1000):
        yield writer.writerow([_cell(value) for value in _values(event)])


def _values(event: AuditEvent) -> list[Any]:
    seal = getattr(event, "seal", None)
    fields = {name: getattr(event, name) for name in HASHED_FIELDS}
    fields["recorded_at"] = event.recorded_at.isoformat(timespec="milliseconds")
    fields["detail"] = json.dumps(event.detail, sort_keys=True, ensure_ascii=False)
    return [
        seal.seq if seal else "",
        *fields.values(),
        event.content_hash,
        seal.hash if seal else "",
    ]


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
