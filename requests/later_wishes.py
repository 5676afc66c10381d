"""How far a wish for a wider window is: the same steps, places and words as at first."""

from __future__ import annotations

from datetime import datetime

from accessportal.accounts.models import User
from requests.demanded import demands_on_request
from requests.models import (
    AccessRequest,
    ApprovalDecision,
    LaterStep,
    LaterWish,
    MaintenanceWindow,
)
from requests.policy.evaluation import steps_together
from requests.policy.reading import demands_from
from requests.policy.rules import Demands
from requests.steps import Standing, standing_among


def demands_later(
    access_request: AccessRequest, start: datetime, end: datetime
) -> Demands:
    """What the kept policy demanded at first, and what it demands of this time on top.

    An emergency's stay the few that count then.
    """
    kept = demands_from(access_request.demands)
    then = demands_on_request(access_request, start=start, end=end)
    return Demands(steps=steps_together([*kept.steps, *then.steps]))


def is_for_one_alone(demands: Demands) -> bool:
    return sum(step.quorum for step in demands.steps) == 1


def steps_of_wish(wish: LaterWish) -> list[LaterStep]:
    return list(wish.steps.all())


def yeses_to(wish: LaterWish) -> list[ApprovalDecision]:
    return list(wish.yeses.select_related("decided_by").order_by("step"))


def standing_of_wish(wish: LaterWish, viewer: User | None) -> Standing:
    """How far it is, and whether `viewer`'s yes would help now."""
    return standing_among(
        steps_of_wish(wish),
        yeses_to(wish),
        wish.window.access_request.site,
        viewer,
        waits=wish.state == LaterWish.State.PENDING,
    )


def live_wish_of(window: MaintenanceWindow) -> LaterWish | None:
    wish = LaterWish.objects.live().filter(window=window).first()
    if wish is not None:
        wish.window = window
    return wish


def wishes_asking(user: User) -> list[LaterWish]:
    """Those to which this person's yes would help now, the first to close first."""
    return list(
        LaterWish.objects.live()
        .asking(user)
        .select_related(
            "window__access_request__site",
            "window__access_request__requested_by__vendor",
            "opened_by",
        )
        .order_by("window__closes_at", "pk")
    )
