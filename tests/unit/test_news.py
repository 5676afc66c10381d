"""Live news: only to those who may look, only names, from any thread."""

import asyncio
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.test import Client

from accessportal.accounts.models import User
from accessportal.accounts.services.people import disable_person
from accessportal.accounts.web_sessions import Ended, end_web_sessions_of
from accessportal.live import remember_loop
from accessportal.news import (
    NewsConsumer,
    site_topic,
    tell_news,
    topics_of,
    user_topic,
    vendor_topic,
)
from accessportal.origin import SYSTEM
from tests.cast import Plant, signed_in

PATIENCE = 30.0
"""A busy machine may take longer than the second that Channels waits for by itself."""


def socket_of(
    user: Any, browser: Client, path: str = "/news/"
) -> WebsocketCommunicator:
    socket = WebsocketCommunicator(NewsConsumer.as_asgi(), path)
    socket.scope.update(user=user, session=browser.session)
    return socket


def signed_in_olga() -> tuple[User, Client]:
    olga = User.objects.create_user(email="olga@example.test", full_name="Olga Olsen")
    return olga, signed_in(Client(), olga)


@pytest.mark.django_db
def test_everybody_listens_to_what_they_may_see(plant: Plant) -> None:
    assert topics_of(plant.vera) == (
        user_topic(plant.vera.pk),
        vendor_topic(plant.fillwerk.pk),
    )
    assert topics_of(plant.olga) == (
        user_topic(plant.olga.pk),
        site_topic(plant.north.pk),
    )
    assert set(topics_of(plant.cora)) == {
        user_topic(plant.cora.pk),
        site_topic(plant.north.pk),
        site_topic(plant.south.pk),
    }


@pytest.mark.django_db(transaction=True)
async def test_news_from_another_thread_reach_the_page() -> None:
    olga, browser = await sync_to_async(signed_in_olga)()
    socket = await sync_to_async(socket_of)(olga, browser)
    connected, _ = await socket.connect(timeout=PATIENCE)
    assert connected
    remember_loop(asyncio.get_running_loop())
    try:
        await asyncio.to_thread(tell_news, user_topic(olga.pk), about="requests")
        said = await socket.receive_json_from(timeout=PATIENCE)
        if said == {
            "about": "*"
        }:  # told while the socket still asked what it had missed
            said = await socket.receive_json_from(timeout=PATIENCE)
        assert said == {"about": "requests"}
    finally:
        remember_loop(None)
        await socket.disconnect(timeout=PATIENCE)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("age", "looks_again"),
    [("0", False), ("60000", True), ("9" * 40, True), ("soon", True), ("", False)],
)
async def test_a_page_that_was_made_before_the_news_looks_again(
    age: str, looks_again: bool
) -> None:
    """Between a page's making and the opening of its socket nobody hears anything."""
    olga, browser = await sync_to_async(signed_in_olga)()
    await asyncio.to_thread(tell_news, user_topic(olga.pk), about="sessions")
    socket = await sync_to_async(socket_of)(olga, browser, f"/news/?age={age}")
    assert (await socket.connect(timeout=PATIENCE))[0]
    try:
        if looks_again:
            assert await socket.receive_json_from(timeout=PATIENCE) == {"about": "*"}
        assert await socket.receive_nothing()
    finally:
        await socket.disconnect(timeout=PATIENCE)


@pytest.mark.django_db(transaction=True)
async def test_news_of_others_make_nobody_look_again() -> None:
    olga, browser = await sync_to_async(signed_in_olga)()
    await asyncio.to_thread(tell_news, user_topic(olga.pk + 1), about="sessions")
    socket = await sync_to_async(socket_of)(olga, browser, "/news/?age=60000")
    assert (await socket.connect(timeout=PATIENCE))[0]
    try:
        assert await socket.receive_nothing()
    finally:
        await socket.disconnect(timeout=PATIENCE)


@pytest.mark.django_db(transaction=True)
async def test_without_a_second_factor_the_socket_is_refused() -> None:
    olga, browser = await sync_to_async(signed_in_olga)()

    def without_factor() -> WebsocketCommunicator:
        socket = socket_of(olga, browser)
        del socket.scope["session"]["factor_at"]
        return socket

    connected, code = await (await sync_to_async(without_factor)()).connect(
        timeout=PATIENCE
    )
    assert (connected, code) == (False, 4401)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("act", ["device revoked", "access ended"])
@pytest.mark.parametrize("redis", ["up", "down"])
async def test_an_open_page_is_closed_within_seconds(
    redis: str, act: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the message at once; where no message comes, by the watch."""
    olga, browser = await sync_to_async(signed_in_olga)()
    if redis == "down":
        for place in ("web_sessions", "signals"):
            monkeypatch.setattr(
                f"accessportal.accounts.{place}.announce",
                lambda *args, **named: None,
            )
    socket = await sync_to_async(socket_of)(olga, browser)
    assert (await socket.connect(timeout=PATIENCE))[0]
    remember_loop(asyncio.get_running_loop())
    try:
        if act == "device revoked":
            await sync_to_async(end_web_sessions_of)(
                olga, reason=Ended.REVOKED, acting_user=olga
            )
        else:
            await sync_to_async(disable_person)(
                acting_user=None, person=olga, cause="never_used", origin=SYSTEM
            )
        said = await socket.receive_output(timeout=PATIENCE)
        if said["type"] == "websocket.send":  # "look again" may come first
            said = await socket.receive_output(timeout=PATIENCE)
        assert said == {"type": "websocket.close", "code": 4401}
    finally:
        remember_loop(None)
