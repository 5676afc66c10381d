"""`./portal bench endings`: many windows that close at the same second.

One broker on PostgreSQL and Redis of its own, sessions on a scripted guacd in another
process. What counts is when the scripted guacd read each `disconnect`; the rows and the
proofs follow and are measured, too.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from accessportal.bench.processes import BenchProblem, running
from accessportal.launcher import ports, test_services

ADDRESS = "127.0.0.1"


@dataclass(frozen=True)
class Result:
    """Seconds after the windows' end: the median, and the last of all sessions."""

    sessions: int
    disconnect_p50: float
    disconnect_last: float
    written_last: float
    proven_p50: float
    proven_last: float
    load: float


def main(arguments: list[str]) -> int:
    """Measure and print. Exit status 0 when every session ended within its second."""
    parser = argparse.ArgumentParser(prog="portal bench endings", description=__doc__)
    parser.add_argument("--sessions", type=int, default=200)
    parser.add_argument(
        "--settle", type=float, default=20.0, help="seconds before the windows close"
    )
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    with ExitStack() as stack:
        place = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="endings-"))
        )
        services = stack.enter_context(test_services.services())
        port = ports.free_port()
        log = place / "disconnects"
        log.touch()
        stack.enter_context(
            running(
                [sys.executable, "-m", "accessportal.bench.still_guacd",
                 "--port", str(port), "--log", str(log)],
                place / "guacd.log",
                port,
            )
        )  # fmt: skip
        _prepare(place, services, f"{ADDRESS}:{port}")
        window = _plant(options.sessions)
        result = asyncio.run(_measure(window, options, log))
    print(  # noqa: T201
        f"{result.sessions} windows closed together (load {result.load:.1f}): "
        f"disconnected after {result.disconnect_p50:.3f} s (median), "
        f"{result.disconnect_last:.3f} s (last); written after {result.written_last:.1f} s; "
        f"proven after {result.proven_p50:.1f} s (median), {result.proven_last:.1f} s (last)"
    )
    if options.json:
        print(json.dumps(asdict(result)))  # noqa: T201
    return 0 if result.disconnect_last < 1.0 else 1


def _prepare(place: Path, services: test_services.Services, guacd: str) -> None:
    os.environ.update(
        {
            "DJANGO_SETTINGS_MODULE": "accessportal.settings",
            "PORTAL_PROFILE": "production",
            "PORTAL_DATA_DIR": str(place),
            "PORTAL_DATABASE_URL": services.database_url,
            "PORTAL_REDIS_URL": services.redis_url,
            "PORTAL_PUBLIC_URL": "http://127.0.0.1:8000",
            "PORTAL_ALLOWED_HOSTS": "127.0.0.1",
            "PORTAL_GUACD": guacd,
            "PORTAL_LOG_LEVEL": "ERROR",
        }
    )
    from accessportal.keys import ensure_keys

    ensure_keys(place / "keys")
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def _plant(count: int) -> int:
    """A plant with `count` machines and a session on each, to be connected; the window's id."""
    from importlib import import_module

    from django.conf import settings
    from django.utils import timezone

    from accessportal.accounts.models import User, Vendor
    from accessportal.plants.models import Asset, Endpoint, Site, Zone
    from requests.models import AccessRequest, ApprovalDecision, MaintenanceWindow
    from sessions.models import BrokeredSession

    now = timezone.now()
    site = Site.objects.create(name="Bench", slug="bench")
    zone = Zone.objects.create(site=site, name="Bench")
    asset = Asset.objects.create(zone=zone, name="Machine", slug="machine")
    vendor = Vendor.objects.create(
        name="Vendor", slug="vendor", contract_ends_at=now + timedelta(days=9)
    )
    user = User.objects.create_user(
        email="bench@example.test", password=None, full_name="Bench", vendor=vendor
    )
    request = AccessRequest.objects.create(
        number="REQ-1", site=site, vendor=vendor, requested_by=user, purpose="Bench",
        permission="control", state="approved", closed_at=now, closed_by=user,
        wanted_from=now, wanted_until=now + timedelta(hours=4),
    )  # fmt: skip
    ApprovalDecision.objects.create(
        access_request=request, verdict="approved", requested_by=user,
        decided_by=User.objects.create_user(
            email="plant@example.test", password=None, full_name="Plant"
        ),
        facts_hash="0" * 64, factor="totp",
    )  # fmt: skip
    window = MaintenanceWindow.objects.create(
        access_request=request,
        opens_at=request.wanted_from,
        closes_at=request.wanted_until,
    )
    web_session = import_module(settings.SESSION_ENGINE).SessionStore()
    web_session.create()
    endpoints = Endpoint.objects.bulk_create(
        Endpoint(asset=asset, name=f"{n}", protocol="vnc", host="127.0.0.2", port=n + 1)
        for n in range(count)
    )
    BrokeredSession.objects.bulk_create(
        BrokeredSession(
            number=f"SES-{endpoint.port}",
            window=window,
            endpoint=endpoint,
            started_by=user,
            permission="control",
            slot=0,
            factor_at=now,
            web_session_key=web_session.session_key or "",
            broker=settings.BROKER_NAME,
        )
        for endpoint in endpoints
    )
    return window.pk


async def _measure(window: int, options: Any, log: Path) -> Result:
    from django.utils import timezone

    from accessportal.live import remember_loop
    from requests.models import MaintenanceWindow
    from sessions.broker.registry import Broker
    from sessions.models import BrokeredSession

    remember_loop(asyncio.get_running_loop())
    count = options.sessions
    broker = Broker()
    await broker.start()
    try:
        rows = BrokeredSession.objects.all()
        await _until(rows.filter(state="active").acount, count, "active", 600)
        closes_at = timezone.now() + timedelta(seconds=options.settle)
        await MaintenanceWindow.objects.filter(pk=window).aupdate(closes_at=closes_at)
        load = os.getloadavg()[0]
        await _until(rows.filter(ended_at__isnull=False).acount, count, "over", 600)
        written = (timezone.now() - closes_at).total_seconds()
        proven = rows.filter(end_confirmed_at__isnull=False)
        await _until(proven.acount, count, "proven", 600)
        confirmed = [
            _after(closes_at, moment)
            async for moment in proven.values_list("end_confirmed_at", flat=True)
            if moment is not None
        ]
    finally:
        await broker.stop()
        remember_loop(None)
    gone = [float(line) - closes_at.timestamp() for line in log.read_text().split()]
    if len(gone) != count:
        raise BenchProblem(f"{len(gone)} of {count} sessions were disconnected.")
    return Result(
        sessions=count,
        disconnect_p50=statistics.median(gone),
        disconnect_last=max(gone),
        written_last=written,
        proven_p50=statistics.median(confirmed),
        proven_last=max(confirmed),
        load=load,
    )


def _after(closes_at: datetime, moment: datetime) -> float:
    return (moment - closes_at).total_seconds()


async def _until(ask: Any, count: int, what: str, seconds: float) -> None:
    found = 0
    try:
        async with asyncio.timeout(seconds):
            while (found := await ask()) < count:
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise BenchProblem(f"{found} of {count} sessions are {what}.") from None
