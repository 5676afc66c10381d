"""Vera's sessions through the whole portal: tunnel, broker, recorder, a real guacd, real machines."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from accessportal.accounts.models import User
from accessportal.audit.models import AuditEvent
from accessportal.demo.targets import Targets
from accessportal.plants.models import Credential, Endpoint
from accessportal.plants.vault import Secrets, store_secrets
from requests.models import MaintenanceWindow
from sessions.broker.proof import open_connections
from sessions.guacamole.handshake import GuacdAddress
from sessions.models import BrokeredSession, Recording
from sessions.services.console import freeze_session, request_end
from tests.cast import Plant, make_window, origin
from tests.session_flow.tunnel_kit import Bench, Tunnel, portal_bench

KEYS_OF_PROTOCOLS = ("vnc", "rdp", "ssh", "telnet")
RETURN = 0xFF0D


@pytest.fixture
async def bench(
    transactional_db: None, guacd: GuacdAddress, tmp_path: Path
) -> AsyncIterator[Bench]:
    async with portal_bench(
        f"{guacd.host}:{guacd.port}", tmp_path / "recordings"
    ) as running:
        yield running


@pytest.fixture
def machines(plant: Plant, targets: Targets) -> dict[str, Endpoint]:
    """The demo's machines as endpoints of plant North."""
    return {
        key: machine_at(plant.filling_hmi, targets, key) for key in KEYS_OF_PROTOCOLS
    }


def machine_at(like: Endpoint, targets: Targets, key: str) -> Endpoint:
    facts = targets[key]
    endpoint = Endpoint.objects.create(
        asset=like.asset,
        name=f"real {key}",
        protocol=facts.protocol,
        host=facts.host,
        port=facts.port,
        host_key=facts.host_key,
        rdp_security="nla",
        ignore_certificate=True,
    )
    credential = Credential(endpoint=endpoint)
    store_secrets(
        credential,
        Secrets(
            username=facts.username,
            password=facts.password,
            private_key=facts.private_key,
        ),
    )
    credential.save()
    return endpoint


@pytest.fixture
def window(machines: dict[str, Endpoint], vera: User, olga: User) -> MaintenanceWindow:
    return make_window(vera, *machines.values(), decided_by=olga)


def hmi_state(targets: Targets) -> dict[str, Any]:
    state: dict[str, Any] = json.loads(Path(targets["vnc"].state_path).read_text())
    return state


async def eventually(met: Callable[[], Any], seconds: float = 10.0) -> Any:
    async with asyncio.timeout(seconds):
        while not (result := met()):
            await asyncio.sleep(0.05)
        return result


async def click(console: Tunnel, area: list[int], *, hold: bool = False) -> None:
    x, y = (area[0] + area[2]) // 2, (area[1] + area[3]) // 2
    await console.send("mouse", x, y, 0)
    await console.send("mouse", x, y, 1)
    if not hold:
        await asyncio.sleep(0.1)
        await console.send("mouse", x, y, 0)


async def type_text(console: Tunnel, text: str) -> None:
    for character in text:
        keysym = RETURN if character == "\n" else ord(character)
        await console.send("key", keysym, 1)
        await console.send("key", keysym, 0)
        await asyncio.sleep(0.01)


async def begin(
    bench: Bench, window: MaintenanceWindow, endpoint: Endpoint, user: User
) -> tuple[BrokeredSession, Tunnel]:
    brokered_session = await bench.start(window, endpoint, user)
    console = await bench.enter(brokered_session, user)
    await console.picture(20.0)
    return brokered_session, console


async def end(
    bench: Bench, brokered_session: BrokeredSession, user: User
) -> BrokeredSession:
    await sync_to_async(request_end)(
        brokered_session, acting_user=user, origin=origin()
    )
    return await bench.until(brokered_session, lambda row: row.end_confirmed_at, 10.0)


async def until_sealed(brokered_session: BrokeredSession) -> None:
    """Sealing comes after the end, which never waits for a disk."""
    sealed = Recording.objects.filter(
        brokered_session=brokered_session, state=Recording.State.SEALED
    )
    async with asyncio.timeout(20):
        while not await sealed.aexists():
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("key", KEYS_OF_PROTOCOLS)
async def test_the_screen_arrives_is_recorded_and_its_end_is_proven(
    key: str,
    bench: Bench,
    window: MaintenanceWindow,
    machines: dict[str, Endpoint],
    vera: User,
) -> None:
    brokered_session, console = await begin(bench, window, machines[key], vera)
    drawn = {one.opcode for one in console.received}
    assert {"size", "img", "blob", "end", "sync"} <= drawn
    assert not any(
        one.opcode in ("error", "required", "args") for one in console.received
    )

    row = await end(bench, brokered_session, vera)
    assert row.end_proof["guacd"] == "refuses_join"
    assert row.end_proof["asset_connection"] == "gone"
    await until_sealed(row)
    names = [name async for name in AuditEvent.objects.values_list("event", flat=True)]
    assert "credential.checked_out" in names


async def test_a_command_typed_through_the_tunnel_leaves_its_file(
    bench: Bench,
    window: MaintenanceWindow,
    machines: dict[str, Endpoint],
    vera: User,
    targets: Targets,
) -> None:
    brokered_session, console = await begin(bench, window, machines["ssh"], vera)
    await asyncio.sleep(0.5)
    folder = Path(targets["ssh"].working_directory)
    names = []

    def typed() -> bool:
        return any(
            (folder / name).exists() and (folder / name).read_text() == "hello\n"
            for name in names
        )

    # Keys on an old picture are discarded: on a busy computer a line may need another try.
    for _attempt in range(5):
        names.append(f"typed-{time.time_ns()}")
        await type_text(console, f"\necho hello > {names[-1]}\n")
        try:
            await eventually(typed, 8.0)
            break
        except TimeoutError:
            continue
    assert typed(), [word for word in console.words if word[0] != "pace"]
    await end(bench, brokered_session, vera)


async def test_a_click_moves_the_machine(
    bench: Bench,
    window: MaintenanceWindow,
    machines: dict[str, Endpoint],
    vera: User,
    targets: Targets,
) -> None:
    brokered_session, console = await begin(bench, window, machines["vnc"], vera)
    before = hmi_state(targets)
    acts = len(before["acts"])
    button = (
        "faster" if "faster" in before["buttons"] else next(iter(before["buttons"]))
    )
    await click(console, before["buttons"][button])
    await eventually(lambda: len(hmi_state(targets)["acts"]) > acts)
    await end(bench, brokered_session, vera)


async def test_a_vanished_browser_holds_nothing_and_the_work_stays(
    bench: Bench,
    window: MaintenanceWindow,
    machines: dict[str, Endpoint],
    vera: User,
    targets: Targets,
) -> None:
    brokered_session, console = await begin(bench, window, machines["vnc"], vera)
    await click(console, hmi_state(targets)["buttons"]["jog"], hold=True)
    await eventually(lambda: hmi_state(targets)["jog"]["down"])

    await console.vanish()
    await eventually(lambda: not hmi_state(targets)["jog"]["down"])
    row = await bench.until(brokered_session, lambda row: row.frozen_cause == "away")
    assert row.is_live

    again = await bench.enter(row, vera)
    await again.picture()
    await bench.until(brokered_session, lambda row: not row.frozen_at)
    await end(bench, brokered_session, vera)


async def test_olga_watches_live_and_freezes(
    bench: Bench,
    window: MaintenanceWindow,
    machines: dict[str, Endpoint],
    vera: User,
    olga: User,
    targets: Targets,
) -> None:
    brokered_session, console = await begin(bench, window, machines["vnc"], vera)
    watching = await bench.enter(brokered_session, olga)
    await watching.picture()
    people = await console.word("participants")
    assert {person["role"] for person in people["participants"]} == {
        "owner",
        "observer",
    }

    await click(console, hmi_state(targets)["buttons"]["jog"], hold=True)
    await eventually(lambda: hmi_state(targets)["jog"]["down"])
    await sync_to_async(freeze_session)(
        brokered_session, acting_user=olga, origin=origin(), message="Stand clear"
    )
    await console.word("frozen", note="Stand clear")
    await eventually(lambda: not hmi_state(targets)["jog"]["down"])
    presses = hmi_state(targets)["input"]["button_presses"]
    await click(console, hmi_state(targets)["buttons"]["jog"])
    await asyncio.sleep(0.7)
    assert hmi_state(targets)["input"]["button_presses"] == presses
    row = await end(bench, brokered_session, olga)
    assert row.end_reason == "ended_by_plant"


async def test_a_wrong_password_has_its_sentence(
    bench: Bench, window: MaintenanceWindow, machines: dict[str, Endpoint], vera: User
) -> None:
    def spoil() -> None:
        credential = machines["ssh"].credential
        store_secrets(credential, Secrets(username="service", password="wrong"))
        credential.save()

    await sync_to_async(spoil)()
    brokered_session = await bench.start(window, machines["ssh"], vera)
    row = await bench.until(brokered_session, lambda row: row.end_confirmed_at, 15.0)
    status = await bench.status(row, vera)
    assert "user name, password or key" in status["end_sentence"]
    assert (row.state, row.guacd_status, row.slot) == ("failed", 769, None)


async def test_a_machine_that_is_off_has_its_sentence(
    bench: Bench,
    window: MaintenanceWindow,
    machines: dict[str, Endpoint],
    vera: User,
    closed_port: int,
) -> None:
    await Endpoint.objects.filter(pk=machines["vnc"].pk).aupdate(port=closed_port)
    brokered_session = await bench.start(window, machines["vnc"], vera)
    row = await bench.until(brokered_session, lambda row: row.end_confirmed_at, 20.0)
    status = await bench.status(row, vera)
    # Now and then guacd has given up before we are there to hear why.
    assert (
        "cannot be reached" in status["end_sentence"] or row.failure == "closed_at_once"
    )
    assert (row.state, row.slot) == ("failed", None)


async def test_a_kill_waits_for_no_tick(
    bench: Bench,
    window: MaintenanceWindow,
    machines: dict[str, Endpoint],
    vera: User,
    olga: User,
    settings: Any,
) -> None:
    settings.POLICY_TICK_SECONDS = 3600.0
    brokered_session, console = await begin(bench, window, machines["vnc"], vera)
    row = await end(bench, brokered_session, olga)
    assert await console.closed() == 4000
    assert row.end_reason == "ended_by_plant"
    assert open_connections(machines["vnc"].host, machines["vnc"].port) == 0


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that refuses connections, held so that nobody else gets it meanwhile."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield int(held.getsockname()[1])
