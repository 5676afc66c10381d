"""Leases, names and places as the database has them, on its own clock."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db.models import Q
from django.utils import timezone

from accessportal.accounts.models import User
from accessportal.errors import NotYet, TooLate
from accessportal.plants.models import Endpoint
from requests.models import MaintenanceWindow
from sessions.models import BrokeredSession, BrokerNode
from sessions.services import adoption, brokers, leases, lifecycle
from sessions.services.abandoned import end_abandoned_sessions
from sessions.services.console import start_session
from sessions.services.tickets import issue_ticket
from tests.cast import make_window, origin

pytestmark = pytest.mark.django_db


@pytest.fixture
def window(filling_hmi: Endpoint, vera: User, olga: User) -> MaintenanceWindow:
    filling_hmi.max_clients = 9
    filling_hmi.save()
    return make_window(vera, filling_hmi, decided_by=olga)


def make_session(
    window: MaintenanceWindow, endpoint: Endpoint, user: User, broker: str, slot: int
) -> BrokeredSession:
    return BrokeredSession.objects.create(
        number=f"SES-2026-{slot:04d}",
        window=window,
        endpoint=endpoint,
        started_by=user,
        permission="control",
        slot=slot,
        broker=broker,
    )


@pytest.fixture
def held(
    window: MaintenanceWindow, filling_hmi: Endpoint, vera: User
) -> BrokeredSession:
    """A session that the broker `a` has claimed."""
    made = make_session(window, filling_hmi, vera, "a", 0)
    claimed = lifecycle.claim_session(made.pk, broker="a")
    assert claimed is not None
    return claimed


def expire(session: BrokeredSession) -> None:
    BrokeredSession.objects.filter(pk=session.pk).update(
        lease_expires_at=timezone.now() - timedelta(seconds=30)
    )


def test_a_claim_is_for_one_and_lasts_four_seconds(held: BrokeredSession) -> None:
    assert lifecycle.claim_session(held.pk, broker="a") is None
    assert held.lease_epoch == 1
    assert held.lease_expires_at is not None
    left = (held.lease_expires_at - timezone.now()).total_seconds()
    assert 0 < left <= leases.LEASE_SECONDS


def test_a_renewal_is_for_the_holder_only(held: BrokeredSession) -> None:
    expire(held)
    assert leases.renew_leases("b", {held.pk: 1}) == (set(), {held.pk})
    assert leases.renew_leases("a", {held.pk: 2}) == (set(), {held.pk})
    assert leases.renew_leases("a", {held.pk: 1}) == ({held.pk}, set())
    assert not BrokeredSession.objects.filter(leases.lapsed(), pk=held.pk).exists()


def test_a_lease_is_taken_over_once_and_only_when_it_is_over(
    held: BrokeredSession,
) -> None:
    def take(broker: str) -> bool:
        return leases.take_over(held.pk, broker=broker, epoch=1, when=leases.lapsed())

    assert not take("b")
    expire(held)
    assert take("b")
    assert not take("c")
    assert leases.renew_leases("a", {held.pk: 1}) == (set(), {held.pk})


def test_who_lost_the_lease_ends_nothing_and_keeps_nothing(
    held: BrokeredSession,
) -> None:
    expire(held)
    assert leases.take_over(held.pk, broker="b", epoch=1, when=Q())
    lifecycle.keep_held_input(held.pk, [[1, "key", ["97"]]], held.lease_epoch)
    with pytest.raises(TooLate):
        lifecycle.end_session(held, reason="ended_by_contractor")
    now = BrokeredSession.objects.get(pk=held.pk)
    assert (now.state, now.held_input) == ("connecting", [])


def test_only_the_anchors_broker_adopts(held: BrokeredSession) -> None:
    BrokeredSession.objects.filter(pk=held.pk).update(
        state="active", active_at=timezone.now(), anchor_broker="b"
    )
    assert adoption.adopt_session(held.pk, broker="b", epoch=1) is None  # not yet over
    expire(held)
    assert adoption.adopt_session(held.pk, broker="c", epoch=1) is None
    adopted = adoption.adopt_session(held.pk, broker="b", epoch=1)
    assert adopted is not None
    row, why = adopted
    assert (row.broker, row.lease_epoch, row.frozen_cause, why) == (
        "b", 2, "away", "broker_lost",
    )  # fmt: skip
    assert adoption.adopt_session(held.pk, broker="b", epoch=1) is None


def test_a_session_goes_to_the_broker_with_the_fewest(
    window: MaintenanceWindow, filling_hmi: Endpoint, vera: User, settings: object
) -> None:
    assert brokers.place_session() == "broker-1"  # none is known
    for name in ("a", "b", "c", "d"):
        assert brokers.take_name(name, uuid4())
    make_session(window, filling_hmi, vera, "a", 0)
    make_session(window, filling_hmi, vera, "c", 1)
    long_ago = timezone.now() - timedelta(minutes=1)
    BrokerNode.objects.filter(name="b").update(seen_at=long_ago)
    BrokerNode.objects.filter(name="d").update(stopping_at=timezone.now())
    assert brokers.place_session() == "a"  # b is dead, d stops
    make_session(window, filling_hmi, vera, "a", 2)
    started = start_session(
        window,
        filling_hmi,
        acting_user=vera,
        origin=origin(),
        web_session_key="k",
        width=1024,
        height=768,
    )
    assert started.broker in ("a", "c")


def test_a_name_is_one_processs(settings: object) -> None:
    first, second = uuid4(), uuid4()
    assert brokers.take_name("a", first)
    assert not brokers.take_name("a", second)
    assert brokers.say_here("a", first) and not brokers.say_here("a", second)
    BrokerNode.objects.update(seen_at=timezone.now() - timedelta(minutes=1))
    assert brokers.take_name("a", second)
    assert not brokers.say_here("a", first)  # it stood still, and notices
    brokers.leave_name("a", first)
    assert brokers.living_brokers() == ["a"]
    brokers.leave_name("a", second)
    assert brokers.living_brokers() == []


def test_a_session_that_waits_for_a_dead_broker_is_connected_by_another(
    window: MaintenanceWindow, filling_hmi: Endpoint, vera: User
) -> None:
    brokers.take_name("b", uuid4())
    waits = make_session(window, filling_hmi, vera, "dead", 0)
    assert adoption.take_unclaimed("b", ["b"]) == []  # its own broker may come yet
    BrokeredSession.objects.update(
        requested_at=timezone.now() - timedelta(seconds=leases.LEASE_SECONDS + 1)
    )
    assert adoption.take_unclaimed("b", ["b"]) == [waits.pk]
    assert BrokeredSession.objects.get().broker == "b"


def test_between_two_brokers_the_console_is_told_to_ask_again(
    held: BrokeredSession, vera: User
) -> None:
    asking = {"acting_user": vera, "origin": origin(), "web_session_key": "k"}
    assert issue_ticket(held, **asking).path == "/tunnel/a/"  # type: ignore[arg-type]
    expire(held)
    with pytest.raises(NotYet) as told:
        issue_ticket(held, **asking)  # type: ignore[arg-type]
    assert (told.value.status, told.value.code) == (503, "broker_changing")
    assert leases.take_over(held.pk, broker="b", epoch=1, when=Q())
    assert issue_ticket(held, **asking).path == "/tunnel/b/"  # type: ignore[arg-type]


def test_the_sweep_gives_a_database_that_was_away_some_time(
    held: BrokeredSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every lease is over then; whoever lives renews, and nothing is ended."""
    expire(held)

    def renewed_meanwhile(seconds: float) -> None:
        leases.renew_leases("a", {held.pk: 1})

    monkeypatch.setattr("sessions.services.abandoned.time.sleep", renewed_meanwhile)
    assert end_abandoned_sessions(patience=3.0) == 0
    assert BrokeredSession.objects.get().is_live
