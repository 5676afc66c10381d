"""Never press, always release."""

from __future__ import annotations

from sessions.broker.pressed import PressedSet, releases_of
from sessions.guacamole.instruction import Instruction


def holding(*instructions: Instruction) -> PressedSet:
    pressed = PressedSet()
    for instruction in instructions:
        pressed.note(instruction)
    return pressed


def key(keysym: int, down: bool) -> Instruction:
    return Instruction("key", (str(keysym), "1" if down else "0"))


def mouse(x: int, y: int, mask: int) -> Instruction:
    return Instruction("mouse", (str(x), str(y), str(mask)))


def test_keys_and_buttons_are_let_go_of_modifiers_last() -> None:
    pressed = holding(key(0xFFE1, True), key(97, True), mouse(5, 7, 1))
    assert pressed.let_go() == [mouse(5, 7, 0), key(97, False), key(0xFFE1, False)]
    assert not pressed
    assert pressed.let_go() == []


def test_what_was_released_is_not_released_again() -> None:
    assert not holding(key(97, True), key(97, False), mouse(1, 1, 1), mouse(2, 2, 0))


def test_the_wheel_is_nothing_one_holds() -> None:
    assert not holding(mouse(1, 1, 8), mouse(1, 1, 16))


def test_a_finger_is_lifted_where_it_was() -> None:
    finger = Instruction("touch", ("3", "10", "20", "4", "4", "0.0", "0.7"))
    assert holding(finger).let_go() == [
        Instruction("touch", ("3", "10", "20", "4", "4", "0.0", "0"))
    ]


def test_late_input_is_reduced_to_what_it_releases() -> None:
    pressed = holding(key(97, True), mouse(5, 7, 5))
    assert pressed.lets_go(key(97, False)) == key(97, False)
    assert pressed.lets_go(key(98, False)) is None
    assert pressed.lets_go(key(98, True)) is None
    # The right button goes up where it went down, and the left one stays down.
    assert pressed.lets_go(mouse(900, 900, 1)) == mouse(5, 7, 1)
    assert pressed.lets_go(mouse(900, 900, 7)) is None


def test_a_restarted_broker_releases_what_the_rows_say() -> None:
    pressed = holding(key(97, True), mouse(5, 7, 1))
    rows = pressed.as_rows(12)
    assert rows == [[12, "key", ["97"]], [12, "mouse", ["5", "7", "1"]]]
    assert releases_of(rows) == [mouse(5, 7, 0), key(97, False)]
    assert releases_of([]) == []
