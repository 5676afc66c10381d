"""`./portal bench latency`: from a key to its pixel, through the portal and without it.

A key is pressed on a real VNC screen that answers every key with another colour; what
counts is the time from sending the key to having the frame in which something was drawn.
Pressed in turn: through a console's tunnel, and on a second such screen by a client that
speaks to the same guacd directly. The difference is what the portal adds.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from accessportal.bench.console import Console, Frames
from accessportal.bench.machines import Machine, machines
from accessportal.bench.options import common_options, run_bench
from accessportal.bench.processes import (
    BenchProblem,
    cpu_seconds,
    family_cpu_seconds,
    surroundings,
)
from accessportal.bench.stage import Stage, portal, real_guacd
from sessions.guacamole.arguments import (
    EndpointFacts,
    SignIn,
    Size,
    connection_arguments,
)
from sessions.guacamole.handshake import GuacdAddress, GuacdStream, open_connection
from sessions.guacamole.instruction import encode
from sessions.guacamole.opcodes import Permissions
from sessions.guacamole.reader import InstructionReader

SIZE = Size(1280, 800)
KEY = 0x61
CHANGING_FPS = 5.0
ANSWER_SECONDS = 5.0


@dataclass(frozen=True)
class Result:
    """Milliseconds from key to pixel at `live` sessions, and what the machine did besides:
    `portal_cpu` and `guacd_cpu` are shares of one core."""

    live: int
    presses: int
    through: list[float]
    direct: list[float]
    portal_cpu: float
    guacd_cpu: float


def main(arguments: list[str]) -> int:
    """Measure and print. Exit status 0 when all was measured."""
    parser = argparse.ArgumentParser(prog="portal bench latency", description=__doc__)
    common_options(parser)
    parser.add_argument("--live", type=int, nargs="+", default=[1, 10, 50])
    parser.add_argument("--presses", type=int, default=200)
    options = parser.parse_args(arguments)
    if options.quick:
        options.presses = min(options.presses, 60)
    return run_bench(lambda: table(measure(options)))


def measure(options: argparse.Namespace) -> list[Result]:
    """All levels, one portal after the other on the same machines."""
    most = max(options.live)
    # The last one is for the direct client; every tenth of the rest changes by itself.
    rates: list[float | None] = [0.0]
    rates += [CHANGING_FPS if n % 10 == 9 else None for n in range(1, most)]
    directory = options.data_dir / "bench"
    directory.mkdir(parents=True, exist_ok=True)
    results = []
    with (
        tempfile.TemporaryDirectory(prefix="machines-") as place,
        real_guacd(directory) as (guacd, guacd_pid),
        machines(Path(place), [*rates, 0.0]) as running,
    ):
        *portals, own = running.machines
        for live in options.live:
            with portal(directory, guacd, portals[:live]) as stage:
                sessions = stage.until_active()
                level = _level(stage, sessions, guacd, guacd_pid, own, options.presses)
                results.append(asyncio.run(level))
                _say(results[-1])
    return results


async def _level(
    stage: Stage,
    sessions: Sequence[str],
    guacd: GuacdAddress,
    guacd_pid: int,
    own: Machine,
    presses: int,
) -> Result:
    consoles = []
    for session in sessions:
        way_in = await asyncio.to_thread(stage.way_in, session)
        consoles.append(await Console.enter(stage.port, way_in, stage.headers()))
    for console in consoles:
        await console.picture()
    direct = await Direct.open(guacd, own)
    await asyncio.sleep(2.0)  # Opening pictures are over.
    before = cpu_seconds(stage.pid), family_cpu_seconds(guacd_pid)
    began = asyncio.get_running_loop().time()
    through, without = [], []
    for _ in range(presses):
        through.append(await _press(consoles[0].frames, consoles[0].send))
        await asyncio.sleep(random.uniform(0.03, 0.09))  # noqa: S311 - no secret
        without.append(await _press(direct.frames, direct.stream.send))
        await asyncio.sleep(random.uniform(0.03, 0.09))  # noqa: S311 - no secret
    took = asyncio.get_running_loop().time() - began
    after = cpu_seconds(stage.pid), family_cpu_seconds(guacd_pid)
    await direct.close()
    for console in consoles:
        console.vanish()
    shares = [(late - early) / took for early, late in zip(before, after, strict=True)]
    return Result(len(consoles), presses, through, without, *shares)


async def _press(frames: Frames, send: Callable[[str], None]) -> float:
    """Press a key, wait for its pixel, let go: milliseconds."""
    pixel = frames.expect()
    pressed = time.perf_counter()
    send(encode("key", KEY, 1))
    try:
        drawn = await asyncio.wait_for(pixel, ANSWER_SECONDS)
    except TimeoutError:
        raise BenchProblem("a key brought no pixel") from None
    finally:
        send(encode("key", KEY, 0))
    return (drawn - pressed) * 1000


class Direct:
    """A client that speaks to guacd itself, and answers every frame at once."""

    def __init__(self, stream: GuacdStream) -> None:
        self.stream = stream
        self.frames = Frames()
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def open(cls, guacd: GuacdAddress, machine: Machine) -> Direct:
        facts = EndpointFacts(protocol="vnc", host=machine.host, port=machine.port)
        arguments = connection_arguments(
            facts, SignIn(password=machine.password), Permissions(control=True), SIZE
        )
        return cls(await open_connection(guacd, "vnc", arguments, SIZE))

    async def close(self) -> None:
        self._reading.cancel()
        await self.stream.leave()

    async def _read(self) -> None:
        reader = InstructionReader()
        while data := await self.stream.read():
            sync = self.frames.look(reader.feed(data).text.encode())
            if sync:
                self.stream.send(sync.decode())


def table(results: Sequence[Result]) -> str:
    """The results as a Markdown table."""
    lines = [
        f"{surroundings()}. Milliseconds; *added*: the difference of the two.",
        "",
        "| live sessions | changing at 5/s | n | direct p50 | direct p99 | portal p50 "
        "| portal p99 | added p50 | added p99 | portal, of a core | guacd, of a core |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for one in results:
        direct, through = quantiles(one.direct), quantiles(one.through)
        lines.append(
            f"| {one.live} | {one.live // 10} | {one.presses} "
            f"| {direct[0]:.1f} | {direct[1]:.1f} | {through[0]:.1f} | {through[1]:.1f} "
            f"| {through[0] - direct[0]:+.1f} | {through[1] - direct[1]:+.1f} "
            f"| {one.portal_cpu:.2f} | {one.guacd_cpu:.2f} |"
        )
    return "\n".join(lines)


def quantiles(values: Sequence[float]) -> tuple[float, float]:
    """Median and 99th percentile."""
    ordered = sorted(values)
    return statistics.median(ordered), ordered[
        min(len(ordered) - 1, int(len(ordered) * 0.99))
    ]


def _say(one: Result) -> None:
    print(  # noqa: T201 - progress, for the person who ran it
        f"{one.live} live: portal {quantiles(one.through)}, direct {quantiles(one.direct)}",
        file=sys.stderr,
    )
