"""What the code believes about guacd, asked of a real one with real machines behind it.

To repeat these with another version: `GUACD=host:port ./portal test tests/integration`.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from accessportal.demo.targets import KEYS, Targets
from sessions.guacamole.arguments import (
    DEFAULT_SIZE,
    EndpointFacts,
    SignIn,
    connection_arguments,
)
from sessions.guacamole.endpoint_check import (
    check_endpoint,
    check_tcp,
    offered_host_keys,
)
from sessions.guacamole.errors import ConnectionGone, GuacdSilent, ProtocolError
from sessions.guacamole.handshake import (
    GuacdAddress,
    GuacdStream,
    join_connection,
    open_connection,
    probe_gone,
)
from sessions.guacamole.instruction import Instruction, decode_all, encode
from sessions.guacamole.opcodes import DOWNSTREAM, Permissions
from sessions.guacamole.reader import InstructionReader
from sessions.guacamole.status import status_of_error

CONTROL = Permissions(control=True)
RETURN = 0xFF0D
# Of many connections one may hang before `ready`, and a refusal that comes at once may be
# told to nobody (decision 136).
TRIES = 6


def endpoint_of(targets: Targets, key: str) -> tuple[EndpointFacts, SignIn]:
    """A demo machine as the portal stores it."""
    facts = targets[key]
    endpoint = EndpointFacts(
        protocol=facts.protocol,
        host=facts.host,
        port=facts.port,
        host_key=facts.host_key,
        rdp_security="nla",
        ignore_certificate=True,
    )
    sign_in = SignIn(
        username=facts.username, password=facts.password, private_key=facts.private_key
    )
    return endpoint, sign_in


class User:
    """One user of guacd: reads, answers frames, remembers the instructions."""

    def __init__(self, stream: GuacdStream) -> None:
        self.stream = stream
        self.seen: list[Instruction] = []
        self._reader = InstructionReader()

    async def read_until(self, opcode: str, seconds: float = 20) -> Instruction:
        """Read on until there is an instruction of this opcode; the first of them."""
        async with asyncio.timeout(seconds):
            while True:
                data = await self.stream.read()
                assert data, "guacd closed"
                came = decode_all(self._reader.feed(data).text)
                self.seen += came
                for one in came:
                    if one.opcode == "sync":
                        self.stream.send(encode("sync", one.args[0]))
                wanted = [one for one in came if one.opcode == opcode]
                if wanted:
                    return wanted[0]

    def sync_times(self) -> list[str]:
        return [one.args[0] for one in self.seen if one.opcode == "sync"]

    async def read_for(self, seconds: float) -> None:
        try:
            await self.read_until("never comes", seconds)
        except TimeoutError:
            return


async def opened(
    guacd: GuacdAddress, protocol: str, arguments: dict[str, str]
) -> GuacdStream:
    """A connection that guacd answers; where it does not, it is asked for again."""
    for _attempt in range(TRIES):
        try:
            return await open_connection(guacd, protocol, arguments, timeout=8)
        except GuacdSilent:
            continue
    raise AssertionError(f"guacd was silent {TRIES} times")


@asynccontextmanager
async def connected(
    guacd: GuacdAddress, endpoint: EndpointFacts, sign_in: SignIn
) -> AsyncIterator[User]:
    arguments = connection_arguments(endpoint, sign_in, CONTROL, DEFAULT_SIZE)
    stream = await opened(guacd, endpoint.protocol, arguments)
    try:
        yield User(stream)
    finally:
        await stream.leave()


async def refused(
    guacd: GuacdAddress, endpoint: EndpointFacts, sign_in: SignIn
) -> tuple[User, Instruction]:
    """A connection that guacd gives up, with its `error`; one that hangs is left."""
    for _attempt in range(TRIES):
        async with connected(guacd, endpoint, sign_in) as owner:
            try:
                return owner, await owner.read_until("error", seconds=8)
            except TimeoutError:
                continue
    raise AssertionError(f"guacd was silent {TRIES} times")


@pytest.mark.parametrize("key", KEYS)
async def test_the_picture_arrives_and_a_join_sees_it(
    guacd: GuacdAddress, targets: Targets, key: str
) -> None:
    async with connected(guacd, *endpoint_of(targets, key)) as owner:
        await owner.read_until("sync")
        joined, timestamp = await good_join(guacd, owner)

    drawn = {one.opcode for one in joined.seen}
    assert {"size", "img", "blob", "end"} <= drawn
    # From that frame on the owner's own stream continues the joined picture.
    assert timestamp in owner.sync_times()


async def good_join(guacd: GuacdAddress, owner: User) -> tuple[User, str]:
    """A join up to its first `sync`, and that one's time, while the owner goes on.

    Joins are corrupt at times (fact 6): such a one is dropped and tried again.
    """
    for _attempt in range(5):
        joined = User(await join_connection(guacd, owner.stream.connection_id))
        watching = asyncio.create_task(owner.read_for(1.2))
        try:
            timestamp = (await joined.read_until("sync", seconds=3)).args[0]
        except (ProtocolError, TimeoutError):
            timestamp = ""
        await watching
        for _more in range(20):  # a busy machine is late with the frame itself
            if not timestamp or timestamp in owner.sync_times():
                break
            await owner.read_for(0.1)
        await joined.stream.leave()
        if timestamp and {one.opcode for one in joined.seen} <= set(DOWNSTREAM):
            return joined, timestamp
    raise AssertionError("five joins, and none was good")


@pytest.mark.parametrize("key", KEYS)
async def test_after_disconnect_guacd_is_proven_to_have_let_go(
    guacd: GuacdAddress, targets: Targets, key: str
) -> None:
    async with connected(guacd, *endpoint_of(targets, key)) as owner:
        await owner.read_until("sync")
        connection_id = owner.stream.connection_id
        assert await probe_gone(guacd, connection_id) is False
        await owner.read_until("sync")  # The probe has done the owner no harm.

    for _ in range(50):
        proven = await probe_gone(guacd, connection_id)
        if proven:
            break
        await asyncio.sleep(0.1)
    assert proven is True
    with pytest.raises(ConnectionGone):
        await join_connection(guacd, connection_id)


async def test_a_connection_that_never_was_is_gone(guacd: GuacdAddress) -> None:
    assert await probe_gone(guacd, "$00000000-0000-0000-0000-000000000000") is True


async def test_a_protocol_guacd_lacks_is_answered_by_silence(
    guacd: GuacdAddress,
) -> None:
    with pytest.raises(GuacdSilent):
        await open_connection(guacd, "carrier-pigeon", {}, timeout=1)


async def test_a_command_typed_over_ssh_leaves_its_file(
    guacd: GuacdAddress, targets: Targets
) -> None:
    made = Path(targets["ssh"].working_directory) / "typed-by-the-protocol-test"
    async with connected(guacd, *endpoint_of(targets, "ssh")) as owner:
        await owner.read_until("sync")
        await owner.read_for(1)
        for character in f"touch {made.name}\r":
            keysym = RETURN if character == "\r" else ord(character)
            owner.stream.send(encode("key", keysym, 1) + encode("key", keysym, 0))
        for _ in range(50):
            await owner.read_for(0.1)
            if made.exists():
                break

    assert made.exists()
    made.unlink()


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that refuses connections, held so that nobody else gets it meanwhile."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield int(held.getsockname()[1])


@pytest.mark.parametrize("key", KEYS)
async def test_an_asset_that_is_off_arrives_as_an_error_after_ready(
    guacd: GuacdAddress, targets: Targets, closed_port: int, key: str
) -> None:
    endpoint, sign_in = endpoint_of(targets, key)
    endpoint = replace(endpoint, port=closed_port)
    owner, error = await refused(guacd, endpoint, sign_in)

    opcodes = [one.opcode for one in owner.seen]
    # A terminal ends a frame all the same: a frame alone is no success.
    assert "sync" not in opcodes[: opcodes.index("error")]
    assert status_of_error(error, endpoint.protocol).key == "asset_unreachable"


async def test_a_wrong_ssh_password_is_refused(
    guacd: GuacdAddress, targets: Targets
) -> None:
    endpoint, sign_in = endpoint_of(targets, "ssh")
    wrong = SignIn(username=sign_in.username, password="wrong")
    owner, error = await refused(guacd, endpoint, wrong)

    assert status_of_error(error, "ssh").key == "credentials_refused"


@pytest.mark.parametrize("key", ["vnc", "rdp"])
async def test_a_wrong_screen_password_is_refused_and_nobody_is_asked(
    guacd: GuacdAddress, targets: Targets, key: str
) -> None:
    endpoint, sign_in = endpoint_of(targets, key)
    owner, error = await refused(guacd, endpoint, replace(sign_in, password="wrong"))

    assert "required" not in {one.opcode for one in owner.seen}
    assert status_of_error(error, key).key in {
        "asset_unreachable",
        "credentials_refused",
    }


@pytest.mark.parametrize("key", ["vnc", "rdp"])
async def test_without_a_screen_password_nobody_is_asked_for_one(
    guacd: GuacdAddress, targets: Targets, key: str
) -> None:
    endpoint, _ = endpoint_of(targets, key)
    async with connected(guacd, endpoint, SignIn()) as owner:
        await owner.read_until("error")

    assert "required" not in {one.opcode for one in owner.seen}


async def test_another_host_key_is_refused(
    guacd: GuacdAddress, targets: Targets
) -> None:
    endpoint, sign_in = endpoint_of(targets, "ssh")
    other = endpoint.host_key[:-4] + "AAAA"
    owner, error = await refused(guacd, replace(endpoint, host_key=other), sign_in)

    assert status_of_error(error, "ssh").key == "host_key_mismatch"


@pytest.mark.parametrize("key", KEYS)
def test_the_endpoint_check_passes(
    guacd: GuacdAddress, targets: Targets, key: str
) -> None:
    endpoint, sign_in = endpoint_of(targets, key)

    result = check_endpoint(guacd, endpoint, sign_in)

    assert (result.passed, result.key) == (True, "ok")
    assert check_tcp(endpoint.host, endpoint.port).passed


def test_the_endpoint_check_learns_the_host_key(
    guacd: GuacdAddress, targets: Targets
) -> None:
    endpoint, sign_in = endpoint_of(targets, "ssh")

    result = check_endpoint(guacd, replace(endpoint, host_key=""), sign_in)

    assert result.passed
    assert endpoint.host_key.endswith(result.host_key)
    assert result.host_key in offered_host_keys(endpoint.host, endpoint.port)


@pytest.mark.parametrize(
    ("key", "change", "found"),
    [
        ("ssh", {"host_key": "h ssh-ed25519 " + "A" * 68}, "host_key_mismatch"),
        ("ssh", {"host_key": "nonsense"}, "host_key_malformed"),
    ],
)
def test_the_endpoint_check_says_what_is_wrong(
    guacd: GuacdAddress,
    targets: Targets,
    key: str,
    change: dict[str, object],
    found: str,
) -> None:
    endpoint, sign_in = endpoint_of(targets, key)

    result = check_endpoint(guacd, replace(endpoint, **change), sign_in)  # type: ignore[arg-type]

    assert (result.passed, result.key) == (False, found)
    assert str(result.sentence)


@pytest.mark.parametrize("key", KEYS)
def test_the_endpoint_check_finds_that_the_asset_is_off(
    guacd: GuacdAddress, targets: Targets, closed_port: int, key: str
) -> None:
    endpoint, sign_in = endpoint_of(targets, key)

    result = check_endpoint(guacd, replace(endpoint, port=closed_port), sign_in)

    assert not result.passed
    # Which of the two is a race inside guacd (decision 136).
    assert result.key in {"asset_unreachable", "closed_at_once"}


def test_without_a_credential_an_ssh_endpoint_is_not_even_tried(
    guacd: GuacdAddress, targets: Targets
) -> None:
    endpoint, _ = endpoint_of(targets, "ssh")

    result = check_endpoint(guacd, endpoint, SignIn(username="service"))

    assert (result.passed, result.key) == (False, "credential_missing")


def test_without_guacd_the_check_says_so(targets: Targets, closed_port: int) -> None:
    nowhere = GuacdAddress("127.0.0.1", closed_port)

    result = check_endpoint(nowhere, *endpoint_of(targets, "vnc"))

    assert (result.passed, result.key) == (False, "guacd_unreachable")


def test_an_address_nobody_listens_on_is_said_to_be_one(closed_port: int) -> None:
    assert not check_tcp("127.0.0.1", closed_port).passed
