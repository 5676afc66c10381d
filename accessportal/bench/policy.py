"""`./portal bench policy`: what it costs to ask the approval policy, and to seat who agreed.

Made-up rules of every kind, each with conditions and demands, and made-up wishes spread over
a year, a tenth of them across a night. Nothing is read from a database: what is measured
is evaluating (`demands_on`), reading the rules from JSON, which each submission does once,
and matching people to places (`progress_of`). Counted is the CPU of the thread, so that
other work of the machine does not count.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from accessportal.bench.options import run_bench
from requests.policy.evaluation import demands_on
from requests.policy.places import progress_of
from requests.policy.reading import rules_from
from requests.policy.rules import (
    IT_SECURITY,
    OT_SUPERVISOR,
    Machine,
    Wish,
)

ZONES = ("Europe/Berlin", "America/Chicago", "Asia/Kolkata")
SITES, PLANT_ZONES, ASSETS, VENDORS = 12, 60, 600, 40
WHO = (OT_SUPERVISOR, IT_SECURITY, "group:1", "group:2", "group:3")
BAR_MS = 5.0
YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def main(arguments: list[str]) -> int:
    """Measure and print a table. Exit status 0 when it was measured."""
    parser = argparse.ArgumentParser(prog="portal bench policy", description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--rules", type=int, default=200)
    parser.add_argument("--quick", action="store_true", help="500 requests only")
    parser.add_argument("--json", action="store_true", help="print JSON, too")
    chosen = parser.parse_args(arguments)
    count = 500 if chosen.quick else chosen.requests

    def measured() -> str:
        rows = measure(requests=count, rules=chosen.rules)
        table = as_table(rows)
        return f"{table}\n{json.dumps(rows)}" if chosen.json else table

    return run_bench(measured)


def measure(*, requests: int, rules: int, seed: int = 62443) -> list[dict[str, Any]]:
    """What each of the three takes, in milliseconds; `bar` is what it may take at most."""
    chance = random.Random(seed)  # noqa: S311 - the same wishes in every run
    plain = [made_up_rule(chance, number) for number in range(rules)]
    read = rules_from(plain)
    wishes = [made_up_wish(chance) for _ in range(requests)]
    demands = [demands_on(wish, read) for wish in wishes]
    agreed = [
        [frozenset(chance.sample(WHO, k=chance.randint(1, 3))) for _ in range(6)]
        for _ in wishes
    ]
    pairs = list(zip(demands, agreed, strict=True))
    readings = max(20, requests // 100)
    matching = sum(len(one.rules) for one in demands) / len(demands)
    return [
        {
            "what": f"evaluate {rules} rules for a request ({matching:.0f} match)",
            **timed(lambda wish: demands_on(wish, read), wishes),
            "bar": BAR_MS,
        },
        {
            "what": "match six who agreed to the places",
            **timed(lambda pair: progress_of(pair[0].steps, pair[1]), pairs),
            "bar": BAR_MS,
        },
        {
            "what": f"read {rules} rules from JSON",
            **timed(lambda _: rules_from(plain), range(readings)),
            "bar": None,
        },
    ]


def timed(act: Callable[[Any], object], things: Sequence[Any]) -> dict[str, Any]:
    """How often, and p50, p99 and the slowest in ms, of `act` on each of `things`."""
    took = []
    for thing in things:
        begun = time.thread_time()
        act(thing)
        took.append((time.thread_time() - begun) * 1000)
    took.sort()
    return {
        "times": len(took),
        "p50": took[len(took) // 2],
        "p99": took[min(len(took) - 1, len(took) * 99 // 100)],
        "max": took[-1],
    }


def made_up_rule(chance: random.Random, number: int) -> dict[str, Any]:
    """A rule as JSON: two or three conditions, up to three steps, some limits."""

    def some(most: int, count: int) -> list[int]:
        return sorted(chance.sample(range(1, most + 1), k=count))

    when: dict[str, Any] = {}
    for name, value in (
        ("sites", some(SITES, 4)),
        ("zones", some(PLANT_ZONES, 20)),
        ("assets", some(ASSETS, 150)),
        ("vendors", some(VENDORS, 12)),
        ("criticalities", ["high"]),
        ("permissions", ["control"]),
        ("hours", {"weekdays": "12345", "from": "20:00", "until": "06:00"}),
    ):
        if chance.random() < 0.3:
            when[name] = value
    steps = [
        {"who": who, "quorum": chance.randint(1, 2), "order": chance.randint(1, 3)}
        for who in chance.sample(WHO, k=chance.randint(0, 3))
    ]
    return {
        "name": f"Rule {number}",
        "when": when,
        "then": {
            "steps": steps,
            "longest_minutes": chance.choice([None, 60, 240, 480]),
            "notice_minutes": chance.choice([None, 30, 1440]),
            "hours": chance.choice([None, {"from": "06:00", "until": "22:00"}]),
            "attendance": chance.random() < 0.2,
        },
    }


def made_up_wish(chance: random.Random) -> Wish:
    start = YEAR + timedelta(minutes=chance.randint(0, 365 * 24 * 60))
    hours = 12 if chance.random() < 0.1 else chance.randint(1, 4)
    return Wish(
        site=chance.randint(1, SITES),
        time_zone=chance.choice(ZONES),
        machines=tuple(
            Machine(
                chance.randint(1, ASSETS),
                chance.randint(1, PLANT_ZONES),
                chance.choice(["low", "medium", "high"]),
            )
            for _ in range(chance.randint(1, 3))
        ),
        vendor=chance.randint(1, VENDORS),
        permission=chance.choice(["view", "control"]),
        start=start,
        end=start + timedelta(hours=hours),
    )


def as_table(rows: Sequence[dict[str, Any]]) -> str:
    """For docs/performance.md."""
    lines = [
        "| what | times | p50 | p99 | slowest | bar |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row['what']} | {row['times']:,} | {row['p50']:.3f} ms | {row['p99']:.3f} ms "
        f"| {row['max']:.2f} ms | {bar_words(row['bar'])} |"
        for row in rows
    ]
    return "\n".join(lines)


def bar_words(bar: float | None) -> str:
    return "" if bar is None else f"{bar:g} ms"
