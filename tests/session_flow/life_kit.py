"""What is known of a session's life, whatever happens to it, and what always holds.

`tests.session_flow.test_session_life` says what happens.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from asgiref.sync import sync_to_async
from hypothesis.stateful import RuleBasedStateMachine, invariant

from accessportal.plants.models import Endpoint
from requests.models import MaintenanceWindow
from sessions.models import BrokeredSession
from sessions.services.console import request_end
from tests.cast import Plant, make_endpoint, make_window, origin
from tests.session_flow.evidence import keys_heard, unrecorded
from tests.session_flow.fake_guacd import FakeConnection, FakeGuacd
from tests.session_flow.tunnel_kit import Bench, Tunnel, portal_bench


class Stage:
    """One portal for all the lives; each life has a machine and a window of its own."""

    def __init__(self, plant: Plant, place: Path, runner: asyncio.Runner) -> None:
        self.plant = plant
        self._place = place
        self._runner = runner
        self._stack = AsyncExitStack()
        self.machines = 0
        self.bench: Bench
        self.guacd: FakeGuacd

    def run(self, doing: Coroutine[Any, Any, Any]) -> Any:
        return self._runner.run(doing)

    async def open(self) -> None:
        self.guacd = await self._stack.enter_async_context(FakeGuacd())
        self.bench = await self._stack.enter_async_context(
            portal_bench(self.guacd.address, self._place)
        )

    async def close(self) -> None:
        await self._stack.aclose()

    def machine(self) -> tuple[Endpoint, MaintenanceWindow]:
        self.machines += 1
        endpoint = make_endpoint(
            self.plant.filling_line,
            f"Life {self.machines}",
            "vnc",
            7000 + self.machines,
        )
        plant = self.plant
        return endpoint, make_window(plant.vera, endpoint, decided_by=plant.olga)


class KnownLife(RuleBasedStateMachine):
    stage: ClassVar[Stage]

    def __init__(self) -> None:
        super().__init__()
        self.live: BrokeredSession | None = None
        self.console: Tunnel | None = None
        self.asset: FakeConnection | None = None
        self.ended: list[tuple[FakeConnection, int]] = []
        self.frozen = False
        self.window_open = True
        self.step_until: datetime | None = None
        self.run(self._begin())

    def run(self, doing: Coroutine[Any, Any, Any]) -> Any:
        async def in_time() -> Any:
            async with asyncio.timeout(60):
                return await doing

        return self.stage.run(in_time())

    async def _begin(self) -> None:
        self.endpoint, self.window = await sync_to_async(self.stage.machine)()
        self.window_open = True

    def teardown(self) -> None:
        self.run(self._finish())

    async def _finish(self) -> None:
        if self.live is not None:
            await self._kill()
        if self.console is not None:
            await self.console.release()

    # --- What the model knows -----------------------------------------------------------

    @property
    def bench(self) -> Bench:
        return self.stage.bench

    @property
    def actor(self) -> Any:
        assert self.live is not None
        return self.bench.broker.actors[str(self.live.pk)]

    @property
    def input_may_pass(self) -> bool:
        return self.live is not None and self.console is not None and not self.frozen

    async def _look(self) -> None:
        assert self.live is not None
        await self.bench.next_look(self.live)

    async def _over(self, *reasons: str) -> None:
        """The session ends, for this reason; then nothing may follow at the machine."""
        assert self.live is not None and self.asset is not None
        row = await self.bench.until(self.live, lambda row: row.end_confirmed_at)
        assert row.end_reason in reasons
        assert row.slot is None
        said = [one.opcode for one in self.asset.heard]
        if "connection_lost" not in reasons:
            assert said[-1] == "disconnect"
        self.ended.append((self.asset, len(said)))
        await self._until_actor_left()
        self.live = self.asset = None
        self.frozen = False
        if self.console is not None:
            await self.console.release()
            self.console = None

    async def _until_actor_left(self) -> None:
        """The proof is written before the actor has put its things away."""
        assert self.live is not None
        async with asyncio.timeout(20):
            while str(self.live.pk) in self.bench.broker.actors:
                await asyncio.sleep(0.01)

    async def _kill(self) -> None:
        plant = self.stage.plant
        await sync_to_async(request_end)(
            self.live, acting_user=plant.olga, origin=origin(), despite_step=True
        )
        await self._over("ended_by_plant")

    async def _send(self, key: int) -> bool:
        """Press and let go of a key; whether the machine got it. Nothing is timed: the
        browser asks for an echo behind it, and what it sent is dealt with in order."""
        assert self.console is not None and self.asset is not None
        console, asset = self.console, self.asset
        before = len(keys_heard(asset))
        for _attempt in range(40):
            await console.send("key", key, 1)
            await console.send("key", key, 0)
            echoes = _echoes(console)
            await console.send("", "ping", "1")
            await console.until(lambda: _echoes(console) > echoes)  # noqa: B023
            if not self.input_may_pass:
                await asyncio.sleep(0.05)
                break
            try:
                await console.until(lambda: len(keys_heard(asset)) >= before + 2, 0.5)
                break
            except TimeoutError:
                continue  # made on an old picture, by a slow computer: said so, tried again
        return len(keys_heard(asset)) > before

    # --- What always holds --------------------------------------------------------------

    async def _until_released(self) -> None:
        asset = self.asset
        async with asyncio.timeout(20):
            while held_at(asset):
                await asyncio.sleep(0.01)

    @invariant()
    def nothing_follows_an_end_and_nothing_stays_pressed(self) -> None:
        for asset, heard in self.ended:
            assert len(asset.heard) == heard
            assert held_at(asset) == set()

    @invariant()
    def one_actor_one_place_and_nothing_unrecorded(self) -> None:
        self.run(self._check())

    async def _check(self) -> None:
        rows = [
            row async for row in BrokeredSession.objects.filter(endpoint=self.endpoint)
        ]
        for row in rows:
            assert (row.slot is None) == (row.end_confirmed_at is not None)
        live = [row for row in rows if row.is_live]
        assert [row.pk for row in live] == ([self.live.pk] if self.live else [])
        assert len(self.bench.broker.actors) <= 1
        if self.live is not None:
            missing = await sync_to_async(unrecorded)(self.asset, self.live)
            assert [key for key in missing if key[1] == "1"] == []
            await self._until_input_is_right()

    async def _until_input_is_right(self) -> None:
        """Open for somebody who is here and not frozen, and for nobody else.

        A look that was under way may have read the row before it was changed, and with
        nobody there a session is held at once; so the next look may have to say it.
        """
        async with asyncio.timeout(20):
            while self.actor.input.open is not self.input_may_pass:
                await asyncio.sleep(0.01)


def held_at(asset: FakeConnection | None) -> set[str]:
    """The keys that are down at the machine."""
    down: set[str] = set()
    for keysym, pressed in keys_heard(asset) if asset is not None else []:
        (down.add if pressed == "1" else down.discard)(keysym)
    return down


def _echoes(console: Tunnel) -> int:
    return sum(
        1 for one in console.received if one.opcode == "" and one.args[:1] == ("ping",)
    )
