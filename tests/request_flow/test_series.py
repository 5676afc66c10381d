"""Work that repeats: the rule, one decision for all its times, each on its own then."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from accessportal.audit.models import AuditEvent
from accessportal.clock import plant_time
from accessportal.errors import NotAllowed, NotPossible, TooLate
from requests.models import AccessRequest, ApprovalPolicy, MaintenanceWindow
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
from requests.services.feed import make_feed
from requests.services.giving_back import give_window_back
from requests.services.window import revoke_window
from tests.cast import make_freeze, make_person, make_window, origin
from tests.request_flow.conftest import approve, ask, refused, seen, typed

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


# --- Asked for, approved, and then each by itself ------------------------------------------

WEEKLY = "FREQ=WEEKLY;INTERVAL=1;BYDAY=WE;COUNT=4"
# Tomorrow is Wednesday, 11 March; the clocks change between the third and the fourth.


@pytest.mark.django_db
class TestSeries:
    @pytest.fixture
    def pending(self, clock, plant) -> AccessRequest:
        tom = make_person("Tom Tietz", vendor=plant.fillwerk)
        return ask(
            plant.vera, plant.filling_hmi, recurrence=WEEKLY, companion_ids=[tom.pk]
        )

    def test_one_decision_makes_a_window_for_each_time(
        self, pending, plant, browser_of
    ):
        first = approve(pending, plant.olga)
        windows = list(MaintenanceWindow.objects.order_by("opens_at"))
        assert windows[0] == first and len(windows) == 4
        assert {
            f"{plant_time(one.opens_at, 'Europe/Berlin'):%a %H:%M}" for one in windows
        } == {"Wed 12:00"}
        assert {one.closes_at - one.opens_at for one in windows} == {TWO_HOURS}
        later = [one.access_request for one in windows[1:]]
        assert {one.series for one in later} == {pending}
        assert {one.decisions.get().decided_by for one in later} == {plant.olga}
        assert {one.companions.get().full_name for one in later} == {"Tom Tietz"}
        assert AuditEvent.objects.get(event="request.approved").detail["windows"] == 4
        # People asked once, and see it once; its page has all of it.
        browser = browser_of(plant.vera)
        assert list(browser.get("/requests/").context["page"].object_list) == [pending]
        page = browser.get(f"/requests/{later[1].number}/").content.decode()
        assert "every week on Wed, 4 times" in page and pending.number in page

    def test_one_is_given_back_and_one_revoked(self, pending, plant, browser_of):
        approve(pending, plant.olga)
        windows = list(MaintenanceWindow.objects.order_by("opens_at"))
        number = windows[1].access_request.number
        for who in (plant.olga, plant.victor):
            with pytest.raises(NotAllowed):
                give_window_back(windows[1], acting_user=who, origin=origin())
        browser = browser_of(plant.vera)
        assert browser.post(f"/windows/{number}/give-back/").status_code == 302
        with pytest.raises(TooLate):
            give_window_back(windows[1], acting_user=plant.vera, origin=origin())
        revoke_window(
            windows[2], acting_user=plant.olga, origin=origin(), reason="Line is needed"
        )
        assert [one.phase() for one in MaintenanceWindow.objects.order_by("opens_at")] == [
            "scheduled", "revoked", "revoked", "scheduled",
        ]  # fmt: skip
        listed = browser.get("/windows/").content.decode()
        assert (listed.count("Given back"), listed.count("given back")) == (1, 1)
        released = AuditEvent.objects.get(event="window.released")
        assert (released.request_number, released.actor_id) == (number, plant.vera.pk)
        olga = browser_of(plant.olga)
        path = f"/windows/{pending.number}/revoke-all/"
        assert olga.post(path).status_code == 422
        assert olga.post(path, {"reason": "No more"}).status_code == 302
        assert not MaintenanceWindow.objects.not_over().exists()

    def test_a_time_that_is_taken_meanwhile_is_left_out(
        self, pending, plant, browser_of
    ):
        make_window(
            plant.vera, plant.filling_hmi, decided_by=plant.olga,
            starts_in=timedelta(days=8), lasts=TWO_HOURS,
        )  # fmt: skip
        page = browser_of(plant.olga).get(f"/approvals/{pending.number}/").content
        assert b"Those marked cannot be and are left out" in page
        approve(pending, plant.olga)
        assert [bool(one.left_out) for one in pending.occurrences.all()] == [
            False, True, False, False,
        ]  # fmt: skip
        assert (
            MaintenanceWindow.objects.filter(access_request__series=pending).count()
            == 2
        )

    def test_another_time_of_day_holds_for_all_another_day_for_none(
        self, pending, plant
    ):
        start = pending.wanted_from
        with refused(NotPossible, "series_other_day"):
            approve(
                pending, plant.olga, opens_at=start + timedelta(days=1),
                closes_at=start + timedelta(days=1, hours=1),
            )  # fmt: skip
        approve(
            pending, plant.olga, opens_at=start + timedelta(hours=2),
            closes_at=start + timedelta(hours=3),
        )  # fmt: skip
        local = [
            f"{plant_time(one.opens_at, 'Europe/Berlin'):%H:%M} {one.duration}"
            for one in MaintenanceWindow.objects.all()
        ]
        assert local == ["14:00 1:00:00"] * 4

    def test_a_time_that_cannot_be_is_not_taken(self, clock, plant):
        make_window(
            plant.vera, plant.filling_hmi, decided_by=plant.olga,
            starts_in=timedelta(days=8), lasts=TWO_HOURS,
        )  # fmt: skip
        with refused(NotPossible, "time_not_possible"):
            ask(plant.vera, plant.filling_hmi, recurrence=WEEKLY)
        asked = ask(
            plant.vera, plant.filling_hmi, recurrence=WEEKLY,
            skips=frozenset({date(2026, 3, 18)}),
        )  # fmt: skip
        assert asked.occurrences.count() == 3
        with refused(NotPossible, "all_left_out"):
            ask(
                plant.vera, plant.filling_hmi, recurrence=WEEKLY,
                skips=frozenset(date(2026, 3, 11) + timedelta(weeks=n) for n in range(4)),
            )  # fmt: skip

    def test_what_was_seen_includes_the_times(self, pending, plant):
        before = seen(pending)
        row = pending.occurrences.last()
        row.ends_at += timedelta(hours=1)
        row.save()
        with refused(TooLate, "facts_changed"):
            approve(pending, plant.olga, facts_hash=before)

    @pytest.mark.parametrize(
        ("rules", "code"),
        [
            # A rule that does not speak of series keeps them out; one that allows them not.
            ([{"name": "Longest", "then": {"longest_minutes": 240}}], "time_not_possible"),
            ([{"name": "Series", "then": {"recurring": "allowed"}}], None),
            ([{"name": "Series", "then": {"recurring": "allowed"}},
              {"name": "No series", "then": {"recurring": "never"}}], "time_not_possible"),
            # On Fridays IT security has to agree too: not to be had by the Wednesdays' yes.
            ([{"name": "Series", "then": {"recurring": "allowed"}},
              {"name": "Fridays", "when": {"hours": {"weekdays": "5"}},
               "then": {"steps": [{"who": "role:it_security"}]}}], "time_not_possible"),
        ],
    )  # fmt: skip
    def test_what_the_policy_leaves_to_one_decision(self, clock, plant, rules, code):
        ApprovalPolicy.objects.create(
            version=1, made_by=plant.adam, reason="Test",
            rules=[{"when": {}, **rule} for rule in rules],
        )  # fmt: skip
        twice_a_week = "FREQ=WEEKLY;INTERVAL=1;BYDAY=WE,FR;COUNT=4"
        if code is None:
            asked = ask(plant.vera, plant.filling_hmi, recurrence=twice_a_week)
            approve(asked, plant.olga)
            made = AccessRequest.objects.filter(series=asked)
            assert {(one.policy, one.steps.get().asked) for one in made} == {
                (asked.policy, False)
            }
        else:
            with refused(NotPossible, code):
                ask(plant.vera, plant.filling_hmi, recurrence=twice_a_week)


@pytest.mark.django_db
class TestForm:
    @pytest.fixture
    def weekly(self, form):
        """Every Tuesday, four times; the clocks change before the fourth."""
        return {
            **form, "repeat": "WEEKLY", "every": "1", "ends": "times", "times": "4",
            "submission_key": str(uuid.uuid4()),
        }  # fmt: skip

    def test_vera_asks_for_all_but_one(self, weekly, plant, browser_of):
        make_freeze(plant.north, starts_in=timedelta(days=7), lasts=timedelta(days=1))
        browser = browser_of(plant.vera)
        page = browser.post("/requests/new/check/", weekly)
        assert "every week on Tue, 4 times" in page.content.decode()
        assert [bool(one.warning) for one in page.context["form"].dates] == [
            False, True, False, False,
        ]  # fmt: skip
        sent = browser.post("/requests/new/", {**weekly, "skip": ["2026-03-17"]})
        assert sent.status_code == 302
        asked = AccessRequest.objects.get()
        assert asked.recurrence == "FREQ=WEEKLY;INTERVAL=1;BYDAY=TU;COUNT=4"
        days = [f"{one.starts_at:%m-%dT%H}" for one in asked.occurrences.all()]
        assert days == ["03-10T13", "03-24T13", "03-31T12"]
        calendar = browser_of(plant.olga).get("/windows/?view=week&week=2026-W13")
        entries = [one for day in calendar.context["days"] for one in day["entries"]]
        assert [one["entry"].kind for one in entries] == ["pending"]

    @pytest.mark.parametrize(
        "changed",
        [
            {"times": ""},
            {"times": "61"},
            {"every": "0"},
            {"ends": "until", "last_day": ""},
            {"ends": "until", "last_day": "never"},
            {"ends": "until", "last_day": "2028-01-01"},
            {"repeat": "hourly"},
            {"weekdays": ["9"]},
            {"skip": ["2026-03-10", "2026-03-17", "2026-03-24", "2026-03-31"]},
        ],
    )
    def test_what_cannot_repeat(self, weekly, plant, browser_of, changed):
        answer = browser_of(plant.vera).post("/requests/new/", {**weekly, **changed})
        assert answer.status_code == 422 and not AccessRequest.objects.exists()

    def test_what_plants_plan_with(self, weekly, plant, browser_of):
        """The last of a leap year's February, a Tuesday: a fifth Tuesday is the last."""
        start = typed(datetime(2026, 3, 31, 12, tzinfo=UTC))
        browser = browser_of(plant.vera)
        found = {
            ("DAILY", ""): "FREQ=DAILY;INTERVAL=1",
            ("MONTHLY", "nth"): "FREQ=MONTHLY;INTERVAL=1;BYDAY=-1TU",
            ("MONTHLY", "last"): "FREQ=MONTHLY;INTERVAL=1;BYDAY=-1TU",
            ("MONTHLY", "date"): "FREQ=MONTHLY;INTERVAL=1;BYMONTHDAY=31",
            ("YEARLY", "nth"): "FREQ=YEARLY;INTERVAL=1;BYMONTH=3;BYDAY=-1TU",
            ("YEARLY", "end"): "FREQ=YEARLY;INTERVAL=1;BYMONTH=3;BYMONTHDAY=-1",
        }
        for (repeat, on_day), rule in found.items():
            page = browser.post(
                "/requests/new/check/",
                {**weekly, "repeat": repeat, "on_day": on_day, "start": start},
            )
            assert page.context["form"].rule == f"{rule};COUNT=4"
        # What would begin before the one before it has ended is not taken.
        long = {"repeat": "DAILY", "start": start, "duration": "until",
                "end": typed(datetime(2026, 4, 1, 13, tzinfo=UTC))}  # fmt: skip
        page = browser.post("/requests/new/check/", {**weekly, **long})
        assert "before the one before it has ended" in page.content.decode()

    def test_a_day_is_added(self, weekly, plant, browser_of):
        browser = browser_of(plant.vera)
        wish = {**weekly, "skip": ["2026-03-17"], "extra": ["2026-04-02", ""]}
        page = browser.post("/requests/new/check/", wish).content.decode()
        assert 'value="2026-04-02" checked' in page
        far = browser.post("/requests/new/check/", {**wish, "extra": "2028-01-01"})
        assert "An added day lies after" in far.content.decode()
        assert 'value="2028-01-01" checked' in far.content.decode(), "to be taken away"
        assert browser.post("/requests/new/", wish).status_code == 302
        asked = AccessRequest.objects.get()
        approve(asked, plant.olga)
        # Each is an event of its own in other calendars, at the plant's time of day.
        _feed, secret = make_feed(acting_user=plant.vera, origin=origin())
        feed = browser.get("/windows/feed/windows.ics", {"key": secret})
        events = Calendar.from_ical(feed.content).walk("VEVENT")
        assert sorted(f"{one['dtstart'].dt:%m-%dT%H}Z" for one in events) == [
            "03-10T13Z", "03-24T13Z", "03-31T12Z", "04-02T12Z",
        ]  # fmt: skip
        assert not any("rrule" in one for one in events)
