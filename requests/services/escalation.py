"""Escalation: a step that nobody answers calls the deputy whom the policy names."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accessportal.audit import record
from accessportal.notifications import notify
from accessportal.origin import SYSTEM, Origin
from requests.approvers import people_who_are, who_words
from requests.models import AccessRequest, ApprovalStep
from requests.on_shift import ringing_among
from requests.services.common import (
    decision_path_of,
    locked_request,
    said_of,
    tell_pages,
)


def escalate_what_waits(*, at: datetime | None = None) -> int:
    """Call the deputies of all steps that waited too long. Returns how many."""
    at = at or timezone.now()
    waiting = AccessRequest.objects.awaiting_decision(at=at).values("pk")
    steps = ApprovalStep.objects.filter(
        access_request__in=waiting, asked=True, escalated_at__isnull=True
    ).exclude(deputy="")
    late = [step for step in steps if _is_late(step, at)]
    return sum(call_deputy(step, at=at) for step in late)


def _is_late(step: ApprovalStep, at: datetime) -> bool:
    return (
        step.asked_at is not None
        and step.asked_at + timedelta(minutes=step.after_minutes) <= at
    )


@transaction.atomic
def call_deputy(
    step: ApprovalStep,
    *,
    at: datetime,
    acting_user: None = None,
    origin: Origin = SYSTEM,
) -> bool:
    """From now on the deputy may fill the step's places, too; once."""
    access_request = locked_request(step.access_request_id)

    if access_request.state != AccessRequest.State.PENDING:
        return False

    called = ApprovalStep.objects.filter(
        pk=step.pk, asked=True, escalated_at__isnull=True
    ).update(escalated_at=at)
    if not called:
        return False

    record(
        "request.escalated",
        acting_user=acting_user,
        subject=access_request,
        origin=origin,
        access_request=access_request,
        who=step.who,
        deputy=step.deputy,
        after_minutes=step.after_minutes,
    )

    deputies = people_who_are(step.deputy, access_request.site)
    notify(
        deputies,
        "request.escalated",
        path=decision_path_of(access_request),
        ringing=ringing_among(deputies, access_request.site, at=at),
        instead_of=step.name or who_words(step.who),
        minutes=step.after_minutes,
        **said_of(access_request),
    )
    tell_pages(access_request)
    return True
