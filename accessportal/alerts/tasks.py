"""The look at the trail, every few seconds."""

from __future__ import annotations

from celery import shared_task

from accessportal.alerts.watch import look_at_the_trail


@shared_task(name="alerts.look_at_the_trail")
def look_at_trail() -> int:
    return look_at_the_trail()
