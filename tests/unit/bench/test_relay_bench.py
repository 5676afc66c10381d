"""The bench measures what it says, from a stream that needs no guacd."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from accessportal.bench import relay
from accessportal.bench.capture import STREAMS
from accessportal.bench.replay import WINDOW, Recorded, Replay
from sessions.guacamole.handshake import (
    GuacdAddress,
    join_connection,
    open_connection,
    probe_gone,
)
from sessions.guacamole.instruction import encode
from sessions.guacamole.reader import InstructionReader

PICTURE = encode("size", 0, 640, 480) + encode("img", 1, 14, 0, "image/png", 0, 0)
FRAME = encode("blob", 1, "A" * 8064) + encode("end", 1)


def a_stream(frames: int = 20) -> bytes:
    text = PICTURE + FRAME + encode("sync", 1)
    text += "".join(FRAME + encode("sync", 2 + number) for number in range(frames))
    return text.encode()


def test_a_stream_is_cut_into_its_picture_and_its_frames() -> None:
    recorded = Recorded(a_stream(3))

    assert recorded.picture == (PICTURE + FRAME).encode()
    assert recorded.frames == [FRAME.encode()] * 3


async def test_the_scripted_guacd_goes_on_only_when_it_is_answered() -> None:
    replay = Replay(Recorded(a_stream()), rate=0)
    server = await asyncio.start_server(replay.serve, "127.0.0.1", 0)
    address = GuacdAddress("127.0.0.1", server.sockets[0].getsockname()[1])
    owner = await open_connection(address, "vnc", {})
    reader = InstructionReader()
    received = 0
    last = 0
    while True:
        try:
            patience = 20 if received < WINDOW else 0.3
            data = await asyncio.wait_for(owner.read(), patience)
        except TimeoutError:
            break
        received += len(data)
        times = [timestamp for _end, timestamp in reader.feed(data).syncs]
        assert times == sorted(times)
        last = times[-1] if times else last
    assert WINDOW < received < WINDOW + 500_000

    joined = await join_connection(address, owner.connection_id)
    picture = InstructionReader().feed(await joined.read())
    await joined.leave()
    owner.send(encode("sync", last))
    went_on = reader.feed(await owner.read())
    # The picture is good for the very next frame of the owner.
    assert picture.syncs[0][1] == went_on.syncs[0][1]

    await owner.leave()
    assert await probe_gone(address, owner.connection_id) is True
    server.close()


def test_a_run_prints_a_table_and_ends_with_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    directory = tmp_path / "bench"
    directory.mkdir()
    for name in STREAMS:
        (directory / f"{name}.guac").write_bytes(a_stream(200))

    status = relay.main(
        [
            "--json", "--seconds", "0.3", "--only", "pump", "guapy", "--streams", "image",
            "--data-dir", str(tmp_path),
        ]
    )  # fmt: skip

    assert status == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("| pump | image |") for line in lines)
    measured = json.loads(lines[-1])
    assert [one["name"] for one in measured] == ["pump", "guapy"]
    for one in measured:
        assert set(one) == {"name", "stream", "mb_per_cpu_s", "wall_s", "rss_mb"}
        assert one["mb_per_cpu_s"] > 0
