"""The demo's two sites, their zones and machines, and who services them.

Four endpoints are the machines that the demo starts on loopback. The others stand at
addresses reserved for documentation (RFC 5737): nobody's network has them, so a
connection attempt harms nobody and fails as one to a switched-off machine does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from accessportal.accounts.dates import last_minute_of
from accessportal.accounts.models import User, Vendor
from accessportal.audit import record
from accessportal.demo.companies import FILLWERK, NORDPACK, RECORDS
from accessportal.demo.people import CAST, OTHERS, ensure_person
from accessportal.plants.models import (
    Asset,
    Credential,
    Endpoint,
    Site,
    VendorAsset,
    Zone,
)
from accessportal.plants.vault import Secrets, open_secrets, store_secrets

SITES = (
    {
        "slug": "north",
        "name": "Plant North",
        "time_zone": "Europe/Berlin",
        "control_room_phone": "+49 4131 555 0100",
    },
    {
        "slug": "south",
        "name": "Plant South",
        "time_zone": "America/Chicago",
        "control_room_phone": "+1 815 555 0100",
    },
)
ZONES = {
    "north": (
        ("Filling", "Fillers, cappers and labellers of lines 1 to 4"),
        ("Packaging", "Palletisers and wrappers, hall D"),
        ("Utilities", "Cleaning in place, cooling, compressed air"),
        ("Cell gateways", "Ways into the cell networks; nothing that moves"),
    ),
    "south": (
        ("Washing", "Bottle washer and crate washer"),
        ("Filling", "Lines 7 and 8"),
        ("Packaging", "Depalletisers and palletisers"),
        ("Utilities", "Refrigeration and pasteurising"),
    ),
}


@dataclass(frozen=True, kw_only=True)
class Machine:
    """An asset with its one endpoint. `target`: the key of the demo machine behind it."""

    slug: str
    name: str
    site: str
    zone: str
    description: str
    location: str
    manufacturer: str
    endpoint: str
    protocol: str
    criticality: str = "medium"
    vendors: tuple[str, ...] = ()
    usual_work: str = ""
    target: str = ""
    host: str = ""
    port: int = 0
    max_clients: int = 1
    takes_local_screen: bool = False


MACHINES = (
    Machine(
        slug="filling-line-3", name="Filling line 3", site="north", zone="Filling",
        description="Fills 0.5 l bottles, up to 24 000 an hour", location="Hall B",
        manufacturer="Fillwerk", endpoint="Operator panel", protocol="vnc", target="vnc",
        criticality="high", vendors=(FILLWERK,),
        usual_work="Filler and capper set-up, format changes",
    ),
    Machine(
        slug="capper-cp-3", name="Capper CP-3", site="north", zone="Filling",
        description="Capper of filling line 3", location="Hall B",
        manufacturer="Fillwerk", endpoint="Controller console", protocol="telnet",
        target="telnet", vendors=(FILLWERK,), usual_work="Torque set-points, diagnosis",
    ),
    Machine(
        slug="plant-gateway-gw-1", name="Plant gateway GW-1", site="north",
        zone="Cell gateways", description="Recipes and historian buffer of line 3",
        location="Hall B, cabinet 12", manufacturer="Fillwerk", endpoint="Shell",
        protocol="ssh", target="ssh", max_clients=3, vendors=(FILLWERK,),
        usual_work="Recipe upload, log files",
    ),
    Machine(
        slug="palletiser-2", name="Palletiser 2", site="north", zone="Packaging",
        description="Gantry palletiser behind lines 3 and 4", location="Hall D",
        manufacturer="Nordpack", endpoint="Engineering station", protocol="rdp",
        target="rdp", criticality="high", takes_local_screen=True, vendors=(NORDPACK,),
        usual_work="Pallet patterns, gripper and vacuum",
    ),
    Machine(
        slug="labeller-lb-3", name="Labeller LB-3", site="north", zone="Filling",
        description="Wrap-around labeller of line 3", location="Hall B",
        manufacturer="Fillwerk", endpoint="Operator panel", protocol="vnc",
        host="192.0.2.13", port=5900, vendors=(FILLWERK,), usual_work="Label web, camera",
    ),
    Machine(
        slug="filling-line-1", name="Filling line 1", site="north", zone="Filling",
        description="Fills 1.0 l bottles; the oldest line", location="Hall A",
        manufacturer="Fillwerk", endpoint="Operator panel", protocol="vnc",
        host="192.0.2.20", port=5900, criticality="high", vendors=(FILLWERK,),
        usual_work="Filler valves",
    ),
    Machine(
        slug="stretch-wrapper-w-2", name="Stretch wrapper W-2", site="north",
        zone="Packaging", description="Wraps pallets of palletiser 2", location="Hall D",
        manufacturer="Nordpack", endpoint="Operator panel", protocol="vnc",
        host="192.0.2.31", port=5900, vendors=(NORDPACK,), usual_work="Film tension",
    ),
    Machine(
        slug="cip-station-1", name="CIP station 1", site="north", zone="Utilities",
        description="Cleaning in place for halls A and B", location="Cellar",
        manufacturer="Hygia", endpoint="Operator panel", protocol="rdp",
        host="192.0.2.44", port=3389, criticality="high", takes_local_screen=True,
        vendors=(FILLWERK,), usual_work="Run times of pumps and valves",
    ),
    Machine(
        slug="bottle-washer", name="Bottle washer", site="south", zone="Washing",
        description="Washes returned glass, 30 000 an hour", location="Hall 1",
        manufacturer="Fillwerk", endpoint="Operator panel", protocol="vnc",
        host="198.51.100.20", port=5900, vendors=(FILLWERK,), usual_work="Caustic dosing",
    ),
    Machine(
        slug="filling-line-7", name="Filling line 7", site="south", zone="Filling",
        description="Fills 0.33 l bottles", location="Hall 2", manufacturer="Fillwerk",
        endpoint="Operator panel", protocol="vnc", host="198.51.100.27", port=5900,
        criticality="high", vendors=(FILLWERK,), usual_work="Filler and capper",
    ),
    Machine(
        slug="depalletiser-1", name="Depalletiser 1", site="south", zone="Packaging",
        description="Sweeps empty glass onto line 7", location="Hall 2",
        manufacturer="Nordpack", endpoint="Engineering station", protocol="rdp",
        host="198.51.100.31", port=3389, takes_local_screen=True, vendors=(NORDPACK,),
        usual_work="Layer sweep timing",
    ),
    Machine(
        slug="pasteuriser-p-1", name="Pasteuriser P-1", site="south", zone="Utilities",
        description="Tunnel pasteuriser behind line 7", location="Hall 2",
        manufacturer="Hygia", endpoint="Controller console", protocol="telnet",
        host="198.51.100.40", port=23, criticality="high",
    ),
    Machine(
        slug="chiller-ch-2", name="Chiller CH-2", site="south", zone="Utilities",
        description="Ammonia chiller; nobody from outside works on it", location="Annex",
        manufacturer="Kelvin", endpoint="Shell", protocol="ssh", host="198.51.100.52",
        port=22, criticality="high",
    ),
)  # fmt: skip


@dataclass(frozen=True)
class DemoPlant:
    """What the stories need to find: people by key, machines by slug."""

    people: dict[str, User]
    endpoints: dict[str, Endpoint]


def ensure_plant(targets: Iterable[dict[str, Any]]) -> DemoPlant:
    """Make what is missing; what a person has changed since stays changed.

    `targets` are the facts of the running demo machines: their addresses, credentials and
    host keys are always brought up to date.
    """
    sites = {site["slug"]: _ensure_site(site) for site in SITES}
    vendors = {slug: _ensure_vendor(slug, facts) for slug, facts in RECORDS.items()}
    people = {
        person.key: ensure_person(person, vendors, sites) for person in (*CAST, *OTHERS)
    }
    _ensure_sponsors(vendors, people["olga"])
    facts = {target["key"]: target for target in targets}
    endpoints = {
        machine.slug: _ensure_machine(machine, sites[machine.site], vendors, facts)
        for machine in MACHINES
    }
    return DemoPlant(people, endpoints)


def _ensure_site(facts: dict[str, str]) -> Site:
    site, _ = Site.objects.get_or_create(slug=facts["slug"], defaults=facts)
    for name, description in ZONES[facts["slug"]]:
        Zone.objects.get_or_create(
            site=site, name=name, defaults={"description": description}
        )
    return site


def _ensure_vendor(slug: str, facts: dict[str, Any]) -> Vendor:
    with timezone.override(SITES[0]["time_zone"]):
        last_day = timezone.localdate() + timedelta(days=2 * 365)
        ends_at = last_minute_of(last_day)
    vendor, _ = Vendor.objects.get_or_create(
        slug=slug, defaults={**facts, "contract_ends_at": ends_at}
    )
    return vendor


def _ensure_sponsors(vendors: dict[str, Vendor], sponsor: User) -> None:
    for vendor in vendors.values():
        if vendor.sponsor is None:
            vendor.sponsor = sponsor
            vendor.save(update_fields=["sponsor"])


def _ensure_machine(
    machine: Machine,
    site: Site,
    vendors: dict[str, Vendor],
    targets: dict[str, dict[str, Any]],
) -> Endpoint:
    endpoint = Endpoint.objects.filter(asset__slug=machine.slug).first()
    target = targets.get(machine.target, {})
    if endpoint is None:
        endpoint = _make_machine(machine, site, vendors, target)
    if target:
        _bring_up_to_date(endpoint, target)
    return endpoint


def _make_machine(
    machine: Machine, site: Site, vendors: dict[str, Vendor], target: dict[str, Any]
) -> Endpoint:
    asset = Asset.objects.create(
        zone=Zone.objects.get(site=site, name=machine.zone),
        slug=machine.slug,
        name=machine.name,
        description=machine.description,
        location=machine.location,
        manufacturer=machine.manufacturer,
        criticality=machine.criticality,
    )
    for slug in machine.vendors:
        vendors[slug].sites.add(site)
    VendorAsset.objects.bulk_create(
        VendorAsset(vendor=vendors[slug], asset=asset, usual_work=machine.usual_work)
        for slug in machine.vendors
    )
    endpoint = Endpoint.objects.create(
        asset=asset,
        name=machine.endpoint,
        protocol=machine.protocol,
        host=target.get("host") or machine.host or "192.0.2.1",
        port=target.get("port") or machine.port or 1,
        max_clients=machine.max_clients,
        takes_local_screen=machine.takes_local_screen,
        ignore_certificate=machine.protocol == Endpoint.Protocol.RDP,
        probe=Endpoint.Probe.FULL if machine.target else Endpoint.Probe.TCP,
        # The demo's screens have one size and do not follow the browser's.
        fixed_width=1280 if machine.target in ("vnc", "rdp") else None,
        fixed_height=800 if machine.target in ("vnc", "rdp") else None,
    )
    record("asset.changed", subject=asset, site=site)
    return endpoint


def _bring_up_to_date(endpoint: Endpoint, target: dict[str, Any]) -> None:
    """Follow the demo machine to where it runs now, with its credential and host key."""
    site = endpoint.asset.zone.site
    wanted = {name: target[name] for name in ("host", "port", "host_key")}
    if any(getattr(endpoint, name) != value for name, value in wanted.items()):
        Endpoint.objects.filter(pk=endpoint.pk).update(**wanted)
        endpoint.refresh_from_db()
        record("asset.changed", subject=endpoint, site=site)
    secrets = Secrets(
        username=target["username"],
        password=target["password"],
        private_key=target["private_key"],
    )
    if open_secrets(endpoint) != secrets:
        credential = Credential.objects.filter(endpoint=endpoint).first() or Credential(
            endpoint=endpoint
        )
        store_secrets(credential, secrets)
        credential.changed_at = timezone.now()
        credential.save()
        record("credential.changed", subject=endpoint, site=site)
