"""Never press, always release."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.broker.pressed import Admitted, PressedSet, releases_of
from sessions.guacamole.instruction import Instruction

CTRL, SHIFT, ALT, WIN = 0xFFE3, 0xFFE1, 0xFFE9, 0xFFEB


def holding(*instructions: Instruction) -> PressedSet:
    pressed = PressedSet()
    for instruction in instructions:
        pressed.admit(instruction, fresh=True)
    return pressed


def key(keysym: int, down: bool) -> Instruction:
    return Instruction("key", (str(keysym), "1" if down else "0"))


def mouse(x: int, y: int, mask: int) -> Instruction:
    return Instruction("mouse", (str(x), str(y), str(mask)))


def finger(force: str, x: int = 10) -> Instruction:
    return Instruction("touch", ("3", str(x), "20", "4", "4", "0.0", force))


def test_buttons_go_first_then_keys_then_what_changes_their_meaning() -> None:
    pressed = holding(key(SHIFT, True), key(97, True), key(CTRL, True), mouse(5, 7, 1))
    assert pressed.let_go() == [
        mouse(5, 7, 0),
        key(97, False),
        key(CTRL, False),
        key(SHIFT, False),
    ]
    assert not pressed
    assert pressed.let_go() == []


@pytest.mark.parametrize("alone", [ALT, WIN])
def test_an_alt_or_win_key_let_go_of_alone_opens_no_menu(alone: int) -> None:
    assert holding(key(alone, True)).let_go() == [
        key(CTRL, True),
        key(CTRL, False),
        key(alone, False),
    ]
    # With a key or a click after it, it opens none anyhow.
    assert key(CTRL, True) not in holding(key(alone, True), key(97, True)).let_go()
    assert key(CTRL, True) not in holding(key(alone, True), mouse(1, 1, 1)).let_go()


def test_what_was_released_is_not_released_again() -> None:
    assert not holding(key(97, True), key(97, False), mouse(1, 1, 1), mouse(2, 2, 0))


def test_the_wheel_is_nothing_one_holds() -> None:
    assert not holding(mouse(1, 1, 8), mouse(1, 1, 16))


def test_a_finger_is_lifted_where_it_was() -> None:
    assert holding(finger("0.7")).let_go() == [finger("0")]


def test_a_button_can_be_dragged_off_before_it_goes_up() -> None:
    assert holding(mouse(400, 300, 1)).let_go(drag_off=True) == [
        mouse(0, 300, 1),
        mouse(0, 300, 0),
    ]
    assert holding(mouse(40, 300, 4)).let_go(drag_off=True) == [
        mouse(240, 300, 4),
        mouse(240, 300, 0),
    ]
    assert holding(finger("0.7", x=500)).let_go(drag_off=True) == [
        finger("0.5", x=0),
        finger("0", x=0),
    ]


def test_late_input_is_reduced_to_what_it_releases() -> None:
    pressed = holding(key(97, True), mouse(5, 7, 5))

    def late(instruction: Instruction) -> Admitted:
        return pressed.admit(instruction, fresh=False)

    assert late(key(97, False)) == Admitted(key(97, False), hold=1)
    assert late(key(98, False)) == Admitted(None)
    assert late(key(98, True)) == Admitted(None, "key", 1)
    # The right button goes up where it went down, and the left one stays down.
    assert late(mouse(900, 900, 1)) == Admitted(mouse(5, 7, 1))
    assert late(mouse(900, 900, 7)) == Admitted(None, "click", 2)
    assert late(mouse(900, 900, 7)) == Admitted(None, "move", 1)
    assert late(mouse(900, 900, 7 | 8)) == Admitted(None, "scroll", 1)


def test_a_late_press_presses_nothing_when_the_picture_is_young_again() -> None:
    pressed = PressedSet()
    pressed.admit(mouse(5, 5, 1), fresh=False)
    pressed.admit(key(97, True), fresh=False)
    pressed.admit(finger("0.7"), fresh=False)
    assert pressed.admit(mouse(300, 5, 1), fresh=True) == Admitted(mouse(300, 5, 0))
    assert pressed.admit(key(97, True), fresh=True) == Admitted(None)
    assert pressed.admit(finger("0.7"), fresh=True) == Admitted(None)
    assert not pressed
    for up in (mouse(300, 5, 0), key(97, False), finger("0")):
        pressed.admit(up, fresh=True)
    again = (mouse(300, 5, 1), key(97, True), finger("0.7"))
    assert [pressed.admit(one, fresh=True).instruction for one in again] == list(again)


def test_what_the_portal_let_go_of_is_not_pressed_again_by_a_browsers_repeat() -> None:
    pressed = holding(key(97, True), mouse(5, 5, 1))
    pressed.let_go()
    assert pressed.admit(key(97, True), fresh=True).instruction is None
    assert pressed.admit(mouse(9, 9, 1), fresh=True).instruction == mouse(9, 9, 0)
    # The person really lets go; the machine has been told already. Then it is pressed anew.
    assert pressed.admit(key(97, False), fresh=True).instruction is None
    assert pressed.admit(key(97, True), fresh=True).instruction == key(97, True)


def test_a_restarted_broker_releases_what_the_rows_say() -> None:
    pressed = holding(key(97, True), mouse(5, 7, 1))
    rows = pressed.as_rows(12)
    assert rows == [[12, "key", ["97", 1]], [12, "mouse", ["5", "7", "1"]]]
    assert releases_of(rows) == [mouse(5, 7, 0), key(97, False)]
    assert releases_of(rows, drag_off=True)[0] == mouse(205, 7, 1)
    assert releases_of([]) == []


def test_every_press_of_a_key_has_its_number_and_a_repeat_has_the_same() -> None:
    pressed = PressedSet()
    strokes = [(97, True), (97, True), (98, True), (97, False), (97, True), (98, False)]
    holds = [pressed.admit(key(*stroke), fresh=True).hold for stroke in strokes]
    assert holds == [1, 1, 2, 1, 3, 2]
    assert pressed.as_rows(5) == [[5, "key", ["97", 3]]]


class Machine:
    """What is down on the asset, by what was sent to it."""

    def __init__(self) -> None:
        self.down: set[str] = set()

    def hear(self, instruction: Instruction) -> None:
        opcode, args = instruction
        if opcode == "key":
            (self.down.add if args[1] == "1" else self.down.discard)(f"key {args[0]}")
        elif opcode == "touch":
            (self.down.add if float(args[6]) else self.down.discard)(
                f"finger {args[0]}"
            )
        else:
            for bit in (1, 2, 4):
                name = f"button {bit}"
                (self.down.add if int(args[2]) & bit else self.down.discard)(name)


HANDS = st.one_of(
    st.builds(key, st.sampled_from([97, ALT, SHIFT, CTRL]), st.booleans()),
    st.builds(mouse, st.integers(0, 300), st.just(5), st.integers(0, 7)),
    st.builds(finger, st.sampled_from(["0", "0.7"])),
)
ACTS = st.one_of(st.tuples(HANDS, st.booleans()), st.booleans())


@given(st.lists(ACTS, max_size=40))
def test_whatever_is_done_late_or_let_go_of_nothing_is_pressed_then(
    acts: list[tuple[Instruction, bool] | bool],
) -> None:
    """Against a machine: a late act adds nothing to what is down, letting go empties it."""
    pressed, machine = PressedSet(), Machine()
    for act in acts:
        if isinstance(act, bool):
            for release in pressed.let_go(drag_off=act):
                machine.hear(release)
            assert not machine.down
            continue
        instruction, fresh = act
        before = set(machine.down)
        going = pressed.admit(instruction, fresh=fresh).instruction
        if going is not None:
            machine.hear(going)
        if not fresh:
            assert machine.down <= before
        assert bool(pressed) == bool(machine.down)
