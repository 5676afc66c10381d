"""Hours of input become a few hundred spans, and stay true."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sessions.recorder.records import Line
from sessions.recorder.timeline import MAX_SPANS, Spans, Timeline, activity_levels


def of(*lines: Line, duration_ms: int = 60_000) -> dict[str, list[list[object]]]:
    timeline = Timeline()
    timeline.feed(lines)
    return timeline.as_dict(duration_ms)


def key(ms: int, pressed: int = 1) -> Line:
    return Line(ms, "key", 1, [None, pressed])


def mouse(ms: int, buttons: int, user_id: int = 1) -> Line:
    return Line(ms, "mouse", user_id, [5, 5, buttons])


def test_keys_close_together_are_one_stretch_of_typing() -> None:
    assert of(key(0), key(10, 0), key(2000), key(9000))["typing"] == [
        [0, 2000, 2, 1],
        [9000, 9000, 1, 1],
    ]


def test_a_click_is_a_button_going_down_not_a_move_with_it_held() -> None:
    assert of(mouse(0, 1), mouse(5000, 1), mouse(6000, 0), mouse(9000, 4))[
        "clicks"
    ] == [
        [0, 0, 1, 1],
        [9000, 9000, 1, 1],
    ]


def test_scrolling_is_no_click() -> None:
    assert of(mouse(0, 8), mouse(10, 0), mouse(20, 16))["clicks"] == []


def test_two_people_hold_their_own_buttons() -> None:
    assert of(mouse(0, 1, 1), mouse(5000, 1, 2))["clicks"] == [
        [0, 0, 1, 1],
        [5000, 5000, 1, 2],
    ]


def test_two_people_type_into_stretches_of_their_own() -> None:
    found = of(key(0), Line(500, "key", 2, [None, 1]), key(900))
    assert found["typing"] == [[0, 900, 2, 1], [500, 500, 1, 2]]


def test_whose_hands_worked_is_known_at_every_moment() -> None:
    found = of(
        Line(0, "joined", 1, {"role": "owner", "name": "Vera"}),
        Line(10, "joined", 2, {"role": "companion", "name": "Tom"}),
        Line(100, "baton", 2, {"role": "companion", "name": "Tom"}),
        Line(300, "baton", 3, {"role": "plant", "name": "Olga"}),
        Line(400, "joined", 1, {"role": "owner", "name": "Vera"}),  # she came back
        Line(500, "baton", 1, {"role": "owner", "name": "Vera"}),
    )
    assert found["hands"] == [
        [0, 100, 1, "owner"],
        [100, 300, 2, "companion"],
        [300, 500, 3, "plant"],
        [500, 60_000, 1, "owner"],
    ]
    assert found["people"] == {"1": "Vera", "2": "Tom", "3": "Olga"}


def test_what_is_still_open_ends_with_the_recording() -> None:
    found = of(
        Line(100, "frozen", 2, {"reason": "valve"}),
        Line(200, "joined", 2, {"role": "observer", "name": "Olga"}),
    )
    assert found["frozen"] == [[100, 60_000, "valve"]]
    assert found["watching"] == [[200, 60_000, "Olga", 2]]


def test_two_observers_leave_one_by_one() -> None:
    found = of(
        Line(0, "joined", 2, {"role": "observer", "name": "Olga"}),
        Line(0, "joined", 3, {"role": "observer", "name": "Ivan"}),
        Line(900, "left", 2, {"role": "observer"}),
        Line(950, "left", 3, {"role": "observer"}),
    )
    assert [span[:2] for span in found["watching"]] == [[0, 900], [0, 950]]


@given(st.lists(st.integers(0, 10**9), max_size=5000))
def test_spans_are_bounded_and_lose_nothing(moments: list[int]) -> None:
    spans = Spans(1000)
    for ms in sorted(moments):
        spans.add(ms)
    found = spans.as_list()
    assert len(found) <= MAX_SPANS
    assert sum(count for _, _, count in found) == len(moments)
    assert all(start <= end for start, end, _ in found)
    if moments:
        assert (found[0][0], found[-1][1]) == (min(moments), max(moments))


def test_activity_is_spread_over_the_time_it_took() -> None:
    picture, change = (0, 99_999), (5000, 500)
    assert activity_levels([[picture, change]], 10_000, 10) == [83] * 6 + [0] * 4


def test_activity_of_nothing_is_flat() -> None:
    assert activity_levels([], 0, 4) == [0, 0, 0, 0]
