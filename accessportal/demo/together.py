"""What several people decide on, and what one decides on several times.

Hanna is away and has lent her place among the process engineers to Ivan: he agreed for her to
work on the cleaning station, and is asked again, since it is to take longer. And Vera asks twice
for the same look at a log, which the policy approves in advance.
"""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from accessportal.demo.past import origin_of
from accessportal.demo.plant import DemoPlant
from accessportal.demo.stories import Story, submit
from requests.facts import hash_of_facts, seen_by_approver
from requests.models import AccessRequest, ApproverGroup
from requests.services.approval import approve_request
from requests.services.group_delegations import lend_place
from requests.services.moving import close_later

HOLIDAY_DAYS = 6
HOLIDAY_REASON = "On holiday; Ivan knows the cleaning station"
LONGER_MINUTES = 60
LONGER_REASON = "The return line is rinsed first, that takes an hour more"

CLEANING = Story(
    key="cip-return-pump", days=2, hour=9, hours=2, person="vera",
    machine="cip-station-1", work_order="WO-48301", outcome="approved",
    purpose="Set the run time of the return pump after the new spray balls",
)  # fmt: skip
SAME_WORK = tuple(
    Story(
        key=f"gateway-log-{days}", days=days, hour=10, hours=1, person="vera",
        machine="plant-gateway-gw-1", work_order="WO-48300", outcome="pending",
        purpose="Weekly look at the gateway's log, nothing is changed",
        permission=AccessRequest.Permission.VIEW,
    )
    for days in (3, 10)
)  # fmt: skip


def tell_together(plant: DemoPlant) -> None:
    """Now, by the policy that is in force: what waits for Ivan, and twice for Olga."""
    _lend_place(plant)
    _make_longer(submit(CLEANING, plant), plant)
    for story in SAME_WORK:
        submit(story, plant)


def _lend_place(plant: DemoPlant) -> None:
    now = timezone.now()
    lend_place(
        ApproverGroup.objects.get(people=plant.people["hanna"]),
        to=plant.people["ivan"],
        starts_at=now,
        ends_at=now + timedelta(days=HOLIDAY_DAYS),
        reason=HOLIDAY_REASON,
        acting_user=plant.people["hanna"],
        origin=origin_of("hanna"),
    )


def _make_longer(access_request: AccessRequest, plant: DemoPlant) -> None:
    """Both have agreed; then Olga wants it to close later, and Ivan has not answered yet."""
    window = None
    for person in ("ivan", "olga"):
        window = approve_request(
            access_request,
            acting_user=plant.people[person],
            origin=origin_of(person),
            facts_hash=hash_of_facts(seen_by_approver(access_request)),
        )
    assert window is not None  # Olga's yes was the last that is needed
    close_later(
        window,
        acting_user=plant.people["olga"],
        origin=origin_of("olga"),
        reason=LONGER_REASON,
        minutes=LONGER_MINUTES,
    )
