"""A last day is moved while work is approved or goes on: windows and sessions end by it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from accessportal.accounts.services.vendor_people import DATES, note_dates
from accessportal.audit.models import AuditEvent
from accessportal.notifications.models import Notification
from accessportal.plants.services.vendors import change_vendor
from requests.models import MaintenanceWindow
from requests.services.extension import request_extension
from requests.services.moving import close_later
from sessions.companions import CompanionHere, judge
from sessions.models import Participant
from sessions.policy import Outcome, decide
from sessions.policy_facts import facts_during
from sessions.services.console import start_session
from sessions.services.session_rows import session_row
from tests.cast import (
    Clock,
    Plant,
    make_person,
    make_window,
    origin,
    web_session_key_of,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def windows(clock: Clock, plant: Plant) -> dict[str, MaintenanceWindow]:
    """What is open now, what opens in three hours, and what is somebody else's."""
    tom = make_person("Tom Thoma", vendor=plant.fillwerk)
    return {
        "open": make_window(plant.vera, plant.filling_hmi, decided_by=plant.olga),
        "to come": make_window(
            plant.vera, plant.filling_hmi, decided_by=plant.olga,
            starts_in=timedelta(hours=3),
        ),
        "Tom's": make_window(tom, plant.filling_plc, decided_by=plant.olga),
        "Victor's": make_window(
            plant.victor, plant.palletiser_panel, decided_by=plant.olga
        ),
    }  # fmt: skip


def closed_sooner(windows: dict[str, MaintenanceWindow]) -> dict[str, datetime]:
    """Those that close at another moment than before, and when."""
    found = {}
    for name, before in windows.items():
        now = MaintenanceWindow.objects.get(pk=before.pk)
        if now.closes_at != before.closes_at:
            found[name] = now.closes_at
    return found


def move_access(plant: Plant, last: datetime | None) -> None:
    dates = {name: getattr(plant.vera, name) for name in DATES} | {"expires_at": last}
    note_dates(acting_user=plant.olga, person=plant.vera, dates=dates, origin=origin())


def test_an_access_that_ends_sooner_shortens_this_persons_open_window(
    clock: Clock, plant: Plant, windows: dict[str, MaintenanceWindow]
) -> None:
    move_access(plant, clock.now + timedelta(hours=9))
    assert closed_sooner(windows) == {}
    last = clock.now + timedelta(minutes=30)
    move_access(plant, last)
    assert closed_sooner(windows) == {"open": last}
    event = AuditEvent.objects.get(event="window.moved")
    assert event.actor_name == "Olga Olsen" and event.detail["because"] == "last_day"
    told = plant.vera.notifications.get(kind="window.moved")
    assert "last day of the access" in told.body
    # A later day gives nothing back: more time is a new decision.
    move_access(plant, None)
    assert closed_sooner(windows) == {"open": last}


def test_both_sides_are_told_and_the_page_says_why(
    clock: Clock, plant: Plant, windows: dict[str, MaintenanceWindow], browser_of: Any
) -> None:
    window = windows["open"]
    wish = request_extension(
        window, acting_user=plant.vera, origin=origin(), minutes=30, reason="Slow oil"
    )
    pages = dict.fromkeys(
        ("vera", "olga"), f"/requests/{window.access_request.number}/"
    )
    for who, path in pages.items():
        page = browser_of(getattr(plant, who)).get(path).content.decode()
        assert "earlier than was agreed" not in page
    colleague = make_person("Otto Olsen", roles=[("ot_supervisor", plant.north)])
    last = clock.now + timedelta(minutes=30)
    move_access(plant, last)
    # Whoever moved the day knows; everybody else who decides at the site is told.
    (told,) = Notification.objects.filter(kind="window.shortened")
    assert told.recipient == colleague and "it was to close" in told.body
    assert plant.vera.notifications.filter(kind="window.moved").count() == 1
    for who, path in pages.items():
        page = browser_of(getattr(plant, who)).get(path).content.decode()
        assert "It closes earlier than was agreed" in page
        assert "The window was made shorter" in page
        assert "last day of the access or of the contract" in page
    # More time would reach beyond the day: it is refused, and asked of nobody.
    wish.refresh_from_db()
    assert wish.state == "refused" and "last day" in wish.decision_reason
    move_access(plant, None)
    moved = close_later(
        MaintenanceWindow.objects.get(pk=window.pk), acting_user=plant.olga,
        origin=origin(), reason="The day was moved on", minutes=120,
    )  # fmt: skip
    assert moved is not None and not moved.is_shortened
    page = browser_of(plant.vera).get(pages["vera"]).content.decode()
    assert "It closes earlier" not in page and "The window was made shorter" in page


def test_a_contract_that_ends_sooner_shortens_those_of_the_whole_company(
    clock: Clock, plant: Plant, windows: dict[str, MaintenanceWindow]
) -> None:
    last = clock.now + timedelta(minutes=30)
    values: dict[str, Any] = {"name": plant.fillwerk.name, "contract_ends_at": last}
    change_vendor(
        plant.fillwerk, values, sites=plant.fillwerk.sites.all(),
        assets=plant.fillwerk.assets.all(), acting_user=plant.adam, origin=origin(),
    )  # fmt: skip
    assert closed_sooner(windows) == {"open": last, "Tom's": last}


def test_a_companion_leaves_on_the_own_last_day_and_the_work_goes_on(
    clock: Clock, plant: Plant, windows: dict[str, MaintenanceWindow], browser_of: Any
) -> None:
    live = start_session(
        windows["open"], plant.filling_hmi,
        acting_user=plant.vera, origin=origin(),
        web_session_key=web_session_key_of(browser_of(plant.vera)),
        width=800, height=600,
    )  # fmt: skip
    tom = make_person("Tim Thoma", vendor=plant.fillwerk)
    key = web_session_key_of(browser_of(tom))
    seat = Participant.objects.create(
        brokered_session=live, user=tom, role="companion", factor_at=clock.now,
        web_session_key=key,
    )  # fmt: skip
    tom.expires_at = clock.now + timedelta(minutes=30)
    tom.save()

    def has_to_leave() -> frozenset[int]:
        row = session_row(live.pk)
        here = CompanionHere(participant=seat.pk, web_session_key=key)
        verdict, _facts, unwelcome = judge(row, facts_during(row), [here])
        assert verdict.allowed
        return unwelcome

    clock.forward(minutes=29)
    assert has_to_leave() == frozenset()
    clock.forward(minutes=2)
    assert has_to_leave() == {tom.pk}


def test_the_session_ends_with_it_and_not_before(
    clock: Clock, plant: Plant, windows: dict[str, MaintenanceWindow], browser_of: Any
) -> None:
    live = start_session(
        windows["open"], plant.filling_hmi,
        acting_user=plant.vera, origin=origin(),
        web_session_key=web_session_key_of(browser_of(plant.vera)),
        width=800, height=600,
    )  # fmt: skip
    move_access(plant, clock.now + timedelta(minutes=30))
    clock.forward(minutes=29)
    assert decide(facts_during(session_row(live.pk))).allowed
    clock.forward(minutes=1, seconds=1)
    verdict = decide(facts_during(session_row(live.pk)))
    assert verdict.outcome is Outcome.END and verdict.codes == ["window_closed"]
