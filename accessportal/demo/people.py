"""The cast of the demo plant, with credentials that its data directory determines.

Passwords and authenticator secrets are derived from the installation's secret key, so
that a second start can print them again and two installations never share one.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.utils import timezone

from accessportal.accounts.factors import (
    RECOVERY_ALPHABET,
    RECOVERY_CODES,
    keep_recovery_codes,
)
from accessportal.accounts.models import AuthenticatorApp, RoleGrant, User, Vendor
from accessportal.accounts.notice import NOTICE_VERSION, note_acceptance
from accessportal.audit import record
from accessportal.plants.models import Site

Role = RoleGrant.Role

# Short, and none can be misheard for another.
WORDS = (
    "amber", "anchor", "apple", "autumn", "basalt", "beacon", "birch", "bottle",
    "bridge", "bronze", "canal", "candle", "cedar", "cobalt", "copper", "coral",
    "delta", "dragon", "dune", "eagle", "ember", "falcon", "forest", "garnet",
    "glacier", "granite", "harbour", "hazel", "heron", "island", "jasper", "juniper",
    "kettle", "lantern", "lemon", "linen", "maple", "marble", "meadow", "mercury",
    "nickel", "oak", "ocean", "olive", "orchid", "otter", "pebble", "pepper",
    "pine", "quartz", "raven", "river", "saddle", "salmon", "silver", "sparrow",
    "tango", "thunder", "tulip", "valley", "velvet", "walnut", "willow", "zephyr",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Cast:
    """One person. `site` is a slug; empty means every site.

    used_days_ago: when the account was last used, from today; None: never.
    """

    key: str
    name: str
    role: str
    email: str
    phone: str
    vendor: str = ""
    grant: str = ""
    site: str = ""
    time_zone: str = "Europe/Berlin"
    used_days_ago: int | None = 1


CAST = (
    Cast(
        key="vera", name="Vera Vogt", role="contractor", vendor="fillwerk-service",
        email="vera@fillwerk.example", phone="+49 4131 555 0140",
    ),
    Cast(
        key="victor", name="Victor Varga", role="contractor", vendor="nordpack-robotics",
        email="victor@nordpack.example", phone="+46 40 555 0177",
        time_zone="Europe/Stockholm",
    ),
    Cast(
        key="carla", name="Carla Corte", role="vendor coordinator",
        vendor="fillwerk-service", email="carla@fillwerk.example",
        phone="+49 4131 555 0146",
    ),
    Cast(
        key="olga", name="Olga Olsen", role="OT supervisor", grant=Role.OT_SUPERVISOR,
        site="north", email="olga@plant.example", phone="+49 4131 555 0210",
    ),
    Cast(
        key="omar", name="Omar Ortega", role="OT supervisor", grant=Role.OT_SUPERVISOR,
        site="south", email="omar@plant.example", phone="+1 815 555 0112",
        time_zone="America/Chicago",
    ),
    Cast(
        key="cora", name="Cora Chen", role="compliance", grant=Role.COMPLIANCE,
        email="cora@plant.example", phone="+49 4131 555 0233",
    ),
    Cast(
        key="ivan", name="Ivan Ivers", role="IT security", grant=Role.IT_SECURITY,
        email="ivan@plant.example", phone="+49 4131 555 0251",
    ),
    Cast(
        key="adam", name="Adam Albers", role="administrator", grant=Role.ADMINISTRATOR,
        email="adam@plant.example", phone="+49 4131 555 0260",
    ),
    # Whoever comes back as Paula needs the code in the newest file of the demo's `mail/`.
    Cast(
        key="paula", name="Paula Peters", role="contractor",
        vendor="fillwerk-service", email="paula@fillwerk.example",
        phone="+49 4131 555 0144", used_days_ago=61,
    ),
)  # fmt: skip

# They are there to be looked after, not to sign in as.
OTHERS = (
    Cast(
        key="nils", name="Nils Nowak", role="contractor", vendor="nordpack-robotics",
        email="nils@nordpack.example", phone="", used_days_ago=None,
    ),
    Cast(
        key="hanna", name="Hanna Holt", role="OT supervisor", grant=Role.OT_SUPERVISOR,
        site="north", email="hanna@plant.example", phone="+49 4131 555 0212",
        used_days_ago=3,
    ),
    Cast(
        key="david", name="David Diaz", role="OT supervisor", grant=Role.OT_SUPERVISOR,
        site="south", email="david@plant.example", phone="+1 815 555 0118",
        time_zone="America/Chicago", used_days_ago=9,
    ),
    Cast(
        key="greta", name="Greta Gruber", role="compliance", grant=Role.COMPLIANCE,
        email="greta@plant.example", phone="+49 4131 555 0235", used_days_ago=33,
    ),
)  # fmt: skip


def password_of(email: str) -> str:
    """Four words and two digits: easy to type from a terminal, long enough to be taken."""
    digest = _derived("password", email)
    words = [WORDS[byte % len(WORDS)] for byte in digest[:4]]
    return "-".join([*words, f"{digest[4] % 90 + 10}"])


def totp_key_of(email: str) -> bytes:
    return _derived("authenticator", email)[:20]


def totp_secret_of(email: str) -> str:
    """The secret as authenticator apps take it: base32 without padding."""
    return base64.b32encode(totp_key_of(email)).decode().rstrip("=")


def recovery_codes_of(email: str) -> list[str]:
    codes = []
    for number in range(RECOVERY_CODES):
        digest = _derived(f"recovery code {number}", email)
        codes.append(
            "".join(
                RECOVERY_ALPHABET[byte % len(RECOVERY_ALPHABET)] for byte in digest[:12]
            )
        )
    return codes


def sign_in_facts() -> list[dict[str, str]]:
    """Who can sign in and with what, for the terminal and `demo.json`."""
    return [
        {
            "role": person.role,
            "name": person.name,
            "email": person.email,
            "password": password_of(person.email),
            "totp_secret": totp_secret_of(person.email),
        }
        for person in CAST
    ]


def ensure_person(
    person: Cast, vendors: dict[str, Vendor], sites: dict[str, Site]
) -> User:
    """The person as a user who can sign in; one who is there already stays untouched."""
    known: User | None = User.objects.filter(email=person.email).first()
    if known is not None:
        return known
    now = timezone.now()
    used = _used_at(person)
    user: User = User.objects.create_user(
        person.email,
        password_of(person.email),
        full_name=person.name,
        phone=person.phone,
        vendor=vendors.get(person.vendor),
        time_zone=person.time_zone,
        created_at=min(now, used - timedelta(days=30)) if used else now,
        last_login=used,
        factors_confirmed_at=now if used else None,
        training_expires_at=now + timedelta(days=400) if person.vendor else None,
        sponsor_confirmed_at=now if person.vendor else None,
    )
    if person.vendor and used:
        note_acceptance(user, NOTICE_VERSION)
    if used:
        _give_factors(user, person)
    record("account.created", acting_user=user, subject=user)
    if person.grant:
        site = sites.get(person.site)
        grant = RoleGrant.objects.create(
            user=user, role=person.grant, site=site, granted_at=now
        )
        record("role.granted", subject=user, site=site, role=str(grant))
    return user


def _used_at(person: Cast) -> datetime | None:
    """By the real clock: the past is told with another one."""
    if person.used_days_ago is None:
        return None
    return datetime.now(UTC) - timedelta(days=person.used_days_ago)


def _give_factors(user: User, person: Cast) -> None:
    AuthenticatorApp.objects.create(
        user=user,
        name="authenticator",
        confirmed=True,
        key=totp_key_of(person.email).hex(),
    )
    keep_recovery_codes(user, recovery_codes_of(person.email))


def _derived(purpose: str, email: str) -> bytes:
    return hmac.digest(
        settings.SECRET_KEY.encode(), f"demo {purpose} {email}".encode(), hashlib.sha256
    )
