"""What several attacks need."""

from __future__ import annotations

from io import StringIO

from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from accessportal.asgi import application

ROLE = "portal_app"


def become_the_product() -> None:
    """Make the database role as deploy/README.md says, and be it until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {ROLE}")
    call_command("database_role", ROLE, "--apply", stdout=StringIO())
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {ROLE}")


async def opens(path: str, origin: bytes | None, cookie: str) -> bool:
    """Whether a WebSocket opens for this Origin and the cookie of this web session."""
    headers = [
        (b"host", b"testserver"),
        (b"cookie", f"{settings.SESSION_COOKIE_NAME}={cookie}".encode()),
    ]
    if origin is not None:
        headers.append((b"origin", origin))
    socket = WebsocketCommunicator(
        application, path, headers=headers, subprotocols=["guacamole"]
    )
    socket.scope["client"] = ["127.0.0.1", 50000]
    opened, _ = await socket.connect(timeout=10)
    await socket.disconnect()
    return bool(opened)
