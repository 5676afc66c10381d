"""The product itself: a whole embedded portal with one open session, ready for its tunnel.

    python -m accessportal.bench.peers.portal --port PORT --guacd PORT --entry FILE \\
        [--without-recorder]

Page server, broker, policy, recorder, audit trail and tasks run as they do in a plant, on
an empty data directory beside FILE, which receives the way in: path and headers of the one
WebSocket. Without the recorder, what it would be given is thrown away; all else stays.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any


def main() -> None:
    """Set up, and serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--guacd", type=int, required=True)
    parser.add_argument("--entry", type=Path, required=True)
    parser.add_argument("--without-recorder", action="store_true")
    options = parser.parse_args()
    directory = options.entry.parent / "portal"
    directory.mkdir()
    _environment(directory, options.port, options.guacd)
    _prepare()
    if options.without_recorder:
        _leave_out_the_recorder()
    way_in = _open_session(options.port)
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
        }
    )


def _prepare() -> None:
    from accessportal.keys import ensure_keys

    ensure_keys(Path(os.environ["PORTAL_DATA_DIR"]) / "keys")
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", interactive=False, verbosity=0)


def _open_session(port: int) -> dict[str, Any]:
    """A plant, a contractor with an approved request, and a session; the way into it."""
    from django.conf import settings

    from accessportal.accounts.models import User
    from sessions.services.console import start_session
    from sessions.services.tickets import issue_ticket

    vera, window, endpoint = _plant()
    key, origin = _sign_in(vera)
    brokered_session = start_session(
        window,
        endpoint,
        acting_user=User.objects.get(pk=vera.pk),
        origin=origin,
        web_session_key=key,
        width=1280,
        height=800,
    )
    ticket = issue_ticket(
        brokered_session, acting_user=vera, origin=origin, web_session_key=key
    )
    return {
        "path": f"{ticket.path}?ticket={ticket.token}",
        "headers": {
            "Cookie": f"{settings.SESSION_COOKIE_NAME}={key}",
            "Origin": f"http://127.0.0.1:{port}",
        },
    }


def _plant() -> tuple[Any, Any, Any]:
    """Vera, her window, and the machine that the scripted guacd plays."""
    from django.utils import timezone

    from accessportal.accounts.models import User, Vendor
    from accessportal.plants.models import Asset, Endpoint, Site, VendorAsset, Zone
    from requests.models import (
        AccessRequest,
        ApprovalDecision,
        MaintenanceWindow,
        RequestedEndpoint,
    )

    now = timezone.now()
    year = timedelta(days=365)
    site = Site.objects.create(name="Plant North", slug="north", time_zone="UTC")
    zone = Zone.objects.create(site=site, name="Filling")
    vendor = Vendor.objects.create(
        name="Fillwerk", slug="fillwerk", contract_ends_at=now + year
    )
    asset = Asset.objects.create(zone=zone, name="Filling line", slug="filling-line")
    VendorAsset.objects.create(asset=asset, vendor=vendor)
    endpoint = Endpoint.objects.create(
        asset=asset, name="HMI", protocol="vnc", host="127.0.0.1", port=5900
    )
    olga = User.objects.create_user(email="olga@example.test", full_name="Olga Olsen")
    vera = User.objects.create_user(
        email="vera@example.test",
        full_name="Vera Vogt",
        vendor=vendor,
        factors_confirmed_at=now,
        training_expires_at=now + year,
    )
    access_request = AccessRequest.objects.create(
        number=f"REQ-{now.year}-0001",
        site=site,
        permission=AccessRequest.Permission.CONTROL,
        purpose="Measure what a session costs",
        requested_by=vera,
        vendor=vendor,
        wanted_from=now - timedelta(minutes=5),
        wanted_until=now + timedelta(hours=2),
        state=AccessRequest.State.APPROVED,
        closed_at=now,
        closed_by=olga,
    )
    RequestedEndpoint.objects.create(access_request=access_request, endpoint=endpoint)
    ApprovalDecision.objects.create(
        access_request=access_request,
        verdict=ApprovalDecision.Verdict.APPROVED,
        decided_by=olga,
        requested_by=vera,
        facts_hash="0" * 64,
        factor="totp",
    )
    window = MaintenanceWindow.objects.create(
        access_request=access_request,
        opens_at=access_request.wanted_from,
        closes_at=access_request.wanted_until,
    )
    return vera, window, endpoint


def _sign_in(person: Any) -> tuple[str, Any]:
    """A web session with a fresh second factor: its key, and the origin of acts in it."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore
    from django_otp import DEVICE_ID_SESSION_KEY
    from django_otp.plugins.otp_totp.models import TOTPDevice

    from accessportal.origin import Origin, web_session_ref

    device = TOTPDevice.objects.create(user=person, name="phone", confirmed=True)
    web_session = SessionStore()
    web_session[SESSION_KEY] = str(person.pk)
    web_session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    web_session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    web_session[DEVICE_ID_SESSION_KEY] = device.persistent_id
    web_session["factor_kind"] = "totp"
    web_session["factor_at"] = time.time()
    web_session.create()
    key = web_session.session_key or ""
    origin = Origin(
        address="127.0.0.1",
        factor="totp",
        factor_at=time.time(),
        web_session_ref=web_session_ref(key),
        user_agent="bench",
    )
    return key, origin


def _leave_out_the_recorder() -> None:
    """Give the session actor a writer that takes everything and keeps nothing."""
    from sessions.broker import actor

    actor.RecordingWriter = _NoRecorder  # type: ignore[assignment, attr-defined]


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
