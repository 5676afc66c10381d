"""Rules come to the strictest of those that match; adding one never loosens another."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import permutations
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from requests.policy.evaluation import demands_on, in_an_emergency
from requests.policy.hours import Hours
from requests.policy.places import progress_of
from requests.policy.reading import (
    BadRule,
    demands_as_json,
    demands_from,
    rule_from,
    rules_as_json,
    rules_from,
)
from requests.policy.rules import (
    IT_SECURITY,
    OT_SUPERVISOR,
    Demands,
    Machine,
    Recurring,
    Rule,
    Step,
    Then,
    When,
    Wish,
)

ENGINEERS = "group:7"
BERLIN = "Europe/Berlin"
TUESDAY = datetime(2026, 3, 10, 14, 0, tzinfo=ZoneInfo(BERLIN))

WISH = Wish(
    site=1,
    time_zone=BERLIN,
    machines=(Machine(asset=10, zone=5, criticality="high"),),
    vendor=3,
    permission="control",
    start=TUESDAY,
    end=TUESDAY + timedelta(hours=2),
)


@pytest.mark.parametrize(
    ("when", "does"),
    [
        (When(), True),
        (When(sites=frozenset({1, 2})), True),
        (When(sites=frozenset({2})), False),
        (When(zones=frozenset({5})), True),
        (When(zones=frozenset({6})), False),
        (When(criticalities=frozenset({"high"})), True),
        (When(criticalities=frozenset({"low", "medium"})), False),
        (When(assets=frozenset({10})), True),
        # On one machine, not one half on each.
        (When(assets=frozenset({11}), criticalities=frozenset({"high"})), False),
        (When(vendors=frozenset({3})), True),
        (When(vendors=frozenset({4})), False),
        (When(permissions=frozenset({"view"})), False),
        (When(hours=Hours("2", time(8), time(15))), True),  # its first hour
        (When(hours=Hours("2", time(16), time(20))), False),  # begins as the wish ends
        (When(hours=Hours("1", time(22), time(6))), False),  # Monday night
        (When(hours=Hours("13", time(0), time(0))), False),
    ],
)
def test_when_a_rule_matches(when: When, does: bool) -> None:
    two = replace(WISH, machines=(*WISH.machines, Machine(11, 6, "low")))
    wish = two if len(when.assets) and when.criticalities else WISH
    assert bool(demands_on(wish, [Rule("One", when)]).rules) is does


def test_a_night_belongs_to_the_day_on_which_it_began_and_clock_changes_are_no_gap() -> (
    None
):
    monday_night = Hours("1", time(22), time(6))
    at_three = datetime(2026, 3, 10, 3, 0, tzinfo=ZoneInfo(BERLIN))
    assert monday_night.cover(at_three, at_three + timedelta(hours=3), BERLIN)
    assert not monday_night.cover(at_three, at_three + timedelta(hours=4), BERLIN)
    # 25 October 2026: 02:30 comes twice; 29 March: 02:30 does not come at all.
    sunday = Hours("7", time(0), time(3))
    autumn = datetime(2026, 10, 24, 22, 30, tzinfo=UTC)
    assert sunday.cover(autumn, autumn + timedelta(hours=3, minutes=30), BERLIN)
    assert not sunday.cover(autumn, autumn + timedelta(hours=3, minutes=31), BERLIN)
    spring = datetime(2026, 3, 28, 23, 0, tzinfo=UTC)
    assert sunday.cover(spring, spring + timedelta(hours=2), BERLIN)
    assert not sunday.cover(spring, spring + timedelta(hours=2, minutes=1), BERLIN)
    # Hours that change while the clock skips them: one ends as the other begins.
    night = Hours("6", time(22), time(2, 30))
    morning = Hours("7", time(2, 30), time(10))
    evening = datetime(2026, 3, 28, 21, 0, tzinfo=UTC)
    ends = evening + timedelta(hours=4, minutes=30)
    assert night.cover(evening, ends, BERLIN)
    assert morning.cover(ends, ends + timedelta(hours=1), BERLIN)
    assert not morning.touch(evening, ends, BERLIN)
    # Days that follow one another are one; a leap day is a day like others.
    week = Hours("12345", time(0), time(0))
    leap = datetime(2028, 2, 28, 12, 0, tzinfo=ZoneInfo("America/Chicago"))
    assert week.cover(leap, leap + timedelta(days=2), "America/Chicago")
    assert not week.cover(leap, leap + timedelta(days=5), "America/Chicago")


def test_the_strictest_of_each() -> None:
    rules = [
        Rule(
            "Both agree",
            then=Then(
                steps=(Step(OT_SUPERVISOR), Step(IT_SECURITY)),
                longest=timedelta(hours=8),
                notice=timedelta(hours=1),
                recurring=Recurring.ALLOWED,
            ),
        ),
        Rule(
            "Engineers first",
            then=Then(
                steps=(Step(ENGINEERS, quorum=2), Step(OT_SUPERVISOR, order=2)),
                longest=timedelta(hours=4),
                hours=Hours("12345", time(6), time(22)),
                unusual="Export batch on Tuesdays",
                attendance=True,
                passkey=True,
                confirm_each_use=True,
                recurring=Recurring.NEVER,
            ),
        ),
        Rule("Elsewhere", When(sites=frozenset({9})), Then(longest=timedelta(hours=1))),
    ]
    for order in permutations(rules):
        demands = demands_on(WISH, order)
        assert demands.steps == (
            Step(ENGINEERS, quorum=2),
            Step(IT_SECURITY),
            Step(OT_SUPERVISOR, order=2),
        )
        assert (demands.longest, demands.notice) == (
            timedelta(hours=4),
            timedelta(hours=1),
        )
        assert demands.hours == (Hours("12345", time(6), time(22)),)
        assert demands.unusual == ("Export batch on Tuesdays",)
        assert demands.attendance and demands.passkey and demands.confirm_each_use
        assert not demands.recurring_allowed
        assert set(demands.rules) == {"Both agree", "Engineers first"}


def test_no_rule_and_no_step_is_one_supervisor() -> None:
    assert demands_on(WISH, []).steps == (Step(OT_SUPERVISOR),)
    only_others = Rule("IT", then=Then(steps=(Step(IT_SECURITY),)))
    assert {step.who for step in demands_on(WISH, [only_others]).steps} == {
        OT_SUPERVISOR,
        IT_SECURITY,
    }


# --- What holds for any rules ---------------------------------------------------------

WHO = st.sampled_from([OT_SUPERVISOR, IT_SECURITY, ENGINEERS, "group:8"])
STEPS = st.lists(
    st.builds(
        Step,
        WHO,
        quorum=st.integers(1, 3),
        order=st.integers(1, 3),
        deputy=st.sampled_from(["", "group:9"]),
        after_minutes=st.integers(5, 60),
        emergency=st.booleans(),
    ).map(lambda step: step if step.deputy else replace(step, after_minutes=0)),
    max_size=3,
    unique_by=lambda step: step.who,
).map(tuple)
SPANS = st.none() | st.integers(1, 600).map(lambda minutes: timedelta(minutes=minutes))
HOURS = st.builds(
    Hours,
    st.sets(st.sampled_from("1234567"), min_size=1).map(
        lambda days: "".join(sorted(days))
    ),
    st.builds(time, st.integers(0, 23)),
    st.builds(time, st.integers(0, 23)),
)
RULES = st.lists(
    st.builds(
        Rule,
        st.uuids().map(str),
        st.builds(
            When,
            sites=st.frozensets(st.integers(1, 2), max_size=1),
            permissions=st.frozensets(st.sampled_from(["view", "control"]), max_size=1),
        ),
        st.builds(
            Then,
            steps=STEPS,
            longest=SPANS,
            notice=SPANS,
            hours=st.none() | HOURS,
            attendance=st.booleans(),
            passkey=st.booleans(),
            recurring=st.sampled_from(Recurring),
            confirm_each_use=st.booleans(),
        ),
    ),
    max_size=5,
)


def no_looser(stricter: Demands, other: Demands, named: set[str]) -> bool:
    """Whether `stricter` demands at least what `other` does. named: the steps of which rules
    had spoken before; only to these can nobody add a deputy."""
    quorums = {step.who: step for step in stricter.steps}
    return (
        all(
            step.who in quorums
            and quorums[step.who].quorum >= step.quorum
            and quorums[step.who].order >= step.order
            and (step.who not in named or quorums[step.who].deputy in {"", step.deputy})
            and (
                not quorums[step.who].deputy
                or quorums[step.who].after_minutes >= step.after_minutes
            )
            for step in other.steps
        )
        and (
            other.longest is None
            or (stricter.longest is not None and stricter.longest <= other.longest)
        )
        and (
            other.notice is None
            or (stricter.notice is not None and stricter.notice >= other.notice)
        )
        and set(stricter.hours) >= set(other.hours)
        and stricter.attendance >= other.attendance
        and stricter.passkey >= other.passkey
        and stricter.confirm_each_use >= other.confirm_each_use
    )


@given(RULES, RULES)
def test_adding_rules_never_loosens(some: list[Rule], more: list[Rule]) -> None:
    """Not even the first rule, of having none; and one no to recurring work stays a no."""
    before, after = demands_on(WISH, some), demands_on(WISH, [*some, *more])
    named = {
        step.who
        for rule in some
        if rule.name in before.rules
        for step in rule.then.steps
    }
    assert no_looser(before, Demands(), set()) and no_looser(after, before, named)
    if any(
        rule.then.recurring == "never" and rule.name in before.rules for rule in some
    ):
        assert not after.recurring_allowed


@given(RULES, RULES)
def test_nor_does_it_loosen_an_emergency(some: list[Rule], more: list[Rule]) -> None:
    """One OT supervisor always agrees, and whoever had to agree before still has to."""
    before, after = (
        in_an_emergency(demands_on(WISH, rules)) for rules in (some, [*some, *more])
    )
    named = {step.who for step in demands_on(WISH, some).steps if step.emergency}
    assert no_looser(before, in_an_emergency(Demands()), set())
    assert no_looser(after, before, named)


@given(RULES, st.randoms())
def test_the_order_of_rules_never_matters(rules: list[Rule], random: object) -> None:
    mixed = list(rules)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    one, other = demands_on(WISH, rules), demands_on(WISH, mixed)
    assert (one.steps, one.longest, one.notice, set(one.hours)) == (
        other.steps,
        other.longest,
        other.notice,
        set(other.hours),
    )
    assert one.recurring_allowed == other.recurring_allowed


@given(RULES)
def test_json_keeps_everything(rules: list[Rule]) -> None:
    kept = json.loads(json.dumps(rules_as_json(rules)))
    again = rules_from(kept)
    assert rules_as_json(again) == kept
    demands = demands_on(WISH, again)
    assert demands == demands_on(WISH, rules)
    assert demands_from(json.loads(json.dumps(demands_as_json(demands)))) == demands
    assert demands_from({}) == Demands()


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        {"name": ""},
        {"name": "A", "surprise": 1},
        {"name": "A", "when": {"sites": ["1"]}},
        {"name": "A", "when": {"sites": [True]}},
        {"name": "A", "when": {"permissions": ["everything"]}},
        {"name": "A", "when": {"hours": {"weekdays": "8"}}},
        {"name": "A", "when": {"hours": {"weekdays": ""}}},
        {"name": "A", "when": {"hours": {"from": "25:00"}}},
        {"name": "A", "then": {"steps": [{"who": "role:contractor"}]}},
        {"name": "A", "then": {"steps": [{"who": "group:x"}]}},
        {"name": "A", "then": {"steps": [{"who": OT_SUPERVISOR, "quorum": 0}]}},
        {"name": "A", "then": {"steps": [{"who": OT_SUPERVISOR}] * 2}},
        {
            "name": "A",
            "then": {"steps": [{"who": OT_SUPERVISOR, "deputy": IT_SECURITY}]},
        },
        {"name": "A", "then": {"longest_minutes": 0}},
        {"name": "A", "then": {"attendance": "yes"}},
        {"name": "A", "then": {"recurring": "sometimes"}},
        {"name": "A", "then": {"unusual": "x" * 201}},
    ],
)
def test_a_rule_that_cannot_be_is_refused(wrong: object) -> None:
    with pytest.raises(BadRule, match=r"\."):
        rule_from(wrong)


# --- Places ---------------------------------------------------------------------------

A, B, C = OT_SUPERVISOR, IT_SECURITY, ENGINEERS


@pytest.mark.parametrize(
    ("steps", "agreed", "complete", "asked"),
    [
        ([Step(A)], [], False, {A}),
        ([Step(A)], [{A}], True, set()),
        ([Step(A), Step(B)], [{A}], False, {B}),
        # Somebody with both roles fills one place, whichever is needed for the other.
        ([Step(A), Step(B)], [{A, B}], False, {A, B}),
        ([Step(A), Step(B)], [{A, B}, {A}], True, set()),
        ([Step(A), Step(B)], [{A}, {A, B}], True, set()),
        ([Step(A, quorum=2)], [{A}], False, {A}),
        # The second step is not asked before the first is done.
        ([Step(A), Step(B, order=2)], [], False, {A}),
        ([Step(A), Step(B, order=2)], [{A}], False, {B}),
        ([Step(A, order=3), Step(C)], [{C}, {A}], True, set()),
        # Two of one kind do not stand in for the other.
        ([Step(A), Step(B)], [{A}, {A}], False, {B}),
        ([Step(A), Step(B)], [set(), set()], False, {A, B}),
    ],
)
def test_who_is_still_needed(
    steps: list[Step], agreed: list[set[str]], complete: bool, asked: set[str]
) -> None:
    progress = progress_of(steps, [frozenset(one) for one in agreed])
    assert (progress.complete, progress.asked) == (complete, asked)


PEOPLE = st.lists(st.frozensets(st.sampled_from([A, B, C]), max_size=3), max_size=5)
ASKED = st.lists(
    st.builds(Step, st.sampled_from([A, B, C]), quorum=st.integers(1, 2)),
    min_size=1,
    max_size=3,
    unique_by=lambda step: step.who,
)


def could_fill(steps: list[Step], people: list[frozenset[str]]) -> bool:
    """By trying everything: each place a person of its own who can fill it."""
    slots = [step.who for step in steps for _ in range(step.quorum)]
    return any(
        all(slot in people[person] for slot, person in zip(slots, chosen, strict=True))
        for chosen in permutations(range(len(people)), len(slots))
    )


@given(ASKED, PEOPLE, st.randoms())
def test_complete_is_exactly_when_different_people_fill_every_place(
    steps: list[Step], people: list[frozenset[str]], random: object
) -> None:
    """And nobody's turn within one order depends on who was first."""
    progress = progress_of(steps, people)
    assert progress.complete == could_fill(steps, people)
    mixed = list(people)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    again = progress_of(steps, mixed)
    assert (again.complete, again.order) == (progress.complete, progress.order)
    for step in steps:
        one_more = progress_of(steps, [*people, frozenset({step.who})])
        filled, before = (
            sum(map(len, some.filled.values())) for some in (one_more, progress)
        )
        assert (step.who in progress.asked) == (filled > before)


def test_nobody_ever_approves_without_a_step() -> None:
    with pytest.raises(ValueError, match="by nobody"):
        progress_of([], [])
