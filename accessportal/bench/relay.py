"""`./portal bench relay`: what it costs to relay a stream, side by side.

Every relay gets the same captured streams from the same scripted guacd over loopback and
serves one client; counted is the CPU of the relay's own process. See docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from accessportal.bench.capture import STREAMS, captured
from accessportal.bench.processes import (
    ROOT,
    BenchProblem,
    cpu_seconds,
    in_memory,
    peak_rss_mb,
    running,
    surroundings,
)
from accessportal.bench.relays import Relay, relays
from accessportal.bench.sink import Sink
from accessportal.demo.targets import ProgramMissing, TargetFailed
from accessportal.launcher import ports
from accessportal.launcher.console import SetupProblem
from accessportal.launcher.guacd import Guacd
from sessions.guacamole.handshake import GuacdAddress

WARM_UP = 1.0


@dataclass(frozen=True)
class Result:
    """One relay over one stream. MB are 10^6 bytes of payload that the client got."""

    name: str
    stream: str
    mb_per_cpu_s: float
    wall_s: float
    rss_mb: float
    mb_per_wall_s: float


def main(arguments: list[str]) -> int:
    """Capture what is missing, measure, print. Exit status 0 when all were measured."""
    options = _options(arguments)
    directory = options.data_dir / "bench"
    directory.mkdir(parents=True, exist_ok=True)
    try:
        with _guacd(directory) as guacd:
            streams = captured(directory, guacd)
        results = _measure(options, directory, streams)
    except KeyboardInterrupt:
        return 130
    except (BenchProblem, SetupProblem, ProgramMissing, TargetFailed) as problem:
        print(f"bench: {problem}", file=sys.stderr)  # noqa: T201 - for the person who ran it
        return 1
    print(table(results))  # noqa: T201
    if options.json:
        keys = ("name", "stream", "mb_per_cpu_s", "wall_s", "rss_mb")
        print(json.dumps([{key: asdict(one)[key] for key in keys} for one in results]))  # noqa: T201
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="portal bench relay", description=__doc__)
    parser.add_argument(
        "--json", action="store_true", help="print a JSON list at the end"
    )
    parser.add_argument(
        "--seconds", type=float, default=5.0, help="time for each measurement"
    )
    parser.add_argument(
        "--rounds", type=int, default=1, help="keep the best of so many"
    )
    parser.add_argument(
        "--rate",
        type=float,
        default=0.0,
        help="MB/s that guacd offers; 0: as fast as taken",
    )
    parser.add_argument("--only", nargs="+", help="measure these relays only")
    parser.add_argument("--streams", nargs="+", choices=STREAMS, default=list(STREAMS))
    parser.add_argument(
        "--data-dir",
        type=Path,
        default=Path(os.environ.get("PORTAL_DATA_DIR", ROOT / "var")),
        help="where captured streams and logs are kept (below bench/)",
    )
    options = parser.parse_args(arguments)
    options.data_dir = options.data_dir.resolve()
    return options


@contextmanager
def _guacd(directory: Path) -> Iterator[GuacdAddress]:
    """A guacd to capture from: the one `GUACD` names, or one just for this."""
    if all((directory / f"{name}.guac").exists() for name in STREAMS):
        yield GuacdAddress()
        return
    daemon = Guacd(directory)
    host, _, port = daemon.ensure().rpartition(":")
    try:
        yield GuacdAddress(host, int(port))
    finally:
        daemon.stop()


def _measure(
    options: argparse.Namespace, directory: Path, streams: dict[str, Path]
) -> list[Result]:
    """Each relay over each stream, in turn, as often as asked; the best round of each.

    What else the machine does can only make a round worse.
    """
    chosen = [one for one in relays() if not options.only or one.name in options.only]
    best: dict[tuple[str, str], Result] = {}
    for _round in range(options.rounds):
        for stream in options.streams:
            for relay in chosen:
                result = measure(relay, stream, streams[stream], directory, options)
                print(_line(asdict(result).values()), flush=True)  # noqa: T201
                before = best.get((stream, relay.name))
                if before is None or result.mb_per_cpu_s > before.mb_per_cpu_s:
                    best[stream, relay.name] = result
    return list(best.values())


def measure(
    relay: Relay,
    stream: str,
    captured_file: Path,
    directory: Path,
    options: argparse.Namespace,
) -> Result:
    """One relay, one stream. Raises `BenchProblem` when it does not deliver."""
    guacd, port = ports.free_port(), ports.free_port()
    replay = [
        sys.executable, "-m", "accessportal.bench.replay",
        "--port", str(guacd), "--stream", str(captured_file), "--rate", str(options.rate),
    ]  # fmt: skip
    log = directory / f"{relay.name}.log"
    place = in_memory() or directory
    with tempfile.TemporaryDirectory(prefix="bench-", dir=place) as scratch:
        entry = Path(scratch) / "way-in"
        with (
            running(replay, directory / "replay.log", guacd),
            running(relay.command(port, guacd, entry), log, port) as pid,
        ):
            sink = Sink(port, *relay.way_in(entry))
            try:
                taken = sink.take(WARM_UP, options.seconds, lambda: cpu_seconds(pid))
            finally:
                sink.close()
            rss = peak_rss_mb(pid)
    megabytes = taken.payload / 1e6
    return Result(
        relay.name,
        stream,
        round(megabytes / (taken.after - taken.before), 1),
        round(taken.seconds, 2),
        round(rss, 1),
        round(megabytes / taken.seconds, 1),
    )


def table(results: Iterable[Result]) -> str:
    """The results as a Markdown table, with how they compare to the byte pump."""
    rows = list(results)
    pump = {one.stream: one.mb_per_cpu_s for one in rows if one.name == "pump"}
    lines = [
        surroundings(),
        "",
        "| relay | stream | MB per CPU second | of the pump's cost | MB/s | wall s | RSS MB |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for one in rows:
        times = (
            f"{pump[one.stream] / one.mb_per_cpu_s:.1f}x" if one.stream in pump else "-"
        )
        lines.append(
            f"| {one.name} | {one.stream} | {one.mb_per_cpu_s:.1f} | {times} "
            f"| {one.mb_per_wall_s:.1f} | {one.wall_s:.2f} | {one.rss_mb:.0f} |"
        )
    return "\n".join(lines)


def _line(values: Iterable[object]) -> str:
    return "  ".join(f"{value!s:>14}" for value in values)
