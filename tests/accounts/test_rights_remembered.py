"""A page that is only read asks for somebody's rights once; an act asks each time."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accessportal.accounts.authorisation import Action, may, sites_where
from accessportal.accounts.models import RoleGrant
from accessportal.accounts.rights import rights_remembered
from requests.approvers import groups_of, may_agree_somewhere
from requests.models import ApproverGroup, ApproverGroupMember
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
    assert len(asked) == 2  # own roles, and whether anything is lent


def test_what_a_request_changes_itself_counts_at_once(plant: Plant) -> None:
    with rights_remembered():
        assert may(plant.olga, Action.REQUEST_DECIDE, plant.north)
        RoleGrant.objects.filter(user=plant.olga).delete()
        assert not may(plant.olga, Action.REQUEST_DECIDE, plant.north)
        assert not sites_where(plant.olga, Action.REQUEST_DECIDE).exists()


def test_a_place_in_a_group_is_remembered_and_forgotten_with_them(plant: Plant) -> None:
    group = ApproverGroup.objects.create(name="Filling engineers")
    with rights_remembered():
        assert groups_of(plant.cora) == frozenset()
        with CaptureQueriesContext(connection) as asked:
            assert not may_agree_somewhere(plant.cora)
        assert [query["sql"] for query in asked if "group" in query["sql"]] == []
        place = ApproverGroupMember.objects.create(
            group=group, person=plant.cora, added_by=plant.adam
        )
        assert groups_of(plant.cora) == {group.pk}
        place.delete()
        assert groups_of(plant.cora) == frozenset()


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


def test_a_page_that_follows_an_act_reads_them_once_for_all_its_places(
    client: Client, plant: Plant
) -> None:
    ivan = signed_in(client, plant.ivan)
    with CaptureQueriesContext(connection) as asked:
        page = ivan.post("/no-such-page/")
    assert 'href="/alerts/"' in page.content.decode()
    roles = [one for one in asked if 'FROM "accounts_rolegrant"' in one["sql"]]
    assert len(roles) == 1
