"""What the stories of this step share."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from accessportal.accounts.models import User
from accessportal.errors import PortalError
from accessportal.plants.models import Endpoint
from requests.facts import hash_of_facts, seen_by_approver
from requests.models import AccessRequest, MaintenanceWindow
from requests.services.approval import approve_request
from requests.services.later_decision import seen_of_window
from requests.services.submission import Wish, submit_request
from tests.cast import origin


def wish_for(*endpoints: Endpoint, **fields: Any) -> Wish:
    """A wish that can work: tomorrow at the same time, for two hours."""
    start = fields.pop("start", timezone.now() + timedelta(days=1))
    return Wish(
        **{
            "site": endpoints[0].asset.zone.site if endpoints else None,
            "endpoint_ids": [endpoint.pk for endpoint in endpoints],
            "permission": "control",
            "purpose": "Adjust the capper torque after the gearbox change",
            "wanted_from": start,
            "wanted_until": start + timedelta(hours=2),
            **fields,
        }
    )


def seen(access_request: AccessRequest) -> str:
    """The hash of the facts that an approver sees now."""
    access_request.refresh_from_db()
    return hash_of_facts(seen_by_approver(access_request))


def seen_later(window: MaintenanceWindow) -> str:
    """The hash of what stands on the page of who decides on a window that stands."""
    now = MaintenanceWindow.objects.select_related("access_request").get(pk=window.pk)
    return hash_of_facts(seen_of_window(now))


def ask(user: User, *endpoints: Endpoint, **fields: Any) -> AccessRequest:
    """`user` asks through the verb."""
    return submit_request(
        wish_for(*endpoints, **fields),
        acting_user=user,
        origin=origin(),
        submission_key=uuid.uuid4(),
    )


def approve(
    access_request: AccessRequest, by: User, **fields: Any
) -> MaintenanceWindow:
    fields.setdefault("facts_hash", seen(access_request))
    fields.setdefault("origin", origin())
    return approve_request(access_request, acting_user=by, **fields)


@contextmanager
def refused(error: type[PortalError], code: str) -> Iterator[None]:
    """The act inside is refused with this error and this code."""
    with pytest.raises(error) as raised:
        yield
    assert raised.value.code == code, str(raised.value)


@pytest.fixture
def pending(vera: User, filling_hmi: Endpoint) -> AccessRequest:
    """Vera asked for the filling line, for tomorrow."""
    return ask(vera, filling_hmi)


def typed(moment: datetime, zone: str = "Europe/Berlin") -> str:
    return moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M")


@pytest.fixture
def form(clock, plant, north, filling_hmi):
    """What Vera's browser sends for a wish that can work."""
    return {
        "site": north.pk,
        "endpoints": [filling_hmi.pk],
        "permission": "control",
        "purpose": "Adjust the capper torque after the gearbox change",
        "work_order": "WO-4711",
        "start": typed(timezone.now() + timedelta(hours=2)),
        "duration": "120",
        "end": "",
        "submission_key": str(uuid.uuid4()),
    }


@pytest.fixture
def vera_sends(browser_of, vera):
    browser = browser_of(vera)

    def send(form, **changes):
        return browser.post("/requests/new/", {**form, **changes})

    return send
