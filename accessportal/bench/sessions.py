"""`./portal bench sessions`: what a live session costs, idle and busy, and how many a core carries.

Real guacd, real VNC screens, a whole embedded portal that records, each session with its
console. Idle: nothing on the screen changes. Busy: twelve values and a trend change five
times a second, on every screen. CPU and memory are the difference to the same portal with
one session, for each session more.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from accessportal.bench.console import Console
from accessportal.bench.machines import machines
from accessportal.bench.options import common_options, run_bench
from accessportal.bench.processes import (
    cpu_seconds,
    family_cpu_seconds,
    rss_mb,
    surroundings,
)
from accessportal.bench.stage import Stage, portal, real_guacd
from accessportal.launcher.guacd import children_of

BUSY_FPS = 5.0


@dataclass(frozen=True)
class Load:
    """One portal with `sessions` live ones: CPU as shares of a core, memory in MB (10^6
    bytes), what consoles got in MB/s and what was written to the disk in MB/s."""

    sessions: int
    portal_cpu: float
    guacd_cpu: float
    portal_mb: float
    guacd_child_mb: float
    sent_mb: float
    stored_mb: float


@dataclass(frozen=True)
class Cost:
    """What one session more costs, of one kind."""

    kind: str
    one: Load
    many: Load

    def each(self, field: str) -> float:
        """The difference of a figure for each session more."""
        more = self.many.sessions - self.one.sessions
        return float((getattr(self.many, field) - getattr(self.one, field)) / more)


def main(arguments: list[str]) -> int:
    """Measure and print. Exit status 0 when all was measured."""
    parser = argparse.ArgumentParser(prog="portal bench sessions", description=__doc__)
    common_options(parser)
    parser.add_argument("--idle", type=int, default=40, help="idle sessions at once")
    parser.add_argument("--busy", type=int, default=10, help="busy sessions at once")
    parser.add_argument("--seconds", type=float, default=15.0)
    options = parser.parse_args(arguments)
    if options.quick:
        options.idle, options.busy = min(options.idle, 20), min(options.busy, 6)
        options.seconds = min(options.seconds, 8.0)
    return run_bench(lambda: table(measure(options)))


def measure(options: argparse.Namespace) -> list[Cost]:
    """One session, then many, idle and busy, on the same machines and guacd."""
    directory = options.data_dir / "bench"
    directory.mkdir(parents=True, exist_ok=True)
    costs = []
    for kind, count, rate in (
        ("idle", options.idle, None),
        (f"busy, {BUSY_FPS:g}/s", options.busy, BUSY_FPS),
    ):
        with (
            tempfile.TemporaryDirectory(prefix="machines-") as place,
            real_guacd(directory) as (guacd, guacd_pid),
            machines(Path(place), [rate] * count) as running,
        ):
            loads = []
            for live in (1, count):
                with portal(directory, guacd, running.machines[:live]) as stage:
                    live_ones = stage.until_active()
                    load = _load(stage, live_ones, guacd_pid, options.seconds)
                    loads.append(asyncio.run(load))
                print(f"{kind}: {loads[-1]}", file=sys.stderr)  # noqa: T201 - progress
            costs.append(Cost(kind, *loads))
    return costs


async def _load(
    stage: Stage, sessions: Sequence[str], guacd_pid: int, seconds: float
) -> Load:
    consoles = []
    for session in sessions:
        way_in = await asyncio.to_thread(stage.way_in, session)
        consoles.append(await Console.enter(stage.port, way_in, stage.headers()))
    for console in consoles:
        await console.picture()
    await asyncio.sleep(
        4.0
    )  # Opening pictures are over, what was for the start is done.

    def figures() -> tuple[float, float, float, float, float]:
        return (
            time.monotonic(),
            cpu_seconds(stage.pid),
            family_cpu_seconds(guacd_pid),
            sum(console.frames.received for console in consoles),
            _stored_bytes(stage),
        )

    before = figures()
    await asyncio.sleep(seconds)
    took, portal_cpu, guacd_cpu, sent, stored = (
        late - early for early, late in zip(before, figures(), strict=True)
    )
    load = Load(
        sessions=len(consoles),
        portal_cpu=portal_cpu / took,
        guacd_cpu=guacd_cpu / took,
        portal_mb=rss_mb(stage.pid),
        guacd_child_mb=statistics.mean(map(rss_mb, children_of(guacd_pid))),
        sent_mb=sent / took / 1e6,
        stored_mb=stored / took / 1e6,
    )
    for console in consoles:
        console.vanish()
    return load


def _stored_bytes(stage: Stage) -> int:
    """What recordings take on the disk so far."""
    root = stage.database.parent / "recordings"
    return sum(path.stat().st_size for path in root.rglob("*") if path.is_file())


def table(costs: Sequence[Cost]) -> str:
    """The results as a Markdown table."""
    lines = [
        f"{surroundings()}. For each session more; CPU in thousandths of a core.",
        "",
        "| sessions | n | portal CPU | guacd CPU | sessions per core, portal alone "
        "| sessions per core, with guacd | portal MB | guacd child MB | sent KB/s | stored KB/s |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for cost in costs:
        portal_cpu, guacd_cpu = cost.each("portal_cpu"), cost.each("guacd_cpu")
        lines.append(
            f"| {cost.kind} | {cost.many.sessions} "
            f"| {portal_cpu * 1000:.1f} | {guacd_cpu * 1000:.1f} "
            f"| {_per_core(portal_cpu)} | {_per_core(portal_cpu + guacd_cpu)} "
            f"| {cost.each('portal_mb'):.2f} | {cost.many.guacd_child_mb:.0f} "
            f"| {cost.each('sent_mb') * 1000:.1f} | {cost.each('stored_mb') * 1000:.1f} |"
        )
    one = costs[0].one
    lines += [
        "",
        f"The portal itself, with one idle session: {one.portal_cpu * 1000:.0f} thousandths "
        f"of a core, {one.portal_mb:.0f} MB.",
    ]
    return "\n".join(lines)


def _per_core(share: float) -> str:
    return f"{math.floor(1 / share)}" if share > 0 else "not measurable"
