"""guacd beside an embedded portal: a daemon of its own, on loopback.

It is started once for a data directory and outlives a portal that crashes or is restarted:
the next start finds it by its pid file. `GUACD=host:port` uses one that runs elsewhere.
"""

import os
import signal
import subprocess
import time
from pathlib import Path

from accessportal.launcher import ports
from accessportal.launcher.console import SetupProblem
from accessportal.launcher.system import find

PREFERRED_PORT = 4822
START_ATTEMPTS = 3

LOG_LEVEL = "warning"
"""guacd forks while its other threads run. One that writes into the log in that moment leaves
the log locked in the child, which hangs at its own first line: so nothing is written where
nothing is wrong (docs/decisions/0039)."""


class Guacd:
    """The guacd that belongs to one data directory."""

    def __init__(self, data_dir: Path) -> None:
        self.pid_file = data_dir / "guacd.pid"
        self.port_file = data_dir / "guacd.port"
        self.log_file = data_dir / "guacd.log"

    def ensure(self) -> str:
        """Address `host:port` of a guacd that accepts connections.

        Raises `SetupProblem` when an outside one does not answer or ours does not start.
        """
        outside = os.environ.get("GUACD", "")
        if outside:
            return reachable(outside)
        if self.pid() is not None:
            port = int(self.port_file.read_text(encoding="ascii"))
            if ports.accepts("127.0.0.1", port, within_seconds=2):
                return f"127.0.0.1:{port}"
            self.stop()
        return self.start()

    def start(self) -> str:
        """Start a daemon of our own and remember its process and port."""
        program = find("guacd")
        if program is None:
            raise SetupProblem(
                "guacd is not installed, and GUACD=host:port names no other."
            )
        for _attempt in range(START_ATTEMPTS):
            port = ports.free_port(PREFERRED_PORT)
            if self._start_on(program, port):
                return f"127.0.0.1:{port}"
            self.stop()
        raise SetupProblem(f"guacd does not start; its words are in {self.log_file}.")

    def _start_on(self, program: str, port: int) -> bool:
        """Start it there; False when it does not listen, or somebody else took the port."""
        self.port_file.write_text(str(port), encoding="ascii")
        with self.log_file.open("ab") as log:
            process = subprocess.Popen(
                [program, "-b", "127.0.0.1", "-l", str(port), "-f", "-L", LOG_LEVEL],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                # A group of its own: Ctrl-C in the terminal is not for guacd.
                start_new_session=True,
            )  # fmt: skip
        self.pid_file.write_text(str(process.pid), encoding="ascii")
        deadline = time.monotonic() + 10
        while process.poll() is None and time.monotonic() < deadline:
            if ports.listens(process.pid, port):
                return True
            time.sleep(0.05)
        return False

    def pid(self) -> int | None:
        """Process id of our running guacd; None when there is none (any more)."""
        try:
            pid = int(self.pid_file.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None
        return pid if is_guacd(pid) else None

    def stop(self) -> None:
        """Stop our guacd and its children, if it runs; never any other."""
        pid = self.pid()
        self.pid_file.unlink(missing_ok=True)
        if pid is None:
            return
        family = [pid, *children_of(pid)]
        for signal_number in (signal.SIGTERM, signal.SIGKILL):
            for member in filter(is_guacd, family):
                os.kill(member, signal_number)
            deadline = time.monotonic() + 3
            while any(map(is_guacd, family)) and time.monotonic() < deadline:
                reap(pid)
                time.sleep(0.05)


def children_of(pid: int) -> list[int]:
    """guacd's children: one process for each connection that is open.

    Each is the child of the thread that serves the connection's first user.
    """
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += map(int, path.read_text(encoding="ascii").split())
        except OSError:  # a thread that has just ended
            continue
    return found


def is_guacd(pid: int) -> bool:
    """True when this process lives and is a guacd: numbers of processes are used again."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return Path(os.fsdecode(words[0])).name == "guacd"


def reap(pid: int) -> None:
    """Collect our child's exit status; another's child is not ours to collect."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass


def reachable(address: str) -> str:
    """`host:port` as given, once something accepts there. Raises `SetupProblem`."""
    host, separator, port = address.rpartition(":")
    if not separator or not port.isdigit():
        raise SetupProblem(f"GUACD must be host:port, not {address!r}.")
    if not ports.accepts(host.strip("[]"), int(port), within_seconds=5):
        raise SetupProblem(f"no guacd accepts connections at {address} (GUACD).")
    return address
