"""A page of somebody else opens our WebSockets with the cookie of who visits it."""

from __future__ import annotations

from asgiref.sync import sync_to_async
from django.conf import settings
from django.test import Client

from tests.cast import Plant, make_plant, signed_in
from tests.security.kit import opens


async def test_no_socket_opens_for_another_page(transactional_db: None) -> None:
    """Each WebSocket route, with the cookie of a person who is signed in."""
    from accessportal.routing import websocket_urlpatterns

    plant: Plant = await sync_to_async(make_plant)()
    browser = await sync_to_async(signed_in)(Client(), plant.olga)
    cookie = browser.cookies[settings.SESSION_COOKIE_NAME].value
    paths = [
        "/" + str(route.pattern).replace("<str:broker>", "broker-1")
        for route in websocket_urlpatterns
    ]
    assert len(paths) >= 2
    foreign = [
        None,
        b"null",
        b"https://evil.example",
        settings.PUBLIC_URL.encode() + b".evil.example",
        settings.PUBLIC_URL.encode() + b"@evil.example",
        b"file://",
    ]
    for path in paths:
        for origin in foreign:
            assert not await opens(path, origin, cookie), (path, origin)
    assert await opens("/news/", settings.PUBLIC_URL.encode(), cookie)
    assert not await opens("/news/", settings.PUBLIC_URL.encode(), "x" * 32)
