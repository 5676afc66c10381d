"""A contractor's console without a browser: it comes back by itself, as the real one does."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from socket import SHUT_RDWR
from typing import Any
from urllib.parse import quote

from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from sessions.guacamole.instruction import decode_all, encode

# static/js/console/link.js: the wait before each try.
WAITS = (0.25, 0.5, 1.0, 1.0)


class Console:
    """Answers `sync`, asks for a new ticket whenever its tunnel closes, until it is over.

    ask_ticket: what the web answers (`path` and `token`, or `refused`). place: where the
    proxy sends a path.
    """

    def __init__(
        self,
        ask_ticket: Callable[[], dict[str, str]],
        place: Callable[[str], str],
        *,
        cookie: str,
        origin: str,
    ) -> None:
        self._ask_ticket = ask_ticket
        self._place = place
        self._cookie = cookie
        self._origin = origin
        self._socket: ClientConnection | None = None
        self._stopped = False
        self.frames = 0
        self.words: list[tuple[str, dict[str, Any]]] = []
        self.closings: list[tuple[float, int | None]] = []
        self.pictures: list[float] = []
        """When each connection had its first whole frame (`time.monotonic`)."""
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped = True
        if self._socket is not None:
            self._socket.close()
        self._thread.join(10)

    def cut(self) -> None:
        """The link is gone, without a word."""
        if self._socket is not None:
            self._socket.socket.shutdown(SHUT_RDWR)

    @property
    def may_send(self) -> bool:
        """What the console would show: nothing is frozen, and the state says so."""
        for kind, data in reversed(self.words):
            if kind == "state":
                return bool(data["may_send"])
        return False

    def send(self, *instructions: tuple[Any, ...]) -> bool:
        """True when there was a tunnel to send into."""
        socket = self._socket
        if socket is None:
            return False
        try:
            socket.send("".join(encode(*one) for one in instructions))
        except ConnectionClosed:
            return False
        return True

    def _run(self) -> None:
        attempts = 0
        while not self._stopped:
            if self._connect_once():
                attempts = 0
            if self._stopped:
                return
            time.sleep(WAITS[min(attempts, len(WAITS) - 1)] if attempts else 0.05)
            attempts += 1

    def _connect_once(self) -> bool:
        """One tunnel from its opening to its close; whether it brought a picture."""
        answer = self._ask_ticket()
        if "refused" in answer:
            self._stopped = answer["refused"] == "session_over"
            return False
        before = len(self.pictures)
        try:
            url = f"{self._place(answer['path'])}?ticket={quote(answer['token'])}"
            with connect(
                url,
                subprotocols=[Subprotocol("guacamole")],
                origin=Origin(self._origin),
                additional_headers={"Cookie": f"portal_session={self._cookie}"},
                open_timeout=5,
                close_timeout=1,
                compression=None,
                max_size=None,
                ping_interval=None,
            ) as socket:
                self._socket = socket
                self._listen(socket)
        except (OSError, InvalidHandshake, TimeoutError, EOFError):
            return False
        except ConnectionClosed as closed:
            code = closed.rcvd.code if closed.rcvd is not None else None
            self.closings.append((time.monotonic(), code))
        finally:
            self._socket = None
        return len(self.pictures) > before

    def _listen(self, socket: ClientConnection) -> None:
        first = True
        while True:
            for opcode, args in decode_all(str(socket.recv())):
                if opcode == "sync":
                    if first:
                        self.pictures.append(time.monotonic())
                        first = False
                    self.frames += 1
                    socket.send(encode("sync", args[0]))
                elif opcode == "portal":
                    self.words.append((args[0], json.loads(args[1])))


class Pinging(threading.Thread):
    """Keeps a browser alive while something is held, as its heartbeat does."""

    def __init__(self, console: Console) -> None:
        super().__init__(daemon=True)
        self._console = console
        self._over = threading.Event()
        self.start()

    def run(self) -> None:
        while not self._over.wait(0.25):
            self._console.send(("", "ping", str(round(time.time() * 1000))))

    def stop(self) -> None:
        self._over.set()
        self.join(5)
