"""The rule by which work repeats: its times on the wall clock, and its words."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accessportal.clock import plant_time
from accessportal.errors import NotPossible
from requests.recurrence import (
    LAST,
    MOST,
    Repeat,
    Unit,
    repeat_of,
    rule_words,
    times_of,
    what_is_missing,
)
from tests.request_flow.conftest import refused

ZONES = ("Europe/Berlin", "America/Chicago", "Australia/Lord_Howe")
TWO_HOURS = timedelta(hours=2)


def times(
    rule: str, start: str, zone: str = "Europe/Berlin", extras: tuple[str, ...] = ()
) -> list[str]:
    first = datetime.fromisoformat(start).replace(tzinfo=ZoneInfo(zone))
    added = [date.fromisoformat(day) for day in extras]
    return [
        f"{one.start.astimezone(UTC):%Y-%m-%dT%H:%M}"
        for one in times_of(rule, first, zone, TWO_HOURS, added)
    ]


@pytest.mark.parametrize(
    ("rule", "start", "found"),
    [
        # The wall clock stays over 29 March; in UTC it moves.
        ("FREQ=WEEKLY;INTERVAL=1;BYDAY=MO;COUNT=3", "2026-03-23T06:00",
         ["2026-03-23T05:00", "2026-03-30T04:00", "2026-04-06T04:00"]),
        # What the clocks skip: the offset before the change, 03:30 that day.
        ("FREQ=WEEKLY;INTERVAL=1;BYDAY=SU;COUNT=3", "2026-03-22T02:30",
         ["2026-03-22T01:30", "2026-03-29T01:30", "2026-04-05T00:30"]),
        # What comes twice: the first.
        ("FREQ=WEEKLY;INTERVAL=1;BYDAY=SU;COUNT=2", "2026-10-18T02:30",
         ["2026-10-18T00:30", "2026-10-25T00:30"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH;UNTIL=20260320T235959", "2026-03-03T08:00",
         ["2026-03-05T07:00", "2026-03-16T07:00", "2026-03-19T07:00"]),
        ("FREQ=MONTHLY;INTERVAL=1;BYDAY=2TU;COUNT=3", "2026-03-10T08:00",
         ["2026-03-10T07:00", "2026-04-14T06:00", "2026-05-12T06:00"]),
        # The last Tuesday of a leap year's February is its 29th.
        ("FREQ=MONTHLY;INTERVAL=1;BYDAY=-1TU;COUNT=2", "2028-02-29T08:00",
         ["2028-02-29T07:00", "2028-03-28T06:00"]),
        # A month without the date, and a year without the day, has none; the last day is in all.
        ("FREQ=MONTHLY;INTERVAL=1;BYMONTHDAY=31;COUNT=4", "2026-01-31T08:00",
         ["2026-01-31T07:00", "2026-03-31T06:00", "2026-05-31T06:00", "2026-07-31T06:00"]),
        ("FREQ=MONTHLY;INTERVAL=1;BYMONTHDAY=-1;COUNT=3", "2026-01-31T08:00",
         ["2026-01-31T07:00", "2026-02-28T07:00", "2026-03-31T06:00"]),
        ("FREQ=YEARLY;INTERVAL=1;BYMONTH=2;BYMONTHDAY=29;COUNT=3", "2028-02-29T08:00",
         ["2028-02-29T07:00", "2032-02-29T07:00", "2036-02-29T07:00"]),
        ("FREQ=YEARLY;INTERVAL=1;BYMONTH=3;BYDAY=-1SU;UNTIL=20280401T235959",
         "2026-03-29T02:30", ["2026-03-29T01:30", "2027-03-28T01:30", "2028-03-26T01:30"]),
    ],
)  # fmt: skip
def test_the_times_of_a_rule(rule: str, start: str, found: list[str]) -> None:
    assert times(rule, start) == found


def test_every_day_over_a_change_of_the_clocks_and_a_day_more() -> None:
    """In three zones, forward and back: what is skipped is later by it, what comes twice is
    the first; 30 minutes are all that Lord Howe changes by."""
    every_day = "FREQ=DAILY;INTERVAL=1;COUNT=3"
    found = {
        (zone, start): times(every_day, f"{start}:00", zone)
        for zone, start in [
            ("Europe/Berlin", "2026-03-28T02:30"), ("Europe/Berlin", "2026-10-24T02:30"),
            ("America/Chicago", "2026-03-07T02:30"), ("America/Chicago", "2026-10-31T01:30"),
            ("Australia/Lord_Howe", "2026-10-03T02:15"),
            ("Australia/Lord_Howe", "2026-04-04T01:45"),
        ]
    }  # fmt: skip
    assert [list(each) for each in found.values()] == [
        ["2026-03-28T01:30", "2026-03-29T01:30", "2026-03-30T00:30"],
        ["2026-10-24T00:30", "2026-10-25T00:30", "2026-10-26T01:30"],
        ["2026-03-07T08:30", "2026-03-08T08:30", "2026-03-09T07:30"],
        ["2026-10-31T06:30", "2026-11-01T06:30", "2026-11-02T07:30"],
        ["2026-10-02T15:45", "2026-10-03T15:45", "2026-10-04T15:15"],
        ["2026-04-03T14:45", "2026-04-04T14:45", "2026-04-05T15:15"],
    ]
    # A day that is added comes in its turn, once, on the plant's clock.
    added = ("2026-04-07", "2026-03-26", "2026-03-30")
    assert times("FREQ=DAILY;INTERVAL=4;COUNT=2", "2026-03-26T08:00", extras=added) == [
        "2026-03-26T07:00", "2026-03-30T06:00", "2026-04-07T06:00",
    ]  # fmt: skip
    for day in ("2026-03-25", "2027-03-28"):
        with refused(NotPossible, "added_day_too_far"):
            times(every_day, "2026-03-26T08:00", extras=(day,))


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("FREQ=DAILY;COUNT=3", "rule_not_understood"),
        ("FREQ=HOURLY;INTERVAL=1;COUNT=3", "rule_not_understood"),
        ("FREQ=DAILY;INTERVAL=1;BYDAY=MO;COUNT=3", "rule_not_understood"),
        ("FREQ=MONTHLY;INTERVAL=1;BYDAY=1MO,TU;COUNT=3", "rule_not_understood"),
        ("FREQ=MONTHLY;INTERVAL=1;BYMONTHDAY=32;COUNT=3", "rule_not_understood"),
        ("FREQ=YEARLY;INTERVAL=1;BYMONTHDAY=3;COUNT=3", "rule_not_understood"),
        ("FREQ=YEARLY;INTERVAL=1;BYMONTH=2;BYMONTHDAY=30;COUNT=3", "rule_not_understood"),
        ("FREQ=DAILY;INTERVAL=1;UNTIL=20260601T235959", "too_many_times"),
        ("FREQ=DAILY;INTERVAL=90;COUNT=6", "series_too_long"),
        ("FREQ=MONTHLY;INTERVAL=1;BYMONTHDAY=31;COUNT=9", "series_too_long"),
        ("FREQ=YEARLY;INTERVAL=2;BYMONTH=3;BYMONTHDAY=10;COUNT=7", "series_too_long"),
        ("FREQ=WEEKLY;INTERVAL=1;BYDAY=2MO;COUNT=3", "rule_not_understood"),
        ("FREQ=MONTHLY;INTERVAL=1;BYDAY=MO;COUNT=3", "rule_not_understood"),
        ("FREQ=WEEKLY;INTERVAL=1;BYDAY=MO;COUNT=3;BYHOUR=1", "rule_not_understood"),
        ("FREQ=WEEKLY;INTERVAL=1;BYDAY=MO,TU,WE,TH,FR;COUNT=61", "too_many_times"),
        ("FREQ=WEEKLY;INTERVAL=1;BYDAY=MO,TU,WE;UNTIL=20270101T235959", "too_many_times"),
        ("FREQ=WEEKLY;INTERVAL=1;BYDAY=MO;UNTIL=20280101T235959", "series_too_long"),
        ("FREQ=MONTHLY;INTERVAL=2;BYDAY=1MO;COUNT=9", "series_too_long"),
        ("FREQ=WEEKLY;INTERVAL=1;BYDAY=MO;UNTIL=20260101T235959", "no_time"),
        ("", "rule_not_understood"),
    ],
)  # fmt: skip
def test_rules_that_are_not_taken(rule: str, code: str) -> None:
    with refused(NotPossible, code):
        times(rule, "2026-03-10T08:00")


def repeat_like(unit: Unit, every: int, days: set[str], nth: int, on: int, times: int):
    """What the form can make of these: by days, by weeks, on the n-th or on a date."""
    if unit == Unit.DAYS:
        return Repeat(unit, every, times=times)
    if unit == Unit.WEEKS:
        return Repeat(unit, every, "".join(sorted(days)), times=times)
    month = 3 if unit == Unit.YEARS else 0
    if nth:
        return Repeat(unit, every, min(days), nth, 0, month, times)
    return Repeat(unit, every, "", 0, on, month, times)


REPEATS = st.builds(
    repeat_like,
    st.sampled_from(Unit),
    st.integers(1, 4),
    st.sets(st.sampled_from("1234567"), min_size=1, max_size=3),
    st.sampled_from([0, 0, 1, 2, 3, 4, LAST]),
    st.sampled_from([1, 28, 29, 30, 31, LAST]),
    st.integers(2, MOST),
)


@given(
    REPEATS,
    st.datetimes(datetime(2026, 1, 1), datetime(2028, 12, 31)),
    st.sampled_from(ZONES),
    st.integers(1, 12 * 60),
)
def test_the_wall_clock_stays(
    repeat: Repeat, wall: datetime, zone: str, minutes: int
) -> None:
    wall = wall.replace(second=0, microsecond=0)
    start = wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    wall = plant_time(start, zone).replace(tzinfo=None)  # as it is after a skipped hour
    assert repeat_of(repeat.as_rule()) == repeat
    try:
        spans = times_of(repeat.as_rule(), start, zone, timedelta(minutes=minutes))
    except NotPossible as error:
        assert error.code in {"series_too_long", "too_many_times"}
        return
    starts = [one.start for one in spans]
    assert starts == sorted(set(starts)) and len(starts) == repeat.times
    for one in spans:
        local = plant_time(one.start, zone)
        assert one.end - one.start == timedelta(minutes=minutes)
        moved = local.replace(tzinfo=None) - datetime.combine(local.date(), wall.time())
        # Only where the clocks skip that very time is it later, by what they skip.
        assert moved in (timedelta(0), timedelta(minutes=30), timedelta(hours=1))
        assert str(local.isoweekday()) in (repeat.weekdays or "1234567")
        if repeat.day:
            tomorrow = local.date() + timedelta(days=1)
            assert tomorrow.day == 1 if repeat.day == LAST else local.day == repeat.day
        if moved:
            gone = local.replace(tzinfo=None) - moved
            back = gone.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
            assert plant_time(back, zone).replace(tzinfo=None) != gone


def test_in_words() -> None:
    rules = {
        "FREQ=WEEKLY;INTERVAL=1;BYDAY=MO,TH;COUNT=6": "every week on Mon, Thu, 6 times",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU;UNTIL=20260401T235959":
            "every 2 weeks on Tue, until 1 Apr 2026",
        "FREQ=MONTHLY;INTERVAL=1;BYDAY=-1FR;COUNT=3":
            "every month on the last Friday, 3 times",
        "FREQ=DAILY;INTERVAL=1;COUNT=5": "every day, 5 times",
        "FREQ=DAILY;INTERVAL=10;COUNT=5": "every 10 days, 5 times",
        "FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=31;COUNT=3":
            "every 3 months on day 31, 3 times",
        "FREQ=MONTHLY;INTERVAL=1;BYMONTHDAY=-1;COUNT=3":
            "every month on the last day, 3 times",
        "FREQ=YEARLY;INTERVAL=1;BYMONTH=8;BYDAY=2TU;COUNT=3":
            "every year on the second Tuesday of August, 3 times",
        "FREQ=YEARLY;INTERVAL=2;BYMONTH=2;BYMONTHDAY=29;COUNT=2":
            "every 2 years on 29 February, 2 times",
        "": "",
    }  # fmt: skip
    assert {rule: rule_words(rule) for rule in rules} == rules
    missing = {what_is_missing(rule) for rule in rules if rule}
    assert missing == {
        "", "Months without a day 31 are left out.",
        "Years without a 29 February are left out.",
    }  # fmt: skip
