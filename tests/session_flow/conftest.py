from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from accessportal.accounts.models import User
from accessportal.plants.models import Endpoint
from requests.models import MaintenanceWindow
from sessions.models import BrokeredSession
from sessions.recorder import prompt_disk
from tests.cast import make_window
from tests.session_flow.fake_guacd import FakeGuacd
from tests.session_flow.tunnel_kit import Bench, Tunnel, portal_bench


@pytest.fixture
async def fake_guacd() -> AsyncIterator[FakeGuacd]:
    async with FakeGuacd() as guacd:
        yield guacd


@pytest.fixture
async def bench(
    transactional_db: None,
    fake_guacd: FakeGuacd,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Bench]:
    """A running broker on a scripted guacd, with patience for a disk that others keep busy."""
    monkeypatch.setattr(prompt_disk, "MAX_SECONDS", 10.0)
    async with portal_bench(fake_guacd.address, tmp_path / "recordings") as running:
        yield running


@pytest.fixture
def window(filling_hmi: Endpoint, vera: User, olga: User) -> MaintenanceWindow:
    return make_window(vera, filling_hmi, decided_by=olga)


@pytest.fixture
async def live(
    bench: Bench, window: MaintenanceWindow, filling_hmi: Endpoint, vera: User
) -> BrokeredSession:
    """Vera's session on the HMI, in that window."""
    return await bench.start(window, filling_hmi, vera)


@pytest.fixture
async def console(bench: Bench, live: BrokeredSession, vera: User) -> Tunnel:
    """Her console, with the first picture."""
    tunnel = await bench.enter(live, vera)
    await tunnel.picture()
    return tunnel
