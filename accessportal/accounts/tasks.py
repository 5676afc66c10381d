"""What the clock asks for: what ended by it, and break-glass accounts that nobody tried."""

from __future__ import annotations

from celery import shared_task

from accessportal.accounts.directory.break_glass import remind_of_untested
from accessportal.accounts.services import overrides


@shared_task(name="accounts.note_expired_overrides")
def note_expired_overrides() -> int:
    """Record the overrides whose time is over; how many."""
    return overrides.note_expired_overrides()


@shared_task(name="accounts.remind_of_untested_break_glass")
def remind_of_untested_break_glass() -> int:
    """Tell of accounts not tried for 90 days; returns how many."""
    return remind_of_untested()
