"""What changed between two looks at the facts of a decision, in words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from requests.wording import moment_words

ISO_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+\d\d:\d\d")


@dataclass(frozen=True)
class Change:
    """`what` names the fact; the values are as text, empty for none."""

    what: str
    before: str
    now: str


def changes_between(
    before: dict[str, Any], now: dict[str, Any], zone: str
) -> list[Change]:
    """Every fact that differs, in the order of the facts; times are in the plant's `zone`."""
    old, new = dict(_leaves(before)), dict(_leaves(now))
    return [
        Change(_name(path), _shown(old.get(path), zone), _shown(new.get(path), zone))
        for path in dict.fromkeys([*old, *new])
        if old.get(path) != new.get(path)
    ]


def _leaves(
    facts: Any, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(facts, dict):
        for key, value in facts.items():
            yield from _leaves(value, (*path, str(key)))
    elif isinstance(facts, list):
        for number, value in enumerate(facts, start=1):
            yield from _leaves(value, (*path, str(number)))
    else:
        yield path, facts


NAMES = {
    "state": gettext_lazy("State"),
    "person": gettext_lazy("Person"),
    "companions": gettext_lazy("Colleague"),
    "vendor": gettext_lazy("Vendor"),
    "site": gettext_lazy("Site"),
    "machines": gettext_lazy("Machine"),
    "permission": gettext_lazy("Permission"),
    "clipboard_in": gettext_lazy("Paste into the machine"),
    "clipboard_out": gettext_lazy("Copy from the machine"),
    "purpose": gettext_lazy("Purpose"),
    "work_order": gettext_lazy("Work order"),
    "wanted_from": gettext_lazy("From"),
    "wanted_until": gettext_lazy("Until"),
    "freezes": gettext_lazy("Production freeze"),
    "occurrences": gettext_lazy("Times"),
    "attendance": gettext_lazy("Only while somebody of the plant attends"),
    "emergency": gettext_lazy("Emergency"),
    "window": gettext_lazy("Window"),
    "number": gettext_lazy("Number"),
    "on_release_minutes": gettext_lazy("Minutes on release"),
    "tolerance_minutes": gettext_lazy("Delay agreed on"),
    "bookings": gettext_lazy("Other windows at this time"),
    "name": gettext_lazy("name"),
    "email": gettext_lazy("e-mail address"),
    "disabled": gettext_lazy("switched off"),
    "expires_at": gettext_lazy("access expires"),
    "training_expires_at": gettext_lazy("training valid until"),
    "suspended": gettext_lazy("suspended"),
    "contract_ends_at": gettext_lazy("contract ends"),
    "revived_at": gettext_lazy("let in again"),
    "confirmed": gettext_lazy("confirmed by the sponsor"),
    "nda_signed_at": gettext_lazy("confidentiality agreement signed"),
    "nda_expires_at": gettext_lazy("confidentiality agreement valid until"),
    "isolated": gettext_lazy("isolated"),
    "asset": gettext_lazy("machine"),
    "endpoint": gettext_lazy("connection"),
    "protocol": gettext_lazy("protocol"),
    "address": gettext_lazy("address"),
    "criticality": gettext_lazy("criticality"),
    "max_clients": gettext_lazy("sessions at a time"),
    "takes_local_screen": gettext_lazy("takes the local screen away"),
    "serviced_by_vendor": gettext_lazy("serviced by the vendor"),
    "from": gettext_lazy("from"),
    "until": gettext_lazy("until"),
    "by": gettext_lazy("by"),
    "reason": gettext_lazy("reason"),
}
"""What the facts of a decision are called, by their keys."""


def _name(path: tuple[str, ...]) -> str:
    return " – ".join(str(NAMES.get(part, part)) for part in path)


def _shown(value: Any, zone: str) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    text = str(value)
    if ISO_MOMENT.fullmatch(text):
        return moment_words(datetime.fromisoformat(text), zone)
    return text
