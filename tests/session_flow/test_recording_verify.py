"""Whoever changes evidence is found out, whatever was changed."""

from __future__ import annotations

import base64
import copy
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from accessportal import keys
from accessportal.audit.models import AuditEvent
from accessportal.origin import SYSTEM
from sessions.models import Recording, Segment
from sessions.recorder import places
from sessions.services.recording_check import inspect, verify_recording
from tests.cast import Plant
from tests.session_flow.recorded import make_recording


@pytest.fixture
def recording(plant: Plant, committed: Any) -> Recording:
    with committed():
        made = make_recording(plant)
    made.refresh_from_db()
    return made


def file_of(recording: Recording, number: int, track: str = "screen") -> Path:
    return places.root() / recording.folder / f"{track}-{number:05d}.seg"


def findings(recording: Recording) -> set[str]:
    return {finding.finding for finding in inspect(recording).findings}


def test_an_untouched_recording_is_intact(recording: Recording) -> None:
    assert findings(recording) == set()


def change_a_byte(recording: Recording) -> None:
    path = file_of(recording, 2)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def cut_the_end(recording: Recording) -> None:
    path = file_of(recording, 3)
    path.write_bytes(path.read_bytes()[:-10])


def add_to_the_end(recording: Recording) -> None:
    with file_of(recording, 1).open("ab") as file:
        file.write(b"\0")


def swap_two_files(recording: Recording) -> None:
    first, second = file_of(recording, 1), file_of(recording, 2)
    one, two = first.read_bytes(), second.read_bytes()
    first.write_bytes(two)
    second.write_bytes(one)


def remove_a_file(recording: Recording) -> None:
    file_of(recording, 2).unlink()


def remove_the_input_track(recording: Recording) -> None:
    file_of(recording, 1, "input").unlink()


def empty_a_file(recording: Recording) -> None:
    file_of(recording, 1).write_bytes(b"")


def replace_by_something_else(recording: Recording) -> None:
    file_of(recording, 1).write_bytes(b"<html>not found</html>" * 50)


def remove_a_row(recording: Recording) -> None:
    Segment.objects.filter(recording=recording, number=3).delete()


def change_a_row(recording: Recording) -> None:
    Segment.objects.filter(recording=recording, number=1).update(stored_sha256="0" * 64)


def say_it_is_complete(recording: Recording) -> None:
    Recording.objects.filter(pk=recording.pk).update(state=Recording.State.INCOMPLETE)
    recording.refresh_from_db()


def leave_a_segment_out_of_the_manifest(recording: Recording) -> None:
    manifest = copy.deepcopy(recording.manifest)
    manifest["segments"] = manifest["segments"][:-1]
    recording.manifest = manifest
    recording.save()
    Segment.objects.filter(recording=recording, track="screen", number=3).delete()


def empty_the_manifest(recording: Recording) -> None:
    recording.manifest = {"segments": [{}]}
    recording.save()


def sign_with_another_key(recording: Recording) -> None:
    signature = bytearray(base64.b64decode(recording.manifest_signature))
    signature[0] ^= 1
    recording.manifest_signature = base64.b64encode(bytes(signature)).decode()
    recording.save()


def take_the_key_of_another_session(recording: Recording) -> None:
    recording.wrapped_key = keys.seal(
        "recordings", bytes(32), bound_to="recording:another"
    )
    recording.save()


@pytest.mark.parametrize(
    ("tamper", "expected"),
    [
        (change_a_byte, "block_changed"),
        (cut_the_end, "segment_cut"),
        (add_to_the_end, "more_after_the_end"),
        (swap_two_files, "segment_swapped"),
        (remove_a_file, "segment_missing"),
        (remove_the_input_track, "segment_missing"),
        (empty_a_file, "torn"),
        (replace_by_something_else, "not_a_segment"),
        (remove_a_row, "manifest_differs"),
        (change_a_row, "manifest_differs"),
        (say_it_is_complete, "manifest_differs"),
        (leave_a_segment_out_of_the_manifest, "signature_invalid"),
        (empty_the_manifest, "signature_invalid"),
        (sign_with_another_key, "signature_invalid"),
        (take_the_key_of_another_session, "key_wrong"),
    ],
)
def test_tampering_is_found_and_named(
    recording: Recording, tamper: Callable[[Recording], None], expected: str
) -> None:
    tamper(recording)
    assert expected in findings(recording)


def test_a_verdict_is_kept_and_told(recording: Recording, plant: Plant) -> None:
    change_a_byte(recording)
    verify_recording(recording=recording, acting_user=plant.cora, origin=SYSTEM)
    recording.refresh_from_db()
    assert "block_changed" in recording.verification_error
    event = AuditEvent.objects.get(event="recording.verify.failed")
    assert (event.severity, event.result, event.actor_id) == (
        "critical",
        "error",
        plant.cora.pk,
    )


def test_a_lost_key_is_said_not_guessed(
    recording: Recording, settings: Any, tmp_path: Path
) -> None:
    keys.ensure_keys(tmp_path)
    settings.KEYS_DIR = tmp_path
    keys.forget_keys()
    try:
        assert "key_wrong" in findings(recording)
    finally:
        keys.forget_keys()


def test_the_command_passes_over_intact_recordings(recording: Recording) -> None:
    out = StringIO()
    call_command("verify_recordings", stdout=out)
    assert f"{recording.brokered_session.number}: intact" in out.getvalue()


def test_the_command_fails_loudly(recording: Recording) -> None:
    remove_a_file(recording)
    out = StringIO()
    with pytest.raises(CommandError, match="1 of 1"):
        call_command("verify_recordings", recording.brokered_session.number, stdout=out)
    assert "A part of the recording is missing." in out.getvalue()


def test_the_command_knows_no_such_session(db: None) -> None:
    with pytest.raises(CommandError, match="SES-1999-0001"):
        call_command("verify_recordings", "SES-1999-0001")


def test_the_recordings_folder_is_for_the_portal_only(recording: Recording) -> None:
    assert file_of(recording, 1).stat().st_mode & 0o077 == 0
    assert file_of(recording, 1).parent.stat().st_mode & 0o077 == 0
    assert settings.RECORDINGS_DIR in file_of(recording, 1).parents
