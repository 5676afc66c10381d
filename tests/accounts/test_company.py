"""A coordinator looks after the company's own people, and nobody else's."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from accessportal.accounts.models import Invitation, StaffAttestation, User, Vendor
from accessportal.accounts.services.attestation import attest_staff, attestation_state
from accessportal.accounts.services.invitations import invite_person, revoke_invitation
from accessportal.audit.models import AuditEvent
from accessportal.errors import NotAllowed, TooLate
from tests.cast import Clock, Plant, make_person, origin

pytestmark = pytest.mark.django_db

Browser = Callable[..., Client]


@pytest.fixture
def carla(plant: Plant) -> User:
    """Coordinator of Fillwerk since today."""
    return make_person(
        "Carla Corte", vendor=plant.fillwerk, coordinator_at=timezone.now()
    )


def invite(
    who: User, vendor: Vendor, email: str = "nina@fillwerk.example"
) -> Invitation:
    return invite_person(
        acting_user=who,
        vendor=vendor,
        email=email,
        full_name="Nina Neu",
        language="en",
        origin=origin(),
    )


def test_the_page_shows_who_has_access_and_who_must_renew(
    clock: Clock, carla: User, plant: Plant, browser_of: Browser
) -> None:
    User.objects.filter(pk=plant.vera.pk).update(
        training_expires_at=clock.now + timedelta(days=12)
    )
    make_person("Nils Neu", vendor=plant.fillwerk, sponsor_confirmed_at=None)
    page = browser_of(carla).get("/company/").content.decode()
    assert "Vera Vogt" in page and "Training ends" in page
    assert "Nils Neu" in page and "Waits for the sponsor" in page
    assert "Olga Olsen" in page  # whom to call
    for secret in ("Victor Varga", "Nordpack", "192.168.0.10", "Hall B"):
        assert secret not in page


def test_carla_invites_a_colleague_whom_olga_confirms(
    carla: User, plant: Plant, browser_of: Browser, committed: Callable[[], object]
) -> None:
    with committed():  # type: ignore[attr-defined]
        answer = browser_of(carla).post(
            "/company/invite/",
            {"email": "Nina@Fillwerk.example", "full_name": "Nina", "language": "en"},
        )
    assert answer.status_code == 302
    assert "Carla Corte invites you" in str(mail.outbox[-1].body)
    assert re.search(r"/accounts/invitation/[\w-]+/", str(mail.outbox[-1].body))
    invitation = Invitation.objects.get(email="nina@fillwerk.example")
    assert (invitation.vendor, invitation.invited_by) == (plant.fillwerk, carla)
    browser_of(carla).post(f"/company/invitations/{invitation.pk}/revoke/")
    invitation.refresh_from_db()
    assert invitation.revoked_by == carla


def test_a_coordinator_invites_for_no_other_company(carla: User, plant: Plant) -> None:
    with pytest.raises(NotAllowed):
        invite(carla, plant.nordpack)
    other = invite(plant.olga, plant.nordpack)
    with pytest.raises(NotAllowed):
        revoke_invitation(acting_user=carla, invitation=other, origin=origin())


@pytest.mark.parametrize("change", ["dismissed", "not_confirmed", "disabled"])
def test_who_is_no_coordinator_any_more_invites_nobody(
    carla: User, plant: Plant, change: str
) -> None:
    fields = {
        "dismissed": {"coordinator_at": None},
        "not_confirmed": {"sponsor_confirmed_at": None},
        "disabled": {"disabled_at": timezone.now()},
    }
    User.objects.filter(pk=carla.pk).update(**fields[change])
    with pytest.raises(NotAllowed):
        invite(User.objects.get(pk=carla.pk), plant.fillwerk)


def test_the_sponsor_invites_without_holding_the_role(plant: Plant) -> None:
    """Any active person of the plant can be sponsor; being one is enough for this vendor."""
    sven = make_person("Sven Sommer")
    plant.nordpack.sponsor = sven
    plant.nordpack.save()
    assert invite(sven, plant.nordpack).vendor == plant.nordpack
    with pytest.raises(NotAllowed):
        invite(sven, plant.fillwerk, "other@fillwerk.example")


def test_a_sponsor_without_a_role_sees_the_own_vendor_only(
    plant: Plant, browser_of: Browser
) -> None:
    sven = make_person("Sven Sommer")
    assert browser_of(sven).get("/vendors/").status_code == 404
    plant.nordpack.sponsor = sven
    plant.nordpack.save()
    browser = browser_of(sven)
    page = browser.get("/vendors/").content.decode()
    assert "Nordpack" in page and "Fillwerk" not in page
    assert browser.get("/vendors/nordpack-robotics/").status_code == 200
    assert browser.get("/vendors/fillwerk-service/").status_code == 404


# --- The list of the month ------------------------------------------------------------


def test_carla_attests_the_list_she_saw(
    clock: Clock, carla: User, plant: Plant
) -> None:
    state = attestation_state(plant.fillwerk)
    assert state.last is None and not state.overdue
    clock.forward(days=32)
    assert attestation_state(plant.fillwerk).overdue

    seen = [plant.vera.pk, carla.pk]
    attestation = attest_staff(
        acting_user=carla, vendor=plant.fillwerk, seen=seen, origin=origin()
    )
    assert [one["name"] for one in attestation.people] == ["Carla Corte", "Vera Vogt"]
    event = AuditEvent.objects.get(event="vendor.staff.attested")
    assert event.detail["people_confirmed"] == 2
    assert not attestation_state(plant.fillwerk).overdue
    clock.forward(days=32)
    assert attestation_state(plant.fillwerk).overdue


def test_a_list_that_changed_meanwhile_is_looked_at_again(
    carla: User, plant: Plant, browser_of: Browser
) -> None:
    browser = browser_of(carla)
    page = browser.get("/company/").content.decode()
    seen = re.findall(r'name="person" value="(\d+)"', page)
    assert set(seen) == {str(plant.vera.pk), str(carla.pk)}
    make_person("Nils Neu", vendor=plant.fillwerk)
    assert browser.post("/company/attest/", {"person": seen}).status_code == 409
    assert not StaffAttestation.objects.exists()
    with pytest.raises(TooLate):
        attest_staff(acting_user=carla, vendor=plant.fillwerk, seen=[], origin=origin())


def test_nobody_else_attests(carla: User, plant: Plant) -> None:
    seen = [plant.vera.pk, carla.pk]
    for who in (plant.olga, plant.adam, plant.vera, plant.victor):
        with pytest.raises(NotAllowed):
            attest_staff(
                acting_user=who, vendor=plant.fillwerk, seen=seen, origin=origin()
            )


def test_the_next_list_counts_who_has_gone(carla: User, plant: Plant) -> None:
    facts = {"acting_user": carla, "vendor": plant.fillwerk, "origin": origin()}
    attest_staff(seen=[plant.vera.pk, carla.pk], **facts)
    User.objects.filter(pk=plant.vera.pk).update(disabled_at=timezone.now())
    attest_staff(seen=[carla.pk], **facts)
    last = AuditEvent.objects.filter(event="vendor.staff.attested").latest("pk")
    assert (last.detail["people_confirmed"], last.detail["people_removed"]) == (1, 1)
