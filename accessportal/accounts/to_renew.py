"""What of a vendor's person stops work now or soon: for their own pages and the company's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from accessportal.accounts.models import User

SOON = timedelta(days=30)


@dataclass(frozen=True)
class Renewal:
    """`kind` names it for the template; `over`: it stops work already."""

    kind: str
    over: bool
    moment: datetime | None = None


def to_renew(person: User, *, at: datetime) -> list[Renewal]:
    """Everything that stops this person's work now, or within 30 days."""
    return list(_found(person, at))


def _found(person: User, at: datetime) -> Iterator[Renewal]:
    if person.awaits_sponsor:
        yield Renewal("unconfirmed", over=True)
    if person.training_missing:
        yield Renewal("training_missing", over=True)
    yield from _dated("training", person.training_expires_at, at)
    if person.vendor is not None and person.vendor.nda_required:
        if person.nda_signed_at is None:
            yield Renewal("nda_missing", over=True)
        yield from _dated("nda", person.nda_expires_at, at)
    yield from _dated("access", person.expires_at, at)
    if person.vendor is not None:
        yield from _dated("contract", person.vendor.contract_ends_at, at)


def _dated(kind: str, moment: datetime | None, at: datetime) -> Iterator[Renewal]:
    if moment is not None and moment < at + SOON:
        yield Renewal(kind, over=moment <= at, moment=moment)
