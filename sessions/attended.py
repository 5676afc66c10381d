"""Where somebody of the plant has to be at the machine, and until when somebody is taken to be."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from accessportal.plants.models import Endpoint
from requests.models import AccessRequest, Escort
from sessions.models import BrokeredSession, CriticalStep

WARNING = timedelta(seconds=60)
"""This long before attendance runs out, both sides are told."""


def attendance_required(brokered_session: BrokeredSession) -> bool:
    """Whether somebody must be there: for the machine, for this very work, or with somebody
    who is escorted, whatever they do. Looking only needs nobody else."""
    if brokered_session.escort_id is not None:
        return True
    if brokered_session.permission != "control":
        return False
    asset = brokered_session.endpoint.asset
    return bool(asset.attendance_required or brokered_session.attendance_required)


def attended_until(brokered_session: BrokeredSession) -> datetime | None:
    """Until when somebody is taken to be there; None when nobody has said so yet.

    An accepted critical step carries attendance over, and a minute more, so that nothing
    stops without a warning in the moment the step ends.
    """
    if brokered_session.attended_at is None:
        return None
    minutes = brokered_session.endpoint.asset.attendance_minutes
    until: datetime = brokered_session.attended_at + timedelta(minutes=minutes)
    step = (
        CriticalStep.objects.filter(
            brokered_session=brokered_session, accepted_at__isnull=False
        )
        .order_by("-accepted_at")
        .first()
    )
    if step is None or step.until is None or step.accepted_at is None:
        return until
    if step.accepted_at > until:
        return until  # it had run out before the step began
    protected: datetime = min(step.until, step.ended_at or step.until)
    return max(until, protected + WARNING)


def is_attended(brokered_session: BrokeredSession, at: datetime) -> bool:
    """Whether somebody of the plant attends, where somebody has to."""
    if not attendance_required(brokered_session):
        return True
    until = attended_until(brokered_session)
    return until is not None and at < until


def frozen_from_the_start(
    endpoint: Endpoint, access_request: AccessRequest, escort: Escort | None
) -> dict[str, Any]:
    """Fields of a new session: where somebody must be there, input waits for the first tap."""
    of_this_work = access_request.attendance_required
    required = endpoint.asset.attendance_required or of_this_work
    works = required and access_request.permission == "control"
    if escort is None and not works:
        return {}
    return {
        "escort": escort,
        "attendance_required": of_this_work,
        "frozen_at": timezone.now(),
        "frozen_cause": BrokeredSession.FreezeCause.ATTENDANCE,
    }


def works_without_factor(brokered_session: BrokeredSession) -> bool:
    """Whether the plant answers for whoever works now, instead of a second factor. That is the
    owner alone: a companion who has the baton has a factor."""
    escort = brokered_session.escort
    owner_works = brokered_session.hand_id == brokered_session.started_by_id
    return escort is not None and escort.bridges_factor and owner_works
