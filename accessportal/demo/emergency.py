"""A night at the demo plant in which the line was down: asked, let in, looked at afterwards.

Vera had no phone with her that night: she was called back, and escorted.
"""

from __future__ import annotations

import uuid
from datetime import timedelta

from accessportal.accounts.services.vendor_people import note_callback_number
from accessportal.demo.past import Step, moment, origin_of, workday
from accessportal.demo.plant import DemoPlant
from accessportal.demo.stories import date_rows
from requests.facts import hash_of_facts, seen_by_approver
from requests.models import AccessRequest, EmergencyLook, Escort
from requests.services.approval import approve_request
from requests.services.emergency import Emergency, submit_emergency
from requests.services.escort import OfferedEscort, enter_by_code, offer_escort
from requests.services.later_look import take_look

MACHINE, DAYS_AGO, HOUR = "filling-line-1", -4, 3
REASON = (
    "Line 1 stands since 02:40: the filler does not leave cleaning, 20,000 litres wait"
)
PURPOSE = "Find the step that hangs, and start the filler again"
NOTE = (
    "The night shift called twice; read along the recording, nothing else was touched"
)
NUMBER = "+49 4131 555 0149"
ESCORT_REASON = "The phone with the app is in the other car, and the line stands"
ESCORT_NOTE = "Called at the number on record; the phone was back the next morning"


def steps_of_escort(plant: DemoPlant, made: dict[str, AccessRequest]) -> list[Step]:
    """Called back after Olga's yes, let in without a second factor, looked at in the morning."""
    endpoint, people = plant.endpoints[MACHINE], plant.people
    zone = endpoint.asset.zone.site.time_zone
    called_at = moment(workday(DAYS_AGO, zone), HOUR, 21, zone)
    offered: list[OfferedEscort] = []

    def note_number() -> None:
        note_callback_number(
            acting_user=people["adam"],
            person=people["vera"],
            number=NUMBER,
            origin=origin_of("adam"),
        )

    def call() -> None:
        offered.append(
            offer_escort(
                made["request"],
                acting_user=people["olga"],
                origin=origin_of("olga"),
                factor_lost=True,
                spoken=True,
                reason=ESCORT_REASON,
            )
        )

    def enter() -> None:
        enter_by_code(
            acting_user=people["vera"],
            code=offered[0].code,
            origin=origin_of("vera"),
            web_session_ref="of-the-demo",
            factor_used=False,
        )

    def look() -> None:
        take_look(
            offered[0].escort,
            acting_user=people["ivan"],
            origin=origin_of("ivan"),
            verdict=Escort.Verdict.JUSTIFIED,
            note=ESCORT_NOTE,
        )

    return [
        Step(called_at - timedelta(days=12), note_number),
        Step(called_at, call),
        Step(called_at + timedelta(minutes=1), enter),
        Step(called_at + timedelta(hours=6), look),
    ]


def steps_of_emergency(plant: DemoPlant) -> list[Step]:
    endpoint = plant.endpoints[MACHINE]
    site, people = endpoint.asset.zone.site, plant.people
    asked_at = moment(workday(DAYS_AGO, site.time_zone), HOUR, 12, site.time_zone)
    made: dict[str, AccessRequest] = {}

    def ask() -> None:
        made["request"] = submit_emergency(
            Emergency(
                site=site,
                person=people["vera"],
                endpoint_ids=[endpoint.pk],
                permission=AccessRequest.Permission.CONTROL,
                reason=REASON,
                purpose=PURPOSE,
                minutes=60,
            ),
            acting_user=people["vera"],
            origin=origin_of("vera"),
            submission_key=uuid.uuid5(uuid.NAMESPACE_URL, "demo:emergency"),
        )

    def let_in() -> None:
        window = approve_request(
            made["request"],
            acting_user=people["olga"],
            origin=origin_of("olga"),
            facts_hash=hash_of_facts(seen_by_approver(made["request"])),
            reason="",
        )
        date_rows(made["request"], window)

    def look() -> None:
        take_look(
            EmergencyLook.objects.get(access_request=made["request"]),
            acting_user=people["ivan"],
            origin=origin_of("ivan"),
            verdict=EmergencyLook.Verdict.JUSTIFIED,
            note=NOTE,
        )

    return [
        Step(asked_at, ask),
        Step(asked_at + timedelta(minutes=7), let_in),
        Step(asked_at + timedelta(hours=6), look),
        *steps_of_escort(plant, made),
    ]
