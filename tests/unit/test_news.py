"""Live news: only to those who may look, only names, from any thread."""

import asyncio
from typing import Any

import pytest
from channels.testing import WebsocketCommunicator

from accessportal.accounts.models import User
from accessportal.live import remember_loop
from accessportal.news import (
    NewsConsumer,
    site_topic,
    tell_news,
    topics_of,
    user_topic,
    vendor_topic,
)
from tests.cast import Plant


def socket_of(user: Any, web_session: dict[str, Any]) -> WebsocketCommunicator:
    socket = WebsocketCommunicator(NewsConsumer.as_asgi(), "/news/")
    socket.scope.update(user=user, session=web_session)
    return socket


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
    olga = await User.objects.acreate(email="olga@example.test", full_name="Olga Olsen")
    socket = socket_of(olga, {"factor_at": 1.0})
    connected, _ = await socket.connect()
    assert connected
    remember_loop(asyncio.get_running_loop())
    try:
        await asyncio.to_thread(tell_news, user_topic(olga.pk), about="requests")
        assert await socket.receive_json_from(timeout=5) == {"about": "requests"}
    finally:
        remember_loop(None)
        await socket.disconnect()


@pytest.mark.django_db(transaction=True)
async def test_without_a_second_factor_the_socket_is_refused() -> None:
    olga = await User.objects.acreate(email="olga@example.test", full_name="Olga Olsen")
    connected, code = await socket_of(olga, {}).connect()
    assert (connected, code) == (False, 4401)
