"""The table of what each event needs, for both ways to have a right from somebody else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accessportal.accounts.authorisation import OVERRIDABLE, PERMISSIONS, Action
from accessportal.accounts.models import (
    PermissionOverride,
    RoleDelegation,
    RoleGrant,
    User,
)
from accessportal.audit.borrowed import NEEDED, said_of_lent_right
from tests.cast import Plant, make_person

pytestmark = pytest.mark.django_db

LENDERS = ("olga", "ivan", "cora", "adam")


@pytest.fixture
def paula(plant: Plant) -> User:
    """Somebody of the plant without any role."""
    return make_person("Paula Pohl")


def lend(lender: User, to: User, plant: Plant) -> RoleGrant:
    """`to` acts for `lender` at North; gives the role that is lent."""
    grant = lender.role_grants.get()
    RoleDelegation.objects.create(
        delegator=lender, delegate=to, role=grant.role, site=plant.north,
        ends_at=timezone.now() + timedelta(days=1), reason="Ill",
    )  # fmt: skip
    return grant


@pytest.mark.parametrize("lender", LENDERS)
def test_every_event_of_the_table_says_by_which_delegation(
    plant: Plant, paula: User, lender: str
) -> None:
    grant = lend(getattr(plant, lender), paula, plant)
    for event, actions in NEEDED.items():
        lent = bool(set(actions) & PERMISSIONS[RoleGrant.Role(grant.role)])
        said = said_of_lent_right(event, paula, plant.north, plant.vera)
        assert bool(said) is lent, event
        assert not lent or said["delegated_by"] == grant.user.full_name
        assert said_of_lent_right(event, grant.user, plant.north, plant.vera) == {}
        assert said_of_lent_right(event, paula, plant.north, paula) == {}


def test_one_of_several_rights_that_is_their_own_is_enough(
    plant: Plant, paula: User
) -> None:
    """A freeze of production takes either of two; who is an administrator needs no other."""
    lend(plant.olga, paula, plant)
    lend(plant.olga, plant.adam, plant)
    said = said_of_lent_right(
        "production_freeze.changed", paula, plant.north, plant.north
    )
    assert said["delegated_by"] == "Olga Olsen"
    assert not said_of_lent_right(
        "production_freeze.changed", plant.adam, plant.north, plant.north
    )


def test_a_colleague_and_a_vendors_person_take_different_rights(
    plant: Plant, paula: User
) -> None:
    """IT security ends the access of a contractor, an administrator that of a colleague."""
    lend(plant.ivan, paula, plant)
    for_ivan = said_of_lent_right("account.disabled", paula, None, plant.vera)
    assert for_ivan["delegated_by"] == "Ivan Ivers"
    assert not said_of_lent_right("account.disabled", paula, None, plant.cora)
    lend(plant.adam, paula, plant)
    for_adam = said_of_lent_right("account.disabled", paula, None, plant.cora)
    assert for_adam["delegated_by"] == "Adam Albers"


@pytest.mark.parametrize("action", sorted(OVERRIDABLE))
def test_every_override_is_named_and_counted(
    plant: Plant, paula: User, action: Action
) -> None:
    override = PermissionOverride.objects.create(
        granted_by=plant.olga, granted_to=paula, action=action, site=plant.north,
        ends_at=timezone.now() + timedelta(minutes=30), reason="Night shift",
    )  # fmt: skip
    rests_on_it = [event for event, actions in NEEDED.items() if action in actions]
    for event in rests_on_it:
        said = said_of_lent_right(event, paula, plant.north, plant.filling_line)
        assert said == {"by_override": override.pk, "override_of": "Olga Olsen"}
    override.refresh_from_db()
    assert override.used_count == len(rests_on_it) > 0
