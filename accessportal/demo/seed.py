"""Fills the demo plant, once: a second start finds everything and changes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from accessportal.accounts.models import User
from accessportal.demo.past import Step, as_of, tell
from accessportal.demo.people import sign_in_facts
from accessportal.demo.plant import DemoPlant, ensure_plant
from accessportal.demo.stories import PAST, steps_of, tell_ahead
from accessportal.notifications.models import Notification
from requests.models import AccessRequest

PLANT_IS_DAYS_OLD = 40


def seed_demo(targets: Iterable[dict[str, Any]]) -> list[dict[str, str]]:
    """Make the demo plant around the running machines; returns who can sign in.

    `targets` is what `Targets.describe()` returns; addresses and credentials follow them
    at every start.
    """
    targets = list(targets)
    first_time = not User.objects.exists()
    with transaction.atomic():
        if first_time:
            with as_of(timezone.now() - timedelta(days=PLANT_IS_DAYS_OLD)):
                plant = ensure_plant(targets)
        else:
            plant = ensure_plant(targets)
    if not AccessRequest.objects.exists():
        _tell_everything(plant)
    return sign_in_facts()


@transaction.atomic
def _tell_everything(plant: DemoPlant) -> None:
    steps: list[Step] = []
    for story in PAST:
        steps += steps_of(story, plant)
    tell(steps)
    _forget_old_mail()
    tell_ahead(plant)


def _forget_old_mail() -> None:
    """What the past told people has been read; nobody gets mail about it today."""
    now = timezone.now()
    Notification.objects.update(sent_at=now, read_at=now)
