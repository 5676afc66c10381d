"""Going through long lists from the newest on, whatever comes in meanwhile."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _

from accessportal.errors import NotPossible

MOST = 200


def page_of(
    rows: models.QuerySet[Any], *, by: str, cursor: str, limit: int
) -> tuple[list[Any], str]:
    """At most `limit` rows after `cursor`, the newest first, and the cursor of the rest.

    `by` names a time that never changes. The cursor is "" at the beginning and at the end.
    Raises `NotPossible` for one that is none.
    """
    if not 1 <= limit <= MOST:
        raise NotPossible(
            _("Ask for 1 to %(most)s at a time.") % {"most": MOST}, code="limit"
        )
    if cursor:
        moment, pk = _read(cursor)
        try:
            rows = rows.filter(
                Q(**{f"{by}__lt": moment}) | Q(**{by: moment}, pk__lt=pk)
            )
        except (ValueError, TypeError, ValidationError) as error:
            raise _no_cursor() from error
    found = list(rows.order_by(f"-{by}", "-pk")[: limit + 1])
    page = found[:limit]
    more = len(found) > limit
    return page, f"{getattr(page[-1], by).isoformat()}~{page[-1].pk}" if more else ""


def _read(cursor: str) -> tuple[datetime, str]:
    text, _tilde, pk = cursor.partition("~")
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError as error:
        raise _no_cursor() from error
    if moment.tzinfo is None or not pk:
        raise _no_cursor()
    return moment, pk


def _no_cursor() -> NotPossible:
    return NotPossible(
        _("This is no place in the list: take `next` of the answer before."),
        code="cursor",
    )
