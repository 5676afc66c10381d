"""Starting, knowing and ending the demo targets together."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from .errors import TargetFailed
from .facts import TargetFacts
from .process import Nursery
from .rdp import RdpTarget
from .secret_store import SecretStore, write_private
from .ssh import SshTarget
from .target import Target
from .telnet import TelnetTarget
from .vnc import VncTarget
from .waiting import fresh_port, port_is_free

logger = logging.getLogger(__name__)

KINDS: dict[str, type[Target]] = {
    kind.key: kind for kind in (VncTarget, RdpTarget, SshTarget, TelnetTarget)
}
KEYS = tuple(KINDS)
WATCH_SECONDS = 2.0


class Targets:
    """The running targets; a context manager that ends them.

    Every method may be called from any thread.
    """

    def __init__(
        self,
        data_dir: Path,
        ports: Mapping[str, int],
        clock_offsets: Mapping[str, float],
    ) -> None:
        self._home = data_dir.resolve() / "targets"
        self._home.mkdir(parents=True, exist_ok=True)
        self._described = described_path(data_dir)
        self._secrets = SecretStore(self._home / "secrets.json")
        self._wanted_ports = dict(ports)
        self._clock_offsets = dict(clock_offsets)
        self._nursery = Nursery()
        self._lock = threading.RLock()
        self._running: dict[str, Target] = {}
        self._facts: dict[str, TargetFacts] = {}
        self._ended = threading.Event()
        self._watcher: threading.Thread | None = None

    def start(self, key: str) -> TargetFacts:
        """Start one target, or start it again after ``stop_one``, where it was before."""
        with self._lock:
            self._discard(key)
            target = KINDS[key](
                self._nursery,
                self._home,
                self._secrets,
                clock_offset=self._clock_offsets.get(key, 0.0),
            )
            self._running[key] = target
        try:
            facts = self._start_on_a_port(target)
        except BaseException:
            target.stop()
            raise
        with self._lock:
            self._facts[key] = facts
        return facts

    def start_all(self, keys: Iterable[str]) -> None:
        """Start these side by side; when one fails, end all and raise its error."""
        chosen = list(keys)
        try:
            with ThreadPoolExecutor(
                len(chosen), thread_name_prefix="demo-start"
            ) as pool:
                list(pool.map(self.start, chosen))
        except BaseException:
            self.stop()
            raise
        write_private(self._described, json.dumps(self.describe(), indent=1).encode())

    def stop_one(self, key: str) -> None:
        """End one target: the machine is off, its address stays the same."""
        with self._lock:
            self._discard(key)

    def stop(self) -> None:
        """End all of them and everything they started; again does no harm."""
        self._ended.set()
        if (
            self._watcher is not None
            and self._watcher is not threading.current_thread()
        ):
            self._watcher.join()
        with self._lock:
            targets = list(self._running.values())
            self._running.clear()
        if targets:
            with ThreadPoolExecutor(len(targets)) as pool:
                list(pool.map(lambda target: target.stop(), targets))
        self._nursery.close()

    def watch(self) -> None:
        """Start a machine again when it dies by itself (for the demo, not for tests)."""
        self._watcher = threading.Thread(
            target=self._watch, name="demo-targets-watch", daemon=True
        )
        self._watcher.start()

    def __getitem__(self, key: str) -> TargetFacts:
        return self._facts[key]

    def __contains__(self, key: str) -> bool:
        return key in self._facts

    def describe(self) -> list[dict[str, Any]]:
        """Facts of every target started, as ``TargetFacts.as_dict`` gives them."""
        return [self._facts[key].as_dict() for key in KEYS if key in self._facts]

    def process_ids(self) -> list[int]:
        """Numbers of the processes started directly."""
        with self._lock:
            return [
                child.process.pid
                for target in self._running.values()
                for child in target.children
            ]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _discard(self, key: str) -> None:
        target = self._running.pop(key, None)
        if target is not None:
            target.stop()

    def _start_on_a_port(self, target: Target) -> TargetFacts:
        """The port asked for, or the one used before when it is free, or a fresh one."""
        wanted = self._wanted_ports.get(target.key)
        if wanted:
            return target.start(wanted)
        before = self._secrets.peek(f"{target.key}_port")
        port = int(before) if before and port_is_free(int(before)) else fresh_port()
        try:
            facts = target.start(port)
        except TargetFailed:
            # Somebody may have taken the port between choosing it and listening.
            target.stop()
            if port_is_free(port):
                raise
            facts = target.start(fresh_port())
        self._secrets.put(f"{target.key}_port", str(facts.port))
        return facts

    def _watch(self) -> None:
        while not self._ended.wait(WATCH_SECONDS):
            with self._lock:
                dead = [
                    key for key, target in self._running.items() if not target.alive
                ]
            for key in dead:
                logger.warning(
                    "The demo target %s ended by itself; starting it again.", key
                )
                try:
                    self.start(key)
                except TargetFailed as problem:
                    logger.error("%s", problem)


def described_path(data_dir: Path) -> Path:
    """Where ``describe()`` is kept for other programs; only its owner can read it."""
    return data_dir.resolve() / "targets" / "described.json"


def start_targets(
    data_dir: Path | str,
    *,
    only: Iterable[str] | None = None,
    ports: Mapping[str, int] | None = None,
    watch: bool = False,
    clock_offsets: Mapping[str, float] | None = None,
) -> Targets:
    """Start the demo targets (``vnc``, ``rdp``, ``ssh``, ``telnet``, or ``only`` some).

    ``ports`` fixes the port of a target; others are chosen once per data directory and
    kept. ``watch`` starts a target again when it dies by itself. ``clock_offsets`` are
    seconds by which the clock on a machine's screen is off. All listen on 127.0.0.1
    only, and die with the calling process. Raises ``TargetFailed`` or ``ProgramMissing``
    with a sentence for the person at the terminal, having ended what was started.
    """
    targets = Targets(Path(data_dir), ports or {}, clock_offsets or {})
    targets.start_all(KEYS if only is None else only)
    if watch:
        targets.watch()
    return targets
