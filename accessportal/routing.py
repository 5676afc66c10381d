"""Where WebSockets go; the Origin is checked before anything else (ASVS 4.4.2)."""

from __future__ import annotations

from typing import Any

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import OriginValidator
from django.conf import settings
from django.urls import path

from accessportal.asgi import http_application
from accessportal.news import NewsConsumer
from sessions.routing import websocket_urlpatterns as tunnel_urlpatterns


class SameOrigin(OriginValidator):
    """Channels' own, which meets an Origin that is no address with an exception."""

    def valid_origin(self, parsed_origin: Any) -> bool:
        try:
            return bool(super().valid_origin(parsed_origin))
        except ValueError:
            return False


websocket_urlpatterns = [
    path("news/", NewsConsumer.as_asgi()),
    *tunnel_urlpatterns,
]

application = ProtocolTypeRouter(
    {
        "http": http_application,
        "websocket": SameOrigin(
            AuthMiddlewareStack(URLRouter(websocket_urlpatterns)), [settings.PUBLIC_URL]
        ),
    }
)
