"""How many at once: of one person, of one vendor, on one machine; and who is in."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection

from accessportal.accounts.models import User, Vendor
from accessportal.audit.models import AuditEvent
from accessportal.errors import PortalError, TooLate
from accessportal.plants.models import Endpoint
from requests.models import MaintenanceWindow
from sessions.models import BrokeredSession, PolicyVerdict
from sessions.services.console import start_session
from tests.cast import Plant, make_endpoint, make_person, make_window, origin

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def one_at_a_time(settings: LazySettings) -> None:
    """As it is in the product, unless the plant sets it otherwise."""
    settings.MAX_SESSIONS_PER_PERSON = 1


def start(window: MaintenanceWindow, endpoint: Endpoint, user: User) -> BrokeredSession:
    return start_session(
        window, endpoint, acting_user=user, origin=origin(), web_session_key="w",
        width=800, height=600,
    )  # fmt: skip


def test_one_person_works_on_one_machine_at_a_time(plant: Plant) -> None:
    window = make_window(
        plant.vera, plant.filling_hmi, plant.filling_plc, decided_by=plant.olga
    )
    first = start(window, plant.filling_hmi, plant.vera)
    with pytest.raises(TooLate) as refused:
        start(window, plant.filling_plc, plant.vera)
    assert refused.value.code == "person_limit"
    assert "Filling line 3" in str(refused.value.sentence)

    first.delete()
    assert start(window, plant.filling_plc, plant.vera).is_live


def test_who_only_looks_is_not_counted(plant: Plant) -> None:
    look = make_window(
        plant.vera, plant.filling_hmi, decided_by=plant.olga, permission="view"
    )
    work = make_window(plant.vera, plant.filling_plc, decided_by=plant.olga)
    start(work, plant.filling_plc, plant.vera)
    assert start(look, plant.filling_hmi, plant.vera).is_live


def test_the_plant_may_allow_more(plant: Plant, settings: LazySettings) -> None:
    settings.MAX_SESSIONS_PER_PERSON = 2
    window = make_window(
        plant.vera, plant.filling_hmi, plant.filling_plc, decided_by=plant.olga
    )
    start(window, plant.filling_hmi, plant.vera)
    assert start(window, plant.filling_plc, plant.vera).is_live


def test_a_vendors_limit_names_its_own_people_and_nobody_else(plant: Plant) -> None:
    Vendor.objects.filter(pk=plant.fillwerk.pk).update(max_sessions=1)
    theirs = make_window(plant.victor, plant.palletiser_panel, decided_by=plant.olga)
    start(theirs, plant.palletiser_panel, plant.victor)
    start(
        make_window(plant.vera, plant.filling_hmi, decided_by=plant.olga),
        plant.filling_hmi,
        plant.vera,
    )
    tom = make_person("Tom Thoma", vendor=plant.fillwerk)
    window = make_window(tom, plant.filling_plc, decided_by=plant.olga)
    with pytest.raises(TooLate) as refused:
        start(window, plant.filling_plc, tom)
    assert refused.value.code == "vendor_limit"
    assert "Vera Vogt" in str(refused.value.sentence)
    assert "Victor" not in str(refused.value.sentence)


def test_a_busy_machine_names_a_colleague_but_no_other_company(plant: Plant) -> None:
    start(
        make_window(plant.vera, plant.filling_hmi, decided_by=plant.olga),
        plant.filling_hmi,
        plant.vera,
    )
    tom = make_person("Tom Thoma", vendor=plant.fillwerk)
    plant.filling_line.vendors.add(plant.nordpack)
    for person, named in ((tom, True), (plant.victor, False)):
        window = make_window(person, plant.filling_hmi, decided_by=plant.olga)
        with pytest.raises(TooLate) as refused:
            start(window, plant.filling_hmi, person)
        assert refused.value.code == "endpoint_busy"
        assert ("Vera Vogt" in str(refused.value.sentence)) is named


def test_the_plant_changes_a_vendors_limit(plant: Plant, browser_of: Any) -> None:
    path = f"/vendors/{plant.fillwerk.slug}/limit/"
    browser = browser_of(plant.adam)
    for nonsense in ("", "0", "101", "many", "-1"):
        assert browser.post(path, {"most": nonsense}).status_code == 422
    assert browser.post(path, {"most": "2"}).status_code == 302
    assert Vendor.objects.get(pk=plant.fillwerk.pk).max_sessions == 2
    event = AuditEvent.objects.get(event="vendor.limit.changed")
    assert (event.detail["before"], event.detail["now"]) == (1000, 2)


def at_once(attempts: list[Callable[[], Any]]) -> list[str]:
    """Each in a thread of its own; what came of it."""

    def attempt(doing: Callable[[], Any]) -> str:
        try:
            doing()
        except PortalError as error:
            return error.code
        finally:
            connection.close()
        return "in"

    with ThreadPoolExecutor(len(attempts)) as pool:
        return sorted(pool.map(attempt, attempts))


@pytest.mark.django_db(transaction=True)
def test_of_twenty_at_once_as_many_get_in_as_the_limits_say(
    plant: Plant, settings: LazySettings
) -> None:
    """Twenty of one vendor on twenty machines: four. Then one person on ten: one."""
    Vendor.objects.filter(pk=plant.fillwerk.pk).update(max_sessions=4)
    machines = [
        make_endpoint(plant.filling_line, f"Panel {n}", "vnc", 5901 + n)
        for n in range(20)
    ]
    people = [make_person(f"Person {n}", vendor=plant.fillwerk) for n in range(20)]
    windows = [
        make_window(person, machine, decided_by=plant.olga)
        for person, machine in zip(people, machines, strict=True)
    ]
    results = at_once(
        [
            lambda n=n: start(windows[n], machines[n], people[n])  # type: ignore[misc]
            for n in range(20)
        ]
    )
    assert results == ["in"] * 4 + ["vendor_limit"] * 16
    assert PolicyVerdict.objects.filter(outcome="refuse").count() == 16

    PolicyVerdict.objects.all().delete()
    BrokeredSession.objects.all().delete()
    window = make_window(plant.vera, *machines[:10], decided_by=plant.olga)
    results = at_once(
        [
            lambda n=n: start(window, machines[n], plant.vera)  # type: ignore[misc]
            for n in range(10)
        ]
    )
    assert results == ["in"] + ["person_limit"] * 9
