"""How every relay written in Python is served: the same server, the same settings."""

from __future__ import annotations

import argparse
from typing import Any

import uvicorn

from accessportal.memory import keep_freed_memory


def options() -> argparse.Namespace:
    """`--port` to listen on and `--guacd` to relay from, both on loopback."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--guacd", type=int, required=True)
    return parser.parse_args()


def serve(app: Any, port: int) -> None:
    """Serve an ASGI application as the product itself is served."""
    keep_freed_memory()
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=port,
        loop="uvloop",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        log_level="warning",
        lifespan="off",
    )
