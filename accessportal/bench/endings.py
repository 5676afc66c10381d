"""`./portal bench endings`: many windows that close at the same second.

One broker on PostgreSQL and Redis of its own, sessions on a scripted guacd in another
process; with `--real N` there are N more on a real guacd, each on a screen of its own.
What counts is when the scripted guacd read each `disconnect`, and when the broker had said
it to the real one (`ended_at`); the rows and the proofs follow and are measured, too.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import uvloop

from accessportal.bench.machines import Machine, machines
from accessportal.bench.processes import BenchProblem, running
from accessportal.bench.stage import real_guacd
from accessportal.launcher import ports, test_services
from sessions.guacamole.handshake import GuacdAddress

ADDRESS = "127.0.0.1"


@dataclass(frozen=True)
class Result:
    """Seconds after the windows' end: the median, and the last of all sessions.

    `real_last`: the last one on the real guacd, 0 where there is none.
    """

    sessions: int
    real: int
    real_last: float
    disconnect_p50: float
    disconnect_last: float
    written_last: float
    proven_p50: float
    proven_last: float
    load: float


def main(arguments: list[str]) -> int:
    """Measure and print. Exit status 0 when every session ended within its second."""
    parser = argparse.ArgumentParser(prog="portal bench endings", description=__doc__)
    parser.add_argument("--sessions", type=int, default=200, help="on a scripted guacd")
    parser.add_argument("--real", type=int, default=0, help="on a real guacd besides")
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
        if options.real:
            (place / "guacd").mkdir()
            real, _pid = stack.enter_context(real_guacd(place))
            screens = stack.enter_context(
                machines(place / "machines", [None] * options.real)
            )
            _add_real_ones(window, real, screens.machines)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            result = runner.run(_measure(window, options, log))
    print(  # noqa: T201
        f"{result.sessions} windows closed together, {result.real} of them on a real guacd "
        f"(load {result.load:.1f}): disconnected after {result.disconnect_p50:.3f} s "
        f"(median), {result.disconnect_last:.3f} s (last), {result.real_last:.3f} s (last "
        f"of the real ones); written after {result.written_last:.1f} s; "
        f"proven after {result.proven_p50:.1f} s (median), {result.proven_last:.1f} s (last)"
    )
    if options.json:
        print(json.dumps(asdict(result)))  # noqa: T201
    return 0 if max(result.disconnect_last, result.real_last) < 1.0 else 1


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
    from django.conf import settings
    from django.utils import timezone

    from accessportal.accounts.models import User, Vendor
    from accessportal.accounts.web_sessions import open_web_session
    from accessportal.origin import SYSTEM
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
        access_request=request, verdict="approved", requested_by=user, round=1,
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
    web_session = open_web_session(
        user, cookie="of-the-bench", factor_kind="totp", origin=SYSTEM
    )
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
            web_session_key=web_session.key,
            broker=settings.BROKER_NAME,
        )
        for endpoint in endpoints
    )
    return window.pk


def _add_real_ones(
    window: int, guacd: GuacdAddress, screens: Sequence[Machine]
) -> None:
    """A site with a guacd of its own, and a session on each of these machines."""
    from accessportal.plants.models import Asset, Credential, Endpoint, Site, Zone
    from accessportal.plants.vault import Secrets, store_secrets
    from sessions.models import BrokeredSession, GuacdNode

    site = Site.objects.create(name="Real", slug="real")
    zone = Zone.objects.create(site=site, name="Real")
    asset = Asset.objects.create(zone=zone, name="Screens", slug="screens")
    address = f"{guacd.host}:{guacd.port}"
    GuacdNode.objects.create(address=address, site=site)
    like = BrokeredSession.objects.first()
    assert like is not None
    for number, screen in enumerate(screens, 1):
        endpoint = Endpoint.objects.create(
            asset=asset, name=f"{number}", protocol="vnc", host=screen.host,
            port=screen.port,
        )  # fmt: skip
        credential = Credential(endpoint=endpoint)
        store_secrets(credential, Secrets(password=screen.password))
        credential.save()
        BrokeredSession.objects.create(
            number=f"SES-R-{number}",
            window_id=window,
            endpoint=endpoint,
            started_by=like.started_by,
            permission="control",
            slot=0,
            factor_at=like.factor_at,
            web_session_key=like.web_session_key,
            broker=like.broker,
            guacd_address=address,
        )


async def _measure(window: int, options: Any, log: Path) -> Result:
    from django.utils import timezone

    from accessportal.live import remember_loop
    from accessportal.memory import set_aside_what_stays
    from accessportal.serving import prepare_process
    from requests.models import MaintenanceWindow
    from sessions.broker.registry import Broker
    from sessions.models import BrokeredSession

    prepare_process()
    remember_loop(asyncio.get_running_loop())
    count = options.sessions + options.real
    broker = Broker()
    await broker.start()
    set_aside_what_stays()
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
        ended = [
            _after(closes_at, moment)
            async for moment in rows.filter(number__startswith="SES-R-").values_list(
                "ended_at", flat=True
            )
            if moment is not None
        ]
    finally:
        await broker.stop()
        remember_loop(None)
    gone = [float(line) - closes_at.timestamp() for line in log.read_text().split()]
    if len(gone) != options.sessions:
        raise BenchProblem(f"{len(gone)} of {count} sessions were disconnected.")
    return Result(
        sessions=count,
        real=options.real,
        real_last=max(ended, default=0.0),
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
