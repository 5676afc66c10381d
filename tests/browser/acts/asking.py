"""Requests, their windows, and what stands against them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from accessportal.notifications.models import Delivery, Notification
from accessportal.notifications.push import hash_of, message_for
from accessportal.plants.models import ProductionFreeze
from requests.demanded import policy_in_force
from requests.models import ApprovalStep, MaintenanceWindow
from requests.services.escalation import escalate_what_waits
from requests.services.moving import recall_window
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


def pushed(who: str, number: str, kind: str = "request.submitted") -> dict[str, Any]:
    """What this person's phone gets of a request; its push service has taken it already."""
    row, _new = Notification.objects.get_or_create(
        recipient=getattr(PLANT, who),
        kind=kind,
        about=number,
        defaults={
            "subject": number,
            "body": number,
            "path": f"/approvals/{number}/",
        },
    )
    receipt = f"receipt of {kind} {number}"
    Delivery.objects.create(
        notification=row,
        channel="push",
        sent_at=timezone.now(),
        receipt_hash=hash_of(receipt),
    )
    return message_for(row) | {"receipt": receipt}


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
