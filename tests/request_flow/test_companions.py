"""Vera names a colleague who takes part, and the plant decides on exactly these people."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accessportal.audit.models import AuditEvent
from accessportal.errors import NotPossible, TooLate
from requests.models import AccessRequest
from requests.services.extension import grant_extension, request_extension
from tests.cast import make_person, make_window, origin
from tests.request_flow.conftest import approve, ask, refused, seen

pytestmark = pytest.mark.django_db


def test_a_named_colleague_is_part_of_the_request_and_of_the_audit_trail(
    vera, tom, filling_hmi
):
    access_request = ask(vera, filling_hmi, companion_ids=[tom.pk])

    assert list(access_request.companions.all()) == [tom]
    event = AuditEvent.objects.get(event="request.submitted")
    assert event.detail["companions"] == ["Tom Thoma"]


@pytest.mark.parametrize("who", ["victor", "olga", "vera"])
def test_nobody_but_a_colleague_can_be_named(request, vera, filling_hmi, who):
    other = request.getfixturevalue(who)
    with refused(NotPossible, "companion_unknown"):
        ask(vera, filling_hmi, companion_ids=[other.pk])
    assert not AccessRequest.objects.exists()


def test_a_colleague_whose_access_was_switched_off_cannot_be_named(
    vera, tom, filling_hmi
):
    tom.disabled_at = timezone.now()
    tom.save()
    with refused(NotPossible, "companion_unknown"):
        ask(vera, filling_hmi, companion_ids=[tom.pk])


def test_training_that_runs_out_during_the_work_stands_against_a_companion(
    vera, tom, filling_hmi
):
    tom.training_expires_at = timezone.now() + timedelta(minutes=30)
    tom.save()
    with refused(NotPossible, "training_expires"):
        ask(vera, filling_hmi, companion_ids=[tom.pk])


def test_the_form_offers_colleagues_and_keeps_whom_she_chose(
    vera_sends,
    form,
    tom,
    victor,
    browser_of,
    vera,
):
    page = browser_of(vera).get("/requests/new/").content.decode()
    assert "Tom Thoma" in page and "Victor Varga" not in page

    again = vera_sends(form, companions=[tom.pk], purpose="")
    assert again.status_code == 422
    assert f'value="{tom.pk}"' in again.content.decode()

    assert vera_sends(form, companions=[tom.pk]).status_code == 302
    assert AccessRequest.objects.get().companions.get() == tom


def test_a_forged_companion_is_told_and_not_sent(
    vera_sends,
    form,
    victor,
):
    answer = vera_sends(form, companions=[victor.pk, "x"])
    assert answer.status_code == 422
    assert "people of your own company" in answer.content.decode()
    assert not AccessRequest.objects.exists()


class TestTheDecision:
    @pytest.fixture
    def asked(self, vera, tom, filling_hmi):
        return ask(vera, filling_hmi, companion_ids=[tom.pk])

    def test_the_approver_sees_them_and_what_is_unusual_about_each(
        self, asked, tom, browser_of, olga
    ):
        tom.training_expires_at = None
        tom.save()
        page = browser_of(olga).get(f"/approvals/{asked.number}/").content.decode()
        assert "and one colleague who takes part" in page
        assert "No safety training of Tom Thoma is on record." in page
        assert "First visit: Tom Thoma has had no window" in page
        assert "the colleagues named above; nobody else" in page

    def test_somebody_who_was_there_as_a_companion_is_not_new(
        self, vera, tom, olga, filling_gateway, browser_of
    ):
        make_window(vera, filling_gateway, decided_by=olga, companions=[tom])
        asked = ask(vera, filling_gateway, companion_ids=[tom.pk])
        page = browser_of(olga).get(f"/approvals/{asked.number}/").content.decode()
        assert "First visit: Tom Thoma" not in page

    def test_one_who_changed_since_makes_the_page_stale(self, asked, tom, olga):
        before = seen(asked)
        tom.disabled_at = timezone.now()
        tom.save()
        with refused(TooLate, "facts_changed"):
            approve(asked, by=olga, facts_hash=before)

    def test_one_who_may_not_come_any_more_stands_against_approving(
        self, asked, tom, olga
    ):
        tom.disabled_at = timezone.now()
        tom.save()
        with refused(NotPossible, "person_disabled"):
            approve(asked, by=olga)

    def test_the_companion_is_told_as_well(self, committed, asked, olga, mailoutbox):
        with committed():
            approve(asked, by=olga)
        told = {
            message.to[0] for message in mailoutbox if "approved" in message.subject
        }
        assert told == {"vera.vogt@example.test", "tom.thoma@example.test"}


def test_a_companion_who_may_not_come_any_more_keeps_nobody_from_more_time(
    vera, tom, olga, filling_hmi
):
    window = make_window(vera, filling_hmi, decided_by=olga, companions=[tom])
    extension = request_extension(
        window, acting_user=vera, origin=origin(), minutes=30, reason="One more test"
    )
    tom.disabled_at = timezone.now()
    tom.save()
    before = window.closes_at
    grant_extension(
        extension, acting_user=olga, origin=origin(), minutes=30, reason="Go on"
    )
    window.refresh_from_db()
    assert window.closes_at == before + timedelta(minutes=30)


def test_the_request_page_names_them_and_another_colleague_gains_nothing(
    vera, tom, olga, filling_hmi, browser_of, fillwerk
):
    window = make_window(vera, filling_hmi, decided_by=olga, companions=[tom])
    number = window.access_request.number
    tina = make_person("Tina Tamm", vendor=fillwerk)

    his = browser_of(tom).get(f"/requests/{number}/").content.decode()
    assert "You take part: when Vera Vogt has connected, you can join here." in his
    hers = browser_of(tina).get(f"/requests/{number}/").content.decode()
    assert "Tom Thoma" in hers and "You take part" not in hers
