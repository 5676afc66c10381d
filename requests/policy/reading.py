"""Rules and what they demand as JSON, in which policies and requests keep them.

What comes from outside is read strictly: `rules_from` raises `BadRule` with a sentence for
a person at anything that is unknown, out of range or of another type.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import time, timedelta
from typing import Any

from django.utils.translation import gettext as _

from requests.policy.hours import EVERY_DAY, Hours
from requests.policy.rules import (
    GROUP,
    ORDER_AT_MOST,
    QUORUM_AT_MOST,
    ROLES,
    Demands,
    Recurring,
    Rule,
    Step,
    Then,
    When,
)

RULES_AT_MOST = 500
STEPS_AT_MOST = 8
MINUTES_AT_MOST = 60 * 24 * 90
PERMISSIONS = ("view", "control")
CRITICALITIES = ("low", "medium", "high")


class BadRule(ValueError):
    """A rule that cannot be; its text is a sentence for a person."""


def rules_from(data: Any) -> tuple[Rule, ...]:
    """The rules in a JSON list. Raises `BadRule`."""
    if not isinstance(data, list) or len(data) > RULES_AT_MOST:
        raise BadRule(
            _("A policy is a list of at most %(most)s rules.") % {"most": RULES_AT_MOST}
        )
    rules = tuple(rule_from(one) for one in data)
    if len({rule.name for rule in rules}) != len(rules):
        raise BadRule(_("Two rules have the same name."))
    return rules


def rule_from(data: Any) -> Rule:
    """One rule. Raises `BadRule`."""
    facts = _object(data, {"name", "when", "then"})
    name = _text(facts.get("name"), 80)
    if not name:
        raise BadRule(_("Give the rule a name."))
    return Rule(name, _when(facts.get("when", {})), _then(facts.get("then", {})))


def rules_as_json(rules: Iterable[Rule]) -> list[dict[str, Any]]:
    return [
        {
            "name": rule.name,
            "when": _when_json(rule.when),
            "then": _then_json(rule.then),
        }
        for rule in rules
    ]


def demands_as_json(demands: Demands) -> dict[str, Any]:
    return {
        "steps": [_step_json(step) for step in demands.steps],
        "longest_minutes": _minutes(demands.longest),
        "notice_minutes": _minutes(demands.notice),
        "hours": [_hours_json(hours) for hours in demands.hours],
        "unusual": list(demands.unusual),
        "attendance": demands.attendance,
        "passkey": demands.passkey,
        "recurring_allowed": demands.recurring_allowed,
        "confirm_each_use": demands.confirm_each_use,
        "rules": list(demands.rules),
    }


def demands_from(data: Mapping[str, Any]) -> Demands:
    """What `demands_as_json` made; an empty one is what no rule demands."""
    if not data:
        return Demands()
    return Demands(
        steps=tuple(_step(one) for one in data["steps"]),
        longest=_span(data["longest_minutes"]),
        notice=_span(data["notice_minutes"]),
        hours=tuple(_hours(one) for one in data["hours"]),
        unusual=tuple(data["unusual"]),
        attendance=data["attendance"],
        passkey=data["passkey"],
        recurring_allowed=data["recurring_allowed"],
        confirm_each_use=data["confirm_each_use"],
        rules=tuple(data["rules"]),
    )


def _when(data: Any) -> When:
    facts = _object(
        data,
        {
            "sites", "zones", "assets", "vendors", "criticalities", "permissions",
            "hours",
        },
    )  # fmt: skip
    return When(
        sites=_ids(facts.get("sites", [])),
        zones=_ids(facts.get("zones", [])),
        assets=_ids(facts.get("assets", [])),
        vendors=_ids(facts.get("vendors", [])),
        criticalities=_of(facts.get("criticalities", []), CRITICALITIES),
        permissions=_of(facts.get("permissions", []), PERMISSIONS),
        hours=_hours(facts.get("hours", {})),
    )


def _then(data: Any) -> Then:
    facts = _object(
        data,
        {
            "steps", "longest_minutes", "notice_minutes", "hours", "unusual",
            "attendance", "passkey", "recurring", "confirm_each_use",
        },
    )  # fmt: skip
    steps = facts.get("steps", [])
    if not isinstance(steps, list) or len(steps) > STEPS_AT_MOST:
        raise BadRule(_("A rule has at most %(most)s steps.") % {"most": STEPS_AT_MOST})
    read = tuple(_step(step) for step in steps)
    if len({step.who for step in read}) != len(read):
        raise BadRule(_("The same people are asked by two steps: use one, for more."))
    recurring = facts.get("recurring", "")
    if recurring not in set(Recurring):
        raise BadRule(_("Choose what holds for recurring work."))
    return Then(
        steps=read,
        longest=_span(facts.get("longest_minutes")),
        notice=_span(facts.get("notice_minutes")),
        hours=_hours(facts["hours"]) if facts.get("hours") else None,
        unusual=_text(facts.get("unusual", ""), 200),
        attendance=_flag(facts.get("attendance", False)),
        passkey=_flag(facts.get("passkey", False)),
        recurring=Recurring(recurring),
        confirm_each_use=_flag(facts.get("confirm_each_use", False)),
    )


def _step(data: Any) -> Step:
    facts = _object(
        data,
        {"who", "quorum", "order", "name", "deputy", "after_minutes", "emergency"},
    )
    who, deputy = _who(facts.get("who")), facts.get("deputy", "")
    after = _number(facts.get("after_minutes", 0), 0, 24 * 60)
    if deputy and (_who(deputy) == who or not after):
        raise BadRule(
            _("A deputy is somebody else, who is asked after a number of minutes.")
        )
    return Step(
        who=who,
        quorum=_number(facts.get("quorum", 1), 1, QUORUM_AT_MOST),
        order=_number(facts.get("order", 1), 1, ORDER_AT_MOST),
        name=_text(facts.get("name", ""), 80),
        deputy=deputy,
        after_minutes=after if deputy else 0,
        emergency=_flag(facts.get("emergency", False)),
    )


def _who(value: Any) -> str:
    if value in ROLES:
        return str(value)
    if isinstance(value, str) and re.fullmatch(f"{GROUP}[0-9]{{1,18}}", value):
        return value
    raise BadRule(_("Say who agrees in each step: a role, or a group of people."))


def _hours(data: Any) -> Hours:
    facts = _object(data, {"weekdays", "from", "until"})
    weekdays = facts.get("weekdays", EVERY_DAY)
    if (
        not isinstance(weekdays, str)
        or not weekdays
        or not set(weekdays) <= set(EVERY_DAY)
    ):
        raise BadRule(_("Choose at least one day of the week."))
    return Hours(
        "".join(sorted(set(weekdays))),
        _time(facts.get("from", "00:00")),
        _time(facts.get("until", "00:00")),
    )


def _time(value: Any) -> time:
    try:
        hour, minute = str(value).split(":")
        return time(int(hour), int(minute))
    except ValueError:
        raise BadRule(_("A time of day is written as 14:30.")) from None


def _object(data: Any, known: set[str]) -> dict[str, Any]:
    if not isinstance(data, dict) or set(data) - known:
        raise BadRule(_("A rule has a part that is not known here."))
    return data


def _text(value: Any, longest: int) -> str:
    if not isinstance(value, str) or len(value) > longest:
        raise BadRule(
            _("A text of a rule has at most %(most)s characters.") % {"most": longest}
        )
    return value.strip()


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise BadRule(_("A rule has a part that is not known here."))
    return value


def _number(value: Any, least: int, most: int) -> int:
    if (
        not isinstance(value, int)
        or isinstance(value, bool)
        or not least <= value <= most
    ):
        raise BadRule(
            _("A number of a rule lies between %(least)s and %(most)s.")
            % {"least": least, "most": most}
        )
    return value


def _span(value: Any) -> timedelta | None:
    if value is None:
        return None
    return timedelta(minutes=_number(value, 1, MINUTES_AT_MOST))


def _ids(value: Any) -> frozenset[int]:
    if not isinstance(value, list):
        raise BadRule(_("A rule has a part that is not known here."))
    return frozenset(_number(one, 1, 2**63 - 1) for one in value)


def _of(value: Any, known: tuple[str, ...]) -> frozenset[str]:
    if not isinstance(value, list) or not set(map(str, value)) <= set(known):
        raise BadRule(_("A rule has a part that is not known here."))
    return frozenset(value)


def _when_json(when: When) -> dict[str, Any]:
    return {
        "sites": sorted(when.sites),
        "zones": sorted(when.zones),
        "assets": sorted(when.assets),
        "vendors": sorted(when.vendors),
        "criticalities": sorted(when.criticalities),
        "permissions": sorted(when.permissions),
        "hours": _hours_json(when.hours),
    }


def _then_json(then: Then) -> dict[str, Any]:
    return {
        "steps": [_step_json(step) for step in then.steps],
        "longest_minutes": _minutes(then.longest),
        "notice_minutes": _minutes(then.notice),
        "hours": _hours_json(then.hours) if then.hours else None,
        "unusual": then.unusual,
        "attendance": then.attendance,
        "passkey": then.passkey,
        "recurring": then.recurring.value,
        "confirm_each_use": then.confirm_each_use,
    }


def _step_json(step: Step) -> dict[str, Any]:
    return {
        "who": step.who,
        "quorum": step.quorum,
        "order": step.order,
        "name": step.name,
        "deputy": step.deputy,
        "after_minutes": step.after_minutes,
        "emergency": step.emergency,
    }


def _hours_json(hours: Hours) -> dict[str, str]:
    return {
        "weekdays": hours.weekdays,
        "from": f"{hours.start:%H:%M}",
        "until": f"{hours.until:%H:%M}",
    }


def _minutes(span: timedelta | None) -> int | None:
    return None if span is None else int(span.total_seconds() // 60)


def _or_none(value: Any, read: Callable[[Any], Any]) -> Any:
    return None if value is None else read(value)


def trial_facts(data: Any) -> dict[str, Any]:
    """The checked parts of one trial (`requests.policy.trials`). Raises `BadRule`."""
    facts = _object(
        data,
        {
            "name", "asset", "vendor", "permission", "weekday", "at", "minutes", "asks",
            "fits", "people", "in_order", "passkey", "attendance",
        },
    )  # fmt: skip
    name = _text(facts.get("name"), 80)
    if not name:
        raise BadRule(_("Give the example a name."))
    (permission,) = _of([facts.get("permission")], PERMISSIONS)
    return {
        "name": name,
        "asset": _number(facts.get("asset"), 1, 2**63 - 1),
        "vendor": _number(facts.get("vendor"), 1, 2**63 - 1),
        "permission": permission,
        "weekday": _number(facts.get("weekday"), 1, 7),
        "at": _time(facts.get("at")),
        "minutes": _number(facts.get("minutes"), 1, MINUTES_AT_MOST),
        "asks": [_who(one) for one in facts.get("asks", [])],
        "fits": _flag(facts.get("fits", True)),
        "people": _or_none(facts.get("people"), lambda one: _number(one, 1, 99)),
        **{
            name: _or_none(facts.get(name), _flag)
            for name in ("in_order", "passkey", "attendance")
        },
    }
