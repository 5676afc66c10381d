"""A TCP line that can be severed: nothing is closed, nothing passes any more."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

CHUNK = 65536


class SeverableLine:
    """Forwards `port` to `to_port` on loopback for as long as the block lasts."""

    def __init__(self, to_port: int | None) -> None:
        assert to_port is not None
        self._to_port = to_port
        self._passes = threading.Event()
        self._passes.set()
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> SeverableLine:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._listener.close()
        self._passes.set()
        for one in self._open:
            one.close()

    @contextmanager
    def severed(self) -> Iterator[None]:
        """As a cable that is pulled: both ends still believe in the line."""
        self._passes.clear()
        try:
            yield
        finally:
            self._passes.set()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._to_port))
            except OSError:
                return
            self._open += [near, far]
            for one, other in ((near, far), (far, near)):
                threading.Thread(
                    target=self._forward, args=(one, other), daemon=True
                ).start()

    def _forward(self, one: socket.socket, other: socket.socket) -> None:
        try:
            while data := one.recv(CHUNK):
                self._passes.wait()
                other.sendall(data)
        except OSError:
            pass
        finally:
            one.close()
            other.close()
