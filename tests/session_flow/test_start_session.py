"""Who may connect, when, and who comes second."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accessportal.accounts.models import User
from accessportal.audit.models import AuditEvent
from accessportal.errors import (
    FreshFactorNeeded,
    NotAllowed,
    NotKnown,
    NotPossible,
    PortalError,
    TooLate,
)
from accessportal.plants.models import Endpoint, VendorAsset
from requests.models import MaintenanceWindow
from sessions.access import (
    endpoint_startable_by,
    session_operable_by,
    session_visible_to,
)
from sessions.models import BrokeredSession
from sessions.services.console import start_session
from tests.cast import Plant, make_freeze, make_person, make_window, origin

pytestmark = pytest.mark.django_db


@pytest.fixture
def window(filling_hmi: Endpoint, filling_plc: Endpoint, vera: User, olga: User) -> Any:
    return make_window(vera, filling_hmi, filling_plc, decided_by=olga)


def start(
    window: MaintenanceWindow, endpoint: Endpoint, user: User, **fields: Any
) -> BrokeredSession:
    fields.setdefault("origin", origin())
    return start_session(
        window,
        endpoint,
        acting_user=user,
        web_session_key="w" * 32,
        width=1280,
        height=800,
        **fields,
    )


def test_vera_starts_in_her_open_window(
    window: MaintenanceWindow, filling_hmi: Endpoint, vera: User
) -> None:
    brokered_session = start(window, filling_hmi, vera, notice_version="2026-01")
    assert brokered_session.state == BrokeredSession.State.CONNECTING
    assert brokered_session.slot == 0
    assert brokered_session.number.startswith("SES-")
    assert brokered_session.policy_facts["window_revoked"] is False
    assert "factor_age" in brokered_session.policy_facts
    assert set(AuditEvent.objects.values_list("event", flat=True)) >= {
        "session.start.requested",
        "notice.accepted",
    }


def test_a_double_submit_finds_the_first_session(
    window: MaintenanceWindow, filling_hmi: Endpoint, vera: User
) -> None:
    first = start(window, filling_hmi, vera)
    assert start(window, filling_hmi, vera) == first
    assert BrokeredSession.objects.count() == 1


def test_the_console_size_is_clamped_and_a_fixed_one_stands(
    window: MaintenanceWindow, filling_hmi: Endpoint, filling_plc: Endpoint, vera: User
) -> None:
    made = start_session(
        window, filling_plc, acting_user=vera, origin=origin(), web_session_key="w",
        width=1, height=99_999,
    )  # fmt: skip
    assert (made.screen_width, made.screen_height) == (320, 2304)
    Endpoint.objects.filter(pk=filling_hmi.pk).update(fixed_width=800, fixed_height=480)
    made = start(window, Endpoint.objects.get(pk=filling_hmi.pk), vera)
    assert (made.screen_width, made.screen_height) == (800, 480)


def test_victor_does_not_start_in_veras_window(
    window: MaintenanceWindow, filling_hmi: Endpoint, victor: User, vera: User
) -> None:
    with pytest.raises(NotAllowed) as refused:
        start(window, filling_hmi, victor)
    assert refused.value.code == "not_your_window"
    colleague = make_person("Valentin Vogel", vendor=vera.vendor)
    with pytest.raises(NotAllowed):
        start(window, filling_hmi, colleague)


Spoil = Callable[[Plant, MaintenanceWindow], Any]


@pytest.mark.parametrize(
    ("code", "kind", "spoil"),
    [
        ("window_closed", TooLate, lambda plant, window: move(window, -3, -1)),
        ("window_not_open", NotPossible, lambda plant, window: move(window, 1, 2)),
        ("window_revoked", TooLate, lambda plant, window: change(
            window, revoked_at=timezone.now(), revoke_reason="Stop")),
        ("vendor_suspended", NotAllowed, lambda plant, window: change(
            plant.fillwerk, suspended_at=timezone.now())),
        ("account_disabled", NotAllowed, lambda plant, window: change(
            plant.vera, disabled_at=timezone.now())),
        ("account_expired", NotAllowed, lambda plant, window: change(
            plant.vera, expires_at=timezone.now())),
        ("training_expired", NotAllowed, lambda plant, window: change(
            plant.vera, training_expires_at=timezone.now())),
        ("contract_ended", NotAllowed, lambda plant, window: change(
            plant.fillwerk, contract_ends_at=timezone.now())),
        ("site_isolated", NotAllowed, lambda plant, window: change(
            plant.north, isolated_at=timezone.now())),
        ("production_freeze", NotPossible, lambda plant, window: make_freeze(
            plant.north, starts_in=timedelta(hours=-1), lasts=timedelta(hours=2))),
        ("asset_not_serviced", NotAllowed, lambda plant, window: (
            VendorAsset.objects.all().delete())),
    ],
)  # fmt: skip
def test_a_fact_against_it_refuses_and_is_in_the_trail(
    plant: Plant,
    window: MaintenanceWindow,
    code: str,
    kind: type[PortalError],
    spoil: Spoil,
) -> None:
    spoil(plant, window)
    with pytest.raises(kind) as refused:
        start(window, plant.filling_hmi, plant.vera)
    assert refused.value.code == code
    assert str(refused.value.sentence)
    event = AuditEvent.objects.get(event="session.denied")
    assert code in event.detail["reasons"]
    assert BrokeredSession.objects.count() == 0


def move(window: MaintenanceWindow, opens_in: int, closes_in: int) -> None:
    now = timezone.now()
    change(
        window,
        opens_at=now + timedelta(hours=opens_in),
        closes_at=now + timedelta(hours=closes_in),
    )


def change(row: Any, **fields: Any) -> None:
    type(row).objects.filter(pk=row.pk).update(**fields)


def test_an_endpoint_outside_the_request_is_refused(
    window: MaintenanceWindow, filling_gateway: Endpoint, vera: User
) -> None:
    with pytest.raises(NotAllowed):
        start(window, filling_gateway, vera)
    with pytest.raises(NotKnown):
        endpoint_startable_by(vera, window.pk, filling_gateway.pk)


@pytest.mark.parametrize("age", [301.0, 4_000.0])
def test_an_old_factor_is_asked_for_again(
    window: MaintenanceWindow, filling_hmi: Endpoint, vera: User, age: float
) -> None:
    with pytest.raises(FreshFactorNeeded):
        start(window, filling_hmi, vera, origin=origin(factor_age=age))


def test_a_full_disk_refuses_before_anything_is_touched(
    window: MaintenanceWindow,
    filling_hmi: Endpoint,
    vera: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sessions.policy_facts.LEAST_FREE_BYTES", 1 << 62)
    with pytest.raises(NotPossible) as refused:
        start(window, filling_hmi, vera)
    assert refused.value.code == "recorder_not_ready"


def test_an_ssh_machine_is_not_reached_before_its_host_key_is_pinned(
    filling_gateway: Endpoint, vera: User, olga: User
) -> None:
    window = make_window(vera, filling_gateway, decided_by=olga)
    with pytest.raises(NotPossible) as refused:
        start(window, filling_gateway, vera)
    assert refused.value.code == "host_key_not_pinned"

    change(filling_gateway, host_key="ssh-ed25519 " + "A" * 68)
    assert start(window, filling_gateway, vera).is_live


def test_the_machine_takes_one_and_the_second_is_told(
    window: MaintenanceWindow, filling_hmi: Endpoint, vera: User, olga: User
) -> None:
    start(window, filling_hmi, vera)
    other = make_person("Valentin Vogel", vendor=vera.vendor)
    with pytest.raises(TooLate) as refused:
        start(make_window(other, filling_hmi, decided_by=olga), filling_hmi, other)
    assert refused.value.code == "endpoint_busy"


def test_forged_ids_are_not_known(vera: User, window: MaintenanceWindow) -> None:
    for forged in ("", "x", -1, 10**30, None, "00000000-0000-0000-0000-000000000000"):
        with pytest.raises(NotKnown):
            session_visible_to(vera, forged)
        with pytest.raises(NotKnown):
            endpoint_startable_by(vera, window.pk, forged)
        with pytest.raises(NotKnown):
            endpoint_startable_by(vera, forged, 1)


def test_a_session_is_known_only_to_those_it_concerns(
    plant: Plant, window: MaintenanceWindow
) -> None:
    brokered_session = start(window, plant.filling_hmi, plant.vera)
    for person in (plant.vera, plant.olga, plant.ivan, plant.cora, plant.adam):
        assert session_visible_to(person, brokered_session.pk) == brokered_session
    for person in (plant.victor, plant.omar):
        with pytest.raises(NotKnown):
            session_visible_to(person, brokered_session.pk)
    with pytest.raises(NotAllowed):
        session_operable_by(plant.olga, brokered_session.pk)


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_as_many_get_in_as_the_machine_takes(plant: Plant) -> None:
    endpoint = plant.filling_plc  # takes two
    people = [
        make_person(f"Person {number}", vendor=plant.fillwerk) for number in range(6)
    ]
    windows = [
        make_window(person, endpoint, decided_by=plant.olga) for person in people
    ]

    def attempt(number: int) -> str:
        try:
            start(windows[number], endpoint, people[number])
        except TooLate as error:
            return error.code
        finally:
            connection.close()
        return "in"

    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(attempt, range(6)))
    assert sorted(results) == ["endpoint_busy"] * 4 + ["in"] * 2
    assert sorted(BrokeredSession.objects.values_list("slot", flat=True)) == [0, 1]
