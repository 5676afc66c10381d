"""Fills the demo plant, once: a second start finds everything and changes nothing."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from accessportal.accounts.models import User
from accessportal.demo.capture import Capture, CaptureFailed
from accessportal.demo.companies import steps_of_companies
from accessportal.demo.emergency import steps_of_emergency
from accessportal.demo.past import Step, as_of, tell
from accessportal.demo.past_sessions import capture_work, steps_of_session
from accessportal.demo.people import sign_in_facts
from accessportal.demo.plant import DemoPlant, ensure_plant
from accessportal.demo.stories import PAST, Story, steps_of, tell_ahead
from accessportal.demo.targets import TargetFailed
from accessportal.demo.together import tell_together
from accessportal.demo.weekly import tell_weekly
from accessportal.notifications.models import Delivery, Notification
from requests.models import AccessRequest

logger = logging.getLogger(__name__)

PLANT_IS_DAYS_OLD = 40


def seed_demo(
    targets: Iterable[dict[str, Any]], *, recordings: bool = True
) -> list[dict[str, str]]:
    """Make the demo plant around the running machines; returns who can sign in.

    `targets` is what `Targets.describe()` returns; addresses and credentials follow them
    at every start. `recordings`: work on machines of the past through guacd, which takes
    some 20 s the first time, so that there are recordings to look at; when that fails,
    the plant has none, and the log says why.
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
        stories = [story for story in PAST if story.recording]
        captures = _captures(stories, plant) if recordings else {}
        _tell_everything(plant, captures)
    return sign_in_facts()


def _captures(stories: list[Story], plant: DemoPlant) -> dict[str, Capture]:
    try:
        return capture_work(stories, plant)
    except (CaptureFailed, TargetFailed) as problem:
        logger.warning("The demo has no past recordings: %s", problem)
        return {}


@transaction.atomic
def _tell_everything(plant: DemoPlant, captures: dict[str, Capture]) -> None:
    steps: list[Step] = []
    for story in PAST:
        steps += steps_of(story, plant)
        if story.recording in captures:
            steps += steps_of_session(story, captures[story.recording], plant)
    steps += steps_of_emergency(plant)
    steps += steps_of_companies(plant.people)
    tell(steps)
    _forget_old_mail()
    tell_ahead(plant)
    tell_together(plant)
    tell_weekly(plant)


def _forget_old_mail() -> None:
    """What the past told people has been read; nobody gets mail about it today."""
    now = timezone.now()
    Notification.objects.update(read_at=now)
    Delivery.objects.update(sent_at=now)
