"""Segments of a real session meet at one moment: no frame is lost, none is there twice."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from accessportal.accounts.models import User
from accessportal.plants.models import Endpoint
from requests.models import MaintenanceWindow
from sessions.guacamole.instruction import decode_all
from sessions.models import Recording
from sessions.recorder.container import INPUT, SCREEN
from sessions.services.playback import SegmentStream
from sessions.services.recording_check import input_lines, inspect, manifest_entries
from tests.integration import test_sessions_on_guacd as stage
from tests.session_flow.tunnel_kit import Bench

bench, machines, window = stage.bench, stage.machines, stage.window


@pytest.mark.parametrize("key", ["vnc", "ssh"])
async def test_no_frame_is_lost_and_none_is_there_twice(
    key: str,
    bench: Bench,
    window: MaintenanceWindow,
    machines: dict[str, Endpoint],
    vera: User,
    settings: Any,
) -> None:
    settings.SEGMENT_MAX_SECONDS = 1
    session, console = await stage.begin(bench, window, machines[key], vera)
    for second in range(6):
        await console.send("mouse", 100 + second, 100, 0)
        await stage.type_text(console, "echo segment\n")
        await asyncio.sleep(1)
    await stage.end(bench, session, vera)

    def sealed() -> Recording | None:
        return (
            Recording.objects.with_session()
            .filter(brokered_session=session)
            .exclude(state=Recording.State.WRITING)
            .first()
        )

    async with asyncio.timeout(20):
        while (recording := await sync_to_async(sealed)()) is None:
            await asyncio.sleep(0.1)
    await sync_to_async(meets_without_a_seam)(recording)


def meets_without_a_seam(recording: Recording) -> None:
    assert recording.state == Recording.State.SEALED
    assert inspect(recording).findings == []
    assert recording.manifest["gaps"] == []
    entries = manifest_entries(recording, SCREEN)
    assert len(entries) >= 3
    for old, new in zip(entries, entries[1:], strict=False):
        assert new["first_sync"] == old["last_sync"]
        assert new["starts_ms"] == old["ends_ms"]
        # What the old file happens to hold behind the cut is what the new one goes on with.
        behind = after(text_of(recording, old), old["last_sync"])
        goes_on = after(text_of(recording, new), new["first_sync"])
        assert goes_on.startswith(behind)
    kinds = {line.kind for lines in input_lines(recording) for line in lines}
    assert {"opened", "joined", "mouse", "key"} <= kinds
    assert manifest_entries(recording, INPUT)


def text_of(recording: Recording, entry: dict[str, Any]) -> str:
    stream = SegmentStream(recording, entry, 0)
    return b"".join(stream.plain()).decode()


def after(text: str, sync: int) -> str:
    """Everything behind the first `sync` with this timestamp (guacd may say one twice)."""
    found = [
        one
        for one in decode_all(text)
        if one.opcode == "sync" and one.args[0] == str(sync)
    ]
    assert found
    return text.partition(found[0].encode())[2]
