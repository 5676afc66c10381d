"""WebSocket addresses of the tunnels."""

from __future__ import annotations

from typing import Any

from django.urls import path

from sessions.consumers import TunnelConsumer

websocket_urlpatterns: list[Any] = [
    path("tunnel/<str:broker>/", TunnelConsumer.as_asgi()),
]
