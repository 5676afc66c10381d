"""Who is told that a session changed: its actor, and the pages of those who may see it."""

from __future__ import annotations

from functools import partial

from django.db import transaction

from accessportal.live import announce
from accessportal.news import site_topic, tell_news, user_topic, vendor_topic
from sessions.models import BrokeredSession

BROKERS = "brokers"
"""The channel group of all brokers; `look.again` makes every actor look at once."""


def session_group(session_id: object) -> str:
    """The channel group in which the actor of one session listens."""
    return f"session.{session_id}"


def broker_group(name: str) -> str:
    """The channel group in which one broker listens for new sessions."""
    return f"broker.{name}"


def wake_actor(brokered_session: BrokeredSession) -> None:
    """After the commit, make the session's actor look now and not at its next tick."""
    group = session_group(brokered_session.pk)
    _on_commit(partial(announce, group, "look.again", session=str(brokered_session.pk)))


def wake_broker(brokered_session: BrokeredSession) -> None:
    """After the commit, tell the session's broker that it is to be connected."""
    group = broker_group(brokered_session.broker)
    _on_commit(
        partial(announce, group, "session.start", session=str(brokered_session.pk))
    )


def wake_brokers() -> None:
    """After the commit, have every broker look at the fleet now and not at its next round."""
    _on_commit(partial(announce, BROKERS, "fleet.look"))


def tell_pages(brokered_session: BrokeredSession) -> None:
    """After the commit, have the pages that show sessions look again."""
    access_request = brokered_session.window.access_request
    topics = (
        site_topic(access_request.site_id),
        vendor_topic(access_request.vendor_id),
        user_topic(brokered_session.started_by_id),
    )
    _on_commit(partial(tell_news, *topics, about="sessions"))


def _on_commit(effect: partial[None]) -> None:
    transaction.on_commit(effect)
