"""What the clock asks for about accounts."""

from __future__ import annotations

from celery import shared_task

from accessportal import upkeep


@shared_task(name="accessportal.look_after_accounts")
def look_after_accounts() -> int:
    """Warn of and end accesses that nobody uses or answers for; returns how many ended."""
    return len(upkeep.look_after_accounts().disabled)


@shared_task(name="accessportal.tell_who_is_not_ready")
def tell_who_is_not_ready() -> int:
    """The monthly “am I ready?”; returns how many people were told."""
    return upkeep.tell_who_is_not_ready()
