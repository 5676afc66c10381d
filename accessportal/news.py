"""Live news for pages: "look again at X". A page then fetches through its own guards.

A message never carries facts, only the names of topics, so a socket can leak nothing.
What was said between a page's making and the opening of its socket is not lost: the page
says how old it is, and is told to look again when there were news since.
"""

from __future__ import annotations

import logging
import time
from typing import Any
from urllib.parse import parse_qs

from asgiref.sync import sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.core.cache import cache

from accessportal.accounts.authorisation import Action, sites_where
from accessportal.accounts.models import User
from accessportal.accounts.web_sessions import no_longer_alive, web_session_of_scope
from accessportal.live import announce
from accessportal.news_watch import SIGNED_OUT, watch

logger = logging.getLogger(__name__)

KEPT_SECONDS = 300
"""For how long it is known when there were news; an older page looks again anyway."""


def site_topic(site_id: int) -> str:
    """The channel group of people of the plant who may see a site's requests."""
    return f"news.site.{site_id}"


def vendor_topic(vendor_id: int) -> str:
    """The channel group of a vendor's people."""
    return f"news.vendor.{vendor_id}"


def user_topic(user_id: int) -> str:
    """The channel group of one person."""
    return f"news.user.{user_id}"


def tell_news(*topics: str, about: str) -> None:
    """Say "look again at `about`" (requests, windows, sessions, recordings) to groups."""
    try:
        cache.set_many(dict.fromkeys(topics, time.time()), KEPT_SECONDS)
    except Exception:  # noqa: BLE001 - news may be lost, acts may not
        logger.exception("It is not kept when there were news of %s", about)
    for topic in topics:
        announce(topic, "news.changed", about=about)


def were_there_news(topics: tuple[str, ...], age: str) -> bool:
    """Whether a page that is `age` milliseconds old lacks news of these groups.

    True also where nobody knows: a needless look costs less than a stale page.
    """
    if not age.isascii() or not age.isdigit() or int(age[:9]) > KEPT_SECONDS * 1000:
        return True
    made_at = time.time() - int(age) / 1000
    try:
        told: dict[str, float] = cache.get_many(topics)
    except Exception:  # noqa: BLE001
        logger.exception("Nobody knows whether there were news")
        return True
    return any(at >= made_at for at in told.values())


class NewsConsumer(AsyncJsonWebsocketConsumer):
    """One socket per open page; refused without a sign-in with a second factor, and closed
    when that ends: by a message at once, by the watch within seconds whatever happens."""

    topics: tuple[str, ...] = ()
    web_session_key = ""

    async def connect(self) -> None:
        user = self.scope["user"]
        web_session = await sync_to_async(web_session_of_scope)(self.scope)
        if web_session is None:
            await self.close(code=SIGNED_OUT)
            return
        self.web_session_key = web_session.key
        self.topics = await sync_to_async(topics_of)(user)
        for topic in self.topics:
            await self.channel_layer.group_add(topic, self.channel_name)
        await self.accept()
        watch().follow(self)
        query = parse_qs(self.scope["query_string"].decode("ascii", "replace"))
        age = query.get("age", ["0"])[0]
        if await sync_to_async(were_there_news)(self.topics, age):
            await self.send_json({"about": "*"})

    async def disconnect(self, code: int) -> None:
        watch().let_go(self)
        for topic in self.topics:
            await self.channel_layer.group_discard(topic, self.channel_name)

    async def receive_json(self, content: Any, **kwargs: Any) -> None:
        """Pages have nothing to say here; whatever comes is dropped."""

    async def news_standing(self, event: dict[str, Any]) -> None:
        """What this person may do is another now: other topics, and the page comes anew."""
        topics = await sync_to_async(topics_of_id)(event["user"])
        for topic in set(self.topics) - set(topics):
            await self.channel_layer.group_discard(topic, self.channel_name)
        for topic in set(topics) - set(self.topics):
            await self.channel_layer.group_add(topic, self.channel_name)
        self.topics = topics
        await self.send_json({"about": "standing"})
        if not topics:
            await self.close(code=4401)

    async def web_session_ended(self, event: dict[str, Any]) -> None:
        """One of the person's web sessions ended; perhaps this one."""
        if await sync_to_async(no_longer_alive)([self.web_session_key]):
            await self.close(code=SIGNED_OUT)

    async def news_changed(self, event: dict[str, Any]) -> None:
        await self.send_json({"about": event["about"]})


def topics_of_id(user_id: int) -> tuple[str, ...]:
    """Those of a person as the database has them now; none for one whose access has ended."""
    user = User.objects.select_related("vendor").get(pk=user_id)
    return topics_of(user) if user.is_active else ()


def topics_of(user: User) -> tuple[str, ...]:
    """The groups a person listens to, by what the person may see now."""
    topics = [user_topic(user.pk)]
    if user.vendor_id is not None:
        topics.append(vendor_topic(user.vendor_id))
    else:
        topics += [
            site_topic(site_id)
            for site_id in sites_where(user, Action.REQUEST_SEE).values_list(
                "pk", flat=True
            )
        ]
    return tuple(topics)
