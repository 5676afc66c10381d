"""What may still be down on a machine, by what guacd was heard to say after it."""

from __future__ import annotations

from sessions.broker.last_down import LastDown

KEY = [4, "key", ["97", 1]]
BUTTON = [4, "mouse", ["10", "20", "1"]]


def test_what_went_up_before_guacd_spoke_is_up() -> None:
    down = LastDown()
    down.follow([KEY], now=10.0, heard_at=9.9)
    down.follow([], now=11.0, heard_at=10.9)
    assert down.since(10.9) == [KEY]  # nobody was heard since
    assert down.since(12.0) == []


def test_what_is_held_or_was_pressed_into_silence_is_in_doubt() -> None:
    down = LastDown()
    down.follow([KEY], now=10.0, heard_at=9.9)
    down.follow([KEY, BUTTON], now=12.0, heard_at=9.9)
    down.follow([BUTTON], now=13.0, heard_at=9.9)
    assert down.since(9.9) == [KEY, BUTTON]
    moved = [4, "mouse", ["30", "20", "1"]]
    down.follow([moved], now=20.0, heard_at=19.0)
    assert down.since(19.0) == [moved]  # the same button, dragged on


def test_what_is_over_is_forgotten() -> None:
    down = LastDown()
    for number in range(100):
        now = float(number)
        down.follow([[4, "key", [str(number), number]]], now=now, heard_at=now)
    assert len(down._went_up) <= 1
