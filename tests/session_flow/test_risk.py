"""A start that is unusual: what is noticed, what follows, and who is told."""

from __future__ import annotations

import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.checks import Error
from django.utils import timezone

from accessportal.accounts.models import User
from accessportal.audit import record
from accessportal.audit.models import AuditEvent
from accessportal.checks import check_country_list, check_risk
from accessportal.countries import country_of
from accessportal.errors import FreshFactorNeeded, NotAllowed
from accessportal.notifications.models import Notification
from accessportal.origin import BROWSER_COOKIE
from accessportal.risk_facts import refusals_lately
from requests.facts import facts_of_request
from requests.feasibility import what_is_unusual
from requests.services.submission import Wish, submit_request
from sessions.models import BrokeredSession, KnownBrowser, PolicyVerdict
from sessions.services.console import start_session
from tests.cast import Clock, Plant, make_window, origin

pytestmark = pytest.mark.django_db


@pytest.fixture
def countries(settings: LazySettings, tmp_path: Path) -> Path:
    """A plant's list: two countries, and a network of one inside the other's."""
    path = tmp_path / "countries.csv"
    path.write_text(
        "# documentation networks\n"
        "192.0.2.0/24,DE\n198.51.100.0/24,NZ\n198.51.100.128/25,DE\n2001:db8::/32,NZ\n"
    )
    settings.COUNTRY_LIST = path
    return path


def start(plant: Plant, **fields: Any) -> BrokeredSession:
    """Vera starts, and what she had before is over."""
    BrokeredSession.objects.filter(started_by=plant.vera).update(
        state="ended", ended_at=timezone.now(), end_reason="drill", slot=None
    )
    window = make_window(plant.vera, plant.filling_hmi, decided_by=plant.olga)
    return start_session(
        window,
        plant.filling_hmi,
        acting_user=plant.vera, origin=origin(**fields), web_session_key="w",
        width=800, height=600,
    )  # fmt: skip


def test_the_most_specific_network_names_the_country(countries: Path) -> None:
    assert country_of("192.0.2.9") == "DE"
    assert country_of("198.51.100.9") == "NZ"
    assert country_of("198.51.100.200") == "DE"
    assert country_of("2001:db8::1") == "NZ"
    for unknown in ("10.0.0.7", "", "nonsense", "::1"):
        assert country_of(unknown) == ""


@pytest.mark.parametrize("line", ["192.0.2.7/24,DE", "DE", "192.0.2.0/24,", "x,DE"])
def test_a_list_that_cannot_be_read_is_found_at_the_start(
    countries: Path, line: str
) -> None:
    assert check_country_list(None) == []
    countries.write_text(f"192.0.2.0/24,DE\n{line}\n")
    (found,) = check_country_list(None)
    assert isinstance(found, Error)
    if line != "DE":
        assert "line 2" in found.msg


def test_the_first_browser_is_believed_and_a_new_one_asks_for_a_code(
    clock: Clock, plant: Plant
) -> None:
    start(plant, browser="a" * 64, factor_age=200)
    with pytest.raises(FreshFactorNeeded) as asked:
        start(plant, browser="b" * 64, factor_age=200)
    assert asked.value.code == "risk_step_up"
    assert "never worked with" in str(asked.value.sentence)
    with pytest.raises(FreshFactorNeeded):
        start(plant, browser="", factor_age=200)  # one that keeps no cookie is none

    made = start(plant, browser="b" * 64, factor_age=5)
    assert made.policy_facts["signals"] == {"new_browser": "step-up"}
    start(plant, browser="b" * 64, factor_age=200)  # known from now on
    assert KnownBrowser.objects.filter(user=plant.vera).count() == 2


def test_a_country_nobody_worked_from_asks_and_tells(
    clock: Clock, plant: Plant, countries: Path
) -> None:
    start(plant, address="192.0.2.1")
    start(plant, address="192.0.2.77")
    with pytest.raises(FreshFactorNeeded):
        start(plant, address="198.51.100.1", factor_age=200)
    assert not Notification.objects.filter(kind="session.unusual").exists()
    start(plant, address="198.51.100.1")
    told = Notification.objects.get(kind="session.unusual")
    assert told.recipient == plant.ivan
    assert "A country this person never worked from" in told.body
    event = AuditEvent.objects.filter(event="session.start.requested").first()
    assert event is not None and event.detail["signals"] == ["new_country"]
    start(plant, address="198.51.100.2", factor_age=200)


def test_without_a_list_nobody_knows_a_country(clock: Clock, plant: Plant) -> None:
    start(plant, address="192.0.2.1")
    assert start(plant, address="198.51.100.1", factor_age=200).is_live


def test_being_refused_again_and_again_asks_for_a_code(
    clock: Clock, plant: Plant
) -> None:
    for number in range(3):
        record("auth.login.failed", acting_user=plant.vera, subject=plant.vera)
        assert refusals_lately(plant.vera, clock.now) == number + 1
    with pytest.raises(FreshFactorNeeded):
        start(plant, factor_age=200)
    assert start(plant).is_live
    clock.forward(minutes=61)
    assert start(plant, factor_age=200).is_live


def test_being_early_or_second_is_no_sign_of_anything(
    clock: Clock, plant: Plant
) -> None:
    for reasons in (["window_not_open"], ["endpoint_busy"], ["fresh_factor_needed"]):
        record("session.denied", acting_user=plant.vera, reasons=reasons)
    assert refusals_lately(plant.vera, clock.now) == 0
    record("session.denied", acting_user=plant.vera, reasons=["not_your_window"])
    assert refusals_lately(plant.vera, clock.now) == 1


def test_out_of_hours_is_noted_and_surprises_nobody(clock: Clock, plant: Plant) -> None:
    clock.forward(hours=9)  # 21:00 at North
    made = start(plant, factor_age=200)
    assert made.policy_facts["signals"] == {"out_of_hours": "allow"}
    assert not Notification.objects.filter(kind="session.unusual").exists()


def test_the_plant_sets_what_follows(
    clock: Clock, plant: Plant, countries: Path, settings: LazySettings
) -> None:
    settings.RISK = {"new_country": "refuse"}
    start(plant, address="192.0.2.1")
    with pytest.raises(NotAllowed) as refused:
        start(plant, address="198.51.100.1")
    assert refused.value.code == "risk_refused"
    assert Notification.objects.get(kind="session.unusual").recipient == plant.ivan
    settings.RISK = {"new_country": "tell"}
    assert start(plant, address="198.51.100.1", factor_age=200).is_live

    settings.RISK = {"new_moon": "refuse", "new_country": "perhaps"}
    assert len(check_risk(None)) == 2


def test_the_approver_reads_it(clock: Clock, plant: Plant, countries: Path) -> None:
    start(plant, address="192.0.2.1")
    begin = clock.now + timedelta(hours=20)
    access_request = submit_request(
        Wish(
            site=plant.north,
            endpoint_ids=[plant.filling_plc.pk],
            permission="control",
            purpose="Adjust the capper torque after the change",
            wanted_from=begin,
            wanted_until=begin + timedelta(hours=1),
        ),
        acting_user=plant.vera,
        origin=origin(address="198.51.100.1"),
        submission_key=uuid.uuid4(),
    )
    for _ in range(3):
        record("auth.stepup.failed", acting_user=plant.vera)
    found = what_is_unusual(facts_of_request(access_request, viewer=plant.olga))
    said = {finding.code: finding.sentence for finding in found}
    assert "NZ" in said["new_country"]
    assert "3 times" in said["refused_lately"]


def test_the_page_marks_the_browser_and_asks_for_the_code(
    clock: Clock, plant: Plant, browser_of: Any, vera: User
) -> None:
    window = make_window(vera, plant.filling_hmi, decided_by=plant.olga)
    path = f"/sessions/start/{window.pk}/{plant.filling_hmi.pk}/"
    first = browser_of(vera, factor_age=200)
    answer = first.get(path)
    cookie = answer.cookies[BROWSER_COOKIE]
    assert cookie["httponly"] and cookie["samesite"] == "Lax"
    assert "data-step-up" not in answer.content.decode()

    KnownBrowser.objects.create(
        user=vera, token_hash="c" * 64, first_used_at=clock.now, last_used_at=clock.now
    )
    page = first.get(path).content.decode()
    assert "data-step-up" in page and 'name="otp_code"' in page
    assert BROWSER_COOKIE not in first.get(path).cookies  # it has one already
    assert not PolicyVerdict.objects.exists()
