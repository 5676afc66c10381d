"""Sessions with everything that an actor looks at, read in two queries.

An actor reads its row every 2 s. Ten more joins to people, who are named in it or seldom
are, made that one query four times as expensive (docs/performance.md): so the people are
read by themselves, each once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import Model, QuerySet

from accessportal.accounts.models import User
from sessions.models import BrokeredSession

PEOPLE = (
    "started_by",
    "baton_with",
    "frozen_by",
    "unrecorded_by",
    "end_requested_by",
    "person_in_charge",
    "charge_offered_to",
    "attended_by",
)
"""Who is named in a session's own row."""


def session_row(session_id: Any) -> BrokeredSession:
    """One session. Raises `BrokeredSession.DoesNotExist`."""
    return _with_people([_related(BrokeredSession.objects.all()).get(pk=session_id)])[0]


def session_rows(sessions: QuerySet[BrokeredSession]) -> list[BrokeredSession]:
    """All of them, in their order."""
    return _with_people(list(_related(sessions)))


def _related(sessions: QuerySet[BrokeredSession]) -> QuerySet[BrokeredSession]:
    return sessions.select_related(
        "window__access_request__vendor", "endpoint__asset__zone__site", "escort"
    )


def _with_people(rows: list[BrokeredSession]) -> list[BrokeredSession]:
    places = [place for row in rows for place in _places_of_people(row)]
    people = User.objects.select_related("vendor").in_bulk(
        {getattr(holder, f"{name}_id") for holder, name in places}
    )
    for holder, name in places:
        setattr(holder, name, people[getattr(holder, f"{name}_id")])
    return rows


def _places_of_people(row: BrokeredSession) -> Iterator[tuple[Model, str]]:
    """(what names somebody, by which field), where somebody is named."""
    fields: list[tuple[Model, str]] = [(row, name) for name in PEOPLE]
    fields.append((row.window, "recalled_by"))
    if row.escort is not None:
        fields.append((row.escort, "offered_by"))
    for holder, name in fields:
        if getattr(holder, f"{name}_id") is not None:
            yield holder, name
