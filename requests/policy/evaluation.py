"""The strictest of all rules that match a wish. Adding a rule never loosens another.

Two things can be given by rules and not demanded: that recurring work is approved with
its series, and a deputy for a step that waits too long. There, all rules that speak of it
have to agree.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from requests.policy.rules import (
    DEFAULT_STEP,
    Demands,
    Recurring,
    Rule,
    Step,
    When,
    Wish,
)


def matches(when: When, wish: Wish) -> bool:
    return (
        _allows(when.sites, wish.site)
        and _allows(when.vendors, wish.vendor)
        and _allows(when.permissions, wish.permission)
        and _on_a_machine(when, wish)
        and (
            when.hours.always or when.hours.touch(wish.start, wish.end, wish.time_zone)
        )
    )


def demands_on(wish: Wish, rules: Iterable[Rule]) -> Demands:
    """What the rules that match demand together; one OT supervisor in any case."""
    matching = [rule for rule in rules if matches(rule.when, wish)]
    thens = [rule.then for rule in matching]
    said = {then.recurring for then in thens}
    return Demands(
        steps=steps_together(step for then in thens for step in then.steps),
        longest=_least(then.longest for then in thens),
        notice=_most(then.notice for then in thens),
        hours=tuple(dict.fromkeys(then.hours for then in thens if then.hours)),
        unusual=tuple(dict.fromkeys(then.unusual for then in thens if then.unusual)),
        attendance=any(then.attendance for then in thens),
        passkey=any(then.passkey for then in thens),
        recurring_allowed=Recurring.ALLOWED in said and Recurring.NEVER not in said,
        confirm_each_use=any(then.confirm_each_use for then in thens),
        rules=tuple(rule.name for rule in matching),
    )


def in_an_emergency(demands: Demands) -> Demands:
    """Only the steps that count when the line is down, and one OT supervisor beside them.

    So adding a rule never loosens an emergency either. Notice, hours and the longest duration
    fall away, and nothing that protects: attendance and passkeys stay, and so does what is
    unusual.
    """
    return replace(
        demands,
        steps=steps_together(step for step in demands.steps if step.emergency),
        longest=None,
        notice=None,
        hours=(),
        recurring_allowed=False,
    )


def _allows(chosen: frozenset[int] | frozenset[str], value: int | str) -> bool:
    return not chosen or value in chosen


def _on_a_machine(when: When, wish: Wish) -> bool:
    if not (when.zones or when.assets or when.criticalities):
        return True
    return any(
        _allows(when.zones, machine.zone)
        and _allows(when.assets, machine.asset)
        and _allows(when.criticalities, machine.criticality)
        for machine in wish.machines
    )


def steps_together(asked: Iterable[Step]) -> tuple[Step, ...]:
    """One step for each `who`, in their order; the OT supervisor's is always there."""
    by_who: dict[str, Step] = {}
    for step in asked:
        known = by_who.get(step.who)
        by_who[step.who] = step if known is None else _stricter(known, step)
    by_who.setdefault(DEFAULT_STEP.who, DEFAULT_STEP)
    return tuple(sorted(by_who.values(), key=lambda step: (step.order, step.who)))


def _stricter(one: Step, other: Step) -> Step:
    """More people, later; a deputy only where both name the same, after the longer wait."""
    same_deputy = one.deputy == other.deputy
    return Step(
        who=one.who,
        quorum=max(one.quorum, other.quorum),
        order=max(one.order, other.order),
        name=one.name or other.name,
        deputy=one.deputy if same_deputy else "",
        after_minutes=max(one.after_minutes, other.after_minutes) if same_deputy else 0,
        emergency=one.emergency or other.emergency,
    )


def _least(spans: Iterable[timedelta | None]) -> timedelta | None:
    return min((span for span in spans if span is not None), default=None)


def _most(spans: Iterable[timedelta | None]) -> timedelta | None:
    return max((span for span in spans if span is not None), default=None)
