"""Never used, or nobody answers for it: warned first, then ended by the portal itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accessportal.accounts.models import LapseWarning, RoleGrant, User, Vendor
from accessportal.accounts.services.people import disable_person, reactivate_person
from accessportal.audit.models import AuditEvent
from accessportal.notifications.models import Notification
from accessportal.plants.models import Endpoint
from accessportal.readiness import State, checks_for
from accessportal.tasks import look_after_accounts, tell_who_is_not_ready
from tests.accounts.steps import sign_in
from tests.cast import Clock, Plant, make_person, make_window, origin

pytestmark = pytest.mark.django_db

Browser = Callable[..., Client]


@pytest.fixture
def everybody_works(clock: Clock, plant: Plant) -> Plant:
    """The cast has signed in today; only what a test changes lapses."""
    User.objects.update(last_login=clock.now)
    return plant


@pytest.fixture
def nils(everybody_works: Plant) -> User:
    """Accepted the invitation of Fillwerk, and never came again."""
    return make_person("Nils Neu", vendor=everybody_works.fillwerk)


def days(clock: Clock, count: float) -> int:
    clock.forward(days=count)
    User.objects.filter(last_login__isnull=False).update(last_login=clock.now)
    return look_after_accounts()


def told(kind: str) -> set[str]:
    rows = Notification.objects.filter(kind=kind)
    return set(rows.values_list("recipient__full_name", flat=True))


def test_a_never_used_account_is_warned_and_then_disabled(
    clock: Clock, nils: User
) -> None:
    assert days(clock, 22) == 0 and not LapseWarning.objects.exists()
    assert days(clock, 2) == 0
    assert told("account.lapse.warned") == {"Nils Neu"}
    assert told("account.lapse.list") == {"Olga Olsen", "Ivan Ivers"}
    assert days(clock, 6) == 0  # warned six days ago: not yet
    assert days(clock, 1.1) == 1
    nils.refresh_from_db()
    assert nils.disabled_cause == "never_used" and nils.disabled_by is None
    event = AuditEvent.objects.get(event="account.disabled")
    assert event.detail["cause"] == "never_used" and event.actor_type == "system"
    assert AuditEvent.objects.filter(event="account.lapse.warned").count() == 1
    assert told("account.lapsed") == {"Nils Neu"}
    assert told("account.lapsed.list") == {"Olga Olsen", "Ivan Ivers"}
    assert days(clock, 10) == 0 and LapseWarning.objects.count() == 1


def test_a_late_schedule_disables_nobody_unwarned(clock: Clock, nils: User) -> None:
    assert days(clock, 100) == 0
    assert days(clock, 7.1) == 1


def test_one_sign_in_settles_it(clock: Clock, nils: User) -> None:
    days(clock, 24)
    sign_in(Client(), nils)
    days(clock, 8)
    nils.refresh_from_db()
    assert nils.disabled_at is None
    assert LapseWarning.objects.get().settled_at is not None


def test_who_was_given_access_again_has_the_whole_time_anew(
    clock: Clock, nils: User, adam: User
) -> None:
    days(clock, 24)
    assert days(clock, 7.1) == 1
    reactivate_person(acting_user=adam, person=nils, reason="ill", origin=origin())
    assert days(clock, 20) == 0
    nils.refresh_from_db()
    assert nils.disabled_at is None and nils.disabled_cause == ""


@pytest.mark.parametrize("sponsor_leaves", [True, False])
def test_without_a_sponsor_the_people_of_a_vendor_lose_their_access(
    clock: Clock, everybody_works: Plant, sponsor_leaves: bool
) -> None:
    plant = everybody_works
    Vendor.objects.filter(pk=plant.nordpack.pk).update(sponsor=plant.omar)
    if sponsor_leaves:
        disable_person(
            acting_user=plant.adam, person=plant.omar, reason="left", origin=origin()
        )
    else:
        Vendor.objects.filter(pk=plant.nordpack.pk).update(sponsor=None)
    days(clock, 0)
    assert told("account.lapse.warned") == {"Victor Varga"}
    assert days(clock, 13) == 0
    assert days(clock, 1.1) == 1
    plant.victor.refresh_from_db()
    assert plant.victor.disabled_words == "Nobody at the plant answers for the company"
    assert User.objects.get(pk=plant.vera.pk).is_active


def test_a_new_sponsor_settles_it(clock: Clock, everybody_works: Plant) -> None:
    nordpack = Vendor.objects.filter(pk=everybody_works.nordpack.pk)
    nordpack.update(sponsor=None)
    days(clock, 0)
    nordpack.update(sponsor=everybody_works.omar)
    days(clock, 15)
    assert User.objects.get(pk=everybody_works.victor.pk).is_active
    assert LapseWarning.objects.get().settled_at is not None


def test_nothing_ends_under_the_hands_of_whoever_works(
    clock: Clock, everybody_works: Plant, palletiser_panel: Endpoint
) -> None:
    plant = everybody_works
    Vendor.objects.filter(pk=plant.nordpack.pk).update(sponsor=None)
    days(clock, 0)
    clock.forward(days=15)
    window = make_window(plant.victor, palletiser_panel, decided_by=plant.olga)
    assert days(clock, 0) == 0
    clock.move_to(window.closes_at + timedelta(minutes=1))
    assert days(clock, 0) == 1


def test_the_last_administrator_stays(clock: Clock, everybody_works: Plant) -> None:
    User.objects.filter(pk=everybody_works.adam.pk).update(last_login=None)
    days(clock, 31)
    assert days(clock, 8) == 0
    assert User.objects.get(pk=everybody_works.adam.pk).is_active
    second = make_person(
        "Ann Second", roles=[(RoleGrant.Role.ADMINISTRATOR, None)], last_login=clock.now
    )
    assert second.is_active and days(clock, 1) == 1


# --- Am I ready? ----------------------------------------------------------------------


def standing(user: User) -> dict[str, State]:
    return {check.kind: check.state for check in checks_for(user, at=timezone.now())}


def test_vera_reads_what_lapses_and_what_to_do(
    clock: Clock, browser_of: Browser, everybody_works: Plant
) -> None:
    vera = User.objects.get(pk=everybody_works.vera.pk)
    vera.training_expires_at = clock.now + timedelta(days=20, hours=1)
    vera.expires_at = clock.now + timedelta(days=300)
    vera.phone = "+49 1"
    vera.save()
    assert standing(vera) == {
        "training": State.SOON,
        "recovery_codes": State.SOON,
        "contract": State.READY,
        "access": State.READY,
        "parking": State.READY,
        "factor": State.READY,
        "notice": State.READY,
    }
    page = browser_of(vera).get("/account/ready/").content.decode()
    assert "Your training expires" in page and "in 20 days" in page
    assert "Make new codes" in page
    assert "Am I ready?" in browser_of(vera).get("/").content.decode()


def test_what_has_lapsed_comes_first(clock: Clock, everybody_works: Plant) -> None:
    vera = User.objects.select_related("vendor").get(pk=everybody_works.vera.pk)
    assert vera.vendor is not None
    vera.vendor.contract_ends_at = clock.now + timedelta(days=3)
    vera.vendor.sponsor = None
    vera.training_expires_at = clock.now - timedelta(days=1)
    vera.last_login = clock.now - timedelta(days=30)
    checks = checks_for(vera, at=clock.now)
    assert checks[0].kind == "training" and checks[0].state is State.LAPSED
    soon = {check.kind for check in checks if check.state is State.SOON}
    assert {"contract", "sponsor", "parking"} <= soon


def test_a_new_notice_is_announced(clock: Clock, everybody_works: Plant) -> None:
    AuditEvent.objects.create(
        event="notice.accepted",
        category="AC",
        actor_type="user",
        actor_id=everybody_works.vera.pk,
        detail={"version": "2019-1"},
    )
    assert standing(everybody_works.vera)["notice"] is State.SOON


def test_the_mail_comes_once_a_month_and_only_with_something_to_say(
    clock: Clock, everybody_works: Plant
) -> None:
    everybody = User.objects.count()
    User.objects.filter(pk=everybody_works.vera.pk).update(language="de")
    User.objects.filter(pk=everybody_works.victor.pk).update(
        last_login=clock.now - timedelta(days=50)  # parked: not asked for anything
    )
    assert tell_who_is_not_ready() == everybody - 1
    assert tell_who_is_not_ready() == 0
    rows = Notification.objects.filter(kind="account.ready")
    assert "recovery codes" in rows.get(recipient=everybody_works.olga).body
    german = rows.get(recipient=everybody_works.vera)
    assert "recovery codes" not in german.body
    clock.forward(days=31)
    User.objects.update(last_login=clock.now)
    assert tell_who_is_not_ready() == everybody
