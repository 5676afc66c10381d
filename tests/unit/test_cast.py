"""The cast itself: what the other tests take for granted."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction

from accessportal.accounts.authorisation import Action, may
from requests.models import MaintenanceWindow
from tests.cast import TUESDAY_NOON, make_window


def test_everybody_may_do_what_their_role_says(vera, olga, omar, north, south):
    assert may(olga, Action.REQUEST_DECIDE, north)
    assert not may(olga, Action.REQUEST_DECIDE, south)
    assert may(omar, Action.REQUEST_DECIDE, south)
    assert may(vera, Action.REQUEST_SUBMIT)


def test_a_made_window_is_open(clock, vera, olga, filling_hmi):
    window = make_window(vera, filling_hmi, decided_by=olga)
    assert clock.now - TUESDAY_NOON < timedelta(minutes=1)
    assert MaintenanceWindow.objects.open().get() == window

    clock.forward(hours=3)

    assert not MaintenanceWindow.objects.open().exists()


def test_signed_in_carries_the_second_factor(browser_of, vera):
    web_session = browser_of(vera, factor_age=60).session
    assert web_session["factor_kind"] == "totp"
    assert web_session["_auth_user_id"] == str(vera.pk)


def test_committed_runs_what_waits_for_the_commit(committed):
    said = []
    with committed(), transaction.atomic():
        transaction.on_commit(lambda: said.append("done"))
    assert said == ["done"]
