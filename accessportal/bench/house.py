"""The plant of a bench: people signed in, machines, an approved request, and its window.

Imported only where Django is set up.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone
from django_otp import DEVICE_ID_SESSION_KEY

from accessportal.accounts.models import AuthenticatorApp, RoleGrant, User, Vendor
from accessportal.accounts.web_sessions import open_web_session
from accessportal.bench.machines import Machine
from accessportal.origin import Origin
from accessportal.plants.models import (
    Asset,
    Credential,
    Endpoint,
    Site,
    VendorAsset,
    Zone,
)
from accessportal.plants.vault import Secrets, store_secrets
from requests.models import (
    AccessRequest,
    ApprovalDecision,
    MaintenanceWindow,
    RequestedEndpoint,
)

YEAR = timedelta(days=365)


@dataclass(frozen=True)
class Person:
    """Somebody signed in with a fresh second factor."""

    user: User
    cookie: str
    web_session_key: str
    origin: Origin

    def headers(self, public_url: str) -> dict[str, str]:
        """What their browser sends along."""
        return {
            "Cookie": f"{settings.SESSION_COOKIE_NAME}={self.cookie}",
            "Origin": public_url,
        }


@dataclass(frozen=True)
class House:
    """Vera works, Olga supervises; one endpoint for each machine, in their order."""

    vera: Person
    olga: Person
    window: MaintenanceWindow
    endpoints: list[Endpoint]


def furnish(machines: Sequence[Machine], *, closes_in: float) -> House:
    """Everything up to the start of a session; the window closes in so many seconds."""
    now = timezone.now()
    site = Site.objects.create(name="Plant North", slug="north", time_zone="UTC")
    zone = Zone.objects.create(site=site, name="Filling")
    vendor = Vendor.objects.create(
        name="Fillwerk",
        slug="fillwerk",
        contract_ends_at=now + YEAR,
        max_sessions=len(machines),
    )
    vendor.sites.add(site)
    olga = User.objects.create_user(
        email="olga@example.test", full_name="Olga Olsen", factors_confirmed_at=now
    )
    RoleGrant.objects.create(user=olga, role=RoleGrant.Role.OT_SUPERVISOR, site=site)
    vera = User.objects.create_user(
        email="vera@example.test",
        full_name="Vera Vogt",
        vendor=vendor,
        factors_confirmed_at=now,
        training_expires_at=now + YEAR,
        sponsor_confirmed_at=now,
    )
    endpoints = [
        _endpoint(zone, vendor, number, machine)
        for number, machine in enumerate(machines, 1)
    ]
    window = _window(site, vendor, vera, olga, endpoints, closes_in)
    return House(_signed_in(vera), _signed_in(olga), window, endpoints)


def _endpoint(zone: Zone, vendor: Vendor, number: int, machine: Machine) -> Endpoint:
    asset = Asset.objects.create(
        zone=zone, name=f"Machine {number}", slug=f"machine-{number}"
    )
    VendorAsset.objects.create(asset=asset, vendor=vendor)
    endpoint = Endpoint.objects.create(
        asset=asset,
        name="HMI",
        protocol="vnc",
        host=machine.host,
        port=machine.port,
    )
    if machine.password:
        credential = Credential(endpoint=endpoint)
        store_secrets(credential, Secrets(password=machine.password))
        credential.save()
    return endpoint


def _window(
    site: Site,
    vendor: Vendor,
    vera: User,
    olga: User,
    endpoints: Sequence[Endpoint],
    closes_in: float,
) -> MaintenanceWindow:
    now = timezone.now()
    access_request = AccessRequest.objects.create(
        number=f"REQ-{now.year}-0001",
        site=site,
        permission=AccessRequest.Permission.CONTROL,
        purpose="Measure what a session costs",
        requested_by=vera,
        vendor=vendor,
        wanted_from=now - timedelta(minutes=5),
        wanted_until=now + timedelta(seconds=closes_in),
        state=AccessRequest.State.APPROVED,
        closed_at=now,
        closed_by=olga,
    )
    for endpoint in endpoints:
        RequestedEndpoint.objects.create(
            access_request=access_request, endpoint=endpoint
        )
    ApprovalDecision.objects.create(
        access_request=access_request,
        verdict=ApprovalDecision.Verdict.APPROVED,
        round=1,
        places=["role:ot_supervisor"],
        decided_by=olga,
        requested_by=vera,
        facts_hash="0" * 64,
        factor="totp",
    )
    return MaintenanceWindow.objects.create(
        access_request=access_request,
        opens_at=access_request.wanted_from,
        closes_at=access_request.wanted_until,
    )


def _signed_in(user: User) -> Person:
    """A web session with a second factor used this moment."""
    device = AuthenticatorApp.objects.create(user=user, name="phone", confirmed=True)
    web_session = SessionStore()
    values: dict[str, Any] = {
        SESSION_KEY: str(user.pk),
        BACKEND_SESSION_KEY: "django.contrib.auth.backends.ModelBackend",
        HASH_SESSION_KEY: user.get_session_auth_hash(),
        DEVICE_ID_SESSION_KEY: device.persistent_id,
        "factor_kind": "totp",
        "factor_at": time.time(),
    }
    web_session.update(values)
    web_session.create()
    cookie = web_session.session_key or ""
    origin = Origin(
        address="127.0.0.1", factor="totp", factor_at=time.time(), user_agent="bench"
    )
    opened = open_web_session(user, cookie=cookie, factor_kind="totp", origin=origin)
    return Person(User.objects.get(pk=user.pk), cookie, opened.key, origin)
