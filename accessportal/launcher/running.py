"""`./portal demo` and `./portal serve`: one process, with guacd beside it.

Ctrl-C stops everything that this start brought up. A crash leaves guacd where it is, and
so does SIGTERM to `serve`, which is what a service manager sends for a restart.
"""

import hashlib
import os
import signal
import socket
import types
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from accessportal.launcher import data_dir, ports, stamps
from accessportal.launcher.console import SetupProblem, say
from accessportal.launcher.guacd import Guacd
from accessportal.launcher.managing import database_is_missing
from accessportal.launcher.paths import ROOT, STATIC
from accessportal.serving import Server, config


@dataclass(frozen=True)
class Run:
    """What one start was asked to do."""

    demo: bool
    host: str
    port: int
    data_dir: Path
    reset: bool


class Terminated(Exception):
    """SIGTERM or SIGHUP: someone other than the person at the terminal ends this process."""


def run_portal(run: Run) -> None:
    """Serve until Ctrl-C. Raises `SetupProblem` when a start is not possible."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _terminated)
    stays_for_restart = False
    with ExitStack() as started:
        started.enter_context(hold(run))
        listener = started.enter_context(take_port(run.host, run.port))
        if run.reset:
            data_dir.reset(run.data_dir, ask=not run.demo)
        guacd = Guacd(run.data_dir)
        try:
            set_environment(run, guacd.ensure())
            if run.demo:
                # Not for `serve`: a plant's own portal has no machines of ours.
                from accessportal.launcher.demo import Machines

                machines = started.enter_context(Machines(run.data_dir))
                prepare_django()
                welcome = machines.fill_plant()
            else:
                prepare_django()
                welcome = f"Access Portal answers at {os.environ['PORTAL_PUBLIC_URL']}"
            serve(listener, welcome)
        except Terminated:
            stays_for_restart = not run.demo
        except KeyboardInterrupt:
            say("")
        finally:
            # From here on nothing may interrupt the tidying up.
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            if not stays_for_restart:
                guacd.stop()
    say("Access Portal has stopped.")


def _terminated(number: int, frame: types.FrameType | None) -> NoReturn:
    raise Terminated


def hold(run: Run) -> ExitStack:
    """The data directory, held for this process."""
    stack = ExitStack()
    stack.enter_context(data_dir.open_data_dir(run.data_dir, demo=run.demo))
    return stack


def take_port(host: str, port: int) -> socket.socket:
    """The port, held but not yet answering. Raises `SetupProblem` when it is taken."""
    try:
        return ports.bound_socket(host, port)
    except OSError as error:
        raise SetupProblem(
            f"port {port} on {host} cannot be used: {error.strerror}.\n"
            f"Choose another: ./portal ... --port {port + 1}"
        ) from error


def set_environment(run: Run, guacd: str) -> None:
    """Give the settings what this start decided; what the environment says already stays."""
    # Browsers allow passkeys at the name of this computer, and at no IP address.
    name = "localhost" if run.host == "127.0.0.1" else run.host
    url = f"http://{name}:{run.port}"
    if "PORTAL_PUBLIC_URL" not in os.environ and run.host in {"0.0.0.0", "::"}:  # noqa: S104 - asked
        raise SetupProblem(
            "the portal must know the address that people type:\n"
            f"PORTAL_PUBLIC_URL=http://NAME:{run.port} ./portal ... --host {run.host}"
        )
    environment = {
        "PORTAL_PROFILE": "embedded",
        "PORTAL_DATA_DIR": str(run.data_dir),
        "PORTAL_PUBLIC_URL": os.environ.get("PORTAL_PUBLIC_URL", url),
        "PORTAL_GUACD": guacd,
        "PORTAL_DEMO": "1" if run.demo else "0",
        "PORTAL_STATIC_MANIFEST": "1",
    }
    os.environ.update(environment)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "accessportal.settings")
    data_dir.remember_environment(run.data_dir, environment)


def prepare_django() -> None:
    """Keys, database, static files, and the checks of an installation."""
    from accessportal.keys import ensure_keys

    ensure_keys(Path(os.environ["PORTAL_DATA_DIR"]) / "keys")
    import django
    from django.core.checks import run_checks
    from django.core.management import call_command

    django.setup()
    problems = [message for message in run_checks() if message.is_serious()]
    if problems:
        raise SetupProblem("\n".join(str(message) for message in problems))
    if database_is_missing(Path(os.environ["PORTAL_DATA_DIR"])):
        say("Making the database: up to a minute, once")
    call_command("migrate", interactive=False, verbosity=0)
    collect_static(Path(os.environ["PORTAL_DATA_DIR"]))


def collect_static(directory: Path) -> None:
    """`collectstatic`, unless nothing changed since the last start."""
    from django.core.management import call_command

    # Libraries' own files change only with the lock.
    newest = [f"{path} {path.stat().st_mtime_ns}" for path in sorted(STATIC.rglob("*"))]
    lock = stamps.digest_of(ROOT / "requirements.txt")
    wanted = hashlib.sha256("\n".join([lock, *newest]).encode()).hexdigest()
    stamp = directory / "static" / ".collected"
    if not stamps.is_current(stamp, wanted):
        call_command("collectstatic", interactive=False, verbosity=0)
        stamps.leave(stamp, wanted)


def serve(listener: socket.socket, welcome: str) -> None:
    """Answer until told to stop."""
    from accessportal.embedded import Embedded

    server = Server(config(), Embedded(), lambda: say(welcome))
    server.run(sockets=[listener])
