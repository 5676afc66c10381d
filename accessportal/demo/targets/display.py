"""An X display nobody beyond this machine, and nobody without the cookie, can open."""

from __future__ import annotations

import os
import secrets
import select
import struct
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from .errors import ProgramMissing, TargetFailed
from .process import Child, Nursery, find_program
from .waiting import READY_SECONDS, wait_until

GEOMETRY = "1280x800"
XVNC_PACKAGE = "tigervnc-standalone-server"
HMI_DIRECTORY = Path(__file__).resolve().parent
WILD_FAMILY = 0xFFFF

# Two X servers that look for a free number in the same instant can choose the same one.
_one_at_a_time = threading.Lock()


@dataclass(frozen=True)
class Display:
    """A running X server."""

    number: int
    authority: Path
    server: Child

    @property
    def environment(self) -> dict[str, str]:
        return {"DISPLAY": f":{self.number}", "XAUTHORITY": str(self.authority)}


def start_display(
    nursery: Nursery,
    name: str,
    directory: Path,
    *,
    rfb_port: int | None = None,
    password_file: Path | None = None,
) -> Display:
    """Start Xvnc; without ``rfb_port`` it is a display only and speaks no VNC."""
    authority = directory / "xauthority"
    _write_cookie(authority)
    xvnc = find_program(name, "Xvnc", XVNC_PACKAGE)
    read_end, write_end = os.pipe()
    try:
        command = [
            xvnc, "-displayfd", str(write_end), "-auth", str(authority),
            "-geometry", GEOMETRY, "-depth", "24", "-nolisten", "tcp",
            "-s", "0", "-desktop", name, "-AcceptSetDesktopSize=0",
        ]  # fmt: skip
        if rfb_port is None or password_file is None:
            command += ["-rfbport", "-1", "-SecurityTypes", "None"]
        else:
            # The blacklist would lock out guacd itself, the only client, after a few
            # attempts with a wrong password.
            command += [
                "-rfbport", str(rfb_port), "-localhost", "-UseIPv6=0",
                "-SecurityTypes", "VncAuth", "-PasswordFile", str(password_file),
                "-AlwaysShared", "-UseBlacklist=0",
            ]  # fmt: skip
        with _one_at_a_time:
            server = nursery.spawn(
                name,
                command,
                log=directory / "xvnc.log",
                directory=directory,
                pass_fds=(write_end,),
            )
            os.close(write_end)
            write_end = -1
            number = _read_number(name, read_end, server)
    finally:
        os.close(read_end)
        if write_end >= 0:
            os.close(write_end)
    return Display(number, authority, server)


def show_screen(
    nursery: Nursery,
    name: str,
    screen: str,
    display: Display,
    directory: Path,
    *,
    clock_offset: float,
) -> tuple[Child, Path]:
    """Show an operator screen on the display; returns its process and its state file."""
    state = directory / "state.json"
    state.unlink(missing_ok=True)
    child = nursery.spawn(
        name,
        [
            _python_with_tk(name),
            "-m",
            "plant_hmi",
            "--screen",
            screen,
            "--state",
            str(state),
            "--clock-offset",
            str(clock_offset),
        ],
        log=directory / "hmi.log",
        directory=directory,
        environment={**display.environment, "PYTHONPATH": str(HMI_DIRECTORY)},
    )
    wait_until("the operator screen", child, state.exists)
    return child, state


def _write_cookie(path: Path) -> None:
    """An Xauthority file good for any display number: it is chosen only later."""
    fields = (b"", b"", b"MIT-MAGIC-COOKIE-1", secrets.token_bytes(16))
    record = struct.pack(">H", WILD_FAMILY)
    for field in fields:
        record += struct.pack(">H", len(field)) + field
    path.touch(mode=0o600)
    path.write_bytes(record)


def _read_number(name: str, read_end: int, server: Child) -> int:
    """The number, read up to its line end: the server dies when that finds no reader."""
    said = b""
    while not said.endswith(b"\n"):
        ready, _, _ = select.select([read_end], [], [], READY_SECONDS)
        part = os.read(read_end, 32) if ready else b""
        if not part:
            raise TargetFailed(name, "its X server gave no display number", server.log)
        said += part
    return int(said)


def _python_with_tk(name: str) -> str:
    """The system's Python first: Debian's Tk draws smooth fonts, others may have none."""
    wanted = "import sys, tkinter; sys.exit(sys.version_info < (3, 11))"
    for candidate in ("/usr/bin/python3", sys.executable):
        if not os.access(candidate, os.X_OK):
            continue
        trial = subprocess.run(  # noqa: S603 - one of two fixed programs
            [candidate, "-c", wanted], capture_output=True, check=False
        )
        if trial.returncode == 0:
            return candidate
    raise ProgramMissing(name, "tkinter for Python 3.11 or newer", "python3-tk")
