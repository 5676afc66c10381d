"""Can this wish work? One story per thing that can stand against it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from requests.feasibility import (
    blocks,
    is_out_of_hours,
    most_at_once,
    what_is_unusual,
    what_stands_against,
)
from requests.wishes import (
    Booking,
    Duplicate,
    EndpointFacts,
    Freeze,
    Limits,
    Standing,
    WishFacts,
)

NOW = datetime(2026, 3, 10, 11, 0, tzinfo=UTC)  # a Tuesday, 12:00 in Berlin
HOUR = timedelta(hours=1)
HMI = EndpointFacts(name="Filling line 3 – HMI")

GOOD = WishFacts(
    now=NOW,
    limits=Limits(longest=12 * HOUR, notice=timedelta(0), furthest=timedelta(days=90)),
    zone="Europe/Berlin",
    site_name="Plant North",
    staffed_from=time(6),
    staffed_until=time(18),
    staffed_weekdays="12345",
    site_isolated=False,
    start=NOW + HOUR,
    end=NOW + 3 * HOUR,
    purpose="Adjust the capper torque",
    endpoints=(HMI,),
    unknown_endpoints=0,
    person_name="Vera Vogt",
    person_disabled=False,
    person_expires_at=None,
    training_expires_at=NOW + timedelta(days=300),
    vendor_name="Fillwerk",
    vendor_suspended=False,
    contract_ends_at=NOW + timedelta(days=300),
)


def found(facts: WishFacts) -> dict[str, str]:
    return {finding.code: finding.level.value for finding in what_stands_against(facts)}


def test_a_good_wish_has_nothing_against_it():
    assert what_stands_against(GOOD) == []


@pytest.mark.parametrize(
    ("change", "code", "level"),
    [
        ({"endpoints": ()}, "endpoint_missing", "blocks"),
        ({"unknown_endpoints": 1}, "endpoint_unknown", "blocks"),
        ({"end": NOW}, "end_before_start", "blocks"),
        ({"end": GOOD.start}, "end_before_start", "blocks"),
        ({"start": NOW - HOUR}, "start_passed", "blocks"),
        ({"start": NOW}, "start_passed", "blocks"),
        ({"start": NOW + HOUR / 4}, "short_notice", "warns"),
        ({"end": NOW + 14 * HOUR}, "too_long", "blocks"),
        (
            {
                "start": NOW + timedelta(days=91),
                "end": NOW + timedelta(days=91, hours=1),
            },
            "too_far",
            "blocks",
        ),
        ({"start": NOW + 7 * HOUR, "end": NOW + 8 * HOUR}, "out_of_hours", "warns"),
        ({"purpose": "fix"}, "purpose_short", "blocks"),
        ({"purpose": " " * 50}, "purpose_short", "blocks"),
        ({"purpose": "x" * 10_000}, "purpose_long", "blocks"),
        ({"site_isolated": True}, "site_isolated", "blocks"),
        ({"vendor_suspended": True}, "vendor_suspended", "blocks"),
        ({"person_disabled": True}, "person_disabled", "blocks"),
        ({"contract_ends_at": NOW + 2 * HOUR}, "contract_ends", "blocks"),
        ({"person_expires_at": NOW + 2 * HOUR}, "person_expires", "blocks"),
        ({"training_expires_at": NOW + 2 * HOUR}, "training_expires", "blocks"),
        ({"training_expires_at": None}, "training_unknown", "warns"),
        (
            {"training_expires_at": None, "standing": Standing(training_required=True)},
            "training_unknown",
            "blocks",
        ),
        ({"standing": Standing(confirmed=False)}, "person_not_confirmed", "blocks"),
        ({"standing": Standing(nda_required=True)}, "nda_missing", "blocks"),
        (
            {
                "standing": Standing(
                    nda_required=True,
                    nda_signed=True,
                    nda_expires_at=NOW + 2 * HOUR,
                )
            },
            "nda_expires",
            "blocks",
        ),
        (
            {"duplicates": (Duplicate("REQ-2026-0001", own=True),)},
            "duplicate",
            "blocks",
        ),
        (
            {"duplicates": (Duplicate("REQ-2026-0001", own=False),)},
            "duplicate_of_colleague",
            "warns",
        ),
        (
            {"freezes": (Freeze(NOW, NOW + 5 * HOUR, "Christmas production."),)},
            "production_freeze",
            "warns",
        ),
    ],
)
def test_what_stands_against_a_wish(change, code, level):
    assert found(replace(GOOD, **change)).get(code) == level


def test_too_little_notice_blocks_where_the_plant_wants_some():
    limits = replace(GOOD.limits, notice=2 * HOUR)
    assert found(replace(GOOD, limits=limits)) == {"too_soon": "blocks"}


@pytest.mark.parametrize(
    "purpose",
    ["Ventil prüfen 🔧🔧🔧", "صيانة آلة التعبئة", "更换传感器并重新校准设备参数"],
)
def test_emoji_and_other_scripts_are_welcome(purpose):
    assert blocks(what_stands_against(replace(GOOD, purpose=purpose))) == []


def test_times_not_chosen_yet_are_not_judged():
    assert found(replace(GOOD, start=None, end=None)) == {}


def test_a_sentence_says_how_much_is_too_much():
    (finding,) = what_stands_against(replace(GOOD, purpose="x" * 10_000))
    assert "10000" in finding.sentence.replace(",", "") and "2000" in finding.sentence
    assert finding.about == "purpose"


def test_blocks_come_before_warnings():
    facts = replace(GOOD, start=NOW + 7 * HOUR, end=NOW + 8 * HOUR, purpose="")
    assert list(found(facts)) == ["purpose_short", "out_of_hours"]


class TestPlacesOnAnEndpoint:
    taken = Booking(NOW + 2 * HOUR, NOW + 4 * HOUR, "REQ-2026-0007")

    def test_the_only_place_is_taken(self):
        facts = replace(GOOD, endpoints=(replace(HMI, bookings=(self.taken,)),))
        (finding,) = what_stands_against(facts)
        assert finding.code == "endpoint_taken" and finding.blocks
        assert "REQ-2026-0007" in finding.sentence
        assert "14:00 to 16:00 CET" in finding.sentence

    def test_back_to_back_is_fine(self):
        before = Booking(NOW, GOOD.start)
        after = Booking(GOOD.end, GOOD.end + HOUR)
        assert (
            found(replace(GOOD, endpoints=(replace(HMI, bookings=(before, after)),)))
            == {}
        )

    def test_a_second_place_is_free(self):
        endpoint = replace(HMI, max_clients=2, bookings=(self.taken,))
        assert found(replace(GOOD, endpoints=(endpoint,))) == {}

    def test_two_that_follow_each_other_take_one_place(self):
        first = Booking(GOOD.start, GOOD.start + HOUR)
        second = Booking(GOOD.start + HOUR, GOOD.end)
        assert most_at_once([first, second], GOOD.start, GOOD.end) == 1
        assert most_at_once([first, first, second], GOOD.start, GOOD.end) == 2
        assert most_at_once([], GOOD.start, GOOD.end) == 0


class TestOutOfHours:
    @pytest.mark.parametrize(
        ("start", "end", "out"),
        [
            ("10T08:00", "10T10:00", False),
            ("10T06:00", "10T18:00", False),
            ("10T05:55", "10T07:00", True),
            ("10T17:00", "10T18:01", True),
            ("14T10:00", "14T11:00", True),  # a Saturday
        ],
    )
    def test_by_day(self, start, end, out):
        assert is_out_of_hours(self.at(start, end)) is out

    @pytest.mark.parametrize(
        ("start", "end", "out"),
        [
            ("10T23:00", "11T01:00", False),
            ("10T21:00", "10T23:00", True),
            ("14T01:00", "14T02:00", False),  # still Friday's night
            ("15T01:00", "15T02:00", True),
        ],
    )
    def test_staffed_at_night(self, start, end, out):
        facts = replace(
            self.at(start, end), staffed_from=time(22), staffed_until=time(6)
        )
        assert is_out_of_hours(facts) is out

    @staticmethod
    def at(start: str, end: str) -> WishFacts:
        """Wall times of March 2026 in Berlin, which is UTC+1."""
        return replace(
            GOOD,
            start=datetime.fromisoformat(f"2026-03-{start}:00+01:00"),
            end=datetime.fromisoformat(f"2026-03-{end}:00+01:00"),
        )


def test_the_approver_sees_more():
    endpoint = replace(HMI, takes_local_screen=True, clear_text=True, first_visit=True)
    facts = replace(
        GOOD, endpoints=(endpoint,), training_expires_at=NOW + timedelta(days=9)
    )
    assert [finding.code for finding in what_is_unusual(facts)] == [
        "first_visit",
        "takes_local_screen",
        "clear_text",
        "training_expires_soon",
    ]
    assert what_stands_against(facts) == []
