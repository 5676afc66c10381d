"""A broker is killed under a live session, and another one takes it over: how long that takes.

Production's processes: PostgreSQL and Redis of their own, brokers by `manage.py run_broker`,
a real guacd and a screen that answers every key with another colour. The bench plays the
web, which starts the session and gives tickets, and the console, which comes back.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from accessportal.bench.console import Console
from accessportal.bench.machines import Machine
from accessportal.bench.processes import ROOT, BenchProblem, running
from accessportal.launcher import ports, test_services
from sessions.guacamole.handshake import GuacdAddress
from sessions.guacamole.instruction import encode

KEY = 0x61
TRY_AGAIN_SECONDS = 0.25
"""static/js/console/link.js: the wait before the second try."""

PATIENCE = 40.0


def adoptions(
    directory: Path, guacd: GuacdAddress, machine: Machine, deaths: int
) -> list[float]:
    """Seconds from each `kill -9` to a key that the machine answers again."""
    with ExitStack() as stack:
        place = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="adoptions-"))
        )
        services = stack.enter_context(test_services.services())
        os.environ.update(_environment(place, services, guacd))
        _prepare(place)
        fleet = _Fleet(directory, stack)
        fleet.start()
        house = _house(machine)
        found = []
        for _ in range(deaths):
            fleet.start()
            found.append(asyncio.run(_one_death(fleet, house)))
        return found


def _environment(
    place: Path, services: test_services.Services, guacd: GuacdAddress
) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "accessportal.settings",
        "PORTAL_PROFILE": "production",
        "PORTAL_DATA_DIR": str(place),
        "PORTAL_DATABASE_URL": services.database_url,
        "PORTAL_REDIS_URL": services.redis_url,
        "PORTAL_PUBLIC_URL": "http://127.0.0.1:8000",
        "PORTAL_GUACD": f"{guacd.host}:{guacd.port}",
        "PORTAL_LOG_LEVEL": "ERROR",
    }


def _prepare(place: Path) -> None:
    from accessportal.keys import ensure_keys

    ensure_keys(place / "keys")
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


class _Fleet:
    """The broker processes; `pids` and `ports` by name."""

    def __init__(self, directory: Path, stack: ExitStack) -> None:
        self._log = directory / "brokers.log"
        self._stack = stack
        self.pids: dict[str, int] = {}
        self.ports: dict[str, int] = {}

    def start(self) -> None:
        """One more broker."""
        name = f"broker-{len(self.ports) + 1}"
        port = ports.free_port()
        command = [
            sys.executable,
            str(ROOT / "manage.py"),
            "run_broker",
            "--port",
            str(port),
        ]
        self.pids[name] = self._stack.enter_context(
            running(command, self._log, port, environment={"PORTAL_BROKER_NAME": name})
        )
        self.ports[name] = port


async def _one_death(fleet: _Fleet, house: Any) -> float:
    from asgiref.sync import sync_to_async

    from sessions.models import BrokeredSession
    from sessions.services.console import request_end

    session = await sync_to_async(_begin)(house)

    async def row() -> BrokeredSession:
        return await BrokeredSession.objects.aget(pk=session.pk)

    await _until(row, lambda one: one.anchored_at is not None, "has an anchor")
    console = await _enter(fleet, house, session)
    await _answers(console)
    os.kill(fleet.pids[(await row()).broker], 9)
    died = time.monotonic()
    while True:
        try:
            console = await _enter(fleet, house, session)
            await _answers(console)
            break
        except (BenchProblem, OSError, TimeoutError):
            if time.monotonic() - died > PATIENCE:
                raise BenchProblem("nobody took the session over") from None
            await asyncio.sleep(TRY_AGAIN_SECONDS)
    took = time.monotonic() - died
    await sync_to_async(request_end)(
        await row(), acting_user=house.vera.user, origin=house.vera.origin
    )
    await _until(row, lambda one: one.end_confirmed_at is not None, "is over")
    return took


def _house(machine: Machine) -> Any:
    from accessportal.bench.house import furnish

    return furnish([machine], closes_in=3600)


def _begin(house: Any) -> Any:
    from sessions.services.console import start_session

    return start_session(
        house.window,
        house.endpoints[0],
        acting_user=house.vera.user,
        origin=house.vera.origin,
        web_session_key=house.vera.web_session_key,
        width=1280,
        height=800,
    )


async def _enter(fleet: _Fleet, house: Any, session: Any) -> Console:
    """A new ticket, and in, where the web says that the session is now."""
    from asgiref.sync import sync_to_async

    from accessportal.errors import PortalError
    from sessions.services.tickets import issue_ticket

    try:
        ticket = await sync_to_async(issue_ticket)(
            session,
            acting_user=house.vera.user,
            origin=house.vera.origin,
            web_session_key=house.vera.web_session_key,
        )
    except PortalError as error:
        raise BenchProblem(error.code) from None
    port = fleet.ports[ticket.path.split("/")[2]]
    console = await Console.enter(
        port,
        f"{ticket.path}?ticket={ticket.token}",
        house.vera.headers("http://127.0.0.1:8000"),
    )
    await console.picture(5.0)
    return console


async def _answers(console: Console) -> None:
    """Press a key until its pixel comes: input may be held for a moment yet."""
    for _ in range(40):
        pixel = console.frames.expect()
        console.send(encode("key", KEY, 1) + encode("key", KEY, 0))
        try:
            await asyncio.wait_for(pixel, 0.25)
        except TimeoutError:
            continue
        return
    raise BenchProblem("the machine answers no key")


async def _until(row: Callable[[], Any], met: Callable[[Any], bool], what: str) -> None:
    try:
        async with asyncio.timeout(PATIENCE):
            while not met(await row()):
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise BenchProblem(f"no session {what}") from None
