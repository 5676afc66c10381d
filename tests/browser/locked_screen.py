"""What a phone shows while it is locked, and the finger on it.

Chromium has notifications drawn by the desktop's notification service, over D-Bus, and hears from
it that somebody tapped on one. Here is such a service, on a bus of its own. A browser does so for
a profile of its own only: a window without traces has nobody to hand the tap to.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock, Thread
from typing import Any, NamedTuple

from jeepney import (
    DBusAddress,
    HeaderFields,
    Message,
    MessageType,
    new_error,
    new_method_return,
    new_signal,
)
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import DBusConnection, open_dbus_connection

SERVICE = "org.freedesktop.Notifications"
AS_A_SIGNAL = DBusAddress(
    "/org/freedesktop/Notifications", bus_name=SERVICE, interface=SERVICE
)
A_TAP = "default"
"""The action of the notification as a whole."""
PATIENCE_SECONDS = 30.0


class Drawn(NamedTuple):
    """A notification as it stands on the screen."""

    number: int
    title: str
    body: str


class LockedScreen:
    """The service at `address`: it draws what it is asked to, and says what is tapped on."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.drawn: list[Drawn] = []
        self._sending = Lock()
        self._line: DBusConnection = open_dbus_connection(address)
        self._line.send_and_get_reply(message_bus.RequestName(SERVICE))
        Thread(target=self._listen, daemon=True).start()

    def shows(self, title: str) -> Drawn:
        """The newest one of this title, once it is drawn."""
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            found = [one for one in self.drawn if one.title == title]
            if found:
                return found[-1]
            time.sleep(0.05)
        raise AssertionError(f"“{title}” is not on the screen: {self.drawn}")

    def tap(self, drawn: Drawn) -> None:
        """A finger on it."""
        self._send(
            new_signal(AS_A_SIGNAL, "ActionInvoked", "us", (drawn.number, A_TAP))
        )

    def close(self) -> None:
        self._line.close()

    def _listen(self) -> None:
        while True:
            try:
                message = self._line.receive()
            except (OSError, EOFError, ValueError):
                return  # closed
            if message.header.message_type is MessageType.method_call:
                self._send(self._answer(message))

    def _send(self, message: Message) -> None:
        with self._sending:
            self._line.send(message)

    def _answer(self, message: Message) -> Message:
        called = message.header.fields.get(HeaderFields.member)
        if called == "Notify":
            return self._draw(message)
        if called == "GetCapabilities":
            return new_method_return(message, "as", (["actions", "body"],))
        if called == "GetServerInformation":
            return new_method_return(message, "ssss", ("a phone", "", "1", "1.2"))
        if called == "CloseNotification":
            (number,) = message.body
            self.drawn = [one for one in self.drawn if one.number != number]
            return new_method_return(message)
        return new_error(message, "org.freedesktop.DBus.Error.UnknownMethod")

    def _draw(self, message: Message) -> Message:
        said: tuple[Any, ...] = message.body
        _program, replaced, _icon, title, body, *_rest = said
        number = replaced or len(self.drawn) + 1
        kept = [one for one in self.drawn if one.number != number]
        self.drawn = [*kept, Drawn(number, title, body)]
        return new_method_return(message, "u", (number,))


@contextmanager
def locked_screen() -> Iterator[LockedScreen]:
    """A bus that nobody else is on, and the screen at it."""
    with subprocess.Popen(
        ["dbus-daemon", "--session", "--nofork", "--print-address"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    ) as bus:  # fmt: skip
        assert bus.stdout is not None
        screen = LockedScreen(bus.stdout.readline().strip())
        try:
            yield screen
        finally:
            screen.close()
            bus.terminate()
