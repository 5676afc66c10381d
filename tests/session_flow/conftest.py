from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sessions.recorder import prompt_disk
from tests.session_flow.fake_guacd import FakeGuacd
from tests.session_flow.tunnel_kit import Bench, portal_bench


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
