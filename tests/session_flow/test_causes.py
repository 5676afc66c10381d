"""The table of endings, acted out on live sessions: what the actor itself decides.

What policy decides is in `tests/unit/test_endings_table.py`; here stands what happens at the
machine, by a person's hand or by a fault, in normal times and in an accepted critical step.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import OperationalError
from django.utils import timezone

from accessportal.accounts.models import User
from accessportal.plants.models import Endpoint
from requests.models import MaintenanceWindow
from sessions.endings import CAUSES, TABLE, Answer, DecidedBy
from sessions.models import BrokeredSession, CriticalStep
from sessions.recorder.writer import RecordingFailed
from sessions.services.console import freeze_session, request_end
from tests.cast import Plant, make_window, origin
from tests.session_flow.fake_guacd import FakeGuacd
from tests.session_flow.tunnel_kit import Bench, Tunnel


@dataclass
class Scene:
    bench: Bench
    plant: Plant
    guacd: FakeGuacd
    live: BrokeredSession
    console: Tunnel
    patch: pytest.MonkeyPatch

    @property
    def actor(self) -> Any:
        return self.bench.broker.actors[str(self.live.pk)]

    def end_asked_by(self, user: User | None, reason: str = "") -> None:
        request_end(
            self.live,
            acting_user=user,
            origin=origin(),
            reason=reason,
            note="Stop",
            despite_step=True,
        )


async def plant_ends(scene: Scene) -> None:
    await sync_to_async(scene.end_asked_by)(scene.plant.ivan)


async def contractor_ends(scene: Scene) -> None:
    await sync_to_async(scene.end_asked_by)(scene.plant.vera)


async def drill(scene: Scene) -> None:
    await sync_to_async(scene.end_asked_by)(None, "drill")


async def plant_freezes(scene: Scene) -> None:
    await sync_to_async(freeze_session)(
        scene.live,
        acting_user=scene.plant.ivan,
        origin=origin(),
        message="Wait",
        despite_step=True,
    )


async def browser_vanishes(scene: Scene) -> None:
    await scene.console.vanish()


async def recording_fails(scene: Scene) -> None:
    """And does not come back."""

    async def never(*args: Any, **kwargs: Any) -> None:
        await asyncio.sleep(3600)

    scene.patch.setattr(scene.actor.care, "_try_until_back", never)
    scene.actor.recording_failed(RecordingFailed("The disk is gone."))


async def database_is_away(scene: Scene) -> None:
    def nothing(*args: Any, **kwargs: Any) -> None:
        raise OperationalError("gone")

    scene.patch.setattr("sessions.broker.looks.looks", nothing)
    scene.patch.setattr("sessions.broker.supervision.BLIND_SECONDS", 0.3)


async def machine_closes(scene: Scene) -> None:
    scene.guacd.connection.say("10.disconnect;")


async def line_is_lost(scene: Scene) -> None:
    scene.guacd.lingers = scene.guacd.connection.dead = True
    for user in list(scene.guacd.connection.users):
        user.writer.close()


async def broker_stops(scene: Scene) -> None:
    await scene.bench.broker.stop()


Deed = Callable[[Scene], Awaitable[None]]
DEEDS: dict[str, Deed] = {
    "ended_by_plant": plant_ends,
    "ended_by_contractor": contractor_ends,
    "drill": drill,
    "frozen_by_plant": plant_freezes,
    "away": browser_vanishes,
    "recording_failed": recording_fails,
    "policy_unknown": database_is_away,
    "asset_closed": machine_closes,
    "connection_lost": line_is_lost,
    "interrupted": broker_stops,
}
AT_THE_START = {"not_connected"}
"""There is no critical step before there is a picture; `test_endings` has each failure."""


def test_every_cause_of_the_actor_is_acted_out() -> None:
    of_actor = {cause.code for cause in TABLE if cause.decided_by is DecidedBy.ACTOR}
    assert set(DEEDS) | AT_THE_START == of_actor


@pytest.fixture
async def scene(
    bench: Bench,
    plant: Plant,
    fake_guacd: FakeGuacd,
    filling_hmi: Endpoint,
    monkeypatch: pytest.MonkeyPatch,
) -> Scene:
    window = await sync_to_async(make_window)(
        plant.vera, filling_hmi, decided_by=plant.olga
    )
    live = await bench.start(window, filling_hmi, plant.vera)
    console = await bench.enter(live, plant.vera)
    await console.picture()
    return Scene(bench, plant, fake_guacd, live, console, monkeypatch)


async def critical_step(scene: Scene, seconds: float = 300.0) -> None:
    """Declared, accepted, and known to the session's actor."""
    now = timezone.now()
    await CriticalStep.objects.acreate(
        brokered_session=scene.live,
        what="Writing firmware",
        minutes=12,
        declared_by=scene.plant.vera,
        accepted_by=scene.plant.olga,
        accepted_at=now,
        until=now + timedelta(seconds=seconds),
    )
    scene.actor.supervision.wake()
    await scene.console.until(lambda: scene.actor.supervision.critical_step_until)


@pytest.mark.parametrize("critical", [False, True], ids=["normal", "critical-step"])
@pytest.mark.parametrize("code", sorted(DEEDS))
async def test_a_cause_ends_or_freezes_as_the_table_says(
    scene: Scene, code: str, critical: bool
) -> None:
    if critical:
        await critical_step(scene)
    actor, cause = scene.actor, CAUSES[code]
    await DEEDS[code](scene)
    answer = cause.critical if critical else cause.normal
    if answer is Answer.END:
        row = await scene.bench.until(scene.live, lambda row: row.ended_at)
        assert row.end_reason == cause.reason
        assert actor.input.open is False
        return
    assert answer is Answer.FREEZE
    await scene.console.until(lambda: not actor.input.open)
    if cause.freeze:
        await scene.console.until(lambda: actor.supervision.freeze)
        assert actor.supervision.freeze.cause == cause.freeze
    assert not actor.ending
    assert (await scene.bench.row(scene.live)).is_live


async def test_the_window_waits_for_a_critical_step_and_not_longer(
    scene: Scene,
) -> None:
    """Firmware is being written; the window ends, the session when the step is over."""
    await critical_step(scene, seconds=5.0)
    until = scene.actor.supervision.critical_step_until
    windows = MaintenanceWindow.objects.filter(pk=scene.live.window_id)
    closes_at = timezone.now() + timedelta(seconds=0.2)
    await windows.aupdate(closes_at=closes_at)
    actor = scene.actor
    actor.supervision.wake()
    await scene.console.until(lambda: actor.supervision.closes_at == closes_at)
    await scene.console.until(lambda: timezone.now() > closes_at)
    actor.supervision.wake()
    assert not actor.ending
    assert actor.input.open

    row = await scene.bench.until(scene.live, lambda row: row.ended_at)
    assert row.end_reason == "window_closed"
    assert row.ended_at is not None
    assert row.ended_at >= until


async def test_a_recording_that_stays_away_waits_for_the_step_with_input_off(
    scene: Scene,
) -> None:
    await critical_step(scene, seconds=4.0)
    scene.actor.row.endpoint.asset.on_record_failure = "end"
    until = scene.actor.supervision.critical_step_until
    await recording_fails(scene)
    assert not scene.actor.input.open
    assert not scene.actor.ending
    row = await scene.bench.until(scene.live, lambda row: row.ended_at)
    assert row.end_reason == "recording_failed"
    assert row.ended_at is not None
    assert row.ended_at >= until


async def test_an_absent_contractor_is_waited_for_as_long_as_the_endpoint_says(
    scene: Scene, filling_hmi: Endpoint
) -> None:
    await Endpoint.objects.filter(pk=filling_hmi.pk).aupdate(hold_minutes=1)
    await scene.console.vanish()
    await scene.bench.until(scene.live, lambda row: row.frozen_cause == "away")
    assert (await scene.bench.row(scene.live)).is_live

    long_ago = timezone.now() - timedelta(seconds=61)
    await BrokeredSession.objects.filter(pk=scene.live.pk).aupdate(frozen_at=long_ago)
    row = await scene.bench.until(scene.live, lambda row: row.end_confirmed_at)
    assert row.end_reason == "held_too_long"
    status = await scene.bench.status(row, scene.plant.vera)
    assert "did not come back" in status["end_sentence"]
    assert status["can_start_again"]
