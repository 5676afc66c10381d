"""An administrator keeps the record of a company: who answers, until when, and where."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

from accessportal.accounts.models import Vendor
from accessportal.audit.models import AuditEvent
from accessportal.errors import NotAllowed, NotPossible
from accessportal.plants.models import Asset, VendorAsset
from accessportal.plants.services.catalogue import change_asset
from accessportal.plants.services.vendors import add_vendor, change_vendor
from requests.access import endpoints_to_ask_for, sites_to_ask_for
from tests.cast import Plant, origin

pytestmark = pytest.mark.django_db


def values(**other: Any) -> dict[str, Any]:
    return {
        "name": "Hygia Cleaning",
        "services": "Cleaning in place",
        "criticality": "high",
        "sponsor": None,
        "contract_ends_at": timezone.now() + timedelta(days=200),
        "training_required": True,
        **other,
    }


def typed(**other: Any) -> dict[str, Any]:
    """What the form sends."""
    day = timezone.localdate() + timedelta(days=200)
    return {
        "name": "Hygia Cleaning",
        "criticality": "high",
        "contract_ends_on": day.isoformat(),
        **other,
    }


def test_adam_adds_a_vendor_with_its_sites_and_machines(
    plant: Plant, browser_of: Callable[..., Client]
) -> None:
    browser = browser_of(plant.adam)
    assert "/vendors/new/" in browser.get("/vendors/").content.decode()
    answer = browser.post(
        "/vendors/new/",
        typed(
            sponsor=plant.olga.pk,
            sites=[plant.north.pk],
            assets=[plant.palletiser.pk],
            nda_required="on",
            security_contact_phone="+49 1",
        ),
    )
    vendor = Vendor.objects.get(name="Hygia Cleaning")
    assert answer.url == "/vendors/hygia-cleaning/"
    assert (list(vendor.sites.all()), list(vendor.assets.all())) == (
        [plant.north],
        [plant.palletiser],
    )
    assert vendor.sponsor == plant.olga and vendor.nda_required
    end = vendor.contract_ends_at.astimezone(ZoneInfo(plant.adam.time_zone))
    assert f"{end:%H:%M}" == "23:59"
    event = AuditEvent.objects.get(event="vendor.changed")
    assert event.detail["added"] and event.detail["changes"]["assets"] == "Palletiser"
    page = browser.get(answer.url).content.decode()
    assert "Security contact" in page and "Non-disclosure agreement" in page


@pytest.mark.parametrize(
    ("other", "about"),
    [
        ({"name": ""}, "required"),
        ({"name": "Fillwerk Service"}, "already exists"),
        ({"contract_ends_on": "2020-01-01"}, "has passed"),
        ({"contract_ends_on": "2999-01-01"}, "too far away"),
        ({"criticality": "enormous"}, "valid choice"),
        ({"assets": ["{washer}"], "sites": ["{north}"]}, "may not work"),
        ({"sponsor": "{vera}"}, "valid choice"),
        ({"contact_email": "nobody"}, "valid email"),
    ],
)
def test_what_cannot_be_a_vendor(
    plant: Plant, browser_of: Callable[..., Client], other: dict[str, Any], about: str
) -> None:
    ids = {
        "washer": plant.bottle_washer.pk, "north": plant.north.pk, "vera": plant.vera.pk,
    }  # fmt: skip

    def filled(value: Any) -> Any:
        if isinstance(value, list):
            return [one.format(**ids) for one in value]
        return value.format(**ids)

    data = {name: filled(value) for name, value in other.items()}
    answer = browser_of(plant.adam).post("/vendors/new/", typed(**data))
    assert answer.status_code == 422
    assert about in answer.content.decode()
    assert Vendor.objects.count() == 2


def test_a_change_keeps_before_and_after(plant: Plant) -> None:
    before = plant.fillwerk.contract_ends_at
    facts = {"acting_user": plant.adam, "origin": origin()}
    wanted = values(
        name="Fillwerk Service", contract_ends_at=before, sponsor=plant.omar
    )
    change_vendor(plant.fillwerk, wanted, sites=[plant.north],
                  assets=[plant.filling_line], **facts)  # fmt: skip
    event = AuditEvent.objects.get(event="vendor.changed")
    changes = event.detail["changes"]
    assert changes["sponsor"] == ["Olga Olsen", "Omar Ortega"]
    assert changes["sites"] == ["Plant North, Plant South", "Plant North"]
    assert changes["assets"] == ["Bottle washer, Filling line 3", "Filling line 3"]
    assert "name" not in changes and "contract_ends_at" not in changes
    # What the company usually does on a machine that it keeps is not lost.
    link = VendorAsset.objects.get(vendor=plant.fillwerk)
    assert link.usual_work == "Filler and capper"
    change_vendor(plant.fillwerk, wanted, sites=[plant.north],
                  assets=[plant.filling_line], **facts)  # fmt: skip
    assert AuditEvent.objects.filter(event="vendor.changed").count() == 1


def test_only_an_administrator_and_only_what_can_be(plant: Plant) -> None:
    for who in (plant.olga, plant.ivan, plant.cora, plant.vera):
        with pytest.raises(NotAllowed):
            add_vendor(values(), sites=[], assets=[], acting_user=who, origin=origin())
    facts = {"acting_user": plant.adam, "origin": origin()}
    with pytest.raises(NotPossible, match="somebody of the plant"):
        add_vendor(values(sponsor=plant.vera), sites=[], assets=[], **facts)
    with pytest.raises(NotPossible, match="suspend it"):
        past = values(contract_ends_at=timezone.now() - timedelta(days=1))
        add_vendor(past, sites=[], assets=[], **facts)
    with pytest.raises(NotPossible, match="may not work"):
        add_vendor(values(), sites=[], assets=[plant.palletiser], **facts)


def test_a_vendor_called_new_does_not_hide_the_form(plant: Plant) -> None:
    vendor = add_vendor(
        values(name="New"), sites=[], assets=[], acting_user=plant.adam, origin=origin()
    )
    assert vendor.slug == "new-2"


def test_a_site_that_is_taken_away_takes_its_machines_away(plant: Plant) -> None:
    """Deny by default: a machine counts only at a site where the company may work."""
    assert sites_to_ask_for(plant.vera) == [plant.north, plant.south]
    plant.fillwerk.sites.remove(plant.south)
    assert sites_to_ask_for(plant.vera) == [plant.north]
    assert plant.washer_hmi not in endpoints_to_ask_for(plant.vera)
    plant.fillwerk.sites.clear()
    assert endpoints_to_ask_for(plant.vera) == []


def test_a_machine_is_given_only_to_who_may_work_at_its_site(plant: Plant) -> None:
    asset = Asset.objects.get(pk=plant.bottle_washer.pk)
    with pytest.raises(NotPossible, match="Nordpack Robotics may not work at"):
        change_asset(
            asset,
            {"name": asset.name, "zone": asset.zone},
            vendors=[plant.nordpack],
            acting_user=plant.adam,
            origin=origin(),
        )


def test_a_supervisor_sees_the_machines_of_the_own_site_and_a_sponsor_all(
    plant: Plant, browser_of: Callable[..., Client]
) -> None:
    assert plant.fillwerk.sponsor == plant.olga
    page = browser_of(plant.omar).get("/vendors/fillwerk-service/").content.decode()
    assert "Bottle washer" in page and "Filling line 3" not in page
    page = browser_of(plant.olga).get("/vendors/fillwerk-service/").content.decode()
    assert "Bottle washer" in page and "Filling line 3" in page
