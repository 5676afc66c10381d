"""Work that repeats: the capper is looked after every week, decided on once.

The policy approves it with its series, and wants the shift to give the line each time. One day
is left out, since nobody is there.
"""

from __future__ import annotations

from datetime import timedelta

from accessportal.clock import plant_time
from accessportal.demo.past import origin_of
from accessportal.demo.plant import DemoPlant
from accessportal.demo.stories import Story, span_of, submit
from requests.facts import hash_of_facts, seen_by_approver
from requests.recurrence import DAYS
from requests.services.approval import approve_request

WEEKS = 8
LEFT_OUT = 3
"""Of the weeks, counted from 0: the fourth."""

SERVICE = Story(
    key="capper-weekly", days=1, hour=13, hours=1.5, person="vera",
    machine="capper-cp-3", work_order="WO-48320", outcome="approved", decider="olga",
    purpose="Weekly service: read the torque of all heads, set those that drift",
    reason="As agreed in the service contract; the shift gives the line each time",
)  # fmt: skip


def tell_weekly(plant: DemoPlant) -> None:
    """Now: Vera asks for eight weeks, and Olga says yes once."""
    zone = plant.endpoints[SERVICE.machine].asset.zone.site.time_zone
    first = plant_time(span_of(SERVICE, plant)[0], zone).date()
    access_request = submit(
        SERVICE,
        plant,
        recurrence=f"FREQ=WEEKLY;INTERVAL=1;BYDAY={DAYS[first.weekday()]};COUNT={WEEKS}",
        skips=frozenset({first + timedelta(weeks=LEFT_OUT)}),
    )
    approve_request(
        access_request,
        acting_user=plant.people[SERVICE.decider],
        origin=origin_of(SERVICE.decider),
        facts_hash=hash_of_facts(seen_by_approver(access_request)),
        reason=SERVICE.reason,
    )
