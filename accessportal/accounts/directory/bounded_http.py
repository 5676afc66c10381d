"""HTTP that ends: a deadline for the whole answer, and a size that it may not pass.

httpx2 bounds the wait for each piece, so a provider that sends one byte at a time would hold
a thread for ever, and one that sends without end would fill the memory.
"""

from __future__ import annotations

import ssl
import time
from functools import lru_cache
from typing import Any

import httpx2
from django.conf import settings

PIECE_SECONDS = 5.0
WHOLE_SECONDS = 10.0
MAX_BYTES = 1_048_576


class AnswerTooLarge(httpx2.TransportError):
    """More than `MAX_BYTES`, or compressed, though nobody asked for that."""


class BoundedTransport(httpx2.BaseTransport):
    """Reads an answer whole, within `WHOLE_SECONDS` and `MAX_BYTES`, or raises."""

    def __init__(self, inner: httpx2.BaseTransport) -> None:
        self.inner = inner

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        deadline = time.monotonic() + WHOLE_SECONDS
        # What arrives compressed may be a thousand times its size when opened.
        request.headers["Accept-Encoding"] = "identity"
        response = self.inner.handle_request(request)
        try:
            if response.headers.get("Content-Encoding", "identity") != "identity":
                raise AnswerTooLarge("The answer is compressed.")
            content = self._read(response, deadline)
        finally:
            response.close()
        return httpx2.Response(
            response.status_code,
            headers=[
                (name, value)
                for name, value in response.headers.items()
                if name.lower() not in {"transfer-encoding", "content-length"}
            ],
            content=content,
            request=request,
        )

    def _read(self, response: httpx2.Response, deadline: float) -> bytes:
        pieces, size = [], 0
        for piece in response.stream:  # type: ignore[union-attr]
            size += len(piece)
            if size > MAX_BYTES:
                raise AnswerTooLarge(f"The answer is larger than {MAX_BYTES} bytes.")
            if time.monotonic() > deadline:
                raise httpx2.ReadTimeout("The answer took too long.")
            pieces.append(piece)
        return b"".join(pieces)

    def close(self) -> None:
        self.inner.close()


def client_options(*, ca_file: str, proxy: str) -> dict[str, Any]:
    """Options of an httpx2 client for talking to the provider and to nobody else.

    No redirect is followed and no proxy is taken from the environment.
    """
    inner = httpx2.HTTPTransport(verify=_trusted(ca_file), proxy=proxy or None)
    return {
        "transport": BoundedTransport(inner),
        "timeout": httpx2.Timeout(PIECE_SECONDS),
        "follow_redirects": False,
        "trust_env": False,
        "headers": {"User-Agent": f"Access-Portal ({settings.PUBLIC_URL})"},
    }


@lru_cache
def _trusted(ca_file: str) -> ssl.SSLContext:
    """The certificates of the plant's own authority, or of this machine. Costly to read."""
    return ssl.create_default_context(cafile=ca_file or None)
