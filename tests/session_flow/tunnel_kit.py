"""A broker under test and browsers at its tunnel, as the product wires them."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.test import Client, override_settings

from accessportal.accounts.models import User
from accessportal.asgi import application
from accessportal.audit.models import AuditEvent
from accessportal.live import remember_loop
from accessportal.plants.models import Endpoint
from requests.models import MaintenanceWindow
from sessions.access import session_visible_to
from sessions.broker.registry import Broker
from sessions.guacamole.instruction import Instruction, decode_all, encode
from sessions.models import BrokeredSession
from sessions.services.console import issue_ticket, start_session
from sessions.services.status import session_status
from tests.cast import origin, signed_in, web_session_key_of
from tests.session_flow.fake_guacd import FakeConnection

PATIENCE = 25.0


class Tunnel:
    """One browser's socket. Answers `sync` as guacamole-common-js does unless told not to."""

    def __init__(self, communicator: WebsocketCommunicator) -> None:
        self._socket = communicator
        self.received: list[Instruction] = []
        self.words: list[tuple[str, dict[str, Any]]] = []
        self.close_code: int | None = None
        self.answers_sync = True
        self._news = asyncio.Event()
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        while self.close_code is None:
            message = await self._socket.output_queue.get()
            if message["type"] == "websocket.close":
                self.close_code = message.get("code", 1000)
            elif message["type"] == "websocket.send":
                for instruction in decode_all(message["text"]):
                    self.received.append(instruction)
                    if instruction.opcode == "portal":
                        kind, data = instruction.args
                        self.words.append((kind, json.loads(data)))
                    if instruction.opcode == "sync" and self.answers_sync:
                        await self.send("sync", instruction.args[0])
            self._news.set()

    async def send(self, opcode: str, *args: str | int) -> None:
        await self.send_text(encode(opcode, *args))

    async def send_text(self, text: str) -> None:
        await self._socket.send_to(text_data=text)

    async def until(self, met: Callable[[], Any], seconds: float = PATIENCE) -> Any:
        """Wait until `met()` is truthy; returns it."""
        async with asyncio.timeout(seconds):
            while not (result := met()):
                self._news.clear()
                # Not `wait_for`: before Python 3.12 it can swallow the outer time's end.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.05):
                        await self._news.wait()
            return result

    async def word(
        self, kind: str, seconds: float = PATIENCE, **having: Any
    ) -> dict[str, Any]:
        """The last portal word of a kind (having these values)."""

        def met() -> dict[str, Any] | None:
            for said, data in reversed(self.words):
                if said == kind and having.items() <= data.items():
                    return {"kind": kind, **data}
            return None

        found: dict[str, Any] = await self.until(met, seconds)
        return found

    def last(self, kind: str) -> dict[str, Any]:
        """The last portal word of a kind, or nothing."""
        return next((data for said, data in reversed(self.words) if said == kind), {})

    async def hold(self, keysym: int, asset: FakeConnection) -> None:
        """Press a key until the machine has it: on a slow computer the picture may be old."""

        def arrived() -> bool:
            return any(one.args[:2] == (str(keysym), "1") for one in asset.heard)

        async with asyncio.timeout(PATIENCE):
            while not arrived():
                # What was kept back once is pressed only after it was let go of.
                await self.send("key", keysym, 0)
                await self.send("key", keysym, 1)
                try:
                    await self.until(arrived, 0.5)
                except TimeoutError:
                    pass

    async def picture(self, seconds: float = PATIENCE) -> None:
        """Wait for a whole frame."""
        await self.until(
            lambda: any(one.opcode == "sync" for one in self.received), seconds
        )

    async def closed(self, seconds: float = PATIENCE) -> int:
        code: int = await self.until(lambda: self.close_code, seconds)
        return code

    async def vanish(self) -> None:
        """The browser is gone: no leave, no release."""
        await self._disconnect(1006)

    async def release(self) -> None:
        if self.close_code is None:
            await self._disconnect(1000)

    async def _disconnect(self, code: int) -> None:
        self._reader.cancel()
        # On a slow computer one second is not enough; and who is gone cannot go again.
        if not self._socket.future.done():
            await self._socket.disconnect(code=code, timeout=PATIENCE)


class Bench:
    """The broker of a test, and what people do with it."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.tunnels: list[Tunnel] = []
        self._browsers: dict[int, Client] = {}

    async def browser(self, user: User) -> Client:
        if user.pk not in self._browsers:
            self._browsers[user.pk] = await sync_to_async(signed_in)(Client(), user)
        return self._browsers[user.pk]

    async def cookie(self, user: User) -> str:
        browser = await self.browser(user)
        return browser.cookies[settings.SESSION_COOKIE_NAME].value

    async def web_session_key(self, user: User) -> str:
        return await sync_to_async(web_session_key_of)(await self.browser(user))

    async def start(
        self, window: MaintenanceWindow, endpoint: Endpoint, user: User, **fields: Any
    ) -> BrokeredSession:
        fields.setdefault("width", 1024)
        fields.setdefault("height", 768)
        brokered_session: BrokeredSession = await sync_to_async(start_session)(
            window,
            endpoint,
            acting_user=user,
            origin=origin(address="127.0.0.1"),
            web_session_key=await self.web_session_key(user),
            **fields,
        )
        return brokered_session

    async def ticket(self, brokered_session: BrokeredSession, user: User) -> Any:
        return await sync_to_async(issue_ticket)(
            brokered_session,
            acting_user=user,
            origin=origin(address="127.0.0.1"),
            web_session_key=await self.web_session_key(user),
        )

    async def knock(
        self,
        path: str,
        token: str,
        user: User | None,
        *,
        from_origin: str = "",
        subprotocols: list[str] | None = None,
    ) -> tuple[bool, Tunnel]:
        """Try to get in; (whether it opened, the tunnel)."""
        headers = [
            (b"origin", (from_origin or settings.PUBLIC_URL).encode()),
            (b"host", b"testserver"),
        ]
        if user is not None:
            cookie = await self.cookie(user)
            headers.append(
                (b"cookie", f"{settings.SESSION_COOKIE_NAME}={cookie}".encode())
            )
        communicator = WebsocketCommunicator(
            application,
            f"{path}?ticket={token}",
            headers=headers,
            subprotocols=["guacamole"] if subprotocols is None else subprotocols,
        )
        communicator.scope["client"] = ["127.0.0.1", 50000]
        opened, _ = await communicator.connect(timeout=PATIENCE)
        tunnel = Tunnel(communicator)
        self.tunnels.append(tunnel)
        return opened, tunnel

    async def enter(self, brokered_session: BrokeredSession, user: User) -> Tunnel:
        """A ticket, and in."""
        ticket = await self.ticket(brokered_session, user)
        opened, tunnel = await self.knock(ticket.path, ticket.token, user)
        assert opened
        return tunnel

    async def row(self, brokered_session: BrokeredSession) -> BrokeredSession:
        return await BrokeredSession.objects.select_related("window").aget(
            pk=brokered_session.pk
        )

    async def events(self, name: str, count: int = 1) -> list[AuditEvent]:
        """The audit events of a name, once there are so many: some come a moment later."""
        found: list[AuditEvent] = []
        async with asyncio.timeout(PATIENCE):
            while len(found) < count:
                await asyncio.sleep(0.02)
                found = [event async for event in AuditEvent.objects.filter(event=name)]
        assert len(found) == count
        return found

    async def next_look(self, brokered_session: BrokeredSession) -> None:
        """Wait until the session's actor has read the database anew.

        Twice: the first look may have begun before what was just written.
        """
        actor = self.broker.actors[str(brokered_session.pk)]
        for _look in range(2):
            before = actor.row
            actor.supervision.wake()
            async with asyncio.timeout(PATIENCE):
                while actor.row is before:
                    await asyncio.sleep(0.02)

    async def status(
        self, brokered_session: BrokeredSession, user: User
    ) -> dict[str, Any]:
        """What a page would be told."""

        def ask() -> dict[str, Any]:
            return session_status(session_visible_to(user, brokered_session.pk), user)

        told: dict[str, Any] = await sync_to_async(ask)()
        return told

    async def until(
        self,
        brokered_session: BrokeredSession,
        met: Callable[[BrokeredSession], Any],
        seconds: float = PATIENCE,
    ) -> BrokeredSession:
        """Wait until the session's row is as it should be."""
        async with asyncio.timeout(seconds):
            while not met(row := await self.row(brokered_session)):
                await asyncio.sleep(0.02)
            return row


@asynccontextmanager
async def portal_bench(guacd: str, recordings: Path) -> AsyncIterator[Bench]:
    """A running broker that uses the guacd at `guacd` and records under `recordings`."""
    with recording_in(recordings, GUACD_ADDRESS=guacd):
        async with _running() as bench:
            yield bench


def recording_in(place: Path, **more: Any) -> override_settings:
    """Session numbers begin anew with each test's database, and so must the files."""
    storages = {**settings.STORAGES}
    storages["recordings"] = {
        **storages["recordings"],
        "OPTIONS": {**storages["recordings"]["OPTIONS"], "location": place},
    }
    return override_settings(RECORDINGS_DIR=place, STORAGES=storages, **more)


@asynccontextmanager
async def _running() -> AsyncIterator[Bench]:
    remember_loop(asyncio.get_running_loop())
    broker = Broker()
    await broker.start()
    bench = Bench(broker)
    try:
        yield bench
    finally:
        for tunnel in bench.tunnels:
            await tunnel.release()
        await broker.stop()
        remember_loop(None)
