"""The tunnel: a WebSocket between a participant's browser and the session's actor.

A pipe: it refuses before it accepts, and everything after that is the actor's to decide.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any
from urllib.parse import parse_qs

from asgiref.sync import sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer

from accessportal.accounts.models import User
from accessportal.accounts.web_sessions import web_session_of_scope
from accessportal.errors import NotAllowed, NotKnown, PortalError
from accessportal.origin import Origin, address_behind_proxies, web_session_ref
from sessions.broker import registry
from sessions.broker.seat import Seat
from sessions.services.tickets import note_refused_ticket, use_ticket

logger = logging.getLogger(__name__)

SUBPROTOCOL = "guacamole"


class TunnelConsumer(AsyncWebsocketConsumer):
    """`/tunnel/<broker>/?ticket=...`, subprotocol `guacamole`."""

    seat: Seat | None = None
    actor: Any = None
    channel_layer_alias = ""
    """None: a tunnel's actor speaks to it directly, also while Redis is away."""

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Channels has a thread that all WebSockets share look after the database before
        every message. What a browser says needs no database and waits for no thread."""
        if message["type"] == "websocket.receive":
            await self.websocket_receive(message)
        else:
            await super().dispatch(message)

    async def connect(self) -> None:
        try:
            await self._enter()
        except PortalError as error:
            logger.info("A tunnel was refused: %s", error.code)
            await self.close()

    async def _enter(self) -> None:
        """Signed in or escorted, a good ticket, an actor here, and policy says yes."""
        user: User = self.scope["user"]
        # The ticket is for one session, and an escorted person gets one for theirs only.
        web_session = await sync_to_async(web_session_of_scope)(
            self.scope, escorted=True
        )
        if web_session is None:
            raise NotKnown
        if SUBPROTOCOL not in self.scope["subprotocols"]:
            raise NotKnown
        broker = registry.broker_named(self.scope["url_route"]["kwargs"]["broker"])
        if broker is None:
            raise NotKnown
        query = parse_qs(self.scope["query_string"].decode("ascii", "replace"))
        origin = await sync_to_async(origin_of_scope)(self.scope, web_session.key)
        try:
            ticket = await sync_to_async(use_ticket)(
                query.get("ticket", [""])[0],
                acting_user=user,
                web_session_key=web_session.key,
            )
        except NotAllowed:
            await sync_to_async(note_refused_ticket)(acting_user=user, origin=origin)
            raise
        actor = broker.actor_of(ticket.brokered_session_id) or await broker.begin(
            ticket.brokered_session_id
        )
        if actor is None:
            raise NotKnown
        await actor.company.admit(ticket, origin)

        await self.accept(SUBPROTOCOL)
        self.actor = actor
        try:
            self.seat = await actor.company.join(
                ticket, _Transport(self), origin, user.language
            )
        except PortalError:
            await self.close(code=4404)

    async def receive(
        self, text_data: str | None = None, bytes_data: bytes | None = None
    ) -> None:
        if self.seat is None:
            return
        # Bytes are not the protocol: an empty instruction is malformed, and shown out.
        self.actor.company.hear(self.seat, text_data if text_data is not None else ";")

    async def disconnect(self, code: int) -> None:
        if self.seat is not None:
            await asyncio.shield(self.actor.company.leave(self.seat, code, "vanished"))


class _Transport:
    """The consumer as the actor's viewer sees it."""

    def __init__(self, consumer: TunnelConsumer) -> None:
        self._consumer = consumer

    async def send(self, text: str) -> None:
        await self._consumer.send(text_data=text)

    async def close(self, code: int) -> None:
        await self._consumer.close(code=code)


def origin_of_scope(scope: dict[str, Any], key: str) -> Origin:
    """The origin of an act on a WebSocket, as `origin_of` finds it for a page."""
    headers = {
        name.decode("latin-1"): value.decode("latin-1")
        for name, value in scope["headers"]
    }
    peer = (scope.get("client") or ("", 0))[0]
    web_session = scope["session"]
    return Origin(
        address=address_behind_proxies(peer, headers.get("x-forwarded-for", "")),
        factor=web_session.get("factor_kind", ""),
        factor_at=web_session.get("factor_at", 0.0),
        web_session_ref=web_session_ref(key),
        user_agent=headers.get("user-agent", "")[:200],
    )
