"""The plant locks a machine: who works there is out, nobody comes in, until it is unlocked."""

from __future__ import annotations

from typing import Any

import pytest

from accessportal.audit.models import AuditEvent
from accessportal.errors import FreshFactorNeeded, NotAllowed, NotPossible, TooLate
from requests.facts import facts_of_request
from requests.feasibility import what_is_unusual
from sessions.models import BrokeredSession
from sessions.policy import Outcome, decide
from sessions.policy_facts import facts_during
from sessions.services.console import start_session
from sessions.services.lockout import lock_asset, unlock_asset
from tests.cast import Plant, make_request, make_window, origin

LOCK = {"origin": origin(), "reason": "Mechanic inside the guard"}


def start(plant: Plant) -> BrokeredSession:
    return start_session(
        make_window(plant.vera, plant.filling_hmi, decided_by=plant.olga),
        plant.filling_hmi,
        acting_user=plant.vera, origin=origin(), web_session_key="w",
        width=800, height=600,
    )  # fmt: skip


@pytest.mark.django_db
def test_a_locked_machine_lets_nobody_in_until_it_is_unlocked(plant: Plant) -> None:
    lock_asset(plant.filling_line, acting_user=plant.olga, **LOCK)
    with pytest.raises(TooLate) as refused:
        start(plant)
    assert refused.value.code == "asset_locked"
    unlock_asset(
        plant.filling_line, acting_user=plant.olga, origin=origin(), reason="Done"
    )
    assert start(plant).is_live
    locked, unlocked = AuditEvent.objects.filter(event__startswith="asset.").order_by(
        "pk"
    )
    assert (locked.event, locked.reason) == ("asset.locked", LOCK["reason"])
    assert unlocked.event == "asset.unlocked"


@pytest.mark.django_db
def test_policy_ends_who_works_there_as_an_act_of_a_person(plant: Plant) -> None:
    brokered_session = start(plant)
    lock_asset(plant.filling_line, acting_user=plant.olga, **LOCK)
    fresh = BrokeredSession.objects.get(pk=brokered_session.pk)
    verdict = decide(facts_during(fresh))
    assert verdict.outcome is Outcome.END
    assert "asset_locked" in verdict.codes


@pytest.mark.django_db
def test_who_may_lock_and_what_it_takes(plant: Plant) -> None:
    for person in (plant.omar, plant.ivan, plant.cora, plant.adam, plant.vera):
        with pytest.raises(NotAllowed):
            lock_asset(plant.filling_line, acting_user=person, **LOCK)
    with pytest.raises(NotPossible):
        lock_asset(
            plant.filling_line, acting_user=plant.olga, origin=origin(), reason=" "
        )
    old = origin(factor_age=9_999)
    lock_asset(plant.filling_line, acting_user=plant.olga, origin=old, reason="Now")
    with pytest.raises(TooLate):
        lock_asset(plant.filling_line, acting_user=plant.olga, **LOCK)
    with pytest.raises(FreshFactorNeeded):
        unlock_asset(
            plant.filling_line, acting_user=plant.olga, origin=old, reason="Done"
        )


@pytest.mark.django_db
def test_who_asks_and_who_decides_reads_that_it_is_locked(plant: Plant) -> None:
    lock_asset(plant.filling_line, acting_user=plant.olga, **LOCK)
    access_request = make_request(plant.vera, plant.filling_hmi)
    found = what_is_unusual(facts_of_request(access_request, viewer=plant.olga))
    assert "asset_locked" in {finding.code for finding in found}


@pytest.mark.django_db
def test_the_pages_lock_and_unlock(plant: Plant, browser_of: Any) -> None:
    path = f"/plants/assets/{plant.filling_line.slug}/"
    browser = browser_of(plant.olga)
    assert (
        browser.post(f"{path}lock/", {"reason": "Mechanic inside"}).status_code == 302
    )
    assert "Mechanic inside" in browser.get(path).content.decode()
    assert browser.post(f"{path}unlock/", {"reason": "Done"}).status_code == 302
    assert "Mechanic inside" not in browser.get(path).content.decode()
