"""A machine gets another address: nobody has agreed to that one, and nobody is cut off."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accessportal.accounts.models import User
from accessportal.audit.models import AuditEvent
from accessportal.errors import NotAllowed, NotPossible, TooLate
from accessportal.notifications.models import Notification
from accessportal.plants.models import Endpoint
from accessportal.plants.services.catalogue import change_endpoint
from requests.facts import hash_of_facts, seen_by_approver
from requests.models import AccessRequest, ApprovalPolicy, MaintenanceWindow
from requests.services.approval import approve_request
from requests.services.later_decision import seen_of_window
from requests.services.reconfirmation import CHECKLIST, reconfirm_window
from sessions.models import BrokeredSession
from tests.cast import Plant, make_policy, make_request, make_window, origin, signed_in

pytestmark = pytest.mark.django_db

BOTH = {"steps": [{"who": "role:ot_supervisor"}, {"who": "role:it_security"}]}


def moved(plant: Plant, endpoint: Endpoint, **values: Any) -> Endpoint:
    return change_endpoint(
        endpoint,
        values or {"host": "192.168.0.77"},
        acting_user=plant.adam,
        origin=origin(),
    )


def approve(
    access_request: AccessRequest, by: User, seen: str = ""
) -> MaintenanceWindow:
    return approve_request(
        access_request,
        acting_user=by,
        origin=origin(),
        facts_hash=seen or hash_of_facts(seen_by_approver(access_request)),
    )


def test_a_yes_to_the_old_address_does_not_count_for_the_new(plant: Plant) -> None:
    policy = make_policy(plant.adam, BOTH)
    access_request = make_request(plant.vera, plant.filling_hmi, policy=policy)
    approve(access_request, plant.olga)
    seen = hash_of_facts(seen_by_approver(access_request))

    moved(plant, plant.filling_hmi)

    access_request.refresh_from_db()
    assert (access_request.state, access_request.round) == ("pending", 2)
    with pytest.raises(TooLate):
        approve(access_request, plant.ivan, seen)
    approve(access_request, plant.ivan)
    access_request.refresh_from_db()
    assert access_request.state == "pending"
    approve(access_request, plant.olga)
    access_request.refresh_from_db()
    assert access_request.state == "approved"
    event = AuditEvent.objects.get(event="request.changed")
    assert event.detail["changed"] == ["address"]
    assert event.detail["voided"] == ["Olga Olsen"]


def test_a_window_falls_and_somebody_who_looked_at_the_new_address_lets_it_stand_again(
    plant: Plant, client: Client
) -> None:
    asked = make_request(plant.vera, plant.filling_hmi)
    window = approve(asked, plant.olga)
    other = make_window(plant.vera, plant.filling_gateway, decided_by=plant.olga)
    moved(plant, plant.filling_hmi)

    window.refresh_from_db()
    other.refresh_from_db()
    assert (window.revoked_by, window.revoke_cause) == (plant.adam, "address")
    assert other.revoked_at is None
    told = Notification.objects.filter(kind="window.machine_moved")
    assert plant.olga in [one.recipient for one in told]
    said = Notification.objects.get(kind="window.revoked")
    assert said.recipient == plant.vera
    assert "192.168" not in window.revoke_reason  # the plant's own affair

    number = window.access_request.number
    hers = signed_in(Client(), plant.vera).get(f"/requests/{number}/").content.decode()
    assert "The window waits to be confirmed again" in hers
    # Not revoked for good: the start page says so, too.
    home = signed_in(Client(), plant.vera).get("/").content.decode()
    assert home.count("To be confirmed again") == 1
    assert "ask again" in hers and f"/requests/new/?again={number}" in hers
    assert "192.168" not in hers and "/reconfirm/" not in hers
    page = signed_in(client, plant.olga).get(
        reverse("windows:reconfirm", args=[number])
    )
    text = page.content.decode()
    assert "A machine got another address" in text
    assert re.search(r"<del>VNC [^<]+</del> → <ins>VNC 192\.168\.0\.77:", text)
    reconfirm_window(
        window,
        acting_user=plant.olga,
        origin=origin(),
        facts_hash=page.context["facts_hash"],
        checked=list(CHECKLIST["address"]),
    )
    window.refresh_from_db()
    assert window.revoked_at is None
    latest = window.access_request.decisions.order_by("step").last()
    assert latest is not None
    assert latest.facts["machines"][0]["address"].startswith("192.168.0.77:")


@pytest.mark.parametrize("values", [{"name": "Panel"}, {"max_clients": 3}])
def test_what_is_no_address_leaves_everything_as_it_is(
    plant: Plant, values: dict[str, Any]
) -> None:
    window = make_window(plant.vera, plant.filling_hmi, decided_by=plant.olga)
    moved(plant, plant.filling_hmi, **values)
    window.refresh_from_db()
    assert window.revoked_at is None


def test_nobody_is_cut_off_by_it(plant: Plant, client: Client) -> None:
    window = make_window(plant.vera, plant.filling_hmi, decided_by=plant.olga)
    live = BrokeredSession.objects.create(
        number="SES-1",
        window=window,
        endpoint=plant.filling_hmi,
        started_by=plant.vera,
        permission="control",
        state="active",
        slot=0,
        factor_at=timezone.now(),
    )
    with pytest.raises(NotPossible, match="Vera Vogt works on it now"):
        moved(plant, plant.filling_hmi)
    window.refresh_from_db()
    assert window.revoked_at is None
    assert Endpoint.objects.get(pk=plant.filling_hmi.pk).host != "192.168.0.77"

    # A name is changed all the same.
    moved(plant, plant.filling_hmi, name="Panel")
    assert live.endpoint_id == plant.filling_hmi.pk


def test_half_a_confirmation_of_one_address_is_none_of_the_next(plant: Plant) -> None:
    make_policy(plant.adam, BOTH)
    asked = make_request(
        plant.vera, plant.filling_hmi, policy=ApprovalPolicy.objects.get()
    )
    approve(asked, plant.olga)
    window = approve(asked, plant.ivan)

    def confirmed_by(who: User) -> None:
        window.refresh_from_db()
        reconfirm_window(
            window,
            acting_user=who,
            origin=origin(),
            facts_hash=hash_of_facts(seen_of_window(window)),
            checked=list(CHECKLIST["address"]),
        )
        window.refresh_from_db()

    moved(plant, plant.filling_hmi)
    confirmed_by(plant.olga)
    moved(plant, plant.filling_hmi, host="192.168.0.78")
    with pytest.raises(NotAllowed):  # nothing is open that he could say yes to
        confirmed_by(plant.ivan)
    confirmed_by(plant.olga)
    assert window.revoked_at is not None
    confirmed_by(plant.ivan)
    assert window.revoked_at is None
