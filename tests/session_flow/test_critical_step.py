"""A critical step: declared, accepted, counted down, ended; nothing but a person breaks into it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from accessportal.accounts.models import User
from accessportal.errors import FreshFactorNeeded, NotAllowed, NotPossible, TooLate
from accessportal.plants.models import Endpoint
from requests.models import MaintenanceWindow
from sessions.models import BrokeredSession, CriticalStep
from sessions.services.console import request_end
from sessions.services.critical_step import (
    MOST_PAST_WINDOW,
    accept_critical_step,
    declare_critical_step,
    end_critical_step,
    lapse_critical_step,
    protected_until,
    refuse_critical_step,
)
from sessions.services.freezes import freeze_session
from tests.cast import Clock, make_window, origin
from tests.session_flow.tunnel_kit import Bench


def session_of(
    window: MaintenanceWindow, endpoint: Endpoint, vera: User
) -> BrokeredSession:
    return BrokeredSession.objects.create(
        number="SES-2026-7001",
        window=window,
        endpoint=endpoint,
        started_by=vera,
        permission="control",
        state="active",
        active_at=timezone.now(),
        slot=0,
    )


@pytest.fixture
def live(
    clock: Clock, filling_hmi: Endpoint, vera: User, olga: User
) -> BrokeredSession:
    window = make_window(vera, filling_hmi, decided_by=olga, lasts=timedelta(hours=1))
    return session_of(window, filling_hmi, vera)


def declare(live: BrokeredSession, vera: User, minutes: int = 12) -> CriticalStep:
    return declare_critical_step(
        live,
        acting_user=vera,
        origin=origin(),
        what="Writing firmware",
        minutes=minutes,
    )


def test_declared_accepted_and_done(
    live: BrokeredSession, vera: User, olga: User, ivan: User
) -> None:
    step = declare(live, vera)
    assert protected_until(live.pk) is None
    with pytest.raises(TooLate):
        declare(live, vera)
    for person in (vera, ivan):
        with pytest.raises(NotAllowed):
            accept_critical_step(
                live, acting_user=person, origin=origin(), step=step.pk
            )
    accept_critical_step(live, acting_user=olga, origin=origin(), step=step.pk)
    left = protected_until(live.pk) - timezone.now()  # type: ignore[operator]
    assert timedelta(minutes=11) < left <= timedelta(minutes=12)
    with pytest.raises(TooLate):
        accept_critical_step(live, acting_user=olga, origin=origin(), step=step.pk)
    end_critical_step(live, acting_user=vera, origin=origin(), step=step.pk)
    assert protected_until(live.pk) is None
    declare(live, vera)


def test_a_step_accepted_after_it_was_withdrawn_is_too_late(
    live: BrokeredSession, vera: User, olga: User
) -> None:
    step = declare(live, vera)
    end_critical_step(live, acting_user=vera, origin=origin(), step=step.pk)
    with pytest.raises(TooLate):
        accept_critical_step(live, acting_user=olga, origin=origin(), step=step.pk)
    second = declare(live, vera)
    with pytest.raises(TooLate):  # the page showed the first one
        accept_critical_step(live, acting_user=olga, origin=origin(), step=step.pk)
    refuse_critical_step(live, acting_user=olga, origin=origin(), step=second.pk)
    with pytest.raises(TooLate):
        accept_critical_step(live, acting_user=olga, origin=origin(), step=second.pk)


@pytest.mark.parametrize("minutes", [0, 61])
def test_its_length_is_capped(live: BrokeredSession, vera: User, minutes: int) -> None:
    with pytest.raises(NotPossible):
        declare(live, vera, minutes)


def test_it_reaches_past_the_window_only_so_far_and_only_with_a_fresh_factor(
    live: BrokeredSession, vera: User, olga: User, clock: Clock
) -> None:
    """The window closes 55 minutes from now."""
    clock.forward(minutes=20)
    step = declare(live, vera, 60)  # would end 25 minutes past the window
    with pytest.raises(FreshFactorNeeded):
        accept_critical_step(
            live, acting_user=olga, origin=origin(factor_age=900), step=step.pk
        )
    clock.forward(minutes=20)
    accept_critical_step(live, acting_user=olga, origin=origin(), step=step.pk)
    assert protected_until(live.pk) == live.window.closes_at + MOST_PAST_WINDOW
    end_critical_step(live, acting_user=olga, origin=origin(), step=step.pk)
    with pytest.raises(NotPossible, match="Ask for more time"):
        declare(live, vera, 60)


def test_who_freezes_or_ends_is_told_what_it_may_break_and_confirms_once(
    live: BrokeredSession, vera: User, olga: User
) -> None:
    step = declare(live, vera)
    accept_critical_step(live, acting_user=olga, origin=origin(), step=step.pk)
    with pytest.raises(NotPossible, match="Writing firmware") as freezing:
        freeze_session(live, acting_user=olga, origin=origin())
    with pytest.raises(NotPossible, match="half done") as ending:
        request_end(live, acting_user=olga, origin=origin())
    assert {freezing.value.code, ending.value.code} == {"critical_step_running"}
    live.refresh_from_db()
    assert live.frozen_at is None and live.end_requested_at is None

    freeze_session(live, acting_user=olga, origin=origin(), despite_step=True)
    request_end(live, acting_user=olga, origin=origin(), despite_step=True)
    live.refresh_from_db()
    assert live.frozen_by == olga and live.end_requested_by == olga


def test_a_step_whose_time_is_over_protects_no_more_and_makes_room(
    live: BrokeredSession, vera: User, olga: User, clock: Clock
) -> None:
    step = declare(live, vera)
    accept_critical_step(live, acting_user=olga, origin=origin(), step=step.pk)
    clock.forward(minutes=13)
    assert protected_until(live.pk) is None
    freeze_session(live, acting_user=olga, origin=origin())
    with pytest.raises(TooLate):
        end_critical_step(live, acting_user=vera, origin=origin(), step=step.pk)
    lapse_critical_step(live)
    step.refresh_from_db()
    assert step.ended_at == step.until
    declare(live, vera)


def test_looking_only_needs_no_critical_step(live: BrokeredSession, vera: User) -> None:
    BrokeredSession.objects.filter(pk=live.pk).update(permission="view")
    with pytest.raises(NotPossible):
        declare(live, vera)


async def test_everybody_in_the_live_session_sees_it_and_the_window_waits_for_it(
    bench: Bench, filling_hmi: Endpoint, vera: User, olga: User
) -> None:
    def window_of() -> MaintenanceWindow:
        return make_window(vera, filling_hmi, decided_by=olga)

    window = await sync_to_async(window_of)()
    live = await bench.start(window, filling_hmi, vera)
    console = await bench.enter(live, vera)
    watching = await bench.enter(live, olga)
    await console.picture()
    await watching.picture()

    await bench.until(live, lambda row: row.state == "active")
    step = await sync_to_async(declare)(live, vera)

    def stands(tunnel, state):  # type: ignore[no-untyped-def]
        return any(
            kind == "plant" and word["step"] and word["step"]["state"] == state
            for kind, word in tunnel.words
        )

    await watching.until(lambda: stands(watching, "declared"))
    await sync_to_async(accept_critical_step)(
        live, acting_user=olga, origin=origin(), step=step.pk
    )
    await console.until(lambda: stands(console, "running"))

    await MaintenanceWindow.objects.filter(pk=window.pk).aupdate(
        closes_at=timezone.now() + timedelta(seconds=1)
    )
    assert await console.word("plant")
    frames = len(console.received)
    await console.until(lambda: len(console.received) > frames + 60)
    row = await bench.row(live)
    assert row.window.closes_at < timezone.now() and row.is_live

    await sync_to_async(end_critical_step)(
        live, acting_user=vera, origin=origin(), step=step.pk
    )
    over = await bench.until(live, lambda row: not row.is_live)
    assert over.end_reason == "window_closed"
