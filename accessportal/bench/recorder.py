"""`./portal bench recorder`: what it costs to record a stream, and to read it back.

The streams are those of `bench relay`. Counted is the CPU of this process, disk thread
included; MB are 10^6 bytes of instructions. Nothing is relayed here.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from accessportal.bench.capture import STREAMS, captured
from accessportal.bench.processes import ROOT, BenchProblem
from sessions.guacamole.reader import Batch, InstructionReader
from sessions.recorder.container import SCREEN
from sessions.recorder.manifest import build_manifest
from sessions.recorder.order import RecordingOrder
from sessions.recorder.scan import scan_segment, segment_names
from sessions.recorder.verification import blocks_of, check_segments
from sessions.recorder.writer import InputRecord, RecordingWriter

READ = 64 * 1024
INPUTS = 5_000


@dataclass(frozen=True)
class Result:
    """`stored` is the stored size as a share of the plain one; `segment_ms` the time to
    verify a whole segment before it is sent; `input_us` the time one input takes."""

    stream: str
    write_mb_per_cpu_s: float
    stored: float
    verify_mb_per_cpu_s: float
    segment_ms: float
    input_us: float


def main(arguments: list[str]) -> int:
    """Measure and print. Exit status 0 when all were measured."""
    parser = argparse.ArgumentParser(prog="portal bench recorder", description=__doc__)
    parser.add_argument(
        "--json", action="store_true", help="print a JSON list at the end"
    )
    parser.add_argument(
        "--megabytes", type=float, default=100.0, help="to record of each stream"
    )
    parser.add_argument(
        "--data-dir",
        type=Path,
        default=Path(os.environ.get("PORTAL_DATA_DIR", ROOT / "var")),
        help="where captured streams are kept (below bench/)",
    )
    options = parser.parse_args(arguments)
    try:
        from accessportal.bench.relay import _guacd

        directory = options.data_dir / "bench"
        directory.mkdir(parents=True, exist_ok=True)
        with _guacd(directory) as guacd:
            streams = captured(directory, guacd)
    except BenchProblem as problem:
        print(f"bench: {problem}", file=sys.stderr)  # noqa: T201 - for the person who ran it
        return 1
    results = [measure(name, streams[name], options.megabytes) for name in STREAMS]
    print(table(results))  # noqa: T201
    if options.json:
        print(json.dumps([asdict(one) for one in results]))  # noqa: T201
    return 0


def measure(stream: str, path: Path, megabytes: float) -> Result:
    """Record a stream until it is long enough, then verify it."""
    with tempfile.TemporaryDirectory(prefix="portal-bench-") as folder:
        order = RecordingOrder(
            recording_id=1,
            recording="bench",
            root=Path(folder),
            folder="recording",
            data_key=secrets.token_bytes(32),
        )
        batches = list(batches_of(path))
        plain, cpu = asyncio.run(record(order, batches, megabytes * 1e6))
        input_us = asyncio.run(record_input(order))
        facts = [
            scan_segment(order.root, name, order.data_key)
            for name in segment_names(order.root, order.folder)
            if f"/{SCREEN}-" in name
        ]
        manifest = build_manifest(
            recording=order.recording, session="", key_id="", complete=True, reason="",
            segments=facts, missing=[],
        )  # fmt: skip
        began = time.process_time()
        report = check_segments(
            manifest, order.data_key, lambda name: (order.root / name).open("rb")
        )
        verify_cpu = time.process_time() - began
        if not report.intact:
            raise BenchProblem(f"{stream}: what was recorded is not intact")
        return Result(
            stream=stream,
            write_mb_per_cpu_s=round(plain / 1e6 / cpu),
            stored=round(sum(one.stored_bytes for one in facts) / plain, 3),
            verify_mb_per_cpu_s=round(report.plain_bytes / 1e6 / verify_cpu),
            segment_ms=round(statistics.median(segment_times(order, manifest)), 1),
            input_us=round(input_us, 1),
        )


def batches_of(path: Path) -> Iterable[Batch]:
    """The stream as the broker's reader hands it over."""
    reader = InstructionReader()
    data = path.read_bytes()
    for start in range(0, len(data), READ):
        if batch := reader.feed(data[start : start + READ]):
            yield batch


async def record(
    order: RecordingOrder, batches: list[Batch], wanted: float
) -> tuple[float, float]:
    """(characters recorded, CPU seconds it took)."""
    writer = RecordingWriter(order)
    await writer.open()
    picture = batches[0].text
    began, plain = time.process_time(), float(len(picture))
    await writer.start(picture, batches[0].syncs[-1][1])
    syncs = [at for batch in batches for _end, at in batch.syncs]
    lasts, passed, last = syncs[-1] - syncs[0] + 25, 0, syncs[0]
    while plain < wanted:
        passed += lasts  # guacd's clock never goes back
        for batch in batches:
            shifted = [(end, at + passed) for end, at in batch.syncs]
            last = shifted[-1][1] if shifted else last
            writer.append_screen(batch.text, shifted)
            plain += len(batch.text)
            await asyncio.sleep(0)
            if writer.wants_rotation:
                writer.begin_cut()
                writer.append_screen("", [(0, last)])
                writer.rotate(picture, last)
                await writer.settled()
    await writer.finish()
    return plain, time.process_time() - began


async def record_input(order: RecordingOrder) -> float:
    """Microseconds of one input: one line, one block, one write()."""
    writer = RecordingWriter(
        RecordingOrder(**{**vars(order), "folder": "input", "recording_id": 2})
    )
    await writer.open()
    began = time.perf_counter()
    for x in range(INPUTS):
        writer.append_input([InputRecord(1, "mouse", (x % 1280, x % 800, 0))])
    taken = time.perf_counter() - began
    await writer.abandon()
    return taken / INPUTS * 1e6


def segment_times(order: RecordingOrder, manifest: dict[str, Any]) -> list[float]:
    """Milliseconds to verify each segment, as the player's view does before it sends it."""
    times = []
    for entry in manifest["segments"]:
        began = time.perf_counter()
        for _block in blocks_of(
            entry,
            order.recording,
            order.data_key,
            lambda name: (order.root / name).open("rb"),
        ):
            pass
        times.append((time.perf_counter() - began) * 1000)
    return times


def table(results: list[Result]) -> str:
    """The results as a table for docs/performance.md."""
    lines = [
        "| stream | write, MB per CPU s | stored | verify, MB per CPU s | segment, ms "
        "| input, us |",
        "|---|---|---|---|---|---|",
    ]
    for one in results:
        lines.append(f"| {' | '.join(str(value) for value in asdict(one).values())} |")
    return "\n".join(lines)
