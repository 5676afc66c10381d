"""Machines to work on: real Xvnc servers on loopback, as light as they come.

Each has a port and a password of its own. What they show is up to `probe_screen.py`:
nothing that moves, a patch that changes with every key, a part that changes at a rate.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from accessportal.demo.targets.display import (
    Display,
    _python_with_tk,
    start_display,
)
from accessportal.demo.targets.process import Child, Nursery
from accessportal.demo.targets.secret_store import (
    VNC_PASSWORD_LENGTH,
    make_password,
    vnc_password_file,
    write_private,
)
from accessportal.launcher import ports

SCREEN = Path(__file__).with_name("probe_screen.py")


@dataclass(frozen=True)
class Machine:
    """Where a machine is, and what its VNC asks for; `fps` is how often it changes."""

    host: str = "127.0.0.1"
    port: int = 5900
    password: str = ""
    fps: float = 0.0

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Running:
    """The machines, and the processes that play them."""

    machines: list[Machine]
    children: list[Child]

    @property
    def pids(self) -> list[int]:
        return [child.process.pid for child in self.children]


@contextmanager
def machines(directory: Path, rates: Sequence[float | None]) -> Iterator[Running]:
    """One machine for each of `rates`: pictures a second that change by themselves, 0 for
    one that changes only by a key, None for one that shows nothing at all."""
    nursery = Nursery()
    children: list[Child] = []
    try:
        with ThreadPoolExecutor(4) as pool:
            started = list(
                pool.map(
                    lambda one: _machine(
                        nursery, directory / f"machine-{one[0]}", one[1]
                    ),
                    enumerate(rates, 1),
                )
            )
        for _, its_children in started:
            children += its_children
        time.sleep(1.5)  # The screens draw themselves.
        yield Running([machine for machine, _children in started], children)
    finally:
        nursery.end(children)
        nursery.close()


def _machine(
    nursery: Nursery, directory: Path, fps: float | None
) -> tuple[Machine, list[Child]]:
    directory.mkdir(parents=True, exist_ok=True)
    password = make_password(VNC_PASSWORD_LENGTH)
    password_file = directory / "vnc-password"
    write_private(password_file, vnc_password_file(password))
    port = ports.free_port()
    display = start_display(
        nursery, "bench", directory, rfb_port=port, password_file=password_file
    )
    machine = Machine(port=port, password=password, fps=fps or 0.0)
    if fps is None:
        return machine, [display.server]
    return machine, [display.server, _screen(nursery, display, directory, fps)]


def _screen(nursery: Nursery, display: Display, directory: Path, fps: float) -> Child:
    return nursery.spawn(
        "bench",
        [_python_with_tk("bench"), str(SCREEN), str(fps)],
        log=directory / "screen.log",
        directory=directory,
        environment=display.environment,
    )
