"""The one row that a guarded fetch (`access.py`) looks for."""

from __future__ import annotations

from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet

from accessportal.errors import NotKnown

Row = TypeVar("Row", bound=Model)


def the_one(rows: QuerySet[Row]) -> Row | None:
    """The row, where there can be one at most: an order would be work for nothing, and with
    every joined table more of it."""
    return next(iter(rows.order_by()[:1]), None)


def known(rows: QuerySet[Row], **what: Any) -> Row:
    """The row of those a person may know of.

    Raises `NotKnown` where there is none, also for an id that cannot be one.
    """
    try:
        row = the_one(rows.filter(**what))
    except (ValidationError, ValueError, TypeError, OverflowError):
        raise NotKnown from None
    if row is None:
        raise NotKnown
    return row
