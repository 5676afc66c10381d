"""ASGI entry point: pages over HTTP, tunnels and live news over WebSocket."""

from __future__ import annotations

import os

from django.core.asgi import get_asgi_application
from django.core.handlers.asgi import ASGIHandler

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "accessportal.settings")
http_application: ASGIHandler = get_asgi_application()

from accessportal.routing import application  # noqa: E402 - needs the apps to be ready

__all__ = ["application", "http_application"]
