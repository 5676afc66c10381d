"""Looking a closed recording over: its time line, its place in the storage, its integrity."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accessportal import keys
from accessportal.accounts.models import User
from accessportal.audit import record
from accessportal.errors import NotPossible
from accessportal.news import site_topic, tell_news
from accessportal.origin import SYSTEM, Origin
from sessions.models import Recording, Segment
from sessions.recorder import places
from sessions.recorder.container import INPUT
from sessions.recorder.errors import NotIntact
from sessions.recorder.findings import in_short
from sessions.recorder.manifest import SEGMENT_FIELDS, signed_bytes
from sessions.recorder.packing import Unpacker
from sessions.recorder.records import Line, decode_lines
from sessions.recorder.timeline import Timeline
from sessions.recorder.verification import Report, blocks_of, check_segments
from sessions.services.recording import data_key_of
from sessions.services.segment_rows import facts_of

OVERLOOKED_AFTER = timedelta(minutes=5)


class RecordingNotIntact(NotPossible):
    """422: what is stored is not what was recorded, so it is not shown as if it were."""

    code = "recording_not_intact"
    sentence = _(
        "This recording is not intact: what is stored is not what was recorded. "
        "It must not be used as evidence before this is explained."
    )


def overlooked() -> list[int]:
    """Closed recordings that nobody has looked over, some minutes after their end."""
    before = timezone.now() - OVERLOOKED_AFTER
    recordings = Recording.objects.to_look_over().filter(sealed_at__lte=before)
    return list(recordings.values_list("pk", flat=True)[:100])


def look_over(recording_id: int) -> None:
    """After sealing, in a worker: hand the files over, read the time line, verify.

    May run again at any time; each step finds what the last run has done.
    """
    recording = Recording.objects.with_session().get(pk=recording_id)
    if recording.state == Recording.State.WRITING:
        return
    for segment in recording.segments.all():
        places.hand_over(segment.storage_name)
    keep_manifest(recording)
    if not recording.timeline:
        keep_timeline(recording)
    verify_recording(recording=recording)


def keep_manifest(recording: Recording) -> None:
    """The signed manifest beside the files, for whoever checks them without the portal."""
    content = {
        "manifest": recording.manifest,
        "signature": recording.manifest_signature,
        "signing_key_id": recording.signing_key_id,
        "public_key": keys.public_key_pem(),
        "wrapped_key": recording.wrapped_key,
    }
    places.put_beside(
        f"{recording.folder}/manifest.json", json.dumps(content, indent=1).encode()
    )


def keep_timeline(recording: Recording) -> None:
    """Read the input track and keep what the time line shows."""
    timeline = Timeline()
    try:
        for lines in input_lines(recording):
            timeline.feed(lines)
    except (NotIntact, keys.WrongKey, keys.KeyMissing):
        pass  # verification says so loudly; what was readable is shown
    recording.timeline = timeline.as_dict(recording.duration_ms)
    Recording.objects.filter(pk=recording.pk).update(timeline=recording.timeline)


def input_lines(
    recording: Recording, *, from_ms: int = 0, to_ms: int | None = None
) -> Iterator[list[Line]]:
    """The input track, block by block, of segments that touch a range of time."""
    data_key = data_key_of(recording)
    for entry in manifest_entries(recording, INPUT):
        if entry["ends_ms"] < from_ms or (
            to_ms is not None and entry["starts_ms"] > to_ms
        ):
            continue
        unpacker = Unpacker()
        for block in blocks_of(
            entry, recording.manifest["recording"], data_key, places.open_file
        ):
            plain = unpacker.unpack(block.packed, block.head.plain_bytes)
            if block.head.at_ms < from_ms or (
                to_ms is not None and block.head.at_ms > to_ms
            ):
                continue
            yield decode_lines(plain)


def manifest_entries(recording: Recording, track: str) -> list[dict[str, Any]]:
    """The signed entries of one track, in order."""
    return [
        entry for entry in recording.manifest["segments"] if entry["track"] == track
    ]


def manifest_findings(recording: Recording) -> Report:
    """What can be told without reading a file: the signature, and the rows against it."""
    report = Report()
    manifest = recording.manifest
    if not keys.signature_is_valid(
        signed_bytes(manifest), recording.manifest_signature, recording.signing_key_id
    ):
        report.add("signature_invalid")
    same_recording = manifest.get("recording") == str(recording.brokered_session_id)
    same_state = manifest.get("complete") == (recording.state == Recording.State.SEALED)
    if not same_recording or not same_state:
        report.add("manifest_differs")
    rows = {
        (row.track, row.number): facts_of(row)
        for row in Segment.objects.filter(recording=recording)
    }
    entries = {
        (entry.get("track"), entry.get("number")): entry
        for entry in manifest.get("segments", [])
    }
    for place in sorted({*rows, *entries}, key=str):
        row, entry = rows.get(place), entries.get(place)
        if (
            row is None
            or entry is None
            or any(getattr(row, name) != entry.get(name, "") for name in SEGMENT_FIELDS)
        ):
            report.add("manifest_differs", f"{place[0]} {place[1]}")
    return report


def inspect(recording: Recording) -> Report:
    """Check everything; reads all files, changes nothing."""
    report = manifest_findings(recording)
    try:
        data_key = data_key_of(recording)
    except (keys.WrongKey, keys.KeyMissing) as problem:
        report.add("key_wrong", str(problem))
        return report
    try:
        found = check_segments(recording.manifest, data_key, places.open_file)
    except (
        KeyError,
        TypeError,
    ):  # a manifest of another shape: not the one that was signed
        report.add("manifest_differs")
        return report
    report.findings += found.findings
    report.segments, report.plain_bytes = found.segments, found.plain_bytes
    report.gaps = found.gaps
    return report


def verify_recording(
    *, recording: Recording, acting_user: User | None = None, origin: Origin = SYSTEM
) -> Report:
    """Check a closed recording and keep the verdict. Raises `NotPossible` while it is written."""
    if recording.state == Recording.State.WRITING:
        raise NotPossible(
            _("This recording is still being written."), code="still_writing"
        )
    report = inspect(recording)
    keep_verdict(recording, report, acting_user=acting_user, origin=origin)
    return report


def verify_for(recording_id: int, user_id: int) -> Report:
    """`verify_recording` for a worker that is told ids."""
    return verify_recording(
        recording=Recording.objects.with_session().get(pk=recording_id),
        acting_user=User.objects.get(pk=user_id),
    )


@transaction.atomic
def keep_verdict(
    recording: Recording,
    report: Report,
    *,
    acting_user: User | None = None,
    origin: Origin = SYSTEM,
) -> None:
    """Store what a verification found, and tell the pages."""
    recording.verified_at = timezone.now()
    recording.verification_error = in_short(report.findings)
    Recording.objects.filter(pk=recording.pk).update(
        verified_at=recording.verified_at,
        verification_error=recording.verification_error,
    )
    record(
        "recording.verified" if report.intact else "recording.verify.failed",
        acting_user=acting_user,
        subject=recording,
        origin=origin,
        brokered_session=recording.brokered_session,
        result="ok" if report.intact else "error",
        findings=[[finding.finding, finding.where] for finding in report.findings][
            :100
        ],
        segments=report.segments,
        gaps=report.gaps[:100],
    )
    transaction.on_commit(
        partial(tell_news, site_topic(recording.site.pk), about="recordings reviews")
    )


@transaction.atomic
def view_recording(*, recording: Recording, acting_user: User, origin: Origin) -> None:
    """Looking at evidence is an act, too."""
    record(
        "recording.viewed",
        acting_user=acting_user,
        subject=recording,
        origin=origin,
        brokered_session=recording.brokered_session,
    )
