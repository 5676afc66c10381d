"""When a live session cannot be recorded: what is written down, and who may let it go on.

The actor has acted before any of this is written: input stands still from the moment the
recorder failed, with the database or without it. These verbs make it known.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accessportal.accounts.authorisation import Action
from accessportal.accounts.models import User
from accessportal.audit import record
from accessportal.errors import NotAllowed, NotPossible, TooLate
from accessportal.origin import Origin
from accessportal.plants.models import Asset
from sessions.access import may_at
from sessions.models import BrokeredSession, Recording
from sessions.services.freezes import lift_freeze
from sessions.services.live_session import locked, refuse_when_over
from sessions.services.news import tell_pages, wake_actor

FreezeCause = BrokeredSession.FreezeCause
OnRecordFailure = Asset.OnRecordFailure

FIELDS = [
    "recording_failed_at",
    "journal_failed_at",
    "recording_grace_until",
    "unrecorded_by",
    "unrecorded_at",
]


@transaction.atomic
def note_recording_failed(
    brokered_session: BrokeredSession,
    *,
    track: str,
    code: str,
    detail: str,
    failed_at: datetime,
    journal_failed_at: datetime | None,
    grace_until: datetime | None,
) -> None:
    """A track of the recording failed, and input stands still. For a session that has
    ended meanwhile only the evidence is left.

    `code` is one of `sessions.recorder.errors`, `grace_until` the time until which it may
    come back.
    """
    brokered_session = locked(brokered_session)

    if brokered_session.is_live:
        brokered_session.recording_failed_at = failed_at
        brokered_session.journal_failed_at = journal_failed_at
        brokered_session.recording_grace_until = grace_until
        brokered_session.unrecorded_by = brokered_session.unrecorded_at = None
        fields = [*FIELDS]
        if brokered_session.frozen_at is None:
            brokered_session.frozen_at = failed_at
            brokered_session.frozen_cause = FreezeCause.RECORDING
            fields += ["frozen_at", "frozen_cause"]
        brokered_session.save(update_fields=fields)

    record(
        "recording.failed",
        subject=Recording.objects.get(brokered_session=brokered_session),
        brokered_session=brokered_session,
        result="error",
        reason=detail,
        track=track,
        code=code,
        on_record_failure=brokered_session.endpoint.asset.on_record_failure,
    )

    tell_pages(brokered_session)


@transaction.atomic
def note_recording_resumed(
    brokered_session: BrokeredSession, *, gap_seconds: float
) -> None:
    """It is recorded again, behind a stated gap; a freeze that was only for that is lifted."""
    brokered_session = locked(brokered_session)
    if not brokered_session.is_live or brokered_session.recording_failed_at is None:
        return

    for field in FIELDS:
        setattr(brokered_session, field, None)
    brokered_session.save(update_fields=FIELDS)
    record(
        "recording.resumed",
        subject=Recording.objects.get(brokered_session=brokered_session),
        brokered_session=brokered_session,
        gap_seconds=round(gap_seconds, 1),
    )
    if brokered_session.frozen_cause == FreezeCause.RECORDING:
        lift_freeze(brokered_session, acting_user=None)

    wake_actor(brokered_session)
    tell_pages(brokered_session)


def may_be_continued(brokered_session: BrokeredSession) -> bool:
    """Whether somebody of the plant could let it go on now."""
    policy = brokered_session.endpoint.asset.on_record_failure
    return (
        brokered_session.is_live
        and policy == OnRecordFailure.CONTINUE
        and brokered_session.recording_failed_at is not None
        and brokered_session.journal_failed_at is None
        and brokered_session.unrecorded_at is None
    )


@transaction.atomic
def continue_unrecorded(
    brokered_session: BrokeredSession,
    *,
    acting_user: User,
    origin: Origin,
    reason: str,
) -> None:
    """A person of the plant, at the machine, lets the work go on without a picture of it.

    Only where the machine's policy allows it and what is typed and clicked is still
    written down; it holds until the recorder is back. The actor lets nothing through
    before it has seen this and knows its journal to work.
    """
    brokered_session = locked(brokered_session)

    refuse_when_over(brokered_session)
    # Who lets it go on attends it: whoever cannot be in charge of work here cannot.
    if not may_at(acting_user, Action.SESSION_CHARGE, brokered_session):
        raise NotAllowed(_("Only the plant can let this session go on."))
    asset = brokered_session.endpoint.asset
    if asset.on_record_failure != OnRecordFailure.CONTINUE:
        raise NotPossible(_("On this machine nobody works unrecorded."))
    if brokered_session.recording_failed_at is None:
        raise TooLate(_("The session is being recorded again."))
    if brokered_session.journal_failed_at is not None:
        raise NotPossible(
            _("Not even what is typed and clicked can be written down now."),
            code="journal_failed",
        )
    if brokered_session.unrecorded_at is not None:
        raise TooLate(_("Somebody let this session go on already."))
    reason = reason.strip()
    if not reason:
        raise NotPossible(_("Say why the work cannot wait."))

    now = timezone.now()
    brokered_session.unrecorded_by = acting_user
    brokered_session.unrecorded_at = now
    brokered_session.recording_grace_until = None
    brokered_session.attended_by = acting_user
    brokered_session.attended_at = now
    brokered_session.save(update_fields=[*FIELDS, "attended_by", "attended_at"])
    record(
        "session.unrecorded.continued",
        acting_user=acting_user,
        subject=brokered_session,
        brokered_session=brokered_session,
        origin=origin,
        reason=reason[:500],
    )
    record(
        "session.attended",
        acting_user=acting_user,
        subject=brokered_session,
        brokered_session=brokered_session,
        origin=origin,
    )
    if brokered_session.frozen_cause == FreezeCause.RECORDING:
        lift_freeze(brokered_session, acting_user=acting_user, origin=origin)

    wake_actor(brokered_session)
    tell_pages(brokered_session)
