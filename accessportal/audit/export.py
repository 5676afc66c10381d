"""The audit trail as a file: CSV, streamed, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import json
from collections.abc import AsyncIterator
from typing import Any

from asgiref.sync import sync_to_async
from django.db import models

from accessportal.audit.models import AuditEvent
from accessportal.audit.recorder import HASHED_FIELDS
from accessportal.csv_cells import cell

COLUMNS = ("seq", *HASHED_FIELDS, "content_hash", "seal_hash")
CHUNK = 1000


class _Line:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


async def csv_chunks(events: models.QuerySet[AuditEvent]) -> AsyncIterator[str]:
    """A header and one line per event, oldest first, UTF-8 with ISO 8601 times in UTC.

    Asynchronous, because an ASGI server would gather a plain iterator whole in memory.
    """
    writer = csv.writer(_Line())
    yield writer.writerow(COLUMNS)
    chunk_of = sync_to_async(_chunk)
    last_pk = 0
    while rows := await chunk_of(events, last_pk):
        yield "".join(
            writer.writerow([cell(value) for value in _values(event)]) for event in rows
        )
        last_pk = rows[-1].pk


def _chunk(events: models.QuerySet[AuditEvent], after_pk: int) -> list[AuditEvent]:
    following = events.filter(pk__gt=after_pk).select_related("seal").order_by("id")
    return list(following[:CHUNK])


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
