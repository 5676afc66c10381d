"""Adam keeps the plant's machines in order; every change leaves a trace."""

from __future__ import annotations

import pytest

from accessportal.audit.models import AuditEvent
from accessportal.errors import NotAllowed, NotPossible
from accessportal.plants.models import Asset, Endpoint, Site
from accessportal.plants.services.catalogue import (
    add_asset,
    add_site,
    add_zone,
    change_asset,
    change_endpoint,
    change_site,
    pin_host_key,
)
from tests.cast import make_person, origin

pytestmark = pytest.mark.django_db


def asset_values(zone, **changes):
    return {
        "name": "Labeller",
        "zone": zone,
        "description": "",
        "location": "Hall B",
        "manufacturer": "",
        "criticality": "medium",
        **changes,
    }


def changes_of(event: str = "asset.changed") -> dict:
    return AuditEvent.objects.filter(event=event).latest("id").detail["changes"]


def test_adam_adds_a_machine_for_a_vendor(adam, north, fillwerk):
    asset = add_asset(
        north,
        asset_values(north.zones.first()),
        vendors=[fillwerk],
        acting_user=adam,
        origin=origin(),
    )
    assert asset.slug == "north-labeller"
    assert list(asset.vendors.all()) == [fillwerk]
    assert changes_of()["vendors"] == [fillwerk.name]


def test_two_machines_of_one_name_in_two_zones(adam, north):
    first, second = (
        add_asset(
            north, asset_values(zone), vendors=[], acting_user=adam, origin=origin()
        )
        for zone in north.zones.all()
    )
    assert (first.slug, second.slug) == ("north-labeller", "north-labeller-2")


def test_one_name_once_in_a_zone(adam, filling_line, north):
    with pytest.raises(NotPossible) as error:
        add_asset(
            north,
            asset_values(filling_line.zone, name=filling_line.name),
            vendors=[],
            acting_user=adam,
            origin=origin(),
        )
    assert error.value.code == "name_taken"


def test_not_in_a_zone_of_another_site(adam, north, south):
    with pytest.raises(NotPossible) as error:
        add_asset(
            north,
            asset_values(south.zones.first()),
            vendors=[],
            acting_user=adam,
            origin=origin(),
        )
    assert error.value.code == "zone_of_other_site"


def test_a_change_says_from_what_to_what(adam, filling_line, nordpack, fillwerk):
    change_asset(
        filling_line,
        {"zone": filling_line.zone, "location": "Hall D"},
        vendors=[nordpack],
        acting_user=adam,
        origin=origin(),
    )
    assert changes_of() == {
        "location": ["Hall B", "Hall D"],
        "vendors": [fillwerk.name, nordpack.name],
    }


def test_saving_without_a_change_is_no_event(adam, filling_line):
    change_asset(
        filling_line,
        {"zone": filling_line.zone, "location": filling_line.location},
        vendors=list(filling_line.vendors.all()),
        acting_user=adam,
        origin=origin(),
    )
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("who", ["olga", "omar", "cora", "ivan", "vera"])
def test_others_change_nothing(request, who, filling_line, filling_hmi, north):
    person = request.getfixturevalue(who)
    acts = [
        lambda: change_site(north, {"name": "X"}, acting_user=person, origin=origin()),
        lambda: add_zone(north, name="X", acting_user=person, origin=origin()),
        lambda: change_asset(
            filling_line,
            {"zone": filling_line.zone},
            vendors=[],
            acting_user=person,
            origin=origin(),
        ),
        lambda: change_endpoint(
            filling_hmi, {"port": 1}, acting_user=person, origin=origin()
        ),
        lambda: add_site({"name": "X"}, acting_user=person, origin=origin()),
    ]
    for act in acts:
        with pytest.raises(NotAllowed):
            act()


def test_an_administrator_of_one_site_stays_there(north, south, washer_hmi):
    ada = make_person("Ada Ask", roles=[("administrator", north)])
    with pytest.raises(NotAllowed):
        change_endpoint(washer_hmi, {"port": 1}, acting_user=ada, origin=origin())
    with pytest.raises(NotAllowed):
        add_site({"name": "X"}, acting_user=ada, origin=origin())


def test_another_address_lets_go_of_the_pinned_key(adam, filling_gateway):
    pin_host_key(filling_gateway, "ssh-ed25519 AAAA", acting_user=adam, origin=origin())
    assert changes_of("asset.hostkey.pinned") == {"host_key": ["", "ssh-ed25519 AAAA"]}

    changed = change_endpoint(
        filling_gateway, {"max_clients": 4}, acting_user=adam, origin=origin()
    )
    assert changed.host_key == "ssh-ed25519 AAAA"

    changed = change_endpoint(
        filling_gateway, {"host": "192.168.0.99"}, acting_user=adam, origin=origin()
    )
    assert changed.host_key == ""


def test_only_ssh_has_a_host_key(adam, filling_hmi):
    with pytest.raises(NotPossible):
        pin_host_key(filling_hmi, "ssh-ed25519 AAAA", acting_user=adam, origin=origin())


class TestPages:
    ENDPOINT = {
        "name": "Spare panel",
        "protocol": "vnc",
        "host": "192.168.0.77",
        "port": "5901",
        "max_clients": "1",
        "probe": "tcp",
        "end_action": "leave",
        "release_style": "in_place",
        "stale_after_ms": "1000",
        "keyboard_layout": "de-de-qwertz",
        "rdp_security": "any",
    }

    def test_a_whole_plant_from_nothing(self, browser_of, adam, fillwerk):
        browser = browser_of(adam)
        response = browser.post(
            "/plants/sites/new/",
            {
                "name": "Plant West",
                "time_zone": "Europe/Lisbon",
                "staffed_weekdays": ["1", "2", "3"],
                "staffed_from": "07:00",
                "staffed_until": "15:30",
            },
        )
        site = Site.objects.get(name="Plant West")
        assert response.headers["Location"] == "/plants/sites/plant-west/"
        assert site.staffed_weekdays == "123"

        browser.post("/plants/sites/plant-west/zones/new/", {"name": "Packaging"})
        zone = site.zones.get(name="Packaging")
        fillwerk.sites.add(site)
        browser.post(
            "/plants/sites/plant-west/assets/new/",
            {
                "name": "Wrapper",
                "zone": zone.pk,
                "criticality": "high",
                "on_record_failure": "grace",
                "record_grace_seconds": "90",
                "attendance_minutes": "10",
                "vendors": [fillwerk.pk],
            },
        )
        asset = Asset.objects.get(name="Wrapper")
        assert (asset.on_record_failure, asset.record_grace_seconds) == ("grace", 90)
        browser.post(f"/plants/assets/{asset.slug}/endpoints/new/", self.ENDPOINT)
        endpoint = Endpoint.objects.get(asset=asset)
        assert (endpoint.host, endpoint.port) == ("192.168.0.77", 5901)
        page = browser.get(f"/plants/assets/{asset.slug}/").content.decode()
        assert "192.168.0.77:5901" in page and "Not encrypted" in page

    @pytest.mark.parametrize(
        ("field", "value", "sentence"),
        [
            ("host", "vnc://10.0.0.1", "without a protocol"),
            ("host", "10.0.0.1 ; rm", "without a protocol"),
            ("host", "-oProxyCommand=x", "without a protocol"),
            ("port", "0", "greater than or equal to 1"),
            ("port", "70000", "less than or equal to 65535"),
            ("max_clients", "0", "greater than or equal to 1"),
            ("fixed_width", "1024", "both the width and the height"),
            ("username_prompt", "login(", "not a regular expression"),
            ("name", "HMI", "with this name already"),
        ],
    )
    def test_what_cannot_be_an_endpoint(
        self, browser_of, adam, filling_line, field, value, sentence
    ):
        response = browser_of(adam).post(
            f"/plants/assets/{filling_line.slug}/endpoints/new/",
            {**self.ENDPOINT, field: value},
        )
        assert response.status_code == 422
        assert sentence in response.content.decode()
        assert filling_line.endpoints.count() == 3

    def test_a_time_zone_that_is_none(self, browser_of, adam, north):
        response = browser_of(adam).post(
            "/plants/sites/north/edit/",
            {
                "name": "Plant North",
                "time_zone": "Europe/Nowhere",
                "staffed_weekdays": ["1"],
                "staffed_from": "07:00",
                "staffed_until": "15:30",
            },
        )
        assert response.status_code == 422
        assert "is not a time zone" in response.content.decode()

    def test_adam_changes_an_endpoint(self, browser_of, adam, filling_hmi):
        browser_of(adam).post(
            f"/plants/endpoints/{filling_hmi.pk}/edit/",
            {**self.ENDPOINT, "takes_local_screen": "on"},
        )
        filling_hmi.refresh_from_db()
        assert filling_hmi.takes_local_screen and filling_hmi.name == "Spare panel"

    def test_olga_sees_no_buttons_to_change(self, browser_of, olga, filling_line):
        page = (
            browser_of(olga)
            .get(f"/plants/assets/{filling_line.slug}/")
            .content.decode()
        )
        assert "/edit/" not in page and "/check/" not in page
