"""guacd's process for a session is killed, or stands still: nothing pressed, nothing late."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest
from asgiref.sync import sync_to_async

from accessportal.accounts.models import User
from accessportal.demo.targets import Targets
from accessportal.plants.models import Endpoint
from requests.models import MaintenanceWindow
from sessions.models import LeftPressed
from tests.integration.test_sessions_on_guacd import (
    begin,
    bench,
    click,
    end,
    eventually,
    hmi_state,
    machines,
    type_text,
    window,
)
from tests.session_flow.evidence import felt_by, felt_unrecorded, presses_journalled
from tests.session_flow.tunnel_kit import Bench

__all__ = ["bench", "machines", "window"]  # the fixtures


@pytest.mark.parametrize("let_go", [False, True], ids=["held", "let go of too late"])
async def test_a_child_of_guacd_killed_leaves_nothing_pressed(
    bench: Bench,
    window: MaintenanceWindow,
    machines: dict[str, Endpoint],
    vera: User,
    targets: Targets,
    monkeypatch: pytest.MonkeyPatch,
    let_go: bool,
) -> None:
    """The screen keeps what its client held, and nobody is left to take a release to it."""
    monkeypatch.setattr("sessions.broker.input.SILENCE_SECONDS", 3600.0)
    felt = felt_by(hmi_state(targets))
    brokered_session, console = await begin(bench, window, machines["vnc"], vera)
    jog = hmi_state(targets)["buttons"]["jog"]
    await click(console, jog, hold=True)
    await eventually(lambda: hmi_state(targets)["jog"]["down"])
    await console.send("key", ord("a"), 1)
    await eventually(lambda: hmi_state(targets)["input"]["keys_down"])
    child = await asyncio.to_thread(guacd_child_on, machines["vnc"].port)
    os.kill(child, signal.SIGKILL)
    if let_go:
        await console.send("mouse", jog[0] + 5, jog[1] + 5, 0)
        await console.send("key", ord("a"), 0)
    ended = await console.word("ended", 15.0)
    assert ended["reason"] == "connection_lost"

    await eventually(lambda: not hmi_state(targets)["jog"]["down"], 20.0)
    await eventually(lambda: not hmi_state(targets)["input"]["keys_down"])
    await bench.until(brokered_session, lambda row: row.end_confirmed_at, 30.0)
    left = await LeftPressed.objects.aget(brokered_session=brokered_session)
    assert left.held == 2 and left.released_at
    (released,) = await bench.events("session.input.released")
    assert released.detail["why"] == "connection_lost"
    journalled = await sync_to_async(presses_journalled)(brokered_session)
    assert felt_unrecorded(felt, felt_by(hmi_state(targets)), journalled) == {}


async def test_what_is_clicked_while_guacd_stands_still_arrives_never(
    bench: Bench,
    window: MaintenanceWindow,
    machines: dict[str, Endpoint],
    vera: User,
    targets: Targets,
) -> None:
    """It would lie in its socket and be done when it goes on, seconds late."""
    before = felt_by(hmi_state(targets))
    brokered_session, console = await begin(bench, window, machines["vnc"], vera)
    jog = hmi_state(targets)["buttons"]["jog"]
    await click(console, jog)
    await eventually(lambda: not hmi_state(targets)["input"]["buttons_down"])
    felt = felt_by(hmi_state(targets))
    child = await asyncio.to_thread(guacd_child_on, machines["vnc"].port)
    os.kill(child, signal.SIGSTOP)
    try:
        await asyncio.sleep(2.5)
        for _ in range(3):
            await click(console, jog)
            await type_text(console, "a")
        said = await console.word("input-discarded")
    finally:
        os.kill(child, signal.SIGCONT)
    assert said["kinds"].keys() <= {"click", "key"} and said["age_ms"] > 2000
    frames = sum(1 for one in console.received if one.opcode == "sync")
    await console.until(
        lambda: sum(1 for one in console.received if one.opcode == "sync") > frames + 2
    )
    assert felt_by(hmi_state(targets)) == felt

    async with asyncio.timeout(20):  # and with a young picture it works again
        while felt_by(hmi_state(targets)) == felt:
            await click(console, jog)
            await asyncio.sleep(0.3)
    await end(bench, brokered_session, vera)
    journalled = await sync_to_async(presses_journalled)(brokered_session)
    assert felt_unrecorded(before, felt_by(hmi_state(targets)), journalled) == {}


def guacd_child_on(port: int) -> int:
    """The process of guacd that holds the connection to an asset's port."""
    inodes = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if int(fields[2].split(":")[1], 16) == port and fields[3] == "01":
            inodes.add(f"socket:[{fields[9]}]")
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "comm").read_text().strip() != "guacd":
                continue
            for handle in (process / "fd").iterdir():
                if os.readlink(handle) in inodes:
                    return int(process.name)
        except OSError:
            continue
    raise AssertionError("no process of guacd is on that port")
