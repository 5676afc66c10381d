"""The demo's two vendors as companies: their record, their people beside the cast, who left.

Carla, who coordinates Fillwerk, is of the cast and can sign in. The people here are to be
seen on pages: one waits to be confirmed, one's training lapses soon, one left last week. A
supervisor stood in at the other plant for some weeks.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from accessportal.accounts.models import RoleGrant, User, Vendor
from accessportal.accounts.notice import NOTICE_VERSION, note_acceptance
from accessportal.accounts.services.attestation import attest_staff, people_to_attest
from accessportal.accounts.services.employees import grant_role, revoke_role
from accessportal.accounts.services.vendor_people import (
    confirm_person,
    name_coordinator,
)
from accessportal.audit import record
from accessportal.demo.past import Step, origin_of
from accessportal.plants.models import Site
from sessions.services.departures import acknowledge_departure, report_leaver

FILLWERK, NORDPACK = "fillwerk-service", "nordpack-robotics"

RECORDS: dict[str, dict[str, Any]] = {
    FILLWERK: {
        "name": "Fillwerk Service",
        "services": "Fillers, cappers, washers and their control software",
        "criticality": Vendor.Criticality.HIGH,
        "training_required": True,
        "contact_name": "Frieda Falk, service desk",
        "contact_email": "service@fillwerk.example",
        "contact_phone": "+49 4131 555 0145",
        "security_contact_name": "Product security on call",
        "security_contact_email": "security@fillwerk.example",
        "security_contact_phone": "+49 4131 555 0149",
    },
    NORDPACK: {
        "name": "Nordpack Robotics",
        "services": "Palletisers and wrappers",
        "criticality": Vendor.Criticality.MEDIUM,
        "contact_name": "Nils Nord, dispatch",
        "contact_email": "dispatch@nordpack.example",
        "contact_phone": "+46 40 555 0170",
        "security_contact_name": "Incident line",
        "security_contact_phone": "+46 40 555 0199",
    },
}

# Name, address, company: people who do not sign in at the demo.
WAITING = ("Nadia Novak", "nadia@nordpack.example", NORDPACK)
LAPSING = ("Tom Thoma", "tom@fillwerk.example", FILLWERK)
LEFT = ("Paul Peters", "paul@fillwerk.example", FILLWERK)
TRAINING_LEFT = timedelta(days=20)
ATTESTED_DAYS_AGO, LEFT_DAYS_AGO, WAITS_FOR = 26, 9, timedelta(hours=3)
STOOD_IN_DAYS_AGO = 33, 13


def steps_of_companies(people: dict[str, User]) -> list[Step]:
    """What became of the vendors' people, each step on its day, through the same verbs."""
    now = timezone.now()
    carla, olga = people["carla"], people["olga"]
    made: dict[str, User] = {}

    def join(key: str, facts: tuple[str, str, str], **fields: Any) -> None:
        made[key] = _join(*facts, **fields)

    def confirm(key: str) -> None:
        made[key] = confirm_person(
            acting_user=olga, person=made[key], origin=origin_of("olga")
        )

    def attest() -> None:
        carla.refresh_from_db()
        vendor = carla.vendor
        assert vendor is not None  # she is Fillwerk's
        attest_staff(
            acting_user=carla,
            vendor=vendor,
            seen=[person.pk for person in people_to_attest(vendor)],
            origin=origin_of("carla"),
        )

    def leave() -> None:
        departure = report_leaver(
            made["left"],
            acting_user=carla,
            origin=origin_of("carla"),
            note="Works for another company from today on",
        )
        acknowledge_departure(departure, acting_user=olga, origin=origin_of("olga"))

    def stand_in(*, begins: bool) -> None:
        adam, hanna = people["adam"], people["hanna"]
        south = Site.objects.get(slug="south")
        who: dict[str, Any] = {"acting_user": adam, "origin": origin_of("adam")}
        if begins:
            grant_role(
                **who, person=hanna, role=RoleGrant.Role.OT_SUPERVISOR, site=south,
                reason="Stands in for Omar",
            )  # fmt: skip
        else:
            revoke_role(
                **who, grant=hanna.role_grants.get(site=south), reason="Omar is back"
            )

    def days(count: int) -> Any:
        return now - timedelta(days=count)

    soon = now + TRAINING_LEFT
    return [
        Step(days(39), lambda: join("left", LEFT)),
        Step(days(38), lambda: join("lapsing", LAPSING, training_expires_at=soon)),
        Step(days(37), lambda: confirm("left")),
        Step(days(36), lambda: confirm("lapsing")),
        Step(
            days(35),
            lambda: name_coordinator(
                acting_user=olga, person=carla, origin=origin_of("olga")
            ),
        ),
        Step(days(STOOD_IN_DAYS_AGO[0]), lambda: stand_in(begins=True)),
        Step(days(ATTESTED_DAYS_AGO), attest),
        Step(days(STOOD_IN_DAYS_AGO[1]), lambda: stand_in(begins=False)),
        Step(days(LEFT_DAYS_AGO), leave),
        Step(now - WAITS_FOR, lambda: join("waiting", WAITING)),
    ]


def _join(name: str, email: str, company: str, **fields: Any) -> User:
    """A person as an accepted invitation leaves them: with an account, not yet confirmed."""
    now = timezone.now()
    fields.setdefault("training_expires_at", now + timedelta(days=300))
    person = User.objects.create_user(
        email,
        None,
        full_name=name,
        vendor=Vendor.objects.get(slug=company),
        created_at=now,
        factors_confirmed_at=now,
        **fields,
    )
    note_acceptance(person, NOTICE_VERSION)
    record("account.created", acting_user=person, subject=person)
    return person
