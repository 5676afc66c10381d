"""Work that repeats: one decision for all its times, each on its own then."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
from icalendar import Calendar

from accessportal.audit.models import AuditEvent
from accessportal.clock import plant_time
from accessportal.errors import NotAllowed, NotPossible, TooLate
from requests.models import AccessRequest, ApprovalPolicy, MaintenanceWindow
from requests.services.feed import make_feed
from requests.services.giving_back import give_window_back
from requests.services.window import revoke_window
from tests.cast import make_freeze, make_person, make_window, origin
from tests.request_flow.conftest import approve, ask, refused, seen, typed

TWO_HOURS = timedelta(hours=2)
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
