"""Whether an endpoint can be connected to as stored: for administrators, in a worker.

Blocking on purpose, and through pyguacamole's client, so that the check shares nothing
with the broker but the arguments. A full check signs in and waits for the first
picture, which on a single-client machine takes the screen away: ask first.
"""

from __future__ import annotations

import codecs
import logging
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from guacamole.client import GuacamoleClient
from guacamole.exceptions import GuacamoleError
from guacamole.instruction import GuacamoleInstruction

from sessions.guacamole.arguments import (
    DEFAULT_SIZE,
    EndpointFacts,
    SignIn,
    answer,
    connection_arguments,
    screen_size,
)
from sessions.guacamole.errors import (
    ArgumentsError,
    ClosedAtOnce,
    CutOff,
    GuacdError,
    GuacdMisunderstood,
    GuacdRefused,
    GuacdSilent,
    GuacdUnreachable,
    ProtocolError,
)
from sessions.guacamole.handshake import (
    HANDSHAKE_SECONDS,
    HANDSHAKE_TRIES,
    IMAGE_TYPES,
    GuacdAddress,
)
from sessions.guacamole.instruction import Instruction, decode_at
from sessions.guacamole.opcodes import OBSERVER
from sessions.guacamole.ssh_host_key import HostKeyError, learn_host_key
from sessions.guacamole.status import status_of_error

PICTURE_SECONDS = 30.0
SETTLE_SECONDS = 1.0
"""A terminal's first frame can come before its sign-in has failed."""

TCP_SECONDS = 5.0
KEY_TYPES = ("ecdsa-sha2-nistp256", "ssh-ed25519", "ssh-rsa")
"""Of the host keys a machine offers, in the order guacd's SSH library asks for them."""

_PICTURE = frozenset({"img", "png", "rect", "copy"})


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check found.

    `key` is our stable name for it (`ok`, `asset_unreachable`, `credentials_refused`,
    ...), `sentence` its translated text. `host_key` is the SSH host key that was learnt,
    `TYPE BASE64`; empty where one was stored already, or nothing was proven.
    """

    passed: bool
    key: str
    sentence: str | Promise
    milliseconds: int
    host_key: str = ""


def check_tcp(host: str, port: int, *, timeout: float = TCP_SECONDS) -> CheckResult:
    """Whether the address accepts a TCP connection; nothing is sent."""
    began = time.monotonic()
    try:
        socket.create_connection((host, port), timeout).close()
    except OSError:
        sentence = _("Nothing accepts a connection at this address.")
        return CheckResult(False, "no_tcp", sentence, _milliseconds(began))
    sentence = _("The address accepts connections. Signing in was not tried.")
    return CheckResult(True, "ok", sentence, _milliseconds(began))


def check_endpoint(
    guacd: GuacdAddress,
    endpoint: EndpointFacts,
    sign_in: SignIn,
    *,
    timeout: float = PICTURE_SECONDS,
) -> CheckResult:
    """Sign in through guacd, looking only, wait for the first picture, and leave.

    An SSH endpoint without a stored host key is tried with the keys that the machine
    offers; the one that guacd then accepted is in the result, to be shown as a
    fingerprint and pinned. Never raises for what it finds.
    """
    began = time.monotonic()
    learnt = ""
    try:
        if endpoint.protocol == "ssh" and not endpoint.host_key:
            learnt = _first_picture_with_a_key(guacd, endpoint, sign_in, timeout)
        else:
            _first_picture(guacd, endpoint, sign_in, timeout)
    except (ArgumentsError, GuacdError) as failure:
        return CheckResult(False, failure.key, failure.sentence, _milliseconds(began))
    if endpoint.protocol == "telnet":
        sentence = _(
            "The machine's screen arrives. Over telnet nobody can tell whether signing in worked."
        )
    else:
        sentence = _("Signing in works, and the machine's screen arrives.")
    return CheckResult(True, "ok", sentence, _milliseconds(began), learnt)


def offered_host_keys(
    host: str, port: int, *, timeout: float = TCP_SECONDS
) -> list[str]:
    """The SSH host keys of a machine as `TYPE BASE64`; empty when nobody answers."""
    keys = []
    for kind in KEY_TYPES:
        with suppress(HostKeyError, OSError):
            keys.append(learn_host_key(host, port, kind, timeout=timeout))
    return keys


def _first_picture_with_a_key(
    guacd: GuacdAddress, endpoint: EndpointFacts, sign_in: SignIn, timeout: float
) -> str:
    """The offered host key with which guacd connected. Raises what the last try raised."""
    mismatch: GuacdError = GuacdRefused(
        status_of_error(Instruction("error", ("", "519")), "ssh")
    )
    for key in offered_host_keys(endpoint.host, endpoint.port):
        try:
            _first_picture(guacd, replace(endpoint, host_key=key), sign_in, timeout)
        except GuacdRefused as refused:
            if refused.key != "host_key_mismatch":
                raise
            mismatch = refused
        else:
            return key
    raise mismatch


def _first_picture(
    guacd: GuacdAddress, endpoint: EndpointFacts, sign_in: SignIn, timeout: float
) -> None:
    """Connect, wait for a picture that lasts, leave. Raises the errors of both."""
    arguments = connection_arguments(endpoint, sign_in, OBSERVER, DEFAULT_SIZE)
    client = _connected(guacd, endpoint, arguments)
    client.wait_for(timeout)
    drawn = False
    with client, _as_guacd_errors():
        for instruction in client.instructions():
            if instruction.opcode == "error":
                raise GuacdRefused(status_of_error(instruction, endpoint.protocol))
            if instruction.opcode == "required":
                raise GuacdRefused(
                    status_of_error(
                        Instruction("error", ("", "769")), endpoint.protocol
                    )
                )
            if instruction.opcode == "disconnect":
                raise ClosedAtOnce
            drawn = drawn or instruction.opcode in _PICTURE
            if instruction.opcode == "sync":
                client.send_instruction(GuacamoleInstruction("sync", *instruction.args))
                if drawn:
                    client.settle(SETTLE_SECONDS)


def _connected(
    guacd: GuacdAddress, endpoint: EndpointFacts, arguments: dict[str, str]
) -> CheckClient:
    """A client that guacd said `ready` to; it is asked again as a broker does (decision
    136). Raises the errors of guacd."""
    tries_left = HANDSHAKE_TRIES
    while True:
        client = CheckClient(guacd, HANDSHAKE_SECONDS)
        try:
            with _as_guacd_errors():
                client.connect(endpoint, arguments)
            return client
        except GuacdError as error:
            client.leave()
            tries_left -= 1
            again = isinstance(error, (GuacdSilent, GuacdMisunderstood))
            if not tries_left or not again:
                raise


@contextmanager
def _as_guacd_errors() -> Iterator[None]:
    """What goes wrong with the line, or with what is read from it, in guacd's terms."""
    try:
        yield
    except ConnectionRefusedError as error:
        raise GuacdUnreachable from error
    except (OSError, EOFError) as error:
        raise GuacdSilent(type(error).__name__) from error
    except (ProtocolError, GuacamoleError, UnicodeDecodeError) as error:
        raise GuacdMisunderstood(type(error).__name__) from error


class CheckClient(GuacamoleClient):
    """pyguacamole's blocking client, mended: instructions end where their lengths say,
    telnet is a protocol, arguments go by name, time is bounded as a whole, and nothing
    that is sent (credentials) goes to a log."""

    _client: socket.socket | None

    def __init__(self, guacd: GuacdAddress, timeout: float) -> None:
        logger = logging.Logger(
            "silent"
        )  # Not in the tree of loggers: nobody hears it.
        logger.disabled = True
        super().__init__(guacd.host, guacd.port, timeout=timeout, logger=logger)
        self._tls = guacd.tls
        self._deadline = time.monotonic() + timeout
        self._settled: float | None = None
        self._received = bytearray()

    def connect(self, endpoint: EndpointFacts, arguments: dict[str, str]) -> None:
        """Shake hands. Raises `OSError`, `EOFError` and the errors of guacd."""
        if self._tls is not None:
            self._client = self._tls.wrap_socket(self.client, server_hostname=self.host)
        size = screen_size(endpoint, DEFAULT_SIZE)
        self.send_instruction(GuacamoleInstruction("select", endpoint.protocol))
        asked = self._expect("args", endpoint.protocol)
        for opcode, args in (
            ("size", (size.width, size.height, size.dpi)),
            ("audio", ()),
            ("video", ()),
            ("image", IMAGE_TYPES),
            ("connect", answer(asked.args, arguments)),
        ):
            self.send_instruction(GuacamoleInstruction(opcode, *args))
        self._expect("ready", endpoint.protocol)
        self.connected = True

    def __enter__(self) -> CheckClient:
        return self

    def __exit__(self, *exc: object) -> None:
        self.leave()

    def wait_for(self, seconds: float) -> None:
        """From now on, so long in all."""
        self._deadline = time.monotonic() + seconds

    def settle(self, seconds: float) -> None:
        """From the first picture on: it is enough when nothing fails for so long."""
        if self._settled is None:
            self._settled = time.monotonic() + seconds

    def instructions(self) -> Iterator[Instruction]:
        """What guacd sends until it is settled. Raises `TimeoutError`, `EOFError`."""
        while True:
            try:
                yield self.next()
            except TimeoutError:
                if self._settled is None:
                    raise
                return

    def next(self) -> Instruction:
        """The next instruction, by its lengths."""
        while True:
            text, used = codecs.utf_8_decode(self._received, "strict", False)
            try:
                instruction, end = decode_at(text, 0)
            except CutOff:
                self._receive_more()
                continue
            self._received = bytearray(text[end:].encode()) + self._received[used:]
            return instruction

    def leave(self) -> None:
        """Say goodbye, so that guacd lets go of the asset at once. Never raises."""
        if self._client is None:
            return
        with suppress(OSError):
            self.send_instruction(GuacamoleInstruction("disconnect"))
        with suppress(OSError):
            self.close()

    def _expect(self, opcode: str, protocol: str) -> Instruction:
        instruction = self.next()
        if instruction.opcode == "error":
            raise GuacdRefused(status_of_error(instruction, protocol))
        if instruction.opcode != opcode:
            raise ProtocolError(f"{opcode} expected")
        return instruction

    def _receive_more(self) -> None:
        until = self._deadline if self._settled is None else self._settled
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.client.settimeout(left)
        data = self.client.recv(65536)
        if not data:
            raise EOFError
        self._received.extend(data)


def _milliseconds(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
