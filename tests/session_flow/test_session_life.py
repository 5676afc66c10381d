"""The life of a session in any order; the promises are what always holds.

Whatever people, browsers, brokers and guacd do, and in whatever order: nothing reaches the
machine unless the session is active, journalled, not frozen and within its time; nothing
follows an end; what was held is released; the place is kept until the end is proven.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import (
    precondition,
    rule,
    run_state_machine_as_test,
)
from hypothesis.strategies import booleans, sampled_from

from accessportal.audit.models import AuditEvent
from accessportal.errors import PortalError
from accessportal.plants.models import Site
from requests.models import MaintenanceWindow
from sessions.broker import farewell, recording_care
from sessions.broker.registry import Broker
from sessions.models import CriticalStep
from sessions.services.console import freeze_session, unfreeze_session
from tests.cast import Plant, origin
from tests.failing_files import refusing
from tests.session_flow.life_kit import KnownLife, Stage, held_at
from tests.session_flow.recorder_kit import busy
from tests.session_flow.test_broker_restart import die

A, B = 97, 98
FAR = timedelta(hours=2)


class Life(KnownLife):
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
    @rule(how=sampled_from(["the clock is set", "the disk is full"]))
    def recording_fails(self, how: str) -> None:
        self.run(self._recording_fails(how))

    async def _recording_fails(self, how: str) -> None:
        """Frozen at once, whatever else is going on, and recorded again by itself."""
        actor, asset = self.actor, self.asset
        assert self.live is not None and asset is not None
        before = await self._failures()
        if how == "the clock is set":
            actor.writer._clock._offset -= 3600
            actor.supervision.wake()
            await self._until_failed(before)
        else:
            with refusing("screen-"):
                busy(asset)
                await self._until_failed(before)
        await self.bench.until(self.live, lambda row: row.recording_failed_at is None)
        await self._look()

    async def _until_failed(self, before: int) -> None:
        async with asyncio.timeout(20):
            while await self._failures() == before:
                await asyncio.sleep(0.02)
        await self._until_released()

    async def _failures(self) -> int:
        """How often it was written down that this session is not recorded."""
        assert self.live is not None
        return await AuditEvent.objects.filter(
            event="recording.failed", session_number=self.live.number
        ).acount()

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
        held = [key for key in held_at(self.asset) if key]
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


async def _nothing(*args: Any, **kwargs: Any) -> None:
    await asyncio.sleep(3600)


def test_the_promises_hold_in_any_order(
    transactional_db: None,
    plant: Plant,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recording_care, "RETRY_SECONDS", 0.5)
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
