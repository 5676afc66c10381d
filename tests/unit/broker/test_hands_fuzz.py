"""Whatever a browser sends: an answer, bounded, and only what may go goes on.

A longer run: `./portal test tests/unit/broker --hypothesis-profile=explore`.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sessions.broker.hands import Hands
from sessions.guacamole.instruction import decode_all, encode
from sessions.guacamole.opcodes import UPSTREAM, Permissions

ALL = Permissions(control=True, clipboard_in=True, clipboard_out=True)
GOES_ON = {"key", "mouse", "touch", "clipboard", "blob", "end", "ack"}

ARGUMENTS = st.one_of(
    st.text(max_size=12),
    st.integers(-5, 70_000).map(str),
    st.sampled_from(["0", "1", "text/plain", "{}", "QQ==", "-1", "1e9", "٣"]),
)
OPCODES = st.one_of(
    st.sampled_from([*sorted(UPSTREAM), "portal", "select", "connect", "nest"]),
    st.text(max_size=8),
)
INSTRUCTIONS = st.builds(
    lambda opcode, args: encode(opcode, *args),
    OPCODES,
    st.lists(ARGUMENTS, max_size=8),
)
WHOLE = st.lists(INSTRUCTIONS, max_size=6).map("".join)
TORN = st.builds(lambda text, cut: text[: -cut or None], WHOLE, st.integers(1, 9))
NOISE = st.text(alphabet="0123456789.,;keymousync\x00é€😀", max_size=60)


MESSAGES = st.tuples(st.one_of(WHOLE, TORN, NOISE), st.booleans(), st.booleans())


@given(st.lists(MESSAGES, max_size=4))
def test_any_message_is_sorted_into_what_may_go_and_what_may_not(
    messages: list[tuple[str, bool, bool]],
) -> None:
    hands = Hands(ALL)
    for text, stale, open_ in messages:
        before = bool(hands.pressed)
        heard = hands.hear(text, stale=stale, open=open_)
        for instruction in heard.forward:
            assert instruction.opcode in GOES_ON
            # What goes upstream is one whole instruction for guacd, too.
            assert decode_all(instruction.encode()) == [instruction]
        if stale or not open_:
            assert bool(hands.pressed) <= before
        if heard.show_out is not None:
            break
    for release in hands.pressed.let_go():
        assert decode_all(release.encode()) == [release]
    assert not hands.pressed
