"""A page that is only read asks for somebody's rights once; an act asks each time."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accessportal.accounts.authorisation import Action, may, sites_where
from accessportal.accounts.models import RoleGrant
from accessportal.accounts.rights import rights_remembered
from tests.cast import Plant, signed_in

pytestmark = pytest.mark.django_db


def test_a_page_reads_the_rights_once(plant: Plant) -> None:
    with (
        rights_remembered(),
        CaptureQueriesContext(
            connection,
        ) as asked,
    ):
        for action in Action:
            may(plant.olga, action, plant.north)
            may(plant.olga, action)
    assert len(asked) == 3  # own roles, delegations, overrides


def test_what_a_request_changes_itself_counts_at_once(plant: Plant) -> None:
    with rights_remembered():
        assert may(plant.olga, Action.REQUEST_DECIDE, plant.north)
        RoleGrant.objects.filter(user=plant.olga).delete()
        assert not may(plant.olga, Action.REQUEST_DECIDE, plant.north)
        assert not sites_where(plant.olga, Action.REQUEST_DECIDE).exists()


def test_the_next_request_knows_nothing_of_the_last(
    client: Client, plant: Plant
) -> None:
    olga = signed_in(client, plant.olga)
    assert olga.get("/approvals/").status_code == 200
    RoleGrant.objects.filter(user=plant.olga).delete()
    assert olga.get("/approvals/").status_code == 403


def test_an_act_asks_each_time(plant: Plant) -> None:
    with CaptureQueriesContext(connection) as asked:
        may(plant.olga, Action.REQUEST_DECIDE, plant.north)
        may(plant.olga, Action.REQUEST_DECIDE, plant.north)
    assert len(asked) == 2
