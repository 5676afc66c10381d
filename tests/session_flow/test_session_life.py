"""The life of a session in any order; the promises are what always holds.

Whatever people, browsers, brokers and guacd do, and in whatever order: nothing reaches the
machine unless the session is active, journalled, not frozen and within its time; nothing
follows an end; what was held is released; the place is kept until the end is proven.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from hypothesis.strategies import booleans, sampled_from

from accessportal.errors import PortalError
from accessportal.plants.models import Endpoint, Site
from requests.models import MaintenanceWindow
from sessions.broker import farewell
from sessions.broker.registry import Broker
from sessions.models import BrokeredSession, CriticalStep
from sessions.services.console import freeze_session, request_end, unfreeze_session
from tests.cast import Plant, make_endpoint, make_window, origin
from tests.session_flow.evidence import keys_heard, unrecorded
from tests.session_flow.fake_guacd import FakeConnection, FakeGuacd
from tests.session_flow.test_broker_restart import die
from tests.session_flow.tunnel_kit import Bench, Tunnel, portal_bench

A, B = 97, 98
FAR = timedelta(hours=2)


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


class Life(RuleBasedStateMachine):
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

    # --- What happens -------------------------------------------------------------------

    @precondition(lambda self: self.live is None)
    @rule()
    def connect(self) -> None:
        self.run(self._connect())

    async def _connect(self) -> None:
        plant = self.stage.plant
        before = set(self.stage.guacd.connections)
        try:
            live = await self.bench.start(self.window, self.endpoint, plant.vera)
        except PortalError:
            assert not self.window_open
            await self._begin()
            return
        assert self.window_open
        self.live = live
        await self.bench.until(live, lambda row: row.state == "active")
        (made,) = set(self.stage.guacd.connections) - before
        self.asset = self.stage.guacd.connections[made]
        await self._enter()

    async def _enter(self) -> None:
        assert self.live is not None
        self.console = await self.bench.enter(self.live, self.stage.plant.vera)
        await self.console.picture()
        if not self.frozen:
            await self.console.until(lambda: self.actor.input.open)

    @precondition(lambda self: self.console is not None)
    @rule()
    def press(self) -> None:
        assert self.run(self._send(B)) is self.input_may_pass

    @precondition(lambda self: self.input_may_pass)
    @rule()
    def hold(self) -> None:
        assert self.console is not None and self.asset is not None
        self.run(self.console.hold(A, self.asset))

    @precondition(lambda self: self.console is not None)
    @rule()
    def drop(self) -> None:
        self.run(self._drop())

    async def _drop(self) -> None:
        assert self.console is not None and self.live is not None
        await self.console.vanish()
        self.console = None
        await self.bench.until(self.live, lambda row: row.frozen_at)
        await self._look()
        await self._until_released()

    @precondition(lambda self: self.live is not None and self.console is None)
    @rule()
    def reconnect(self) -> None:
        self.run(self._enter())

    @precondition(lambda self: self.live is not None and not self.frozen)
    @rule()
    def freeze(self) -> None:
        self.run(self._freeze())

    async def _freeze(self) -> None:
        await sync_to_async(freeze_session)(
            self.live,
            acting_user=self.stage.plant.olga,
            origin=origin(),
            message="Wait",
            despite_step=True,
        )
        self.frozen = True
        await self._until_released()

    @precondition(lambda self: self.live is not None and self.frozen)
    @rule()
    def unfreeze(self) -> None:
        self.run(self._unfreeze())

    async def _unfreeze(self) -> None:
        await sync_to_async(unfreeze_session)(
            self.live, acting_user=self.stage.plant.olga, origin=origin()
        )
        self.frozen = False
        await self._look()

    @precondition(lambda self: self.live is not None)
    @rule()
    def tick(self) -> None:
        self.run(self._look())

    @precondition(lambda self: self.live is not None and self.step_until is None)
    @rule()
    def critical_step(self) -> None:
        self.run(self._critical_step())

    async def _critical_step(self) -> None:
        now, plant = timezone.now(), self.stage.plant
        self.step_until = now + timedelta(minutes=10)
        await CriticalStep.objects.acreate(
            brokered_session=self.live,
            what="Writing firmware",
            minutes=10,
            declared_by=plant.vera,
            accepted_by=plant.olga,
            accepted_at=now,
            until=self.step_until,
        )
        await self._look()

    @precondition(lambda self: self.live is not None and self.step_until is not None)
    @rule()
    def step_is_over(self) -> None:
        self.run(self._step_is_over())

    async def _step_is_over(self) -> None:
        assert self.live is not None
        steps = CriticalStep.objects.filter(brokered_session=self.live)
        await steps.aupdate(ended_at=timezone.now())
        self.step_until = None
        self.actor.supervision.wake()
        if not self.window_open:
            await self._over("window_closed")
        else:
            await self._look()

    @precondition(lambda self: self.live is not None)
    @rule()
    def extend(self) -> None:
        self.run(self._close_at(timezone.now() + FAR))

    @precondition(lambda self: self.live is not None and self.window_open)
    @rule()
    def window_ends(self) -> None:
        self.run(self._close_at(timezone.now() - timedelta(seconds=1)))

    async def _close_at(self, moment: datetime) -> None:
        windows = MaintenanceWindow.objects.filter(pk=self.window.pk)
        await windows.aupdate(closes_at=moment)
        self.window.closes_at = moment
        self.window_open = moment > timezone.now() and self.window.revoked_at is None
        if self.live is None:
            return
        self.actor.supervision.wake()
        if not self.window_open and self.step_until is None:
            await self._over("window_closed")
        else:
            await self._look()

    @precondition(lambda self: self.live is not None)
    @rule(
        how=sampled_from(["kill", "revoke", "machine_closes", "broker_crashes"]),
        holding=booleans(),
    )
    def end(self, how: str, holding: bool) -> None:
        """Whatever else is going on, a critical step, a freeze, an absent browser."""
        if holding and self.input_may_pass:
            self.hold()
        ends = {
            "kill": self._kill,
            "revoke": self._revoke,
            "machine_closes": self._machine_closes,
            "broker_crashes": self._crash,
        }
        self.run(ends[how]())
        self.step_until = None

    async def _revoke(self) -> None:
        windows = MaintenanceWindow.objects.filter(pk=self.window.pk)
        olga = self.stage.plant.olga
        now = timezone.now()
        await windows.aupdate(revoked_at=now, revoked_by=olga, revoke_reason="Stop")
        self.window.revoked_at, self.window_open = now, False
        self.actor.supervision.wake()
        await self._over("window_revoked")

    async def _machine_closes(self) -> None:
        assert self.asset is not None
        self.asset.say("10.disconnect;")
        await self._over("asset_closed")

    async def _crash(self) -> None:
        """`kill -9`, and a new process of the same name: released, ended, proven."""
        guacd, bench = self.stage.guacd, self.bench
        assert self.live is not None
        held = [key for key in _held(self.asset) if key]
        if held:  # the database hears of what is held a moment later
            await bench.until(self.live, lambda row: row.held_input)
        guacd.lingers = True
        wind_up, farewell.wind_up = farewell.wind_up, _nothing  # type: ignore[assignment]
        try:
            await die(bench.broker)
        finally:
            farewell.wind_up = wind_up
        if self.console is not None:
            await self.console.release()
            self.console = None
        guacd.lingers = False
        bench.broker = Broker()
        await bench.broker.start()
        await self._over("interrupted")

    # --- What always holds --------------------------------------------------------------

    async def _until_released(self) -> None:
        asset = self.asset
        async with asyncio.timeout(20):
            while _held(asset):
                await asyncio.sleep(0.01)

    @invariant()
    def nothing_follows_an_end_and_nothing_stays_pressed(self) -> None:
        for asset, heard in self.ended:
            assert len(asset.heard) == heard
            assert _held(asset) == set()

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


async def _nothing(*args: Any, **kwargs: Any) -> None:
    await asyncio.sleep(3600)


def _held(asset: FakeConnection | None) -> set[str]:
    """The keys that are down at the machine."""
    down: set[str] = set()
    for keysym, pressed in keys_heard(asset) if asset is not None else []:
        (down.add if pressed == "1" else down.discard)(keysym)
    return down


def _echoes(console: Tunnel) -> int:
    return sum(
        1 for one in console.received if one.opcode == "" and one.args[:1] == ("ping",)
    )


def test_the_promises_hold_in_any_order(
    transactional_db: None,
    plant: Plant,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("CRITICAL")
    Site.objects.filter(pk=plant.north.pk).update(record_key_values=True)
    with asyncio.Runner() as runner:
        stage = Stage(plant, tmp_path / "recordings", runner)
        runner.run(stage.open())
        Life.stage = stage
        try:
            run_state_machine_as_test(
                Life,
                settings=settings(
                    max_examples=8,
                    stateful_step_count=20,
                    deadline=None,
                    derandomize=True,
                    database=None,
                    # A portal cannot be played back step by step: what failed is told.
                    phases=[Phase.generate],
                    report_multiple_bugs=False,
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            runner.run(stage.close())
