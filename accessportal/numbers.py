"""Short human numbers: REQ-2026-0042, SES-2026-0007."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models.functions import Length


def next_number(
    queryset: models.QuerySet[models.Model], prefix: str, at: datetime
) -> str:
    """The next free number of `prefix` in the year of `at`.

    Two at once may get the same one: the unique constraint on `number` refuses the
    second, whose verb then starts again.
    """
    stem = f"{prefix}-{at.year}-"
    last = (
        queryset.filter(number__startswith=stem)
        .annotate(digits=Length("number"))
        .order_by("-digits", "-number")
        .values_list("number", flat=True)
        .first()
    )
    counter = int(last.removeprefix(stem)) + 1 if last else 1
    return f"{stem}{counter:04d}"
