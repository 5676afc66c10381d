"""Ends that only a real guacd can show: killed while connecting, a daemon that dies, SSH."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from asgiref.sync import sync_to_async

from accessportal.demo.targets import Targets
from accessportal.launcher.guacd import Guacd
from sessions.broker.proof import open_connections
from sessions.guacamole.handshake import GuacdAddress
from sessions.models import GuacdNode, LeftPressed
from sessions.services.console import request_end
from tests.cast import Plant, make_endpoint, make_window, origin
from tests.integration.test_sessions_on_guacd import (
    begin,
    click,
    end,
    eventually,
    hmi_state,
    machine_at,
)
from tests.session_flow.evidence import felt_by, felt_unrecorded, presses_journalled
from tests.session_flow.tunnel_kit import Bench, portal_bench


@pytest.fixture
async def bench(
    transactional_db: None, guacd: GuacdAddress, tmp_path: Path
) -> AsyncIterator[Bench]:
    async with portal_bench(
        f"{guacd.host}:{guacd.port}", tmp_path / "recordings"
    ) as running:
        yield running


@pytest.fixture
def silent_machine() -> Iterator[socket.socket]:
    """Takes the call, and says nothing."""
    with closing(socket.create_server(("127.0.0.1", 0), backlog=8)) as listener:
        yield listener


@pytest.fixture
def black_hole() -> Iterator[tuple[str, int]]:
    """Does not even take the call: its queue is full, so a SYN stays unanswered."""
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        callers = []
        for _caller in range(4):
            caller = socket.socket()
            caller.setblocking(False)
            caller.connect_ex(address)
            callers.append(caller)
        yield address
        for caller in callers:
            caller.close()


@pytest.mark.parametrize("protocol", ["vnc", "rdp"])
async def test_a_kill_cancels_a_connection_to_a_machine_that_says_nothing(
    bench: Bench, plant: Plant, silent_machine: socket.socket, protocol: str
) -> None:
    port = silent_machine.getsockname()[1]
    endpoint = await sync_to_async(make_endpoint)(
        plant.filling_line, "Silent", protocol, port, host="127.0.0.1"
    )
    window = await sync_to_async(make_window)(
        plant.vera, endpoint, decided_by=plant.olga
    )
    live = await bench.start(window, endpoint, plant.vera)
    async with asyncio.timeout(20):
        while open_connections("127.0.0.1", port) == 0:
            await asyncio.sleep(0.05)
    await sync_to_async(request_end)(live, acting_user=plant.olga, origin=origin())
    row = await bench.until(live, lambda row: row.end_confirmed_at, 30.0)
    assert row.end_reason == "ended_by_plant"
    assert row.active_at is None
    assert row.end_proof["guacd"] == "refuses_join"
    assert row.end_proof["asset_connection"] == "gone"
    assert open_connections("127.0.0.1", port) == 0


async def test_a_kill_while_the_machine_does_not_take_the_call(
    bench: Bench, plant: Plant, black_hole: tuple[str, int]
) -> None:
    host, port = black_hole
    endpoint = await sync_to_async(make_endpoint)(
        plant.filling_line, "Black hole", "vnc", port, host=host
    )
    window = await sync_to_async(make_window)(
        plant.vera, endpoint, decided_by=plant.olga
    )
    before = open_connections(host, port)
    live = await bench.start(window, endpoint, plant.vera)
    await bench.until(live, lambda row: row.guacd_connection_id)
    async with asyncio.timeout(20):
        while open_connections(host, port) <= before:
            await asyncio.sleep(0.05)
    await sync_to_async(request_end)(live, acting_user=plant.olga, origin=origin())
    await bench.until(live, lambda row: row.ended_at)
    async with asyncio.timeout(30):
        while open_connections(host, port) > before:
            await asyncio.sleep(0.1)


async def test_ssh_is_logged_off_once_its_line_is_seen_to_be_gone(
    bench: Bench, plant: Plant, targets: Targets
) -> None:
    endpoint = await sync_to_async(machine_at)(plant.filling_hmi, targets, "ssh")
    window = await sync_to_async(make_window)(
        plant.vera, endpoint, decided_by=plant.olga
    )
    live, _console = await begin(bench, window, endpoint, plant.vera)
    row = await end(bench, live, plant.vera)
    assert row.end_proof["asset_connection"] == "gone"
    assert row.desktop_state == "logged_off"


async def test_a_daemon_that_is_killed_loses_its_sessions_and_another_takes_over(
    bench: Bench,
    plant: Plant,
    targets: Targets,
    guacd: GuacdAddress,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`kill -9` of a whole guacd: the end is proven by the machine's line, which is seen, and
    what was held is released by the other."""
    monkeypatch.setattr("sessions.broker.input.SILENCE_SECONDS", 3600.0)
    felt = felt_by(hmi_state(targets))
    own = Guacd(tmp_path)
    address = await asyncio.to_thread(own.ensure)
    north = plant.north
    await GuacdNode.objects.acreate(address=address, site=north)
    await GuacdNode.objects.acreate(address=f"{guacd.host}:{guacd.port}")
    endpoint = await sync_to_async(machine_at)(plant.filling_hmi, targets, "vnc")
    window = await sync_to_async(make_window)(
        plant.vera, endpoint, decided_by=plant.olga
    )
    async with asyncio.timeout(20):
        while await GuacdNode.objects.filter(checked_at__isnull=True).aexists():
            await asyncio.sleep(0.1)
    live, console = await begin(bench, window, endpoint, plant.vera)
    assert (await bench.row(live)).guacd_address == address
    await click(console, hmi_state(targets)["buttons"]["jog"], hold=True)
    await eventually(lambda: hmi_state(targets)["jog"]["down"])
    await console.send("key", ord("a"), 1)
    await eventually(lambda: hmi_state(targets)["input"]["keys_down"])

    pid = own.pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    try:
        ended = await console.word("ended", 40.0)
        assert ended["reason"] == "connection_lost"
        row = await bench.until(live, lambda row: row.end_confirmed_at, 30.0)
        assert row.end_proof["guacd"] == "not_running"
        assert row.end_proof["asset_connection"] == "gone"
        assert not hmi_state(targets)["jog"]["down"]
        assert not hmi_state(targets)["input"]["keys_down"]
        assert (await LeftPressed.objects.aget(brokered_session=live)).released_at
        journalled = await sync_to_async(presses_journalled)(live)
        assert felt_unrecorded(felt, felt_by(hmi_state(targets)), journalled) == {}

        again, _console = await begin(bench, window, endpoint, plant.vera)
        row = await bench.row(again)
        assert row.guacd_address == f"{guacd.host}:{guacd.port}"
        await end(bench, again, plant.vera)
    finally:
        await asyncio.to_thread(own.stop)
