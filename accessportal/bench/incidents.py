"""`./portal bench incidents`: a link that drops, a supervisor who ends it, a broker that dies.

*Reconnect*: the socket is cut, the console asks for a new ticket at once; until its picture.
*Kill*: the supervisor's POST, until the last byte that the contractor's socket received,
until that socket is closed, and until the end is proven. Both through a whole embedded
portal, with a real guacd and real screens. *Adoption*: see `adoptions`.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from accessportal.bench.adoptions import adoptions
from accessportal.bench.console import Console
from accessportal.bench.latency import quantiles
from accessportal.bench.machines import machines
from accessportal.bench.options import common_options, run_bench
from accessportal.bench.processes import surroundings
from accessportal.bench.stage import Stage, portal, real_guacd

CHANGING_FPS = 5.0
PROOF_SECONDS = 30.0


@dataclass(frozen=True)
class Measured:
    """Seconds, each from the moment of the incident; `bar` is architecture 9's, in seconds."""

    what: str
    bar: float
    seconds: list[float]


def main(arguments: list[str]) -> int:
    """Measure and print. Exit status 0 when all was measured."""
    parser = argparse.ArgumentParser(prog="portal bench incidents", description=__doc__)
    common_options(parser)
    parser.add_argument(
        "--live", type=int, default=20, help="sessions, each killed once"
    )
    parser.add_argument("--drops", type=int, default=40, help="reconnects")
    parser.add_argument("--deaths", type=int, default=5, help="brokers killed")
    options = parser.parse_args(arguments)
    if options.quick:
        options.live, options.drops, options.deaths = 5, 10, 1
    return run_bench(lambda: table(measure(options)))


def measure(options: argparse.Namespace) -> list[Measured]:
    """Every incident; every fourth screen changes by itself."""
    directory = options.data_dir / "bench"
    directory.mkdir(parents=True, exist_ok=True)
    rates = [CHANGING_FPS if n % 4 == 0 else None for n in range(options.live)]
    with (
        tempfile.TemporaryDirectory(prefix="machines-") as place,
        real_guacd(directory) as (guacd, _pid),
        machines(Path(place), rates) as running,
    ):
        with portal(directory, guacd, running.machines) as stage:
            sessions = stage.until_active()
            found = asyncio.run(_incidents(stage, sessions, options.drops))
        found.append(
            Measured(
                "`kill -9` of a broker to a key that the machine answers",
                10.0,
                adoptions(directory, guacd, running.machines[0], options.deaths),
            )
        )
    return found


async def _incidents(
    stage: Stage, sessions: Sequence[str], drops: int
) -> list[Measured]:
    consoles = [await _enter(stage, session) for session in sessions]
    backs = []
    for number in range(drops):
        place = number % len(sessions)
        consoles[place].vanish()
        dropped = time.time()
        consoles[place] = await _enter(stage, sessions[place])
        backs.append(time.time() - dropped)
        await asyncio.sleep(0.1)
    _say("reconnect", backs)
    last_bytes, closings, asked_at = [], [], {}
    for session, console in zip(sessions, consoles, strict=True):
        asked_at[session] = asked = time.time()
        offset = time.time() - time.perf_counter()
        await asyncio.to_thread(
            stage.post, f"/sessions/{session}/end/", watching=True, reason="Bench"
        )
        closings.append(await asyncio.wait_for(console.closed, 30) - asked)
        last_bytes.append(console.frames.last_at + offset - asked)
        await asyncio.sleep(0.2)
    _say("kill", closings)
    proofs = await asyncio.to_thread(_proofs, stage, asked_at)
    return [
        Measured("link cut to picture", 2.0, backs),
        Measured("kill to the last byte delivered", 0.5, last_bytes),
        Measured("kill to the socket closed", 0.5, closings),
        Measured("kill to the proven end", 5.0, proofs),
    ]


async def _enter(stage: Stage, session: str) -> Console:
    way_in = await asyncio.to_thread(stage.way_in, session)
    console = await Console.enter(stage.port, way_in, stage.headers())
    await console.picture()
    return console


def _proofs(stage: Stage, asked_at: dict[str, float]) -> list[float]:
    def confirmed() -> dict[str, float]:
        rows = stage.rows("id", "end_confirmed_at")
        return {str(UUID(key)): at for key, at in rows if at is not None}

    stage.until(
        lambda: asked_at.keys() <= confirmed().keys(), PROOF_SECONDS, "ends are proven"
    )
    found = confirmed()
    return [found[session] - asked for session, asked in asked_at.items()]


def table(results: Sequence[Measured]) -> str:
    """The results as a Markdown table."""
    lines = [
        f"{surroundings()}. Seconds.",
        "",
        "| what | n | p50 | p99 | longest | bar |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for one in results:
        median, late = quantiles(one.seconds)
        lines.append(
            f"| {one.what} | {len(one.seconds)} | {median:.3f} | {late:.3f} "
            f"| {max(one.seconds):.3f} | {one.bar:g} |"
        )
    return "\n".join(lines)


def _say(what: str, seconds: Sequence[float]) -> None:
    print(f"{what}: {quantiles(seconds)}", file=sys.stderr)  # noqa: T201 - progress
