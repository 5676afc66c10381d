"""What policy said is kept: at the start, refused or not, and at every change."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import IntegrityError, transaction
from django.utils import timezone

from accessportal.audit.models import AuditEvent
from accessportal.errors import TooLate
from sessions.models import BrokeredSession, PolicyVerdict
from sessions.policy import Moment, decide
from sessions.policy_facts import facts_during
from sessions.services import verdicts
from sessions.services.console import resume_session, start_session
from sessions.services.lockout import lock_asset
from sessions.services.verdicts import note_verdict
from sessions.verdict_words import verdict_lines
from tests.cast import Plant, make_window, origin
from tests.session_flow.tunnel_kit import PATIENCE, Bench


def start(plant: Plant) -> BrokeredSession:
    window = make_window(plant.vera, plant.filling_hmi, decided_by=plant.olga)
    return start_session(
        window,
        plant.filling_hmi,
        acting_user=plant.vera, origin=origin(), web_session_key="w",
        width=800, height=600,
    )  # fmt: skip


@pytest.mark.django_db
def test_a_start_is_kept_with_its_facts_and_the_trail_has_their_hash(
    plant: Plant,
) -> None:
    brokered_session = start(plant)
    kept = brokered_session.verdicts.get()
    assert (kept.moment, kept.outcome, kept.reasons) == ("start", "allow", [])
    assert kept.facts["vendor_limit"] == plant.fillwerk.max_sessions
    brokered_session.refresh_from_db()
    assert kept.facts == brokered_session.policy_facts
    event = AuditEvent.objects.get(event="session.start.requested")
    assert len(event.detail["facts_hash"]) == 64


@pytest.mark.django_db
def test_a_refused_start_is_kept_beside_its_event(plant: Plant) -> None:
    lock_asset(plant.filling_line, acting_user=plant.olga, origin=origin(), reason="x")
    with pytest.raises(TooLate):
        start(plant)
    kept = PolicyVerdict.objects.get()
    assert (kept.outcome, kept.reasons) == ("refuse", ["asset_locked"])
    assert kept.brokered_session is None and kept.person == plant.vera
    event = AuditEvent.objects.get(event="session.denied")
    assert event.detail["verdict"] == kept.pk
    assert event.detail["facts_hash"]
    with pytest.raises(IntegrityError), transaction.atomic():
        PolicyVerdict.objects.filter(pk=kept.pk).update(outcome="allow")


@pytest.mark.django_db
def test_only_changes_are_kept_and_not_without_end(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    brokered_session = start(plant)
    web = {"signed_out": False}
    calm = replace(facts_during(brokered_session), **web)
    idle = replace(calm, idle_for=9_999.0)
    assert not note_verdict(brokered_session, calm, decide(calm))  # as at the start
    assert note_verdict(brokered_session, idle, decide(idle))
    assert not note_verdict(brokered_session, idle, decide(idle))
    assert note_verdict(brokered_session, calm, decide(calm))
    step = replace(idle, critical_step_until=calm.at + timedelta(minutes=5))
    assert note_verdict(brokered_session, step, decide(step))
    said = [
        (one.outcome, one.reasons, one.waiting) for one in kept_of(brokered_session)
    ]
    assert said == [
        ("allow", [], []),
        ("freeze", ["idle"], []),
        ("allow", [], []),
        ("allow", [], ["idle"]),
    ]
    monkeypatch.setattr(verdicts, "MOST_KEPT", 4)
    assert not note_verdict(brokered_session, idle, decide(idle))


def kept_of(brokered_session: BrokeredSession) -> list[PolicyVerdict]:
    return list(brokered_session.verdicts.order_by("pk"))


@pytest.mark.django_db
def test_the_page_shows_it_the_facts_only_to_the_plant(
    plant: Plant, browser_of: Any
) -> None:
    lock_asset(plant.filling_line, acting_user=plant.olga, origin=origin(), reason="x")
    with pytest.raises(TooLate):
        start(plant)
    plant.filling_line.__class__.objects.update(locked_out_at=None)
    window = PolicyVerdict.objects.get().window
    brokered_session = start_session(
        window, plant.filling_hmi, acting_user=plant.vera, origin=origin(),
        web_session_key="w", width=800, height=600,
    )  # fmt: skip
    lines = verdict_lines(brokered_session, plant.olga)
    assert [str(line.words) for line in lines] == ["Refused", "Let in"]
    assert dict(lines[1].facts)["moment"] == Moment.START
    path = f"/sessions/{brokered_session.pk}/"
    theirs = browser_of(plant.olga).get(path).content.decode()
    own = browser_of(plant.vera).get(path).content.decode()
    for page in (theirs, own):
        assert "locked this machine against outside work" in page
    assert "factor_fresh_for" in theirs and "factor_fresh_for" not in own


async def test_the_actor_keeps_every_change_and_the_lock_ends_it(
    bench: Bench, plant: Plant
) -> None:
    """A factor that is too old freezes, a fresh one lets go on, the lock ends."""
    window = await sync_to_async(make_window)(
        plant.vera, plant.filling_hmi, decided_by=plant.olga
    )
    live = await bench.start(window, plant.filling_hmi, plant.vera)
    console = await bench.enter(live, plant.vera)
    await console.picture()
    await bench.until(live, lambda row: row.state == "active")

    old = timezone.now() - timedelta(hours=13)
    await BrokeredSession.objects.filter(pk=live.pk).aupdate(factor_at=old)
    bench.broker.actors[str(live.pk)].supervision.wake()
    row = await bench.until(live, lambda row: row.frozen_cause == "factor")
    await sync_to_async(resume_session)(
        row,
        acting_user=plant.vera,
        origin=origin(address="127.0.0.1"),
        web_session_key=await bench.web_session_key(plant.vera),
    )
    await bench.until(live, lambda row: not row.frozen_cause)
    async with asyncio.timeout(PATIENCE):  # a change between two looks is none
        while len(await sync_to_async(kept_of)(live)) < 3:
            await asyncio.sleep(0.02)
    await sync_to_async(lock_asset)(
        plant.filling_line, acting_user=plant.olga, origin=origin(), reason="Mechanic"
    )
    over = await bench.until(live, lambda row: row.end_confirmed_at is not None)
    assert over.end_reason == "asset_locked"
    assert await console.closed()
    said = [(one.moment, one.outcome) for one in await sync_to_async(kept_of)(live)]
    assert said == [
        ("start", "allow"),
        ("during", "freeze"),
        ("during", "allow"),
        ("during", "end"),
    ]
