"""Vera, Tom and Olga in one session, each with a browser of their own."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from accessportal.accounts.models import User
from accessportal.plants.models import Endpoint
from requests.models import MaintenanceWindow
from sessions.models import BrokeredSession
from tests.cast import make_window, origin
from tests.session_flow.fake_guacd import FakeConnection
from tests.session_flow.tunnel_kit import PATIENCE, Bench, Tunnel


@pytest.fixture
def window(
    filling_hmi: Endpoint, vera: User, tom: User, olga: User
) -> MaintenanceWindow:
    return make_window(
        vera, filling_hmi, decided_by=olga, companions=[tom], clipboard_out=True
    )


@pytest.fixture
async def live(
    bench: Bench, window: MaintenanceWindow, filling_hmi: Endpoint, vera: User
) -> BrokeredSession:
    return await bench.start(window, filling_hmi, vera)


@pytest.fixture
async def hers(bench: Bench, live: BrokeredSession, vera: User) -> Tunnel:
    tunnel = await bench.enter(live, vera)
    await tunnel.picture()
    return tunnel


@pytest.fixture
async def his(bench: Bench, hers: Tunnel, live: BrokeredSession, tom: User) -> Tunnel:
    tunnel = await bench.enter(live, tom)
    await tunnel.picture()
    return tunnel


@pytest.fixture
async def olgas(
    bench: Bench, hers: Tunnel, live: BrokeredSession, olga: User
) -> Tunnel:
    tunnel = await bench.enter(live, olga)
    await tunnel.picture()
    return tunnel


async def act(verb: Any, live: BrokeredSession, user: User, **more: Any) -> Any:
    more.setdefault("origin", origin(address="127.0.0.1"))
    return await sync_to_async(verb)(live, acting_user=user, **more)


async def said_of(
    live: BrokeredSession, person: User
) -> list[tuple[str, str, list[str]]]:
    """What policy said of somebody in this session, as it is kept."""
    rows = live.verdicts.filter(person=person).order_by("pk")
    return [(one.moment, one.outcome, one.reasons) async for one in rows]


def keys(asset: FakeConnection) -> list[tuple[str, ...]]:
    return [one.args[:2] for one in asset.heard if one.opcode == "key"]


async def let_go_of(keysym: str, asset: FakeConnection) -> None:
    """Wait until the machine was told that a key is up."""
    async with asyncio.timeout(PATIENCE):
        while keys(asset)[-1] != (keysym, "0"):
            await asyncio.sleep(0.02)


async def works(tunnel: Tunnel, yes: bool = True) -> None:
    """Wait until this browser was told that its person works, or does not."""
    await tunnel.word("state", works=yes)
    await tunnel.until(
        lambda: (
            next(data for kind, data in reversed(tunnel.words) if kind == "state")[
                "works"
            ]
            is yes
        )
    )


async def proves_deaf(tunnel: Tunnel, other: Tunnel, asset: FakeConnection) -> None:
    """What `tunnel` types does not arrive; what `other` types after it does."""
    await tunnel.send("key", 120, 1)
    await tunnel.send("key", 120, 0)
    await other.hold(121, asset)
    await other.send("key", 121, 0)
    assert ("120", "1") not in keys(asset)
