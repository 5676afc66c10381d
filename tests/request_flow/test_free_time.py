"""What is said while choosing: stops that welcome work, and the next time that is free."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from accessportal.plants.models import MaintenanceStop
from tests.cast import make_freeze, make_window
from tests.request_flow.conftest import typed

pytestmark = pytest.mark.django_db
# The form's wish is for Tuesday, 14:00 to 16:00 at North, where it is 12:00.


@pytest.fixture
def room(browser_of, vera, form):
    def ask(**changes):
        return (
            browser_of(vera)
            .post("/requests/new/check/", {**form, **changes})
            .context["form"]
            .room
        )

    return ask


def at_north(day: int, hour: int, minute: int = 0) -> datetime:
    """That time of March 2026 at North, before the clocks change."""
    return datetime(2026, 3, day, hour - 1, minute, tzinfo=UTC)


def test_nothing_in_the_way_nothing_offered(room):
    assert room().free is None


def test_free_when_the_freeze_ends(room, north):
    make_freeze(
        north, starts_in=timedelta(hours=1), lasts=timedelta(hours=2, minutes=28)
    )
    found = room().free
    # 15:28, said as 15:30; two hours later it is still before 18:00.
    assert (found.start, found.end) == (at_north(10, 15, 30), at_north(10, 17, 30))


def test_free_on_the_next_shift_when_today_is_too_short(room, plant):
    make_window(
        plant.vera, plant.filling_hmi, decided_by=plant.olga,
        starts_in=timedelta(hours=1), lasts=timedelta(hours=5),
    )  # fmt: skip
    assert room().free.start == at_north(11, 6)
    # Who asks for the night may have the night.
    night = room(start=typed(at_north(10, 17)), duration="240")
    assert night.free.start == at_north(10, 18, 5)


def test_where_two_may_work_one_window_is_not_in_the_way(room, plant):
    make_window(
        plant.vera, plant.filling_plc, decided_by=plant.olga,
        starts_in=timedelta(hours=1), lasts=timedelta(hours=5),
    )  # fmt: skip
    assert room(endpoints=[plant.filling_plc.pk]).free is None


def test_no_free_time_within_two_weeks_is_none(room, north):
    make_freeze(north, starts_in=timedelta(hours=1), lasts=timedelta(days=30))
    assert room().free is None


def test_stops(room, plant, browser_of, form):
    MaintenanceStop.objects.create(
        site=plant.north, asset=plant.palletiser, reason="Other machine",
        starts_at=at_north(10, 13), ends_at=at_north(10, 23),
    )  # fmt: skip
    assert room().stops == () and room().next_stop is None
    MaintenanceStop.objects.create(
        site=plant.north, reason="Cleaning", starts_at=at_north(12, 6),
        ends_at=at_north(12, 9),
    )  # fmt: skip
    assert room().next_stop.reason == "Cleaning"
    inside = room(start="2026-03-12T06:30")
    assert [one.reason for one in inside.stops] == ["Cleaning"]
    assert inside.next_stop is None
    page = browser_of(plant.vera).post("/requests/new/check/", form).content.decode()
    assert 'data-take-start="2026-03-12T06:00"' in page
    assert "Other machine" not in page
    week = browser_of(plant.vera).get("/windows/?view=week&site=north")
    kinds = [
        one["entry"].kind for day in week.context["days"] for one in day["entries"]
    ]
    assert kinds == ["stop"]
