"""A form comes with more in it than was asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accessportal.accounts.models import User
from tests.cast import PASSWORD, Plant


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
