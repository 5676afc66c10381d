"""Redis dies in the middle of a session: everything is still right, by the next tick."""

from __future__ import annotations

import asyncio
import logging
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.layers import channel_layers
from django.conf import settings
from django.test import override_settings

from accessportal.accounts.models import User
from accessportal.launcher.test_services import start_redis, stop
from accessportal.live import announce
from accessportal.plants.models import Endpoint
from accessportal.quiet_logs import OncePerMinute
from sessions.services.console import freeze_session, request_end, unfreeze_session
from sessions.services.news import BROKERS
from tests.cast import make_window, origin
from tests.session_flow.fake_guacd import FakeGuacd
from tests.session_flow.tunnel_kit import Bench, portal_bench


class OwnRedis:
    def __init__(self, directory: Path) -> None:
        self._running: list[subprocess.Popen[bytes]] = []
        self.url = start_redis(directory, self._running)

    def kill(self) -> None:
        (process,) = self._running
        process.kill()
        process.wait()

    def start_again(self) -> None:
        (process,) = self._running
        self._running = [
            subprocess.Popen(
                process.args, stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
            )
        ]  # fmt: skip

    def stop(self) -> None:
        for process in self._running:
            stop(process)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[OwnRedis]:
    own = OwnRedis(tmp_path / "redis")
    layers = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [own.url], "prefix": "away"},
        }
    }
    channel_layers.backends.clear()
    with override_settings(CHANNEL_LAYERS=layers):
        yield own
    channel_layers.backends.clear()
    own.stop()


@pytest.fixture
async def bench(
    redis: OwnRedis, transactional_db: None, fake_guacd: FakeGuacd, tmp_path: Path
) -> AsyncIterator[Bench]:
    async with portal_bench(fake_guacd.address, tmp_path / "recordings") as running:
        yield running


async def test_a_freeze_and_a_kill_land_by_the_tick(
    bench: Bench,
    redis: OwnRedis,
    fake_guacd: FakeGuacd,
    filling_hmi: Endpoint,
    filling_plc: Endpoint,
    vera: User,
    olga: User,
    caplog: pytest.LogCaptureFixture,
) -> None:
    window = await sync_to_async(make_window)(
        vera, filling_hmi, filling_plc, decided_by=olga
    )
    live = await bench.start(window, filling_hmi, vera)
    console = await bench.enter(live, vera)
    await console.picture()
    loop = asyncio.get_running_loop()
    tick = settings.POLICY_TICK_SECONDS

    redis.kill()
    caplog.handler.addFilter(OncePerMinute())
    caplog.clear()
    asked = loop.time()
    await sync_to_async(freeze_session)(
        live, acting_user=olga, origin=origin(), message="Stand clear"
    )
    # The page that froze it was not kept waiting for the message.
    assert loop.time() - asked < tick
    actor = bench.broker.actors[str(live.pk)]
    await console.until(lambda: not actor.input.open)
    assert (await console.word("frozen"))["note"] == "Stand clear"
    assert (await bench.status(live, vera))["frozen"]["cause"] == "person"
    await sync_to_async(unfreeze_session)(live, acting_user=olga, origin=origin())
    await console.word("unfrozen")

    await sync_to_async(request_end)(live, acting_user=olga, origin=origin())
    assert (await console.word("ended"))["reason"] == "ended_by_plant"
    await bench.until(live, lambda row: row.end_confirmed_at)

    # A session begins, too: the broker's round finds what no message told it of.
    other = await bench.start(window, filling_plc, vera)
    await bench.until(other, lambda row: row.state == "active")
    await sync_to_async(request_end)(other, acting_user=olga, origin=origin())
    await bench.until(other, lambda row: row.end_confirmed_at)

    tracebacks: dict[Any, int] = {}
    for record in caplog.records:
        if record.levelno >= logging.WARNING and record.exc_info:
            key = (record.name, record.msg)
            tracebacks[key] = tracebacks.get(key, 0) + 1
    assert all(count == 1 for count in tracebacks.values()), tracebacks


async def test_messages_are_heard_again_when_redis_is_back(
    bench: Bench, redis: OwnRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    ear = bench.broker.ear
    heard: list[str] = []
    hear = ear._hear

    async def noting(message: dict[str, Any]) -> None:
        heard.append(message["type"])
        await hear(message)

    async def say_until_heard() -> None:
        heard.clear()
        async with asyncio.timeout(30):
            while "fleet.look" not in heard:
                announce(BROKERS, "fleet.look")
                await asyncio.sleep(0.2)

    monkeypatch.setattr(ear, "_hear", noting)
    await say_until_heard()
    redis.kill()
    announce(BROKERS, "fleet.look")
    await asyncio.sleep(1.0)
    redis.start_again()
    await say_until_heard()


def test_what_is_away_is_said_once_a_minute_and_the_rest_always() -> None:
    now = [0.0]
    quiet = OncePerMinute(clock=lambda: now[0])

    def record(message: str, error: Exception) -> logging.LogRecord:
        made = logging.LogRecord("a", logging.ERROR, "", 1, message, (), None)
        made.exc_info = (type(error), error, None)
        return made

    assert quiet.filter(record("not sent", ConnectionRefusedError()))
    assert not quiet.filter(record("not sent", ConnectionRefusedError()))
    assert quiet.filter(record("not read", ConnectionRefusedError()))
    assert quiet.filter(record("broken", ValueError()))
    assert quiet.filter(record("broken", ValueError()))
    now[0] = 61.0
    later = record("not sent", ConnectionRefusedError())
    assert quiet.filter(later)
    assert "1 more times" in later.getMessage()
