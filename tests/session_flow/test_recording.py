"""A recording is opened, written, sealed and looked over; a crash loses only its open block."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from accessportal.audit.models import AuditEvent
from accessportal.errors import NotPossible, TooLate
from sessions.models import ComplianceReview, Recording, Segment
from sessions.recorder import places
from sessions.recorder.container import NO_CHAIN
from sessions.recorder.order import RecordingOrder
from sessions.recorder.segment import SegmentFacts
from sessions.services import recording as recordings
from sessions.services.recording_check import look_over, verify_recording
from sessions.services.recording_failures import note_recording_failed
from sessions.services.segment_rows import facts_of, keep_segment
from sessions.tasks import seal_abandoned_recordings
from tests.cast import Plant
from tests.session_flow.recorded import (
    Tape,
    end,
    make_recording,
    make_session,
    record_session,
)

Committed = Any


def screen_facts(order: RecordingOrder, *, ends_ms: int) -> SegmentFacts:
    """A segment of the screen track; closed if it has an end."""
    facts = SegmentFacts(
        track="screen",
        number=1,
        name=f"{order.folder}/screen-00001.seg",
        started_at="2026-03-10T11:00:00.000+00:00",
        starts_ms=0,
        first_sync=1000,
        previous=NO_CHAIN,
    )
    if not ends_ms:
        return facts
    return replace(
        facts,
        ends_ms=ends_ms,
        last_sync=10_000,
        blocks=1,
        plain_bytes=900,
        stored_bytes=600,
        stored_sha256="a" * 64,
        closed=True,
        activity=((9_000, 900),),
    )


@pytest.fixture
def recording(plant: Plant, committed: Committed) -> Recording:
    with committed():
        made = make_recording(plant)
    made.refresh_from_db()
    return made


def events(name: str) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(event=name))


def test_a_session_has_one_recording(plant: Plant) -> None:
    session = make_session(plant)
    recordings.open_recording(brokered_session=session, acting_user=plant.vera)
    with pytest.raises(TooLate):
        recordings.open_recording(brokered_session=session, acting_user=plant.vera)
    assert len(events("recording.started")) == 1


def test_the_data_key_is_never_stored_open(plant: Plant) -> None:
    session = make_session(plant)
    order = recordings.open_recording(brokered_session=session, acting_user=plant.vera)
    recording = Recording.objects.get(pk=order.recording_id)
    assert order.data_key.hex() not in recording.wrapped_key
    assert recordings.data_key_of(recording) == order.data_key
    assert repr(order).count(repr(order.data_key)) == 0


def test_a_sealed_recording_is_whole_signed_and_verified(recording: Recording) -> None:
    assert recording.state == Recording.State.SEALED
    assert recording.duration_ms == 25_000
    assert recording.verified_at is not None
    assert recording.verification_error == ""
    screens = list(recording.segments.filter(track="screen"))
    assert [(one.starts_ms, one.ends_ms) for one in screens] == [
        (0, 10_000),
        (10_000, 19_000),
        (19_000, 25_000),
    ]
    assert screens[1].previous_hash == screens[0].chain_hash
    assert recording.manifest["gaps"] == []
    assert recording.manifest["complete"] is True
    assert len(events("recording.closed")) == len(events("recording.verified")) == 1


def test_every_segment_ties_guacds_clock_to_utc(recording: Recording) -> None:
    first, second, _ = (
        entry for entry in recording.manifest["segments"] if entry["track"] == "screen"
    )
    assert first["first_sync"] == Tape.BOOT
    assert second["first_sync"] - first["first_sync"] == second["starts_ms"]
    assert first["started_at"].endswith("+00:00")


def test_sealing_twice_changes_nothing(recording: Recording) -> None:
    signature = recording.manifest_signature
    again = recordings.seal_recording(recording_id=recording.pk, incomplete=True)
    assert again.state == Recording.State.SEALED
    assert again.manifest_signature == signature
    assert len(events("recording.closed")) == 1


def test_sealing_opens_the_review_with_its_date(
    recording: Recording, plant: Plant
) -> None:
    review = recording.review
    assert review.state == ComplianceReview.State.OPEN
    assert review.worked_by == plant.vera
    assert review.approved_by == plant.olga
    days = (review.due_at - review.created_at) / timedelta(days=1)
    assert days == pytest.approx(settings.REVIEW_DUE_DAYS, abs=0.1)


def test_the_time_line_knows_what_happened(recording: Recording) -> None:
    timeline = recording.timeline
    vera = recording.brokered_session.started_by_id
    assert timeline["typing"] == [[4000, 6000, 3, vera]]
    assert [start for start, _, _, _ in timeline["clicks"]] == [
        1000,
        6000,
        11000,
        16000,
        21000,
    ]
    assert timeline["frozen"] == [[13_000, 15_000, "stand clear"]]
    assert timeline["watching"] == [[8000, 25_000, "Olga Olsen", 0]]
    assert timeline["hands"] == [[0, 25_000, vera, "owner"]]
    assert timeline["people"][str(vera)] == "Vera Vogt"
    assert [mark[1] for mark in timeline["marks"]] == [
        "joined", "joined", "frozen", "unfrozen", "ended",
    ]  # fmt: skip


def test_a_session_that_showed_nothing_owes_no_review(
    plant: Plant, committed: Committed
) -> None:
    session = make_session(plant)
    order = recordings.open_recording(brokered_session=session, acting_user=plant.vera)
    with committed():
        sealed = recordings.seal_recording(recording_id=order.recording_id)
    assert sealed.duration_ms == 0
    assert not ComplianceReview.objects.exists()


def test_the_manifest_lies_beside_the_files(recording: Recording) -> None:
    content = (places.root() / recording.folder / "manifest.json").read_text()
    assert recording.manifest_signature in content
    assert "BEGIN PUBLIC KEY" in content


def test_a_recording_being_written_cannot_be_verified(plant: Plant) -> None:
    recording = record_session(make_session(plant))
    with pytest.raises(NotPossible):
        verify_recording(recording=recording)


def test_the_database_refuses_a_sealed_recording_without_a_signature(
    recording: Recording,
) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Recording.objects.filter(pk=recording.pk).update(manifest_signature="")


# --- What a crash leaves ----------------------------------------------------------------


def crashed(plant: Plant) -> Recording:
    session = make_session(plant)

    def script(tape: Tape) -> None:
        for _ in range(5):
            tape.wait(1)
            tape.draw("x" * 70_000)  # each its own block
            tape.mouse(plant.vera.pk, 1, 1)

    recording = record_session(session, script, finish=False)
    end(session)
    return recording


def test_a_crash_leaves_an_incomplete_recording_that_is_kept(
    plant: Plant, committed: Committed
) -> None:
    recording = crashed(plant)
    screen = places.root() / recording.folder / "screen-00001.seg"
    screen.write_bytes(screen.read_bytes()[:-30])  # the last block was torn
    with committed():
        assert seal_abandoned_recordings() == 1
    recording.refresh_from_db()
    assert recording.state == Recording.State.INCOMPLETE
    assert recording.verification_error == ""
    assert recording.verified_at is not None
    segment = Segment.objects.get(recording=recording, track="screen")
    assert (segment.blocks, segment.ends_ms) == (5, 4000)
    assert segment.torn_bytes > 0
    assert recording.manifest["complete"] is False
    assert recording.review.state == ComplianceReview.State.OPEN


def test_segments_the_ledger_never_heard_of_are_found(
    plant: Plant, committed: Committed
) -> None:
    recording = crashed(plant)
    Segment.objects.filter(recording=recording).delete()
    with committed():
        seal_abandoned_recordings()
    assert Segment.objects.filter(recording=recording).count() == 2
    recording.refresh_from_db()
    assert recording.verification_error == ""


def test_a_segment_has_one_row_that_is_completed_when_it_closes(plant: Plant) -> None:
    session = make_session(plant)
    order = recordings.open_recording(brokered_session=session, acting_user=plant.vera)
    opened, closed = screen_facts(order, ends_ms=0), screen_facts(order, ends_ms=9_000)
    order.ledger.segment_opened(order.recording_id, opened)
    row = Segment.objects.get(recording=order.recording_id)
    assert (row.ends_ms, row.closed_at, row.stored_sha256) == (0, None, "")
    order.ledger.segment_closed(order.recording_id, closed)
    again = Segment.objects.get(recording=order.recording_id)
    assert again.pk == row.pk
    assert again.closed_at is not None
    assert facts_of(again) == closed


def test_what_is_told_of_a_sealed_recording_changes_no_row(
    recording: Recording,
) -> None:
    before = list(recording.segments.order_by("pk").values())
    keep_segment(
        recording.pk, replace(facts_of(recording.segments.all()[0]), blocks=99)
    )
    keep_segment(
        recording.pk, replace(facts_of(recording.segments.all()[0]), number=99)
    )
    assert list(recording.segments.order_by("pk").values()) == before


def test_a_live_session_is_not_sealed_by_the_sweep(plant: Plant) -> None:
    record_session(make_session(plant), finish=False)
    assert seal_abandoned_recordings() == 0


def test_a_session_that_has_just_ended_is_left_to_its_actor(plant: Plant) -> None:
    recording = crashed(plant)
    session = recording.brokered_session
    type(session).objects.filter(pk=session.pk).update(ended_at=timezone.now())
    assert seal_abandoned_recordings() == 0


def test_a_segment_row_whose_file_is_gone_is_named(
    plant: Plant, committed: Committed
) -> None:
    session = make_session(plant)
    recording = record_session(session)
    end(session)
    (places.root() / recording.folder / "screen-00002.seg").unlink()
    with committed():
        recordings.seal_recording(recording_id=recording.pk)
    recording.refresh_from_db()
    assert recording.state == Recording.State.INCOMPLETE
    assert recording.manifest["missing"] == [f"{recording.folder}/screen-00002.seg"]
    assert "segment_missing" in recording.verification_error


def test_a_failure_to_record_is_evidence(plant: Plant) -> None:
    session = make_session(plant)
    recordings.open_recording(brokered_session=session, acting_user=plant.vera)
    note_recording_failed(
        session, track="screen", code="disk_full", detail="disk full",
        failed_at=timezone.now(), journal_failed_at=None, grace_until=None,
    )  # fmt: skip
    (event,) = events("recording.failed")
    assert (event.severity, event.reason) == ("critical", "disk full")
    assert event.session_number == session.number


# --- Handing over to a storage elsewhere ------------------------------------------------


def test_files_move_to_another_storage_and_still_play(
    plant: Plant, committed: Committed, tmp_path: Path, settings: Any
) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "recordings": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path / "elsewhere"},
        },
    }
    with committed():
        recording = make_recording(plant)
    recording.refresh_from_db()
    assert not list((places.root() / recording.folder).glob("*.seg"))
    assert len(list((tmp_path / "elsewhere" / recording.folder).glob("*.seg"))) == 4
    assert recording.verification_error == ""
    look_over(recording.pk)  # once more does no harm
    recording.refresh_from_db()
    assert recording.verification_error == ""
