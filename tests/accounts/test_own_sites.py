"""A role at one site reaches the people and vendors of that site, and nobody else's."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accessportal.accounts.authorisation import Action, at_sites_where
from accessportal.accounts.models import RoleGrant, User, Vendor
from accessportal.accounts.services.devices import revoke_all_devices
from accessportal.accounts.services.factor_resets import ask_factor_reset
from accessportal.accounts.services.people import disable_person
from accessportal.accounts.standing import may_manage, may_mind
from accessportal.accounts.vendor_rights import may_report_leaver, may_suspend
from accessportal.errors import NotAllowed
from accessportal.plants.models import Site
from sessions.services.departures import report_leaver
from sessions.services.isolation import suspend_vendor
from tests.cast import Plant, make_person, make_vendor, origin

pytestmark = pytest.mark.django_db


@pytest.fixture
def isa(plant: Plant) -> User:
    """IT security at North alone."""
    return make_person("Isa Inn", roles=[("it_security", plant.north)])


@pytest.fixture
def both(plant: Plant) -> Vendor:
    """A vendor that works at North and at South."""
    vendor = make_vendor("Beide Werke")
    vendor.sites.add(plant.north, plant.south)
    return vendor


@pytest.fixture
def benno(both: Vendor) -> User:
    return make_person("Benno Beide", vendor=both)


def test_a_vendor_of_the_own_site_is_in_reach_and_one_of_other_sites_is_not(
    isa: User, ivan: User, victor: User, both: Vendor, benno: User, south: Site
) -> None:
    """Nordpack works at North only."""
    assert victor.vendor is not None and may_suspend(isa, victor.vendor)
    assert may_manage(isa, victor) and may_mind(isa, victor)
    assert not may_suspend(isa, both)
    assert not may_manage(isa, benno) and not may_mind(isa, benno)
    assert may_suspend(ivan, both) and may_mind(ivan, benno)
    # That somebody left may be said by whoever hears it at one of the sites.
    assert may_report_leaver(isa, both)
    both.sites.set([south])
    assert not may_report_leaver(isa, both)
    both.sites.clear()
    assert not may_suspend(isa, both) and may_suspend(ivan, both)


def test_the_verbs_refuse_it_too(isa: User, both: Vendor, benno: User) -> None:
    with pytest.raises(NotAllowed):
        disable_person(acting_user=isa, person=benno, reason="x", origin=origin())
    with pytest.raises(NotAllowed):
        suspend_vendor(both, acting_user=isa, origin=origin(), reason="x")
    with pytest.raises(NotAllowed):
        revoke_all_devices(acting_user=isa, person=benno, origin=origin())
    with pytest.raises(NotAllowed):
        ask_factor_reset(acting_user=isa, person=benno, reason="x", origin=origin())
    # Nor may she say that somebody left who works at other sites only.
    both.sites.set(Site.objects.filter(slug="south"))
    with pytest.raises(NotAllowed):
        report_leaver(benno, acting_user=isa, origin=origin())
    benno.refresh_from_db()
    assert benno.is_active


def test_the_pages_say_who_can(
    browser_of: Callable[..., Client],
    isa: User,
    both: Vendor,
    benno: User,
    victor: User,
) -> None:
    browser = browser_of(isa)
    suspension = reverse("isolation:vendor", args=[both.slug])
    for path in (f"/people/{benno.pk}/signing-in/", suspension):
        answer = browser.get(path)
        assert answer.status_code == 403
        assert "somebody who has one there" in answer.content.decode()
    page = browser.get(f"/vendors/{both.slug}/").content.decode()
    assert suspension not in page
    assert browser.get(f"/people/{victor.pk}/signing-in/").status_code == 200


def test_colleagues_are_minded_where_they_work(
    plant: Plant, isa: User, olga: User, omar: User, adam: User, ivan: User
) -> None:
    """Olga at North; Omar at South; Adam everywhere."""
    assert [may_mind(isa, one) for one in (olga, omar, adam)] == [True, False, False]
    assert all(may_mind(ivan, one) for one in (olga, omar, adam))
    # Who is asked to confirm is who may.
    ask_factor_reset(acting_user=ivan, person=omar, reason="lost", origin=origin())
    told = "account.factor_reset_asked"
    assert adam.notifications.filter(kind=told).exists()
    assert not isa.notifications.filter(kind=told).exists()
    ask_factor_reset(acting_user=adam, person=olga, reason="lost", origin=origin())
    assert isa.notifications.filter(kind=told).exists()


def test_a_list_holds_the_rows_of_the_own_sites_and_none_without_a_site(
    isa: User, ivan: User, vera: User, plant: Plant
) -> None:
    def sites_of_rows(user: User) -> set[int | None]:
        rows = RoleGrant.objects.filter(at_sites_where(user, Action.AUDIT_SEE, "site"))
        return set(rows.values_list("site", flat=True))

    assert RoleGrant.objects.filter(site=None).exists()
    assert sites_of_rows(ivan) == {plant.north.pk, plant.south.pk}
    assert sites_of_rows(isa) == {plant.north.pk}
    assert sites_of_rows(plant.olga) == set()  # a supervisor reads no trail
    assert sites_of_rows(vera) == set()
