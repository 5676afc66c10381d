"""What a browser sends, and what becomes of it."""

from __future__ import annotations

import pytest

from sessions.broker.hands import Hands, input_values
from sessions.guacamole.instruction import Instruction, encode
from sessions.guacamole.opcodes import OBSERVER, Permissions
from sessions.guacamole.streamfilter import Reason

CONTROL = Permissions(control=True)


def opcodes(instructions: list[Instruction]) -> list[str]:
    return [instruction.opcode for instruction in instructions]


def test_input_of_the_one_in_control_goes_on() -> None:
    text = encode("key", 97, 1) + encode("mouse", 3, 4, 0) + encode("sync", 1000)
    heard = Hands(CONTROL).hear(text, stale=False, open=True)
    assert opcodes(heard.forward) == ["key", "mouse"]
    assert heard.drawn == 1000
    assert heard.active


def test_a_closed_gate_lets_nothing_through() -> None:
    heard = Hands(CONTROL).hear(encode("key", 97, 1), stale=False, open=False)
    assert heard.forward == []
    assert heard.active


def test_a_viewer_sends_nothing_and_is_told() -> None:
    heard = Hands(OBSERVER).hear(
        encode("key", 97, 1) + encode("sync", 7), stale=False, open=True
    )
    assert heard.forward == []
    assert heard.refused == [("key", Reason.PERMISSION)]
    assert heard.show_out is None
    assert heard.drawn == 7


def test_input_on_an_old_picture_is_discarded_but_releases_go() -> None:
    hands = Hands(CONTROL)
    hands.hear(encode("key", 97, 1) + encode("mouse", 5, 5, 1), stale=False, open=True)
    late = encode("key", 98, 1) + encode("key", 97, 0) + encode("mouse", 800, 9, 0)
    heard = hands.hear(late, stale=True, open=True)
    assert heard.forward == [
        Instruction("key", ("97", "0")),
        Instruction("mouse", ("5", "5", "0")),
    ]
    assert heard.discarded == {"key": 1}
    assert not hands.pressed


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "3.key,2.97,1.1",
        "4.key,2.97,1.1;",
        ";",
        encode("key", "97; rm", 1),
        encode("mouse", "a", "b", "c"),
        encode("size", -1, 10),
        encode("select", "vnc"),
        encode("connect", "a"),
        encode("argv", 1, "text/plain", "password"),
        encode("pipe", 1, "text/plain", "x"),
        encode("unheard-of"),
        encode("portal", "end", "{}"),
        encode("portal", "leave", "not json"),
        encode("portal", "leave", "[" * 100_000 + "]" * 100_000)[: 64 * 1024],
        encode("portal"),
        "x" * 70_000,
        encode("key", 97, 1) * 20_000,
    ],
)
def test_what_is_malformed_oversized_or_forbidden_shows_its_sender_out(
    text: str,
) -> None:
    heard = Hands(CONTROL).hear(text, stale=False, open=True)
    assert heard.show_out is not None


def test_nothing_after_the_forbidden_is_heard() -> None:
    text = encode("pipe", 1, "text/plain", "x") + encode("key", 97, 1)
    assert Hands(CONTROL).hear(text, stale=False, open=True).forward == []


def test_pings_size_leave_and_release_are_for_the_actor() -> None:
    text = (
        encode("", "ping", 12)
        + encode("size", 800, 600)
        + encode("portal", "release", "{}")
        + encode("portal", "heartbeat", '{"visible":true}')
        + encode("disconnect")
    )
    heard = Hands(CONTROL).hear(text, stale=False, open=True)
    assert heard.pings == [Instruction("", ("ping", "12"))]
    assert heard.size == (800, 600)
    assert heard.lets_go and heard.leaves
    assert heard.forward == []


def test_answers_to_pictures_are_nobodys_business() -> None:
    heard = Hands(CONTROL).hear(encode("ack", 1, "OK", 0), stale=False, open=True)
    assert (heard.forward, heard.refused, heard.show_out) == ([], [], None)


def test_the_clipboard_needs_its_permission_and_leaves_no_text_behind() -> None:
    text = (
        encode("clipboard", 0, "text/plain")
        + encode("blob", 0, "aGVsbG8=")
        + encode("end", 0)
    )
    assert Hands(CONTROL).hear(text, stale=False, open=True).forward == []

    permitted = Permissions(control=True, clipboard_in=True)
    heard = Hands(permitted).hear(text, stale=False, open=True)
    assert opcodes(heard.forward) == ["clipboard", "blob", "end"]
    assert [input_values(one) for one in heard.forward] == [
        None,
        ("clipboard", (6,)),
        None,
    ]
