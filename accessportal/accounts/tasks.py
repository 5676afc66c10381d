"""What the clock asks for: what ended, whom to warn, break-glass accounts nobody tried."""

from __future__ import annotations

from celery import shared_task

from accessportal.accounts.directory.break_glass import remind_of_untested
from accessportal.accounts.services import overrides, warnings


@shared_task(name="accounts.note_expired_overrides")
def note_expired_overrides() -> int:
    """Record the overrides whose time is over; how many."""
    return overrides.note_expired_overrides()


@shared_task(name="accounts.remind_of_untested_break_glass")
def remind_of_untested_break_glass() -> int:
    """Tell of accounts not tried for 90 days; returns how many."""
    return remind_of_untested()


@shared_task(name="accounts.warn_of_expiries")
def warn_of_expiries() -> int:
    """Warn of access, training, agreements, contracts and lists; how many warnings."""
    return warnings.warn_of_expiries()
