"""What the clock asks for: calendars that are read from an address."""

from __future__ import annotations

from celery import shared_task

from accessportal.plants.services import calendars


@shared_task(name="plants.read_calendar_feeds")
def read_calendar_feeds() -> int:
    """Read every feed; returns how many could be read."""
    return calendars.read_feeds()


@shared_task(name="plants.read_calendar_feed")
def read_calendar_feed(pk: int) -> bool:
    """Read one feed, just added."""
    return calendars.read_feed(pk)
