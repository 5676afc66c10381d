"""A form comes with more in it than was asked."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib import import_module
from typing import Any

import pytest
from django.forms import ModelForm
from django.test import Client
from django.urls import reverse

from accessportal.accounts.models import User
from accessportal.accounts.services.invitations import invite_person
from requests.models import AccessRequest
from tests.accounts.test_invitation import NINA, answers, link_in_the_mail
from tests.cast import PASSWORD, Plant, origin
from tests.request_flow.test_asking import NEW, wish


@pytest.mark.parametrize(
    "more",
    [
        {"is_superuser": "on", "is_staff": "on", "is_active": "on"},
        {"role": "administrator", "role_grants": "1", "groups": "1"},
        {"vendor": "", "vendor_id": "", "email": "root@example.test"},
        {"expires_at": "2099-01-01", "training_expires_at": "2099-01-01"},
        {"password": "x", "factors_confirmed_at": "2099-01-01", "pk": "1", "id": "1"},
    ],
)
def test_ones_own_details_change_nothing_else(
    plant: Plant, browser_of: Callable[..., Client], more: dict[str, str]
) -> None:
    def facts() -> dict[str, Any]:
        row = User.objects.filter(pk=plant.vera.pk).values().get()
        return {
            k: v
            for k, v in row.items()
            if k not in {"full_name", "phone", "last_login"}
        }

    before = facts()
    answer = browser_of(plant.vera).post(
        reverse("accounts:details"),
        {
            "full_name": "Vera Vogt-Neu",
            "phone": "+49 170 1",
            "language": plant.vera.language,
            "time_zone": plant.vera.time_zone,
            **more,
        },
    )
    assert answer.status_code == 302
    assert facts() == before
    plant.vera.refresh_from_db()
    assert plant.vera.full_name == "Vera Vogt-Neu"
    assert plant.vera.check_password(PASSWORD)
    assert not plant.vera.role_grants.exists()


def test_joining_brings_nothing_but_what_was_invited(
    plant: Plant, committed: Callable[[], AbstractContextManager[None]]
) -> None:
    with committed():
        invite_person(
            acting_user=plant.olga, vendor=plant.fillwerk, email=NINA,
            full_name="Nina Neu", language="en", origin=origin(),
        )  # fmt: skip
    answer = Client().post(
        link_in_the_mail(),
        answers(
            vendor=str(plant.nordpack.pk), vendor_id="", roles="administrator:every",
            role="administrator", coordinator_at="2026-01-01", invited_by="1",
            sponsor_confirmed_at="2026-01-01", training_expires_at="2099-01-01",
        ),
    )  # fmt: skip
    assert answer.status_code == 302
    nina = User.objects.get(email=NINA)
    assert nina.vendor == plant.fillwerk and nina.awaits_sponsor
    assert not nina.coordinates and nina.training_expires_at is None
    assert not nina.role_grants.exists()


def test_asking_decides_nothing(
    plant: Plant, browser_of: Callable[..., Client]
) -> None:
    more = {
        "state": "approved", "requested_by": str(plant.victor.pk), "closed_by": "1",
        "vendor": str(plant.nordpack.pk), "number": "REQ-1999-0001",
        "emergency_at": "2026-01-01", "emergency_by": str(plant.olga.pk),
        "attendance_required": "", "decisions": "1", "window": "1",
    }  # fmt: skip
    answer = browser_of(plant.vera).post(NEW, wish(plant, **more))
    assert answer.status_code == 302
    asked = AccessRequest.objects.get()
    assert (asked.state, asked.requested_by, asked.vendor) == (
        "pending",
        plant.vera,
        plant.fillwerk,
    )
    assert asked.emergency_at is None and asked.number != "REQ-1999-0001"


def test_every_form_of_a_model_names_its_fields() -> None:
    """None takes all there are, and none what only a verb may set."""
    import_module("accessportal.urls")
    forms = [
        one
        for one in ModelForm.__subclasses__()
        if one.__module__.split(".")[0] in {"accessportal", "requests", "sessions"}
    ]
    assert len(forms) >= 6
    for form in forms:
        fields = form._meta.fields
        assert isinstance(fields, list | tuple), form
        assert [name for name in fields if name.endswith(("_by", "_at", "_id"))] == [
            name for name in fields if name == "contract_ends_at"
        ], form
