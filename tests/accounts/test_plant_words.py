"""A password is not made of what everybody at the plant knows."""

from __future__ import annotations

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from tests.cast import Plant

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("password", "taken"),
    [
        ("Fillwerk-Service-2026", False),
        ("Plant North Plant South", False),
        ("ACCESSportal!2026!north", False),
        ("fillwerk and nine green bottles", True),
        ("nothing of the kind, and long", True),
        ("?!?!?!?!?!?!?!?!?!", True),
    ],
)
def test_names_of_the_plant_and_a_year_are_no_password(
    plant: Plant, password: str, taken: bool
) -> None:
    if taken:
        return validate_password(password, plant.vera)
    with pytest.raises(ValidationError, match="names that everybody here knows"):
        validate_password(password, plant.vera)
