"""A writer on a folder of its own, and what it wrote, read back."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from sessions.guacamole.instruction import encode
from sessions.recorder.order import RecordingOrder
from sessions.recorder.reader import SegmentReader
from sessions.recorder.scan import scan_segment, segment_names
from sessions.recorder.writer import RecordingFailed, RecordingWriter

KEY = secrets.token_bytes(32)


def make_order(root: Path, **fields: object) -> RecordingOrder:
    values: dict[str, object] = {
        "recording_id": 1,
        "recording": "0b7d2a52-0000-4000-8000-000000000001",
        "root": root,
        "folder": "2026/SES-2026-0007",
        "data_key": KEY,
    }
    return RecordingOrder(**{**values, **fields})  # type: ignore[arg-type]


def picture(sync: int) -> str:
    return (
        encode("size", 0, 1280, 800)
        + encode("rect", 0, 0, 0, 9, 9)
        + encode("sync", sync, 1)
    )


def frame(sync: int, text: str = "x") -> tuple[str, list[tuple[int, int]]]:
    """One frame as the actor hands it over: text, and where its sync ends."""
    drawn = encode("cfill", 14, 0, 255, 0, 0, text) + encode("sync", sync, 1)
    return drawn, [(len(drawn), sync)]


def plain_of(root: Path, name: str, key: bytes = KEY) -> bytes:
    with (root / name).open("rb") as file:
        return b"".join(plain for _, plain in SegmentReader(file, key).plain_blocks())


def plain_until_torn(root: Path, name: str, key: bytes = KEY) -> bytes:
    """What is whole of a segment that may have been cut off."""
    kept = scan_segment(root, name, key).plain_bytes
    plain = b""
    with (root / name).open("rb") as file:
        for _, piece in SegmentReader(file, key).plain_blocks():
            plain += piece
            if len(plain) >= kept:
                break
    return plain


def names(root: Path, track: str = "") -> list[str]:
    return [
        name
        for name in segment_names(root, "2026/SES-2026-0007")
        if not track or f"/{track}-" in name
    ]


async def started(
    root: Path, failures: list[Any] | None = None, **fields: Any
) -> RecordingWriter:
    on_failure = failures.append if failures is not None else None
    writer = RecordingWriter(make_order(root, **fields), on_failure=on_failure)
    await writer.open()
    await writer.start(picture(1000), 1000)
    return writer


def journal(root: Path) -> list[Any]:
    plain = b"".join(plain_until_torn(root, name) for name in names(root, "input"))
    return [json.loads(line) for line in plain.splitlines()]


async def until(found: list[Any]) -> None:
    """Wait until there is something."""
    async with asyncio.timeout(20):
        while not found:
            await asyncio.sleep(0.01)


async def until_it(works: Callable[[], Awaitable[None]]) -> None:
    """Try until it does not fail any more."""
    async with asyncio.timeout(20):
        while True:
            try:
                return await works()
            except RecordingFailed:
                await asyncio.sleep(0.02)
