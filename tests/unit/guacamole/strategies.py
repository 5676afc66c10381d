"""Streams as guacd might send them, for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

from sessions.guacamole.instruction import encode
from sessions.guacamole.opcodes import DOWNSTREAM, DRAWING

values = st.one_of(
    st.integers(-3, 10**9).map(str),
    st.text(st.characters(exclude_categories=("Cs",)), max_size=12),
    st.sampled_from(["", ";", ",", "4.sync;", "7.", "é;🙂,", "A" * 99, "A" * 100]),
    st.integers(90, 300).map(lambda n: "Q" * n),
)

drawing = st.builds(
    lambda opcode, args: encode(opcode, *args),
    st.sampled_from(sorted(set(DRAWING) - {"img", "blob", "end"})),
    st.lists(values, max_size=6),
)

frame_end = st.integers(0, 10**12).map(lambda at: encode("sync", at))

other = st.builds(
    lambda opcode, args: encode(opcode, "7", "8", *args),
    st.sampled_from(sorted(set(DOWNSTREAM) | {"unheard", ""})),
    st.lists(values, max_size=3),
)


@st.composite
def a_stream(draw: st.DrawFn) -> str:
    """A picture, clipboard, file, ... of a few blobs, closed or forgotten."""
    index = draw(st.sampled_from(["1", "3", "4"]))
    opener = draw(st.sampled_from(["img", "clipboard", "file", "pipe", "argv"]))
    blobs = draw(st.lists(st.sampled_from([0, 4, 96, 100, 8064, 9000]), max_size=3))
    text = encode(opener, index, "text/plain", "x")
    text += "".join(encode("blob", index, "A" * size) for size in blobs)
    if draw(st.booleans()):
        text += encode("end", index)
    return text


streams = st.lists(st.one_of(drawing, frame_end, other, a_stream()), max_size=12).map(
    "".join
)


@st.composite
def cut_streams(draw: st.DrawFn) -> tuple[str, list[bytes]]:
    """A valid stream, and its UTF-8 bytes cut into pieces anywhere."""
    text = draw(streams)
    data = text.encode()
    cuts = draw(st.lists(st.integers(0, len(data)), max_size=10).map(sorted))
    pieces = [
        data[begin:end]
        for begin, end in zip([0, *cuts], [*cuts, len(data)], strict=True)
    ]
    return text, pieces
