"""The bench of the policy measures what it says, on the same wishes in every run."""

from __future__ import annotations

import random

from accessportal.bench.policy import as_table, made_up_rule, made_up_wish, measure
from requests.policy.evaluation import demands_on
from requests.policy.reading import rules_from


def test_rules_and_wishes_are_made_alike_and_some_match() -> None:
    chance, again = random.Random(1), random.Random(1)  # noqa: S311 - the same in every run
    plain = [made_up_rule(chance, number) for number in range(30)]
    assert plain == [made_up_rule(again, number) for number in range(30)]
    rules = rules_from(plain)
    matched = {len(demands_on(made_up_wish(chance), rules).rules) for _ in range(20)}
    assert max(matched) > 0 and len(matched) > 1


def test_a_quick_run_is_a_table_with_its_bar() -> None:
    rows = measure(requests=20, rules=10)
    assert [row["times"] for row in rows] == [20, 20, 20]
    assert all(0 < row["p50"] <= row["p99"] <= row["max"] for row in rows)
    assert as_table(rows).splitlines()[2].endswith("| 5 ms |")
