"""What the clock asks for: expiry of undecided requests, reminders, and second looks."""

from __future__ import annotations

from celery import shared_task

from requests.services import (
    attachments,
    escalation,
    later_look,
    submission,
)


@shared_task(name="requests.expire_overdue_requests")
def expire_overdue_requests() -> int:
    """Expire pending requests whose start has passed; returns how many."""
    return submission.expire_overdue_requests()


@shared_task(name="requests.remind_of_pending_requests")
def remind_of_pending_requests() -> int:
    """Remind supervisors of what begins soon and waits for them; returns how many."""
    return submission.remind_of_pending_requests()


@shared_task(name="requests.drop_forgotten_files")
def drop_forgotten_files() -> int:
    """Remove files of forms that were never sent; returns how many."""
    return attachments.drop_forgotten()


@shared_task(name="requests.escalate_what_waits")
def escalate_what_waits() -> int:
    """Call the deputies of steps that nobody answered; returns how many."""
    return escalation.escalate_what_waits()


@shared_task(name="requests.chase_emergency_looks")
def chase_emergency_looks() -> int:
    """Remind of later looks that are due soon or late; returns how many."""
    return later_look.chase_looks()
