"""Real sockets to a whole portal, a real guacd, and the filling line's panel as the witness:
it counts how often a button is pressed, and how long it is held."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from accessportal.bench.console import Console
from accessportal.demo.targets import Targets
from sessions.guacamole.handshake import GuacdAddress
from sessions.guacamole.instruction import encode
from tests.session_flow.evidence import felt_by, felt_unrecorded
from tests.slow_link import SlowLink, slow_link
from tests.staged import RealTunnel, Stage, enter, knock, staged_portal

PATIENCE = 30.0


@pytest.fixture(scope="module")
def stage(
    tmp_path_factory: pytest.TempPathFactory, guacd: GuacdAddress, targets: Targets
) -> Iterator[Stage]:
    place = tmp_path_factory.mktemp("stage")
    with staged_portal(place, f"{guacd.host}:{guacd.port}", targets) as running:
        yield running


@pytest.fixture(scope="module")
def cookie(stage: Stage) -> str:
    """Vera's web session."""
    return str(stage.sign_in("vera"))


@pytest.fixture(scope="module")
def felt_before(stage: Stage) -> dict[str, int]:
    """Presses of the panel's mouse buttons and keys before this session."""
    return felt_by(hmi(stage))


@pytest.fixture(scope="module")
def session(stage: Stage, cookie: str, felt_before: dict[str, int]) -> str:
    """Vera's session on the filling line's panel."""
    window = stage.window("vera", "vnc")["window"]
    return str(stage.begin("vera", window, "vnc", cookie))


@pytest.fixture(autouse=True)
def all_is_recorded(
    stage: Stage, session: str, felt_before: dict[str, int]
) -> Iterator[None]:
    """Whatever a browser did, the input track holds what the machine felt."""
    yield
    felt, journalled = felt_by(hmi(stage)), stage.presses(session)
    assert felt_unrecorded(felt_before, felt, journalled) == {}


@pytest.fixture
async def link(stage: Stage) -> AsyncIterator[SlowLink]:
    async with slow_link(stage.port) as running:
        yield running


Enter = Callable[..., Any]


@pytest.fixture
async def into(stage: Stage, session: str, cookie: str) -> AsyncIterator[Enter]:
    """`await into()`: Vera's console, with its picture, and input that is let through."""
    entered: list[RealTunnel] = []

    async def come(**options: Any) -> RealTunnel:
        tunnel = await enter(stage, session, "vera", cookie, **options)
        entered.append(tunnel)
        await tunnel.picture()
        await tunnel.until(lambda: may_send(tunnel))
        return tunnel

    yield come
    for tunnel in entered:
        tunnel.stop()
        tunnel.socket.transport.abort()


def may_send(tunnel: RealTunnel) -> bool:
    states = [data for kind, data in tunnel.words if kind == "state"]
    return bool(states) and bool(states[-1]["may_send"])


def hmi(stage: Stage) -> dict[str, Any]:
    state: dict[str, Any] = json.loads(
        Path(stage.targets["vnc"].state_path).read_text()
    )
    return state


def middle(stage: Stage, button: str) -> tuple[int, int]:
    x1, y1, x2, y2 = hmi(stage)["buttons"][button]
    return (x1 + x2) // 2, (y1 + y2) // 2


async def until(met: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    async with asyncio.timeout(seconds):
        while not (result := met()):
            await asyncio.sleep(0.02)
        return result


async def hold(tunnel: RealTunnel, stage: Stage, button: str = "jog") -> range:
    """Press a button until the machine has it; on a busy computer a picture may be old.

    Returns how many presses the machine may have felt: one, unless it was slow to say so.
    """
    x, y = middle(stage, button)
    presses = 0
    async with asyncio.timeout(PATIENCE):
        while not hmi(stage)["input"]["buttons_down"]:
            await tunnel.send("mouse", x, y, 0)
            await tunnel.send("mouse", x, y, 1)
            presses += 1
            try:
                await until(lambda: hmi(stage)["input"]["buttons_down"], 2.0)
            except TimeoutError:
                pass
    return range(1, presses + 1)


# --- Never press, always release ---------------------------------------------------------


async def test_a_killed_browser_presses_no_longer(stage: Stage, into: Enter) -> None:
    tunnel = await into()
    await hold(tunnel, stage)
    presses = hmi(stage)["jog"]["presses"]
    tunnel.kill()
    await until(lambda: not hmi(stage)["jog"]["down"])
    assert hmi(stage)["jog"]["presses"] == presses


async def test_a_link_that_falls_silent_presses_no_longer(
    stage: Stage, into: Enter, link: SlowLink
) -> None:
    """No close, no reset: only the missing pings tell."""
    tunnel = await into(port=link.port)
    await hold(tunnel, stage)
    link.stall()
    await until(lambda: not hmi(stage)["jog"]["down"], 10.0)
    presses = hmi(stage)["jog"]["presses"]
    link.resume()
    said = await tunnel.word("input-released")
    assert said["sentence"]
    # The button is still down under Vera's finger; it presses only when it went up first.
    x, y = middle(stage, "jog")
    await tunnel.send("mouse", x, y + 1, 1)
    await tunnel.send("mouse", x, y + 1, 0)
    felt = await hold(tunnel, stage)
    assert hmi(stage)["jog"]["presses"] - presses in felt
    await tunnel.send("mouse", x, y, 0)


async def test_ten_clicks_on_a_link_that_stalls_arrive_never_and_are_said(
    stage: Stage, into: Enter, link: SlowLink
) -> None:
    tunnel = await into(port=link.port)
    x, y = middle(stage, "jog")
    before = hmi(stage)["jog"]["presses"]
    link.stall()
    for _ in range(10):
        await tunnel.send("mouse", x, y, 1)
        await tunnel.send("mouse", x, y, 0)
        await asyncio.sleep(0.5)
    link.resume()
    said = await tunnel.word("input-discarded")
    assert said["kinds"] == {"click": 10}
    assert said["sentence"].startswith("10 clicks not sent: your picture was ")
    assert said["age_ms"] > 1000
    # With the new picture it works again, and that press is the only one.
    felt = await hold(tunnel, stage)
    await tunnel.send("mouse", x, y, 0)
    assert hmi(stage)["jog"]["presses"] - before in felt


async def test_on_a_slow_link_work_goes_on(stage: Stage, into: Enter) -> None:
    """1 Mbit/s and 300 ms there and back: pictures come, and what is pressed is felt."""
    async with slow_link(stage.port, bytes_per_second=125_000, delay=0.15) as link:
        tunnel = await into(port=link.port)
        seen = len(tunnel.frames)
        await until(lambda: len(tunnel.frames) > seen + 10)
        before = hmi(stage)["jog"]["presses"]
        felt = await hold(tunnel, stage)
        x, y = middle(stage, "jog")
        await tunnel.send("mouse", x, y, 0)
        await until(lambda: not hmi(stage)["jog"]["down"])
        assert hmi(stage)["jog"]["presses"] - before in felt
        ages = sorted(age for _at, age in tunnel.frames[seen:])
        assert ages[len(ages) // 2] < 5.0  # older than that is replaced, not queued for


@pytest.mark.parametrize("style", ["in_place", "drag_off"])
async def test_a_button_is_let_go_of_as_its_endpoint_says(
    stage: Stage, into: Enter, session: str, style: str
) -> None:
    """Let go of in place, `faster` is a click; dragged off first, it is none."""
    endpoint = stage.facts(session)["endpoint"]
    stage.change("plants.Endpoint", endpoint, release_style=style)
    tunnel = await into()
    try:
        await asyncio.sleep(2.5)  # the actor reads the endpoint with its tick
        setpoint = hmi(stage)["speed_setpoint"]
        await hold(tunnel, stage, "faster")
        tunnel.kill()
        await until(lambda: not hmi(stage)["input"]["buttons_down"])
        changed = hmi(stage)["speed_setpoint"] != setpoint
        assert changed is (style == "in_place")
    finally:
        stage.change("plants.Endpoint", endpoint, release_style="in_place")


# --- Browsers that mean no good -----------------------------------------------------------


async def test_a_browser_that_reads_nothing_slows_nobody(
    stage: Stage, into: Enter, session: str
) -> None:
    tunnel = await into()
    hers = str(stage.sign_in("olga"))
    ticket = await asyncio.to_thread(stage.ticket, session, "olga", hers)
    watching = await knock(stage, ticket, hers)
    watching.transport.pause_reading()
    seen = len(tunnel.frames)
    await until(lambda: len(tunnel.frames) > seen + 30)
    await hold(tunnel, stage)
    watching.transport.abort()


@pytest.mark.parametrize("reads", [True, False], ids=["reads", "reads nothing"])
async def test_a_browser_that_ignores_the_end_is_hung_up_on(
    stage: Stage, cookie: str, reads: bool
) -> None:
    """It answers no close and goes on sending; the end does not wait for it."""
    window = stage.window("vera", "telnet")["window"]
    session = str(stage.begin("vera", window, "telnet", cookie))
    ticket = await asyncio.to_thread(stage.ticket, session, "vera", cookie)
    console = await Console.enter(
        stage.port,
        f"{ticket['path']}?ticket={ticket['token']}",
        {"Cookie": f"portal_session={cookie}", "Origin": stage.url},
    )
    await console.picture()
    if not reads:
        console.stop_reading()
    stage.end_window_in(window, 0)
    await until(lambda: stage.facts(session)["end_confirmed"])
    async with asyncio.timeout(PATIENCE):
        while not console.is_cut:
            console.send(encode("key", 97, 1))
            await asyncio.sleep(0.1)


@pytest.mark.parametrize(
    "message",
    [
        encode("select", "vnc"),
        encode("argv", 1, "text/plain", "x"),
        "52428800." + "A" * 200_000,
        "9.",
        b"3.key,2.97,1.1;",
    ],
    ids=["forbidden", "arguments", "huge", "half", "binary"],
)
async def test_who_sends_what_is_not_allowed_is_shown_out_and_may_come_back(
    stage: Stage, into: Enter, message: str | bytes
) -> None:
    tunnel = await into()
    await tunnel.socket.send(message)
    assert await until(lambda: tunnel.close_code) in (4008, 4009)
    again = await into()
    assert again.close_code is None


async def test_fifty_megabytes_and_a_flood_end_the_socket_and_nothing_else(
    stage: Stage, into: Enter
) -> None:
    tunnel = await into()
    with pytest.raises(ConnectionClosed):
        await tunnel.socket.send(["A" * 1_000_000] * 50)
        await tunnel.socket.wait_closed()
        raise ConnectionClosed(None, None)
    flooding = await into()
    try:
        for _ in range(100):
            await flooding.socket.send(encode("key", 97, 1) * 500)
    except ConnectionClosed:
        pass
    assert await until(lambda: flooding.close_code) in (4008, 4009)
    await until(lambda: not hmi(stage)["input"]["keys_down"])
    await into()


async def test_a_ticket_opens_once_and_only_for_our_own_pages(
    stage: Stage, session: str, cookie: str, into: Enter
) -> None:
    tunnel = await into()
    ticket = await asyncio.to_thread(stage.ticket, session, "vera", cookie)
    with pytest.raises(InvalidStatus):
        await knock(stage, ticket, cookie, origin="https://evil.example")
    opened = await knock(stage, ticket, cookie)
    with pytest.raises(InvalidStatus):
        await knock(stage, ticket, cookie)
    # The newer of Vera's consoles replaces the older.
    assert await until(lambda: tunnel.close_code) == 4002
    opened.transport.abort()
