"""The product itself: a whole embedded portal with open sessions, ready for their tunnels.

    python -m accessportal.bench.peers.portal --port PORT --guacd PORT --entry FILE \\
        [--without-recorder] [--machines FILE] [--window-seconds N]

Page server, broker, policy, recorder, audit trail and tasks run as they do in a plant, on
an empty data directory beside FILE, which receives the way in: path and headers of the
first session's WebSocket, the supervisor's headers, and all sessions. Without the recorder,
what it would be given is thrown away; all else stays.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any


def main() -> None:
    """Set up, and serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--guacd", type=int, required=True)
    parser.add_argument("--entry", type=Path, required=True)
    parser.add_argument("--without-recorder", action="store_true")
    parser.add_argument("--machines", type=Path, help="JSON; default: one VNC machine")
    parser.add_argument("--window-seconds", type=float, default=7200.0)
    options = parser.parse_args()
    directory = options.entry.parent / "portal"
    directory.mkdir()
    _environment(directory, options.port, options.guacd)
    _prepare()
    if options.without_recorder:
        _leave_out_the_recorder()
    way_in = _open_sessions(options.port, options)
    options.entry.write_text(json.dumps(way_in), encoding="utf-8")
    _serve(options.port)


def _environment(directory: Path, port: int, guacd: int) -> None:
    os.environ.update(
        {
            "DJANGO_SETTINGS_MODULE": "accessportal.settings",
            "PORTAL_PROFILE": "embedded",
            "PORTAL_DATA_DIR": str(directory),
            "PORTAL_PUBLIC_URL": f"http://127.0.0.1:{port}",
            "PORTAL_GUACD": f"127.0.0.1:{guacd}",
            "PORTAL_DEMO": "0",
            "PORTAL_MAX_SESSIONS_PER_PERSON": "0",
        }
    )


def _prepare() -> None:
    from accessportal.keys import ensure_keys

    ensure_keys(Path(os.environ["PORTAL_DATA_DIR"]) / "keys")
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", interactive=False, verbosity=0)


def _open_sessions(port: int, options: argparse.Namespace) -> dict[str, Any]:
    """A plant, a contractor with an approved request, and her sessions; the way in."""
    from accessportal.bench.house import furnish
    from accessportal.bench.machines import Machine
    from sessions.services.console import start_session
    from sessions.services.tickets import issue_ticket

    machines = [Machine()]
    if options.machines is not None:
        listed = json.loads(options.machines.read_text(encoding="utf-8"))
        machines = [Machine(**one) for one in listed]
    house = furnish(machines, closes_in=options.window_seconds)
    url = f"http://127.0.0.1:{port}"
    sessions = [
        start_session(
            house.window,
            endpoint,
            acting_user=house.vera.user,
            origin=house.vera.origin,
            web_session_key=house.vera.web_session_key,
            width=1280,
            height=800,
        )
        for endpoint in house.endpoints
    ]
    ticket = issue_ticket(
        sessions[0],
        acting_user=house.vera.user,
        origin=house.vera.origin,
        web_session_key=house.vera.web_session_key,
    )
    return {
        "path": f"{ticket.path}?ticket={ticket.token}",
        "headers": house.vera.headers(url),
        "supervisor": house.olga.headers(url),
        "sessions": [str(one.pk) for one in sessions],
        "closes_at": house.window.closes_at.timestamp(),
    }


def _leave_out_the_recorder() -> None:
    """Give the session actor a writer that takes everything and keeps nothing."""
    from sessions.broker import recording_care

    recording_care.RecordingWriter = _NoRecorder  # type: ignore[assignment, attr-defined]


class _NoRecorder:
    """What a session actor asks of its recorder."""

    wants_rotation = False
    cutting = False
    behind = False
    position_ms = 0

    def __init__(self, order: Any, on_failure: Callable[..., None]) -> None:
        self.order = order

    async def open(self) -> None:
        """Nothing to open."""

    async def start(self, picture: str, sync: int) -> None:
        """Nothing to begin."""

    def check_clock(self) -> float:
        """No clock to go wrong."""
        return 0.0

    def append_screen(self, text: str, syncs: object) -> None:
        """Nothing to keep."""

    def append_input(self, records: object) -> None:
        """Nothing to keep."""

    def append_mark(self, kind: str, user_id: int | None = None, **data: Any) -> None:
        """Nothing to keep."""

    def abandon_cut(self) -> None:
        """Nothing to give up."""

    async def finish(self) -> None:
        """Nothing to finish."""

    async def abandon(self) -> None:
        """Nothing to give up."""


def _serve(port: int) -> None:
    from accessportal.embedded import Embedded
    from accessportal.serving import Server, config

    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    server = Server(config(), Embedded())
    server.run(sockets=[listener])


if __name__ == "__main__":
    main()
