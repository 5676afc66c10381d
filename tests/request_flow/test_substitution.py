"""Somebody comes instead of another: the window stays; the plant decides on the person alone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from accessportal.errors import NotAllowed, NotPossible, TooLate
from requests.models import (
    AccessRequest,
)
from requests.services.substitution import (
    accept_substitution,
    ask_substitution,
    refuse_substitution,
)
from tests.cast import (
    make_person,
    make_window,
    origin,
)
from tests.request_flow.conftest import (
    refused,
    seen_later,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def vito(vera):
    return make_person("Vito Vogel", vendor=vera.vendor)


def wish_of(window, vera, vito, leaves=None):
    return ask_substitution(
        window.access_request, acting_user=vera, origin=origin(),
        leaves=leaves or vera, comes=vito, reason="Ill",
    )  # fmt: skip


@pytest.mark.parametrize("whole", [True, False])
def test_one_tap_and_the_window_stays(
    committed, vera, vito, olga, filling_hmi, browser_of, whole
):
    tom = make_person("Tom Thoma", vendor=vera.vendor)
    window = make_window(vera, filling_hmi, decided_by=olga, companions=[tom])
    number = window.access_request.number
    page = f"/requests/{number}/"
    leaves = vera if whole else tom
    sent = {"leaves": leaves.pk, "comes": vito.pk, "reason": "Ill"}
    with committed():
        browser_of(vera).post(f"{page}substitute/", sent)
    assert any(message.to == [olga.email] for message in mail.outbox)
    wish = window.access_request.substitutions.get()
    queue = browser_of(olga).get("/approvals/").content.decode()
    assert "Vito Vogel" in queue and number in queue
    told = browser_of(olga).get(page).content.decode()
    assert "Vito Vogel" in told and f"substitutions/{wish.pk}/accept/" in told
    assert f"substitutions/{wish.pk}/accept/" not in (
        browser_of(vito).get(page).content.decode()
    )
    accept = f"{page}substitutions/{wish.pk}/accept/"
    browser_of(olga).post(accept)
    wish.refresh_from_db()
    assert wish.state == "pending", "without what the page showed it is refused"
    browser_of(olga).post(accept, {"facts_hash": seen_later(window)})
    after = AccessRequest.objects.get(pk=window.access_request_id)
    assert after.requested_by == (vito if whole else vera)
    assert list(after.companions.all()) == [tom if whole else vito]
    assert after.window == window and after.window.revoked_at is None
    decision = after.decisions.order_by("step").last()
    assert decision.facts["substitution"]["comes"] == "Vito Vogel"
    assert "comes instead of" in browser_of(olga).get(page).content.decode()
    with refused(TooLate, "answered"):
        accept_substitution(wish, acting_user=olga, origin=origin())


def test_who_and_whom(vera, victor, vito, olga, omar, ivan, filling_hmi):
    window = make_window(vera, filling_hmi, decided_by=olga)
    for comes, leaves in ((victor, vera), (vera, vera), (vito, victor)):
        with refused(NotPossible, "not_a_colleague"):
            wish_of(window, vera, comes, leaves)
    with pytest.raises(NotAllowed):
        ask_substitution(
            window.access_request, acting_user=vito, origin=origin(),
            leaves=vera, comes=vito, reason="Me",
        )  # fmt: skip
    vito.training_expires_at = timezone.now()
    vito.save()
    with refused(NotPossible, "training_expires"):
        wish_of(window, vera, vito)
    vito.training_expires_at = timezone.now() + timedelta(days=9)
    vito.save()
    wish = wish_of(window, vera, vito)
    with refused(TooLate, "asked_already"):
        wish_of(window, vera, vito)
    for other in (omar, ivan, vito):
        with pytest.raises(NotAllowed):
            accept_substitution(wish, acting_user=other, origin=origin())
    refuse_substitution(wish, acting_user=olga, origin=origin(), reason="No")
    with pytest.raises(TooLate):
        accept_substitution(wish, acting_user=olga, origin=origin())
    window.closes_at = timezone.now()
    window.save()
    with refused(TooLate, "over"):
        wish_of(window, vera, vito)
