"""What changed between two looks at the facts of a decision, in words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

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


def _name(path: tuple[str, ...]) -> str:
    names = {
        "state": _("State"),
        "person": _("Person"),
        "companions": _("Colleague"),
        "vendor": _("Vendor"),
        "site": _("Site"),
        "machines": _("Machine"),
        "permission": _("Permission"),
        "clipboard_in": _("Paste into the machine"),
        "clipboard_out": _("Copy from the machine"),
        "purpose": _("Purpose"),
        "work_order": _("Work order"),
        "wanted_from": _("From"),
        "wanted_until": _("Until"),
        "freezes": _("Production freeze"),
        "occurrences": _("Times"),
        "on_release_minutes": _("Minutes on release"),
        "tolerance_minutes": _("Delay agreed on"),
        "bookings": _("Other windows at this time"),
        "name": _("name"),
        "email": _("e-mail address"),
        "disabled": _("switched off"),
        "expires_at": _("access expires"),
        "training_expires_at": _("training valid until"),
        "suspended": _("suspended"),
        "contract_ends_at": _("contract ends"),
        "isolated": _("isolated"),
        "asset": _("machine"),
        "endpoint": _("connection"),
        "protocol": _("protocol"),
        "address": _("address"),
        "criticality": _("criticality"),
        "max_clients": _("sessions at a time"),
        "takes_local_screen": _("takes the local screen away"),
        "serviced_by_vendor": _("serviced by the vendor"),
        "from": _("from"),
        "until": _("until"),
        "reason": _("reason"),
    }
    return " – ".join(names.get(part, part) for part in path)


def _shown(value: Any, zone: str) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    text = str(value)
    if ISO_MOMENT.fullmatch(text):
        return moment_words(datetime.fromisoformat(text), zone)
    return text
