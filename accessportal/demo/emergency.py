"""A night at the demo plant in which the line was down: asked, let in, looked at afterwards."""

from __future__ import annotations

import uuid
from datetime import timedelta

from accessportal.demo.past import Step, moment, origin_of, workday
from accessportal.demo.plant import DemoPlant
from accessportal.demo.stories import date_rows
from requests.facts import hash_of_facts, seen_by_approver
from requests.models import AccessRequest, EmergencyLook
from requests.services.approval import approve_request
from requests.services.emergency import Emergency, submit_emergency
from requests.services.emergency_look import complete_look

MACHINE, DAYS_AGO, HOUR = "filling-line-1", -4, 3
REASON = (
    "Line 1 stands since 02:40: the filler does not leave cleaning, 20,000 litres wait"
)
PURPOSE = "Find the step that hangs, and start the filler again"
NOTE = (
    "The night shift called twice; read along the recording, nothing else was touched"
)


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
        complete_look(
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
    ]
