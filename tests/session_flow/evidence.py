"""What the machine received, held against what the recording holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings

from sessions.models import BrokeredSession, Recording
from sessions.recorder.container import INPUT
from sessions.recorder.errors import NotIntact
from sessions.recorder.reader import SegmentReader
from sessions.recorder.records import Line, decode_lines
from sessions.recorder.scan import segment_names
from sessions.services.recording import data_key_of
from tests.session_flow.fake_guacd import FakeConnection

Input = tuple[str, ...]


def keys_heard(asset: FakeConnection) -> list[Input]:
    """Every key that reached the machine, in order: keysym, pressed."""
    return [one.args[:2] for one in asset.heard if one.opcode == "key"]


def journal_of(live: BrokeredSession) -> list[Line]:
    """Every whole line of the input track, read from its files as they are now."""
    recording = Recording.objects.with_session().get(brokered_session=live)
    root = Path(settings.RECORDINGS_DIR)
    lines: list[Line] = []
    for name in segment_names(root, recording.folder):
        if f"/{INPUT}-" not in name:
            continue
        try:
            with (root / name).open("rb") as file:
                reader = SegmentReader(file, data_key_of(recording))
                for _head, plain in reader.plain_blocks():
                    lines += decode_lines(plain)
        except NotIntact:
            continue  # the rest of a file that is being written, or was torn
    return lines


def keys_journalled(live: BrokeredSession) -> list[Input]:
    """Every key of the input track, releases by the portal among them."""
    return [_as_input(line) for line in journal_of(live) if _is_key(line)]


def unrecorded(asset: FakeConnection, live: BrokeredSession) -> list[Input]:
    """What the machine received and the input track does not hold, in this order.

    The site must record key values. The journal may hold more: what was written down and
    then not sent.
    """
    journalled = iter(keys_journalled(live))
    return [key for key in keys_heard(asset) if key not in journalled]


def felt_by(hmi: dict[str, Any]) -> dict[str, int]:
    """How often a button and a key went down on the demo's machine, by its own count."""
    return {what: hmi["input"][what] for what in ("button_presses", "key_presses")}


def presses_journalled(live: BrokeredSession) -> dict[str, int]:
    """How often the input track has a mouse button and a key go down; named as in `felt_by`."""
    presses = keys = buttons = 0
    for line in journal_of(live):
        if line.kind == "mouse":
            presses += (line.payload[2] & ~buttons).bit_count()
            buttons = line.payload[2]
        elif line.kind == "release" and line.payload == [-1]:
            buttons = 0
        elif line.kind == "key":
            keys += line.payload[1]
    return {"button_presses": presses, "key_presses": keys}


def felt_unrecorded(
    before: dict[str, int], after: dict[str, int], journalled: dict[str, int]
) -> dict[str, int]:
    """Presses that the machine felt and the input track does not hold, by kind."""
    missing = {kind: after[kind] - before[kind] - journalled[kind] for kind in before}
    return {kind: count for kind, count in missing.items() if count > 0}


def marks_of(live: BrokeredSession, kind: str) -> list[dict[str, Any]]:
    return [line.payload for line in journal_of(live) if line.kind == kind]


def _is_key(line: Line) -> bool:
    return line.kind == "key" or (line.kind == "release" and line.payload[0] > 0)


def _as_input(line: Line) -> Input:
    keysym = str(line.payload[0])
    return (keysym, "0") if line.kind == "release" else (keysym, str(line.payload[1]))
