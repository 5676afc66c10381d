"""Escalation: a step that nobody answers calls the deputy whom the policy names.

The same for a request and for a wider window; what differs is who waits for the answer.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accessportal.audit import record
from accessportal.notifications import notify
from accessportal.origin import SYSTEM, Origin
from requests.approvers import people_who_are, who_words
from requests.models import (
    AccessRequest,
    ApprovalStep,
    AskedPeople,
    LaterStep,
    LaterWish,
)
from requests.on_shift import ringing_among
from requests.services.common import (
    decision_path_of,
    later_path_of,
    locked_request,
    said_of,
    tell_pages,
)


def escalate_what_waits(*, at: datetime | None = None) -> int:
    """Call the deputies of all steps that waited too long. Returns how many."""
    at = at or timezone.now()
    pending = AccessRequest.objects.awaiting_decision(at=at).values("pk")
    wishes = LaterWish.objects.live(at=at).values("pk")
    unanswered = Q(asked=True, escalated_at__isnull=True) & ~Q(deputy="")
    late = [
        step
        for step in (
            *ApprovalStep.objects.filter(unanswered, access_request__in=pending),
            *LaterStep.objects.filter(unanswered, wish__in=wishes).select_related(
                "wish__window"
            ),
        )
        if _is_late(step, at)
    ]
    return sum(call_deputy(step, at=at) for step in late)


def _is_late(step: AskedPeople, at: datetime) -> bool:
    return (
        step.asked_at is not None
        and step.asked_at + timedelta(minutes=step.after_minutes) <= at
    )


@transaction.atomic
def call_deputy(
    step: ApprovalStep | LaterStep,
    *,
    at: datetime,
    acting_user: None = None,
    origin: Origin = SYSTEM,
) -> bool:
    """From now on the deputy may fill the step's places, too; once."""
    wish = step.wish if isinstance(step, LaterStep) else None
    access_request = locked_request(_request_of(step))

    if not _still_waits(access_request, wish, at):
        return False

    called = (
        type(step)
        .objects.filter(pk=step.pk, asked=True, escalated_at__isnull=True)
        .update(escalated_at=at)
    )
    if not called:
        return False

    event = "request.escalated" if wish is None else "window.wish.escalated"
    record(
        event,
        acting_user=acting_user,
        subject=access_request if wish is None else wish.window,
        origin=origin,
        access_request=access_request,
        who=step.who,
        deputy=step.deputy,
        after_minutes=step.after_minutes,
    )

    deputies = people_who_are(step.deputy, access_request.site)
    notify(
        deputies,
        event,
        path=decision_path_of(access_request) if wish is None else later_path_of(wish),
        ringing=ringing_among(deputies, access_request.site, at=at),
        instead_of=step.name or who_words(step.who),
        minutes=step.after_minutes,
        what="" if wish is None else wish.get_kind_display,
        **said_of(access_request),
    )
    tell_pages(access_request, about=("requests", "windows"))
    return True


def _request_of(step: ApprovalStep | LaterStep) -> int:
    if isinstance(step, LaterStep):
        return step.wish.window.access_request_id
    return step.access_request_id


def _still_waits(
    access_request: AccessRequest, wish: LaterWish | None, at: datetime
) -> bool:
    if wish is None:
        return access_request.state == AccessRequest.State.PENDING
    return LaterWish.objects.live(at=at).filter(pk=wish.pk).exists()
