"""Requests, their windows, and what stands against them."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.db.models import Max
from django.utils import timezone

from accessportal.plants.models import ProductionFreeze
from requests.demanded import policy_in_force
from requests.models import AccessRequest, ApprovalStep, MaintenanceWindow
from requests.services.escalation import escalate_what_waits
from requests.services.moving import recall_window
from requests.services.submission import Wish, submit_request
from tests.browser.acts.plant import ENDPOINTS, PLANT, change
from tests.cast import make_freeze, make_policy, make_request, make_window, origin


def policy(steps: list[dict[str, Any]] | None = None) -> int:
    """Have everything ask these people from now on; without any, one supervisor as ever."""
    return make_policy(PLANT.adam, {"steps": steps} if steps else None).version


def asks(who: str, protocol: str, *, steps: list[dict[str, Any]] | None = None) -> str:
    """The number of a new request of this person; `steps`: whom a policy asks, for it alone."""
    if steps:
        policy(steps)
    made = make_request(
        getattr(PLANT, who),
        getattr(PLANT, ENDPOINTS[protocol]),
        policy=policy_in_force() if steps else None,
    )
    if steps:
        policy()
    return made.number


def state_of(number: str) -> str:
    """What has become of a request: pending, approved, denied..."""
    return str(AccessRequest.objects.get(number=number).state)


def unanswered_for(number: str, minutes: float) -> int:
    """As if a request had waited so long, and the clock had looked at it: deputies called."""
    ApprovalStep.objects.filter(access_request__number=number).update(
        asked_at=timezone.now() - timedelta(minutes=minutes)
    )
    return escalate_what_waits()


def freeze_now(site: str, hours: float) -> int:
    """Production is frozen at a site from now on; its id."""
    freeze = make_freeze(
        getattr(PLANT, site), starts_in=timedelta(0), lasts=timedelta(hours=hours)
    )
    return int(freeze.pk)


def lift_freeze(pk: int) -> None:
    ProductionFreeze.objects.filter(pk=pk).delete()


def submits(who: str, protocol: str) -> str:
    """The number of a request that this person sends in; whoever decides is told of it.

    It begins after whatever else was asked for.
    """
    endpoint = getattr(PLANT, ENDPOINTS[protocol])
    last = AccessRequest.objects.aggregate(end=Max("wanted_until"))["end"]
    start = max(last or timezone.now(), timezone.now()) + timedelta(hours=1)
    wish = Wish(
        site=endpoint.asset.zone.site,
        endpoint_ids=[endpoint.pk],
        permission="control",
        purpose="Adjust the capper torque after the gearbox change",
        wanted_from=start,
        wanted_until=start + timedelta(hours=2),
    )
    made = submit_request(
        wish,
        acting_user=getattr(PLANT, who),
        origin=origin(),
        submission_key=uuid.uuid4(),
    )
    return made.number


def window(
    who: str,
    *protocols: str,
    minutes: float = 120,
    companions: tuple[str, ...] = (),
    **fields: Any,
) -> dict[str, Any]:
    """An open window of this person for the machines of these protocols."""
    endpoints = [getattr(PLANT, ENDPOINTS[protocol]) for protocol in protocols]
    made = make_window(
        getattr(PLANT, who),
        *endpoints,
        decided_by=PLANT.olga,
        lasts=timedelta(minutes=5 + minutes),
        companions=[getattr(PLANT, name) for name in companions],
        **fields,
    )
    start = {
        protocol: f"/sessions/start/{made.pk}/{endpoint.pk}/"
        for protocol, endpoint in zip(protocols, endpoints, strict=True)
    }
    number = made.access_request.number
    return {"window": made.pk, "number": number, "start": start}


def recall(window_pk: int, minutes: int) -> int:
    """Olga wants the line back in so many minutes."""
    window = MaintenanceWindow.objects.get(pk=window_pk)
    recall_window(window, acting_user=PLANT.olga, origin=origin(), minutes=minutes)
    return window_pk


def attendance(required: bool) -> int:
    """Whether somebody of the plant has to be at Vera's machines from now on."""
    line = PLANT.filling_line
    return change("plants.Asset", line.pk, attendance_required=required)


def end_window_in(window_pk: int, seconds: float) -> None:
    change(
        "access_requests.MaintenanceWindow",
        window_pk,
        closes_at=timezone.now() + timedelta(seconds=seconds),
    )
