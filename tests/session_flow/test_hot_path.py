"""What a key waits for on its way: the journal, and nothing else in the process."""

from __future__ import annotations

import asyncio
import threading

from asgiref.sync import sync_to_async

from accessportal.accounts.models import User
from accessportal.plants.models import Endpoint
from sessions.consumers import TunnelConsumer
from tests.cast import make_window
from tests.session_flow.fake_guacd import FakeGuacd
from tests.session_flow.tunnel_kit import PATIENCE, Bench


async def test_a_key_does_not_wait_for_a_page_that_is_slow(
    bench: Bench, fake_guacd: FakeGuacd, filling_hmi: Endpoint, vera: User, olga: User
) -> None:
    """Pages' and news' database work shares one thread with all WebSockets."""
    window = await sync_to_async(make_window)(vera, filling_hmi, decided_by=olga)
    brokered_session = await bench.start(window, filling_hmi, vera)
    console = await bench.enter(brokered_session, vera)
    await console.picture()

    busy, done = threading.Event(), threading.Event()

    def slow() -> None:
        busy.set()
        done.wait(PATIENCE)

    page = asyncio.create_task(sync_to_async(slow)())
    try:
        await asyncio.to_thread(busy.wait, PATIENCE)
        await console.hold(0x41, fake_guacd.connection)
        assert not page.done()
    finally:
        done.set()
        await page


async def test_a_tunnel_hears_nothing_from_redis_and_so_misses_nothing() -> None:
    opened: list[str] = []

    async def receive() -> dict[str, str]:
        opened.append("waits for its browser")
        raise asyncio.CancelledError

    async def send(message: object) -> None:
        raise AssertionError(message)

    tunnel = TunnelConsumer()
    try:
        await tunnel({"type": "websocket"}, receive, send)
    except asyncio.CancelledError:
        pass
    assert opened
    assert tunnel.channel_layer is None
