"""Every WebSocket route, tried as everybody; one without a line here fails."""

from __future__ import annotations

from asgiref.sync import sync_to_async
from django.conf import settings
from django.test import Client

from tests.cast import make_person, make_plant, signed_in
from tests.guards.lines import EVERYBODY, ROLES, Line
from tests.security.kit import opens

# Without a ticket nobody gets into a tunnel; with one, tests/session_flow/test_tunnel.py says
# who. News carry no facts, only "look again".
SOCKETS: dict[str, Line] = {
    "news/": Line(yes=EVERYBODY),
    "tunnel/<str:broker>/": Line(no=EVERYBODY),
}


async def test_who_opens_which_socket(transactional_db: None) -> None:
    from accessportal.routing import websocket_urlpatterns

    assert {str(route.pattern) for route in websocket_urlpatterns} == set(SOCKETS)
    plant = await sync_to_async(make_plant)()
    own = settings.PUBLIC_URL.encode()
    for role in ROLES:
        person = getattr(plant, role, None) or await sync_to_async(make_person)(
            "Vito Vogel", vendor=plant.fillwerk
        )
        browser = await sync_to_async(signed_in)(Client(), person)
        cookie = browser.cookies[settings.SESSION_COOKIE_NAME].value
        for pattern, line in SOCKETS.items():
            path = "/" + pattern.replace("<str:broker>", "main")
            expected = line.answers()[role] == "yes"
            assert await opens(path, own, cookie) == expected, (role, pattern)
            assert not await opens(f"{path}?ticket=guessed", own, "x" * 32), pattern
