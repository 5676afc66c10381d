"""The checklist of ASVS 5.0 is whole, and every test and file that it names is there."""

from __future__ import annotations

import re

from tests.guards.sources import ROOT

CHECKLIST = ROOT / "docs" / "security" / "asvs.md"
LINE = re.compile(
    r"^\| (\d+\.\d+\.\d+) \| ([12]) \| ([^|]+) \| (yes|part|no|n/a) \| (.+) \|$", re.M
)
# Requirements of levels 1 and 2 in version 5.0.0 of the standard.
LEVELS = {"1": 70, "2": 183}
NAMED = re.compile(
    r"\b((?:tests|docs|deploy|templates|accessportal|requests)/[\w./-]*[\w/])"
)


def lines() -> list[tuple[str, ...]]:
    return LINE.findall(CHECKLIST.read_text())


def test_every_requirement_has_one_line() -> None:
    found = lines()
    numbers = [line[0] for line in found]
    assert len(numbers) == len(set(numbers))
    for level, count in LEVELS.items():
        assert sum(line[1] == level for line in found) == count


def test_every_line_says_where_or_why() -> None:
    assert [line[0] for line in lines() if len(line[4]) < 4] == []


def test_what_it_names_is_there() -> None:
    gone = [
        (line[0], path)
        for line in lines()
        for path in NAMED.findall(line[4])
        if not (ROOT / path).exists()
    ]
    assert gone == []


def test_the_counts_at_its_top_are_right() -> None:
    text, found = CHECKLIST.read_text(), lines()
    for met in ("yes", "part", "no", "n/a"):
        assert f"{sum(line[3] == met for line in found)} {met}" in text
