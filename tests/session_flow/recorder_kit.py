"""What the stories of a recorder that fails have in common: Vera at work, on grace time."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from accessportal.accounts.models import User
from accessportal.plants.models import Asset, Endpoint, Site
from requests.models import MaintenanceWindow
from sessions.models import BrokeredSession, Recording
from sessions.services.recording_check import verify_recording
from tests.cast import make_window
from tests.session_flow.fake_guacd import FakeConnection, FakeGuacd, encode
from tests.session_flow.tunnel_kit import Bench, Tunnel

GRACE_SECONDS = 600


@pytest.fixture
def window(filling_hmi: Endpoint, vera: User, olga: User) -> MaintenanceWindow:
    Site.objects.update(record_key_values=True)
    Asset.objects.update(on_record_failure="grace", record_grace_seconds=GRACE_SECONDS)
    return make_window(vera, filling_hmi, decided_by=olga)


@pytest.fixture
def asset(console: Tunnel, fake_guacd: FakeGuacd) -> FakeConnection:
    return fake_guacd.connection


def busy(asset: FakeConnection) -> None:
    """More picture than a block holds: it is written at once."""
    asset.say(encode("name", secrets.token_hex(80_000)))
    asset.next_frame()


async def fails(console: Tunnel) -> dict[str, Any]:
    """Wait for the recording to be said to have failed."""
    return await console.word("recording", ok=False)


async def works_again(console: Tunnel, asset: FakeConnection, keysym: int) -> None:
    """By itself: nobody has to lift anything."""
    await console.word("unfrozen")
    await console.hold(keysym, asset)


async def end_and_seal(
    bench: Bench, console: Tunnel, live: BrokeredSession
) -> Recording:
    """The contractor leaves, the plant's people close the session; it is sealed."""
    bench.broker.actors[str(live.pk)].supervision._end("ended_by_plant")
    return await sealed(bench, live)


async def sealed(bench: Bench, live: BrokeredSession) -> Recording:
    await bench.until(live, lambda row: row.end_confirmed_at)
    closed = Recording.objects.with_session().filter(
        brokered_session=live, sealed_at__isnull=False
    )
    async with asyncio.timeout(25):
        while (recording := await closed.afirst()) is None:
            await asyncio.sleep(0.05)
    return recording


async def check(recording: Recording) -> list[str]:
    report = await sync_to_async(verify_recording)(recording=recording)
    return [finding.finding for finding in report.findings]
