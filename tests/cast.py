"""The people and the plant that every test's story is about.

Vera (contractor of Fillwerk), Victor (contractor of another vendor), Olga (OT supervisor,
plant North), Omar (OT supervisor, plant South), Cora (compliance), Ivan (IT security) and
Adam (administrator) at both. `make_plant()` makes them all; each is also a fixture.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import connection
from django.test import Client
from django.utils import timezone
from django_otp import DEVICE_ID_SESSION_KEY

from accessportal.accounts.models import (
    AuthenticatorApp,
    RoleGrant,
    User,
    Vendor,
    WebSession,
)
from accessportal.accounts.notice import NOTICE_VERSION, note_acceptance
from accessportal.accounts.web_sessions import cookie_hash, open_web_session
from accessportal.numbers import next_number
from accessportal.origin import Origin
from accessportal.plants.models import (
    Asset,
    Credential,
    Endpoint,
    ProductionFreeze,
    Site,
    VendorAsset,
    Zone,
)
from accessportal.plants.vault import Secrets, store_secrets
from requests.demanded import demands_now
from requests.models import (
    AccessRequest,
    ApprovalDecision,
    ApprovalPolicy,
    EmergencyLook,
    MaintenanceWindow,
    RequestedEndpoint,
    RequestedPerson,
    SkippedStep,
)
from requests.steps import ask_steps

Role = RoleGrant.Role

PASSWORD = "correct horse battery staple"
TUESDAY_NOON = datetime(
    2026, 3, 10, 11, 0, tzinfo=UTC
)  # 12:00 at North, 06:00 at South


@dataclass
class Plant:
    """Everything `make_plant` made; the fixtures of the same names are its fields."""

    north: Site
    south: Site
    fillwerk: Vendor
    nordpack: Vendor
    vera: User
    victor: User
    olga: User
    omar: User
    cora: User
    adam: User
    ivan: User
    filling_line: Asset  # North; serviced by Fillwerk
    palletiser: Asset  # North; serviced by Nordpack only
    bottle_washer: Asset  # South; serviced by Fillwerk
    filling_hmi: Endpoint  # VNC, one client at a time, clear text
    filling_plc: Endpoint  # telnet, two clients
    filling_gateway: Endpoint  # SSH, three clients, with a stored credential
    palletiser_panel: Endpoint  # RDP, takes the local screen
    washer_hmi: Endpoint  # VNC at South


def make_plant() -> Plant:
    """Two sites, two vendors, the cast and a handful of machines."""
    north = Site.objects.create(
        name="Plant North",
        slug="north",
        time_zone="Europe/Berlin",
        control_room_phone="+49 30 1",
    )
    south = Site.objects.create(
        name="Plant South",
        slug="south",
        time_zone="America/Chicago",
        control_room_phone="+1 312 1",
    )
    adam = make_person("Adam Albers", roles=[(Role.ADMINISTRATOR, None)])
    olga = make_person("Olga Olsen", roles=[(Role.OT_SUPERVISOR, north)])
    omar = make_person("Omar Ortega", roles=[(Role.OT_SUPERVISOR, south)])
    cora = make_person("Cora Chen", roles=[(Role.COMPLIANCE, None)])
    ivan = make_person("Ivan Ivers", roles=[(Role.IT_SECURITY, None)])
    fillwerk = make_vendor("Fillwerk Service", sponsor=olga)
    nordpack = make_vendor("Nordpack Robotics", sponsor=olga)
    vera = make_person("Vera Vogt", vendor=fillwerk)
    victor = make_person("Victor Varga", vendor=nordpack)

    filling = Zone.objects.create(site=north, name="Filling")
    packaging = Zone.objects.create(site=north, name="Packaging")
    washing = Zone.objects.create(site=south, name="Washing")
    filling_line = make_asset(
        filling,
        "Filling line 3",
        fillwerk,
        location="Hall B",
        usual_work="Filler and capper",
    )
    palletiser = make_asset(packaging, "Palletiser", nordpack, location="Hall C")
    bottle_washer = make_asset(washing, "Bottle washer", fillwerk, location="Hall 1")
    plant = Plant(
        north=north,
        south=south,
        fillwerk=fillwerk,
        nordpack=nordpack,
        vera=vera,
        victor=victor,
        olga=olga,
        omar=omar,
        cora=cora,
        adam=adam,
        ivan=ivan,
        filling_line=filling_line,
        palletiser=palletiser,
        bottle_washer=bottle_washer,
        filling_hmi=make_endpoint(filling_line, "HMI", "vnc", 5900),
        filling_plc=make_endpoint(
            filling_line, "PLC console", "telnet", 23, max_clients=2
        ),
        filling_gateway=make_endpoint(
            filling_line, "Gateway", "ssh", 22, max_clients=3
        ),
        palletiser_panel=make_endpoint(
            palletiser, "Panel", "rdp", 3389, takes_local_screen=True
        ),
        washer_hmi=make_endpoint(bottle_washer, "HMI", "vnc", 5900),
    )
    credential = Credential(endpoint=plant.filling_gateway)
    store_secrets(credential, Secrets(username="service", password="asset-password"))
    credential.save()
    return plant


def make_person(
    full_name: str,
    *,
    vendor: Vendor | None = None,
    roles: list[tuple[str, Site | None]] | None = None,
    **fields: Any,
) -> User:
    """A person with a set-up second factor; the e-mail address is first.last@example.test."""
    fields.setdefault("email", full_name.lower().replace(" ", ".") + "@example.test")
    fields.setdefault("factors_confirmed_at", timezone.now() - timedelta(days=30))
    if vendor is not None:
        fields.setdefault("training_expires_at", timezone.now() + timedelta(days=365))
        fields.setdefault("sponsor_confirmed_at", timezone.now() - timedelta(days=30))
    person = User.objects.create_user(
        password=PASSWORD, full_name=full_name, vendor=vendor, **fields
    )
    if vendor is not None:
        note_acceptance(person, NOTICE_VERSION)
    for role, site in roles or []:
        RoleGrant.objects.create(user=person, role=role, site=site)
    AuthenticatorApp.objects.create(user=person, name="phone", confirmed=True)
    return person


def make_vendor(name: str, **fields: Any) -> Vendor:
    fields.setdefault("slug", name.lower().replace(" ", "-"))
    fields.setdefault("contract_ends_at", timezone.now() + timedelta(days=365))
    fields.setdefault("max_sessions", 1000)
    return Vendor.objects.create(name=name, **fields)


def make_asset(
    zone: Zone, name: str, *vendors: Vendor, usual_work: str = "", **fields: Any
) -> Asset:
    fields.setdefault("slug", f"{zone.site.slug}-{name.lower().replace(' ', '-')}")
    asset = Asset.objects.create(zone=zone, name=name, **fields)
    for vendor in vendors:
        vendor.sites.add(zone.site)
        VendorAsset.objects.create(asset=asset, vendor=vendor, usual_work=usual_work)
    return asset


def make_endpoint(
    asset: Asset, name: str, protocol: str, port: int, **fields: Any
) -> Endpoint:
    fields.setdefault("host", "192.168.0.10")
    return Endpoint.objects.create(
        asset=asset, name=name, protocol=protocol, port=port, **fields
    )


def make_freeze(
    site: Site, *, starts_in: timedelta, lasts: timedelta, **fields: Any
) -> ProductionFreeze:
    starts_at = timezone.now() + starts_in
    fields.setdefault("reason", "Christmas production")
    return ProductionFreeze.objects.create(
        site=site, starts_at=starts_at, ends_at=starts_at + lasts, **fields
    )


def make_request(
    requested_by: User,
    *endpoints: Endpoint,
    starts_in: timedelta = timedelta(hours=1),
    lasts: timedelta = timedelta(hours=2),
    companions: Sequence[User] = (),
    **fields: Any,
) -> AccessRequest:
    """A pending request as rows, without the verb; `fields` override anything."""
    now = timezone.now()
    fields.setdefault("number", next_number(AccessRequest.objects.all(), "REQ", now))
    fields.setdefault("site", endpoints[0].asset.zone.site)
    fields.setdefault("permission", AccessRequest.Permission.CONTROL)
    fields.setdefault("purpose", "Adjust the capper torque after the gearbox change")
    fields.setdefault("wanted_from", now + starts_in)
    fields.setdefault("wanted_until", fields["wanted_from"] + lasts)
    access_request = AccessRequest.objects.create(
        requested_by=requested_by, vendor=requested_by.vendor, **fields
    )
    for endpoint in endpoints:
        RequestedEndpoint.objects.create(
            access_request=access_request, endpoint=endpoint
        )
    for companion in companions:
        RequestedPerson.objects.create(access_request=access_request, user=companion)
    ask_steps(access_request, demands_now(access_request), now=now)
    return access_request


def make_policy(made_by: User, then: dict[str, Any] | None = None) -> ApprovalPolicy:
    """The next version of the approval policy: one rule that matches everything, or none."""
    rules = [{"name": "Everything", "then": then}] if then is not None else []
    return ApprovalPolicy.objects.create(
        version=ApprovalPolicy.objects.count() + 1,
        rules=rules,
        made_by=made_by,
        reason="Test",
    )


def make_window(
    requested_by: User,
    *endpoints: Endpoint,
    decided_by: User,
    starts_in: timedelta = -timedelta(minutes=5),
    lasts: timedelta = timedelta(hours=2),
    **fields: Any,
) -> MaintenanceWindow:
    """An approved request and its window as rows (by default open since five minutes)."""
    now = timezone.now()
    access_request = make_request(
        requested_by,
        *endpoints,
        starts_in=starts_in,
        lasts=lasts,
        state=AccessRequest.State.APPROVED,
        closed_at=now,
        closed_by=decided_by,
        **fields,
    )
    ApprovalDecision.objects.create(
        access_request=access_request,
        verdict=ApprovalDecision.Verdict.APPROVED,
        round=1,
        places=["role:ot_supervisor"],
        decided_by=decided_by,
        requested_by=requested_by,
        facts_hash="0" * 64,
        factor="totp",
    )
    return MaintenanceWindow.objects.create(
        access_request=access_request,
        opens_at=access_request.wanted_from,
        closes_at=access_request.wanted_until,
    )


def make_emergency(
    person: User, *endpoints: Endpoint, decided_by: User
) -> EmergencyLook:
    """Somebody who was let in at once, as rows, and the second look that is owed."""
    now = timezone.now()
    window = make_window(
        person,
        *endpoints,
        decided_by=decided_by,
        emergency_at=now,
        emergency_by=person,
        emergency_reason="The line is down since 03:00",
    )
    look = EmergencyLook.objects.create(
        access_request=window.access_request, look_due_at=now + timedelta(days=1)
    )
    SkippedStep.objects.create(look=look, who="role:ot_supervisor")
    return look


# --- Signing in -----------------------------------------------------------------------


def signed_in(
    client: Client, user: AbstractBaseUser, *, factor_age: float = 0.0
) -> Client:
    """Sign `user` in with password and a second factor used `factor_age` seconds ago."""
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    device = AuthenticatorApp.objects.filter(user=user, confirmed=True).first()
    web_session = client.session
    web_session["factor_kind"] = "totp"
    web_session["factor_at"] = time.time() - factor_age
    if device is not None:
        web_session["factor_device"] = device.persistent_id
        web_session[DEVICE_ID_SESSION_KEY] = device.persistent_id
    web_session.save()
    open_web_session(
        user,  # type: ignore[arg-type]
        cookie=web_session.session_key,
        factor_kind="totp",
        origin=origin(),
    )
    return client


def web_session_key_of(client: Client) -> str:
    """The key of the web session that this browser's cookie leads to."""
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    return WebSession.objects.get(cookie_hash=cookie_hash(cookie)).key


def origin(*, factor_age: float = 0.0, **fields: Any) -> Origin:
    """The origin of an act made with a second factor used `factor_age` seconds ago."""
    made = Origin(
        address="10.0.0.7",
        factor="totp",
        factor_at=time.time() - factor_age,
        web_session_ref="0123456789abcdef",
        user_agent="tests",
    )
    return replace(made, **fields)


@pytest.fixture
def browser_of(db: None) -> Callable[..., Client]:
    """`browser_of(vera)`: a new test client in which that person is signed in."""

    def make(
        user: User | None = None, *, factor_age: float = 0.0, **headers: Any
    ) -> Client:
        client = Client(**headers)
        return (
            client if user is None else signed_in(client, user, factor_age=factor_age)
        )

    return make


# --- The clock, and commits -----------------------------------------------------------


class Clock:
    """The time of a test: starts on a Tuesday, 12:00 at plant North, and goes on ticking."""

    def __init__(self, traveller: time_machine.Coordinates) -> None:
        self._traveller = traveller

    @property
    def now(self) -> datetime:
        return timezone.now()

    def move_to(self, moment: datetime) -> None:
        self._traveller.move_to(moment)

    def forward(self, **by: float) -> None:
        """`clock.forward(minutes=5)`"""
        self._traveller.shift(timedelta(**by))


@pytest.fixture
def clock() -> Iterator[Clock]:
    """Ask for it before the cast, so that the cast lives in the same time."""
    with time_machine.travel(TUESDAY_NOON, tick=True) as traveller:
        yield Clock(traveller)


@pytest.fixture
def committed(
    db: None, django_capture_on_commit_callbacks: Any
) -> Callable[[], AbstractContextManager[None]]:
    """`with committed():` runs what the acts inside left for after the commit.

    Does nothing in a test with `transactional_db`: there commits are real.
    """

    @contextmanager
    def committing() -> Iterator[None]:
        if not connection.in_atomic_block:
            yield
            return
        with django_capture_on_commit_callbacks(execute=True):
            yield

    return committing


# --- The cast as fixtures -------------------------------------------------------------


@pytest.fixture
def plant(request: pytest.FixtureRequest, db: None) -> Plant:
    from tests.planted import planted

    clock = "clock" in request.fixturenames
    if clock:
        request.getfixturevalue("clock")
    return planted(clock=clock)


def _member(name: str) -> Any:
    def member(plant: Plant) -> Any:
        return getattr(plant, name)

    member.__name__ = name
    return pytest.fixture(member)


@pytest.fixture
def tom(plant: Plant) -> User:
    """Vera's colleague, whom she may name to take part."""
    return make_person("Tom Thoma", vendor=plant.fillwerk)


north = _member("north")
south = _member("south")
fillwerk = _member("fillwerk")
nordpack = _member("nordpack")
vera = _member("vera")
victor = _member("victor")
olga = _member("olga")
omar = _member("omar")
cora = _member("cora")
adam = _member("adam")
ivan = _member("ivan")
filling_line = _member("filling_line")
palletiser = _member("palletiser")
bottle_washer = _member("bottle_washer")
filling_hmi = _member("filling_hmi")
filling_plc = _member("filling_plc")
filling_gateway = _member("filling_gateway")
palletiser_panel = _member("palletiser_panel")
washer_hmi = _member("washer_hmi")
