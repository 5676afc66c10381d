"""The segment file: what was written comes back, and nothing else ever does."""

from __future__ import annotations

import hashlib
import tempfile
import zlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessions.recorder.container import NO_CHAIN
from sessions.recorder.errors import NotIntact, RecordingFailed, Torn
from sessions.recorder.manifest import build_manifest
from sessions.recorder.packing import STREAM_BEGIN, stream_end
from sessions.recorder.reader import SegmentReader
from sessions.recorder.scan import scan_segment
from sessions.recorder.segment import SegmentFacts, SegmentWriter, new_header
from sessions.recorder.verification import check_segments
from tests.unit.recorder.helpers import KEY, plain_of

NAME = "r/screen-00001.seg"
BLOCKS = [
    b"4.size,1.0,4.1280,3.800;",
    b"4.sync,4.1000;",
    b"3.nop;" * 500,
    b"4.sync,4.2000;",
]


def write(
    root: Path, blocks: list[bytes], number: int = 1, name: str = NAME
) -> SegmentFacts:
    header = new_header(
        recording="one",
        track="screen",
        number=number,
        started_at=datetime(2026, 3, 10, 11, 0, tzinfo=UTC),
        starts_ms=0,
        first_sync=1000,
        previous=NO_CHAIN,
    )
    writer = SegmentWriter(root, name, header, KEY)
    for index, block in enumerate(blocks):
        writer.write(block, index * 1000)
    return writer.close(ends_ms=len(blocks) * 1000, last_sync=2000)


def test_what_was_written_comes_back(tmp_path: Path) -> None:
    facts = write(tmp_path, BLOCKS)
    assert plain_of(tmp_path, NAME) == b"".join(BLOCKS)
    assert facts.blocks == 4
    assert facts.stored_bytes == (tmp_path / NAME).stat().st_size


def test_a_scan_finds_what_the_writer_knew(tmp_path: Path) -> None:
    assert write(tmp_path, BLOCKS) == scan_segment(tmp_path, NAME, KEY)


def test_nothing_plain_touches_the_disk(tmp_path: Path) -> None:
    write(tmp_path, [b"a secret that was on the screen"])
    assert b"secret" not in (tmp_path / NAME).read_bytes()


def test_the_same_text_never_looks_the_same_twice(tmp_path: Path) -> None:
    first = write(tmp_path, BLOCKS)
    second = write(tmp_path, BLOCKS, name="r/screen-00002.seg")
    whole = hashlib.sha256(b"".join(BLOCKS)).hexdigest()
    assert first.plain_sha256 == second.plain_sha256 == whole
    assert first.stored_sha256 != second.stored_sha256


@pytest.mark.parametrize(
    ("signed", "found"), [("0" * 64, ["plain_changed"]), ("", []), (None, [])]
)
def test_what_was_recorded_is_held_against_its_digest(
    tmp_path: Path, signed: str | None, found: list[str]
) -> None:
    """A manifest of before the plain digest is verified as it was signed."""
    manifest = build_manifest(
        recording="one",
        session="SES-2026-0001",
        key_id="k",
        complete=True,
        reason="",
        segments=[write(tmp_path, BLOCKS)],
        missing=[],
    )
    entry = manifest["segments"][0]
    if signed is None:
        del entry["plain_sha256"]
    else:
        entry["plain_sha256"] = signed
    report = check_segments(manifest, KEY, lambda name: (tmp_path / name).open("rb"))
    assert [one.finding for one in report.findings] == found


def test_joined_blocks_are_one_zlib_stream_for_the_browser(tmp_path: Path) -> None:
    facts = write(tmp_path, BLOCKS)
    with (tmp_path / NAME).open("rb") as file:
        joined = b"".join(block.packed for block in SegmentReader(file, KEY).blocks())
    stream = STREAM_BEGIN + joined + stream_end(facts.adler32)
    assert zlib.decompress(stream) == b"".join(BLOCKS)


@settings(max_examples=60, deadline=None)
@given(
    blocks=st.lists(
        st.binary(max_size=2000) | st.just(b"4.sync,4.1000;" * 3000), max_size=6
    )
)
def test_any_bytes_survive_the_round_trip(blocks: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), blocks)
        assert plain_of(Path(folder), NAME) == b"".join(blocks)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes, list[int]]:
    """A closed segment, its bytes, and where each data block ends."""
    root = tmp_path_factory.mktemp("whole")
    write(root, BLOCKS)
    ends = []
    with (root / NAME).open("rb") as file:
        reader = SegmentReader(file, KEY)
        for _ in reader.blocks():
            ends.append(reader.kept_bytes)
    return root, (root / NAME).read_bytes(), ends


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_a_crash_at_any_byte_keeps_every_whole_block(
    whole: tuple[Path, bytes, list[int]], data: st.DataObject
) -> None:
    _, content, ends = whole
    cut = data.draw(st.integers(0, len(content) - 1))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "r" / "screen-00001.seg"
        path.parent.mkdir()
        path.write_bytes(content[:cut])
        try:
            facts = scan_segment(Path(folder), NAME, KEY)
        except Torn:
            assert cut < ends[0]  # not even the header was whole
            return
        kept = sum(1 for end in ends if end <= cut)
        assert facts.blocks == kept
        assert facts.plain_bytes == sum(map(len, BLOCKS[:kept]))
        assert not facts.closed
        assert facts.stored_bytes + facts.torn_bytes == cut


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_a_changed_byte_is_always_found(
    whole: tuple[Path, bytes, list[int]], data: st.DataObject
) -> None:
    _, content, _ = whole
    position = data.draw(st.integers(0, len(content) - 1))
    flip = data.draw(st.integers(1, 255))
    changed = bytearray(content)
    changed[position] ^= flip
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "r" / "screen-00001.seg"
        path.parent.mkdir()
        path.write_bytes(bytes(changed))
        with pytest.raises(NotIntact):
            plain_of(Path(folder), NAME)


def test_blocks_cannot_be_swapped_within_a_file(tmp_path: Path) -> None:
    write(tmp_path, [b"first", b"other", b"third"])
    path = tmp_path / NAME
    content = path.read_bytes()
    with path.open("rb") as file:
        reader = SegmentReader(file, KEY)
        ends = [reader.kept_bytes]
        for _ in reader.blocks():
            ends.append(reader.kept_bytes)
    one, two = content[ends[0] : ends[1]], content[ends[1] : ends[2]]
    path.write_bytes(content[: ends[0]] + two + one + content[ends[2] :])
    with pytest.raises(NotIntact, match="block_out_of_order"):
        plain_of(tmp_path, NAME)


def test_a_block_of_another_segment_does_not_open(tmp_path: Path) -> None:
    write(tmp_path, [b"first"])
    write(tmp_path, [b"other"], number=2, name="r/screen-00002.seg")
    path = tmp_path / NAME
    with path.open("rb") as file:
        beginning = SegmentReader(file, KEY).kept_bytes
    other = (tmp_path / "r/screen-00002.seg").read_bytes()
    path.write_bytes(path.read_bytes()[:beginning] + other[beginning:])
    with pytest.raises(NotIntact, match="block_changed"):
        plain_of(tmp_path, NAME)


def test_another_key_opens_nothing(tmp_path: Path) -> None:
    write(tmp_path, BLOCKS)
    with pytest.raises(NotIntact, match="block_changed"):
        plain_of(tmp_path, NAME, key=bytes(32))


def test_a_number_is_never_used_twice(tmp_path: Path) -> None:
    write(tmp_path, BLOCKS)
    before = (tmp_path / NAME).read_bytes()
    with pytest.raises(RecordingFailed):
        write(tmp_path, [b"again"])
    assert (tmp_path / NAME).read_bytes() == before


def test_text_behind_the_end_is_found(tmp_path: Path) -> None:
    write(tmp_path, BLOCKS)
    with (tmp_path / NAME).open("ab") as file:
        file.write(b"more")
    with pytest.raises(NotIntact, match="more_after_the_end"):
        plain_of(tmp_path, NAME)
