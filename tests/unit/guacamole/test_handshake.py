"""The handshake, and what each way of failing is called."""

from __future__ import annotations

import asyncio
import socket

import pytest

from sessions.guacamole.arguments import Size
from sessions.guacamole.errors import (
    ConnectionGone,
    GuacdError,
    GuacdMisunderstood,
    GuacdRefused,
    GuacdSilent,
    GuacdUnreachable,
)
from sessions.guacamole.handshake import (
    GuacdAddress,
    join_connection,
    open_connection,
    probe_gone,
)
from sessions.guacamole.instruction import encode
from tests.unit.guacamole.scripted_guacd import Script, Talk, scripted_guacd

ID = "$11111111-2222-3333-4444-555555555555"


async def test_opening_tells_size_and_arguments_in_the_order_asked() -> None:
    async def script(talk: Talk) -> None:
        await talk.accept("port", "unheard-of", "hostname")

    async with scripted_guacd(script) as (address, talks):
        stream = await open_connection(
            address,
            "vnc",
            {"hostname": "h", "port": "5900"},
            Size(800, 480),
            timezone="UTC",
        )
        await stream.close()

    heard = talks[0].heard
    assert [one.opcode for one in heard] == [
        "select", "size", "audio", "video", "image", "timezone", "connect",
    ]  # fmt: skip
    assert heard[0].args == ("vnc",)
    assert heard[1].args == ("800", "480", "96")
    assert heard[-1].args == ("VERSION_1_1_0", "5900", "", "h")
    assert stream.connection_id == ID


async def test_what_comes_with_ready_is_not_lost() -> None:
    then = encode("name", "Füller 1") + encode("sync", 5)

    async def script(talk: Talk) -> None:
        await talk.accept(then=then)

    async with scripted_guacd(script) as (address, _):
        stream = await open_connection(address, "vnc", {})
        assert await stream.read() == then.encode()
        assert await stream.read() == b""
        await stream.close()


async def test_leaving_says_disconnect() -> None:
    async def script(talk: Talk) -> None:
        await talk.accept()
        await talk.hear("disconnect")

    async with scripted_guacd(script) as (address, talks):
        stream = await open_connection(address, "vnc", {})
        await stream.leave()
        await asyncio.sleep(0.05)

    assert talks[0].heard[-1].opcode == "disconnect"


async def test_joining_is_read_only() -> None:
    async def script(talk: Talk) -> None:
        await talk.accept("read-only", "password")

    async with scripted_guacd(script) as (address, talks):
        stream = await join_connection(address, ID)
        await stream.close()

    assert talks[0].heard[0].args == (ID,)
    assert talks[0].heard[-1].args == ("VERSION_1_1_0", "true", "")


async def close_after_select(talk: Talk) -> None:
    await talk.hear("select")


async def say_nothing(talk: Talk) -> None:
    await talk.closed()


def patience(script: Script) -> float:
    """Only silence is worth a short wait: a busy machine answers late."""
    return 0.3 if script is say_nothing else 10.0


async def say_http(talk: Talk) -> None:
    await talk.say("HTTP/1.1 400 Bad Request\r\n")


async def say_bytes(talk: Talk) -> None:
    talk._writer.write(b"\xff\xfe\xfd;")


async def refuse(talk: Talk) -> None:
    await talk.hear("select")
    await talk.say(encode("args", "VERSION_1_3_0"))
    await talk.hear("connect")
    await talk.say(encode("error", "Aborted. See logs.", "519"))


@pytest.mark.parametrize(
    ("script", "error", "key"),
    [
        (say_nothing, GuacdSilent, "guacd_silent"),
        (close_after_select, GuacdSilent, "guacd_silent"),
        (say_http, GuacdMisunderstood, "guacd_misunderstood"),
        (say_bytes, GuacdMisunderstood, "guacd_misunderstood"),
        (refuse, GuacdRefused, "asset_unreachable"),
    ],
)
async def test_each_failure_to_open_has_its_name_and_sentence(
    script: Script, error: type[GuacdError], key: str
) -> None:
    async with scripted_guacd(script) as (address, _):
        with pytest.raises(error) as failed:
            await open_connection(address, "vnc", {}, timeout=patience(script))

    assert failed.value.key == key
    assert str(failed.value.sentence)


async def test_joining_what_is_over_says_so() -> None:
    async with scripted_guacd(close_after_select) as (address, _):
        with pytest.raises(ConnectionGone):
            await join_connection(address, ID)


def nobody() -> GuacdAddress:
    """An address where nobody listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return GuacdAddress("127.0.0.1", unused.getsockname()[1])


async def test_guacd_that_is_down_is_unreachable() -> None:
    with pytest.raises(GuacdUnreachable):
        await open_connection(nobody(), "vnc", {})


async def answer_args(talk: Talk) -> None:
    await talk.hear("select")
    await talk.say(encode("args", "VERSION_1_3_0"))
    await talk.closed()


async def half_an_answer(talk: Talk) -> None:
    await talk.hear("select")
    await talk.say("4.ar")


@pytest.mark.parametrize(
    ("script", "proven"),
    [
        (close_after_select, True),
        (answer_args, False),
        (say_nothing, None),
        (half_an_answer, None),
        (say_http, None),
    ],
)
async def test_only_a_plain_close_proves_an_end(
    script: Script, proven: bool | None
) -> None:
    async with scripted_guacd(script) as (address, _):
        found = await probe_gone(address, ID, timeout=patience(script))
        assert found is proven


async def test_a_refused_connection_proves_nothing() -> None:
    assert await probe_gone(nobody(), ID) is None
