"""The verbs of a recording's life: open, fail, seal, look over.

The bytes are written by `sessions.recorder.writer`; here is what the database and the
audit trail know of it. Files are never read inside a transaction.
"""

from __future__ import annotations

import errno
import logging
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accessportal import keys
from accessportal.accounts.models import User
from accessportal.audit import record
from accessportal.errors import TooLate
from accessportal.news import site_topic, tell_news
from accessportal.origin import SYSTEM, Origin
from accessportal.transitions import transition
from requests.models import ApprovalDecision
from sessions.models import BrokeredSession, ComplianceReview, Recording, Segment
from sessions.recorder import places
from sessions.recorder.clock_watch import first_picture_at
from sessions.recorder.container import INPUT, SCREEN
from sessions.recorder.errors import KEY_MISSING, NotIntact, RecordingFailed
from sessions.recorder.fence import take_from_writer
from sessions.recorder.gaps import HARMLESS, StatedGap, stated_gaps
from sessions.recorder.manifest import build_manifest, gaps_between, signed_bytes
from sessions.recorder.order import Interruption, RecordingOrder, TrackEnd
from sessions.recorder.scan import scan_segment, segment_names
from sessions.recorder.segment import SegmentFacts
from sessions.services.segment_rows import DatabaseLedger, facts_of, keep_segment

logger = logging.getLogger(__name__)

State = Recording.State
STORAGE_PATIENCE = timedelta(hours=1)
"""A storage that refuses to be read may come back; after this, what it holds is missing."""
DATA_KEY_BYTES = 32
ABANDONED_AFTER = timedelta(seconds=30)
"""A living actor seals within seconds of the end; after this, none is left."""


@transaction.atomic
def open_recording(
    *,
    brokered_session: BrokeredSession,
    acting_user: User | None,
    origin: Origin = SYSTEM,
) -> RecordingOrder:
    """Begin the recording of a session: a data key of its own, wrapped. Raises `TooLate`."""
    if Recording.objects.filter(brokered_session=brokered_session).exists():
        raise TooLate(_("This session is recorded already."))
    data_key = secrets.token_bytes(DATA_KEY_BYTES)
    wrapped = keys.seal("recordings", data_key, bound_to=bound_to(brokered_session))

    recording = Recording.objects.create(
        brokered_session=brokered_session,
        key_id=keys.symmetric_key("recordings")[0],
        wrapped_key=wrapped,
    )

    record(
        "recording.started",
        acting_user=acting_user,
        subject=recording,
        origin=origin,
        brokered_session=brokered_session,
    )
    return _order(recording, data_key)


def continue_recording(
    *, brokered_session: BrokeredSession, gap_reason: str
) -> RecordingOrder:
    """Go on with a recording whose writer is gone, in another process.

    What it left is read from its files, so they must be reachable from here. Raises
    `TooLate` when it is sealed, `keys.WrongKey` or `keys.KeyMissing`, `OSError`.
    """
    recording = Recording.objects.with_session().get(brokered_session=brokered_session)
    if recording.state != State.WRITING:
        raise TooLate(_("This recording is closed already."))
    take_from_writer(places.root(), _unfinished(recording))
    segments, missing = survey(recording)
    for name in missing:
        logger.error("%s is missing while its recording goes on", name)
    ends = {SCREEN: TrackEnd(), INPUT: TrackEnd()}
    for facts in sorted(segments, key=lambda facts: facts.number):
        ends[facts.track] = TrackEnd(facts.number, facts.chain, facts.ends_ms)
    began_at = first_picture_at(segments) or timezone.now()
    return replace(
        _order(recording, data_key_of(recording)),
        ends=ends,
        interruption=Interruption(began_at, gap_reason),
    )


def _unfinished(recording: Recording) -> list[str]:
    """The files that a writer may still have open."""
    closed = Segment.objects.filter(recording=recording, closed_at__isnull=False)
    finished = set(closed.values_list("storage_name", flat=True))
    names = segment_names(places.root(), recording.folder)
    return [name for name in names if name not in finished]


def _order(recording: Recording, data_key: bytes) -> RecordingOrder:
    return RecordingOrder(
        recording_id=recording.pk,
        recording=str(recording.brokered_session_id),
        root=places.root(),
        folder=recording.folder,
        data_key=data_key,
        record_key_values=recording.site.record_key_values,
        segment_seconds=settings.SEGMENT_MAX_SECONDS,
        segment_bytes=settings.SEGMENT_MAX_BYTES,
        ledger=DatabaseLedger(),
        check_key=partial(check_recording_key, recording.key_id),
    )


def check_recording_key(key_id: str) -> None:
    """Whether what is recorded now could be opened later. Raises `RecordingFailed`."""
    try:
        keys.check_key("recordings", key_id)
    except (keys.KeyMissing, keys.WrongKey) as error:
        raise RecordingFailed(str(error), KEY_MISSING) from error


def bound_to(brokered_session: BrokeredSession) -> str:
    """What a recording's wrapped key is bound to: it opens for this session only."""
    return f"recording:{brokered_session.pk}"


def data_key_of(recording: Recording) -> bytes:
    """The recording's data key. Raises `keys.WrongKey` or `keys.KeyMissing`."""
    return keys.unseal(
        "recordings",
        recording.wrapped_key,
        bound_to=bound_to(recording.brokered_session),
    )


def seal_recording(
    *,
    recording_id: int,
    incomplete: bool = False,
    reason: str = "",
    acting_user: User | None = None,
    origin: Origin = SYSTEM,
) -> Recording:
    """Sign what was recorded and hand it to compliance; a second call changes nothing.

    Segments that the writer did not close are read from their files: every whole block
    is kept, and the recording is incomplete. `reason` says why, in a word or a short
    English text; it stands in the signed manifest.
    """
    recording = Recording.objects.with_session().get(pk=recording_id)
    if recording.state != State.WRITING:
        return recording
    segments, missing = survey(recording)
    torn = [facts.name for facts in segments if not facts.closed]
    stated = _stated_gaps(recording, segments)
    failed = any(gap.reason not in HARMLESS for gap in stated)
    incomplete = incomplete or failed or bool(torn) or bool(missing)
    manifest = build_manifest(
        recording=str(recording.brokered_session_id),
        session=recording.brokered_session.number,
        key_id=recording.key_id,
        complete=not incomplete,
        reason=reason,
        segments=segments,
        missing=missing,
        stated=stated,
    )
    signing_key_id, signature = keys.sign(signed_bytes(manifest))

    with transaction.atomic():
        now = timezone.now()
        for facts in segments:
            keep_segment(recording.pk, facts)
        try:
            transition(
                recording,
                expected=State.WRITING,
                to=State.INCOMPLETE if incomplete else State.SEALED,
                closed_at=now,
                sealed_at=now,
                manifest=manifest,
                manifest_signature=signature,
                signing_key_id=signing_key_id,
                duration_ms=manifest["duration_ms"],
                stored_bytes=sum(facts.stored_bytes for facts in segments),
                gaps=manifest["gaps"],
            )
        except TooLate:
            recording.refresh_from_db()
            return recording
        if any(facts.track == SCREEN for facts in segments):
            open_review(recording)
        record(
            "recording.closed",
            acting_user=acting_user,
            subject=recording,
            origin=origin,
            brokered_session=recording.brokered_session,
            reason=reason,
            complete=not incomplete,
            segments=len(segments),
            torn=torn,
            missing=list(missing),
            gaps=manifest["gaps"],
            journal_gaps=manifest["journal_gaps"],
        )
        transaction.on_commit(partial(after_sealing, recording.pk, recording.site.pk))
    return recording


def survey(recording: Recording) -> tuple[list[SegmentFacts], list[str]]:
    """All segments of a recording, and the names of those whose file is gone.

    What the writer closed is believed (verification reads it later); what it did not
    is read now. Files without a row are found, too: the ledger may have missed them.
    Raises `OSError` while the storage refuses: it is asked again for a while before
    anything is said to be missing. Raises `keys.WrongKey` or `keys.KeyMissing`.
    """
    rows = {
        row.storage_name: row for row in Segment.objects.filter(recording=recording)
    }
    names = sorted({*rows, *segment_names(places.root(), recording.folder)})
    data_key = b""
    segments: list[SegmentFacts] = []
    missing: list[str] = []
    for name in names:
        row = rows.get(name)
        try:
            if row is not None and row.closed_at is not None:
                places.size_of(name)
                segments.append(facts_of(row))
            else:
                data_key = data_key or data_key_of(recording)
                segments.append(scan_segment(places.root(), name, data_key))
        except (NotIntact, OSError) as problem:
            refuses = isinstance(problem, OSError) and problem.errno != errno.ENOENT
            if refuses and not _asked_long_enough(recording):
                raise
            logger.error("%s cannot be read: %s", name, problem)
            missing.append(name)
    return segments, missing


def _asked_long_enough(recording: Recording) -> bool:
    ended_at = recording.brokered_session.ended_at
    return ended_at is not None and timezone.now() - ended_at > STORAGE_PATIENCE


def _stated_gaps(
    recording: Recording, segments: Sequence[SegmentFacts]
) -> list[StatedGap]:
    """What the journal says of gaps; it is read only where there can be one."""
    screens = [facts for facts in segments if facts.track == SCREEN]
    journals = [facts for facts in segments if facts.track == INPUT]
    whole = all(facts.closed for facts in segments)
    if whole and len(journals) < 2 and not gaps_between(screens):
        return []
    names = [facts.name for facts in journals]
    return stated_gaps(places.root(), names, data_key_of(recording))


def open_review(recording: Recording) -> ComplianceReview:
    """The look back that compliance owes, within the transaction of the sealing."""
    session = recording.brokered_session
    decision = (
        ApprovalDecision.objects.filter(
            access_request=session.window.access_request,
            verdict=ApprovalDecision.Verdict.APPROVED,
        )
        .order_by("-step")
        .first()
    )
    if decision is None:
        raise ValueError(f"{session} has no approval, so it cannot have been recorded.")
    return ComplianceReview.objects.create(
        recording=recording,
        due_at=timezone.now() + timedelta(days=settings.REVIEW_DUE_DAYS),
        worked_by_id=session.started_by_id,
        approved_by_id=decision.decided_by_id,
    )


def after_sealing(recording_id: int, site_id: int) -> None:
    """After the commit: news for the pages, and the slow work to a worker."""
    from sessions.tasks import look_over_recording

    tell_news(site_topic(site_id), about="recordings reviews")
    look_over_recording.delay(recording_id)


def seal_abandoned_recordings() -> int:
    """Seal, as incomplete, what a crash left being written; returns how many."""
    before = timezone.now() - ABANDONED_AFTER
    abandoned: Sequence[int] = list(
        Recording.objects.abandoned(before=before).values_list("pk", flat=True)
    )
    sealed = 0
    for recording_id in abandoned:
        try:
            seal_recording(
                recording_id=recording_id, incomplete=True, reason="interrupted"
            )
            sealed += 1
        except (OSError, keys.KeyMissing, keys.WrongKey):
            # One that cannot be read now keeps no other from being sealed.
            logger.exception("Recording %s cannot be sealed yet", recording_id)
    return sealed
