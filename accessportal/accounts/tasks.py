"""What the clock asks for: to say in the trail what ended by it."""

from __future__ import annotations

from celery import shared_task

from accessportal.accounts.services import overrides


@shared_task(name="accounts.note_expired_overrides")
def note_expired_overrides() -> int:
    """Record the overrides whose time is over; how many."""
    return overrides.note_expired_overrides()
