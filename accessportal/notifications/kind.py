"""One kind of thing that people are told."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise


@dataclass(frozen=True)
class Kind:
    """`subject` and `body` are %-formatted with the facts given to `notify`."""

    subject: Promise | str
    body: Promise | str
