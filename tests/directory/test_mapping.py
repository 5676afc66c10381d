"""Which group means which role: kept by administrators of every site, and never quietly."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accessportal.accounts.directory.admission import admit, unlink_identity
from accessportal.accounts.directory.mapping import map_group, mappings_for, unmap_group
from accessportal.accounts.directory.people import DirectoryPerson
from accessportal.accounts.models import DirectoryIdentity, GroupMapping, User
from accessportal.audit.models import AuditEvent
from accessportal.errors import NotAllowed, NotPossible, TooLate
from tests.cast import Plant, origin

pytestmark = pytest.mark.django_db

PAGE = "/directory/"


def mapped(
    by: User, group: str, role: str = "compliance", site: object = None
) -> GroupMapping:
    return map_group(
        acting_user=by,
        group=group,
        role=role,
        site=site,
        origin=origin(),  # type: ignore[arg-type]
    )


def olga_of_the_directory(*groups: str) -> DirectoryPerson:
    return DirectoryPerson(
        namespace="https://id.plant.example",
        subject="1",
        email="olga.olsen@example.test",
        email_verified=True,
        groups=groups,
    )


def test_only_administrators_of_every_site_say_what_groups_mean(plant: Plant) -> None:
    for person in (plant.olga, plant.ivan, plant.cora, plant.vera):
        with pytest.raises(NotAllowed):
            mapped(person, "auditors")
    mapping = mapped(plant.adam, "auditors")
    event = AuditEvent.objects.get(event="directory.mapping.added")
    assert event.detail["group"] == "auditors" and event.actor_id == plant.adam.pk

    plant.adam.role_grants.update(site=plant.north)
    with pytest.raises(NotAllowed):
        mapped(plant.adam, "everything", "administrator")
    with pytest.raises(NotAllowed):
        unmap_group(acting_user=plant.adam, mapping=mapping, origin=origin())


def test_a_group_means_a_role_at_a_site_once(plant: Plant) -> None:
    mapped(plant.adam, "CN=OT North,OU=Groups,DC=plant", "ot_supervisor", plant.north)
    mapped(plant.adam, "CN=OT North,OU=Groups,DC=plant", "ot_supervisor", plant.south)
    mapped(plant.adam, "CN=OT North,OU=Groups,DC=plant", "ot_supervisor")
    with pytest.raises(NotPossible):
        mapped(
            plant.adam, "cn=ot north, ou=groups, dc=plant", "ot_supervisor", plant.north
        )
    with pytest.raises(NotPossible):
        mapped(plant.adam, "  ")


def test_names_of_groups_are_compared_as_directories_do(plant: Plant) -> None:
    mapping = mapped(plant.adam, "CN=OT North,OU=Groups,DC=plant", "ot_supervisor")
    assert mappings_for(["cn=ot north, ou=groups, dc=PLANT"]) == [mapping]
    assert mappings_for(["CN=OT,OU=Groups,DC=plant", "OT North"]) == []


def test_a_removed_mapping_takes_the_role_at_the_next_sign_in(plant: Plant) -> None:
    mapping = mapped(plant.adam, "auditors")
    other = mapped(plant.adam, "night-shift", "it_security")
    admit(olga_of_the_directory("auditors", "night-shift"), origin=origin())
    assert plant.olga.role_grants.filter(role="compliance").exists()
    unmap_group(acting_user=plant.adam, mapping=mapping, origin=origin())
    admit(olga_of_the_directory("auditors", "night-shift"), origin=origin())
    assert not plant.olga.role_grants.filter(role="compliance").exists()
    assert plant.olga.role_grants.filter(role=other.role).exists()
    with pytest.raises(TooLate):
        unmap_group(acting_user=plant.adam, mapping=mapping, origin=origin())


def test_undoing_a_link_takes_the_roles_and_lets_another_account_be_linked(
    plant: Plant,
) -> None:
    mapped(plant.adam, "auditors")
    admit(olga_of_the_directory("auditors"), origin=origin())
    identity = DirectoryIdentity.objects.get()
    for by, reason, error in (
        (plant.ivan, "New account", NotAllowed),
        (plant.adam, " ", NotPossible),
    ):
        with pytest.raises(error):
            unlink_identity(
                acting_user=by, identity=identity, reason=reason, origin=origin()
            )
    unlink_identity(
        acting_user=plant.adam, identity=identity, reason="New account", origin=origin()
    )
    assert not plant.olga.role_grants.filter(source="directory").exists()
    assert plant.olga.role_grants.filter(source="hand").exists()
    with pytest.raises(TooLate):
        unlink_identity(
            acting_user=plant.adam, identity=identity, reason="x", origin=origin()
        )


def test_a_plant_that_changes_its_directory_links_its_people_anew(plant: Plant) -> None:
    mapped(plant.adam, "auditors")
    admit(olga_of_the_directory("auditors"), origin=origin())
    moved = DirectoryPerson(
        namespace="ldap:dc=plant",
        subject="e7",
        email="olga.olsen@example.test",
        email_verified=True,
        groups=("auditors",),
    )
    assert admit(moved, origin=origin()) == plant.olga
    assert DirectoryIdentity.objects.get(user=plant.olga).namespace == "ldap:dc=plant"


def test_adam_gives_a_group_a_role_on_the_page_and_takes_it_away(
    browser_of: Callable[..., Client], plant: Plant
) -> None:
    browser = browser_of(plant.adam)
    form = {"group": "ot-north", "role": "ot_supervisor", "site": plant.north.pk}
    assert browser.post(f"{PAGE}groups/add/", form).url == PAGE
    page = browser.get(PAGE).content.decode()
    assert "ot-north" in page and "Plant North" in page
    twice = browser.post(f"{PAGE}groups/add/", form)
    assert twice.status_code == 422 and "already" in twice.content.decode()
    nonsense = browser.post(f"{PAGE}groups/add/", {"group": "x", "role": "king"})
    assert nonsense.status_code == 422
    mapping = GroupMapping.objects.get()
    assert browser.post(f"{PAGE}groups/{mapping.pk}/remove/").url == PAGE
    assert not GroupMapping.objects.exists()

    stale = browser_of(plant.adam, factor_age=600)
    assert stale.post(f"{PAGE}groups/add/", form).status_code == 403
    assert not GroupMapping.objects.exists()
