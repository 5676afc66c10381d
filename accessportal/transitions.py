"""The one way to change a `state`: a conditional UPDATE that counts rows.

Whoever comes second finds no row in the expected state and gets `TooLate` (409); no
lock has to be held for that to be true, on PostgreSQL and SQLite alike.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import models

from accessportal.errors import Sentence, TooLate


def transition(
    obj: models.Model,
    *,
    expected: str | Iterable[str],
    to: str,
    too_late: Sentence | None = None,
    **fields: Any,
) -> None:
    """Move `obj.state` from one of `expected` to `to`, setting `fields` in the same UPDATE.

    Raises `TooLate` with the sentence `too_late` when the row is not in an expected
    state any more. On success the instance carries the new values.
    """
    expected_states = [expected] if isinstance(expected, str) else list(expected)
    changed = (
        type(obj)
        ._default_manager.filter(pk=obj.pk, state__in=expected_states)
        .update(state=to, **fields)
    )
    if changed != 1:
        raise TooLate(too_late)
    for name, value in {"state": to, **fields}.items():
        setattr(obj, name, value)
