"""Plant time: an hour that does not exist, or exists twice, is never guessed."""

from datetime import UTC, datetime

import pytest

from accessportal.clock import moment_from_plant_time, plant_time
from accessportal.errors import NotPossible


def test_wall_clock_time_becomes_a_moment() -> None:
    assert moment_from_plant_time(
        datetime(2026, 7, 1, 14), "Europe/Berlin"
    ) == datetime(2026, 7, 1, 12, tzinfo=UTC)


def test_a_moment_becomes_plant_time_in_summer_and_winter() -> None:
    assert plant_time(datetime(2026, 7, 1, 12, tzinfo=UTC), "Europe/Berlin").hour == 14
    assert plant_time(datetime(2026, 12, 1, 12, tzinfo=UTC), "Europe/Berlin").hour == 13


@pytest.mark.parametrize(
    ("wall", "zone", "code"),
    [
        (datetime(2026, 3, 29, 2, 30), "Europe/Berlin", "time_does_not_exist"),
        (datetime(2026, 10, 25, 2, 30), "Europe/Berlin", "time_exists_twice"),
        (datetime(2026, 3, 8, 2, 30), "America/Chicago", "time_does_not_exist"),
        (datetime(2026, 11, 1, 1, 30), "America/Chicago", "time_exists_twice"),
    ],
)
def test_a_time_that_clocks_skip_or_repeat_is_refused(
    wall: datetime, zone: str, code: str
) -> None:
    with pytest.raises(NotPossible) as refused:
        moment_from_plant_time(wall, zone)
    assert refused.value.code == code
    assert wall.strftime("%H:%M") in str(refused.value)


@pytest.mark.parametrize("hour", [1, 3])
def test_the_hours_beside_the_change_are_fine(hour: int) -> None:
    assert (
        moment_from_plant_time(datetime(2026, 3, 29, hour), "Europe/Berlin").tzinfo
        is UTC
    )
