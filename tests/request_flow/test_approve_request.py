"""Olga decides: yes, yes at another time, or no."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.utils import timezone

from accessportal.audit.models import AuditEvent
from accessportal.errors import FreshFactorNeeded, NotAllowed, NotPossible, TooLate
from requests.models import AccessRequest, ApprovalDecision, MaintenanceWindow
from requests.services.approval import deny_request
from requests.services.submission import withdraw_request
from tests.cast import make_vendor, make_window, origin
from tests.request_flow.conftest import approve, ask, refused, seen

pytestmark = pytest.mark.django_db


def deny(access_request, by, **fields):
    fields.setdefault("facts_hash", seen(access_request))
    fields.setdefault("reason", "Production runs that day")
    return deny_request(access_request, acting_user=by, origin=origin(), **fields)


def test_olga_approves_and_the_window_is_as_asked(pending, olga):
    window = approve(pending, olga)

    pending.refresh_from_db()
    assert pending.state == AccessRequest.State.APPROVED
    assert (window.opens_at, window.closes_at) == (
        pending.wanted_from,
        pending.wanted_until,
    )
    decision = pending.decisions.get()
    assert decision.decided_by == olga and decision.factor == "totp"
    assert decision.facts["machines"][0]["asset"] == "Filling line 3"
    assert decision.facts_hash and decision.source_address == "10.0.0.7"


def test_it_is_recorded_and_vera_is_told(committed, pending, olga, vera):
    with committed():
        approve(pending, olga, reason="Ask for Piet at gate 2")

    assert set(
        AuditEvent.objects.filter(actor_id=olga.pk).values_list("event", flat=True)
    ) == {
        "request.approved",
        "window.created",
    }
    (message,) = [message for message in mail.outbox if message.to == [vera.email]]
    assert "Olga Olsen" in message.body and "Ask for Piet" in message.body


def test_vera_reads_it_in_german(committed, pending, olga, vera):
    vera.language = "de"
    vera.save()
    with committed():
        approve(pending, olga)
    (message,) = [message for message in mail.outbox if message.to == [vera.email]]
    assert message.subject == f"{pending.number} ist freigegeben"
    assert "Olga Olsen hat Ihren Zugriff" in message.body


def test_approved_for_another_time(pending, olga):
    later = pending.wanted_from + timedelta(hours=3)
    window = approve(
        pending, olga, opens_at=later, closes_at=later + timedelta(hours=1)
    )

    assert window.opens_at == later
    assert AuditEvent.objects.get(event="request.approved").detail["other_time"] is True


def test_another_time_must_work_too(pending, vera, olga, filling_hmi):
    taken = make_window(vera, filling_hmi, decided_by=olga, starts_in=timedelta(days=2))
    with pytest.raises(NotPossible) as error:
        approve(pending, olga, opens_at=taken.opens_at, closes_at=taken.closes_at)
    assert error.value.code == "endpoint_taken"
    with pytest.raises(NotPossible) as error:
        approve(
            pending, olga, opens_at=pending.wanted_until, closes_at=pending.wanted_from
        )
    assert error.value.code == "end_before_start"
    pending.refresh_from_db()
    assert pending.state == AccessRequest.State.PENDING


def test_denied_with_a_reason(committed, pending, olga, vera):
    with committed():
        deny(pending, olga)
    pending.refresh_from_db()
    assert pending.state == AccessRequest.State.DENIED
    assert pending.close_reason == "Production runs that day"
    assert (
        "Production runs that day"
        in [m for m in mail.outbox if m.to == [vera.email]][0].body
    )
    assert not MaintenanceWindow.objects.exists()


@pytest.mark.parametrize("reason", ["", "   "])
def test_no_denial_without_a_reason(pending, olga, reason):
    with refused(NotPossible, "reason_missing"):
        deny(pending, olga, reason=reason)


class TestFourEyes:
    def test_the_requester_never_decides(self, pending, vera):
        with pytest.raises(NotAllowed) as error:
            approve(pending, vera)
        assert error.value.code == "four_eyes"

    def test_nobody_of_a_vendor_decides(self, pending, victor):
        with pytest.raises(NotAllowed):
            deny(pending, victor)

    def test_the_attempt_is_recorded(self, pending, vera):
        with pytest.raises(NotAllowed):
            approve(pending, vera)
        event = AuditEvent.objects.get(event="approval.sod.blocked")
        assert event.result == "denied" and event.actor_id == vera.pk

    def test_the_database_says_so_too(self, pending, vera, olga):
        row = {
            "access_request": pending,
            "verdict": "approved",
            "requested_by": vera,
            "facts_hash": "0" * 64,
            "factor": "totp",
        }
        for forbidden in (
            {"decided_by": vera},
            {"decided_by": olga, "decider_vendor": vera.vendor},
        ):
            with pytest.raises(IntegrityError), transaction.atomic():
                ApprovalDecision.objects.create(**row, **forbidden)

    def test_a_decision_needs_a_factor_and_comes_once(self, pending, vera, olga):
        row = {
            "access_request": pending,
            "verdict": "approved",
            "requested_by": vera,
            "decided_by": olga,
            "facts_hash": "0" * 64,
        }
        with pytest.raises(IntegrityError), transaction.atomic():
            ApprovalDecision.objects.create(**row, factor="")
        ApprovalDecision.objects.create(**row, factor="totp")
        with pytest.raises(IntegrityError), transaction.atomic():
            ApprovalDecision.objects.create(**row, factor="totp")


@pytest.mark.parametrize("who", ["omar", "cora", "adam", "ivan"])
def test_only_the_supervisor_of_the_site_decides(request, pending, who):
    with pytest.raises(NotAllowed):
        approve(pending, request.getfixturevalue(who))


class TestFreshFactor:
    def test_too_old(self, pending, olga):
        with pytest.raises(FreshFactorNeeded):
            approve(pending, olga, origin=origin(factor_age=301))

    def test_none(self, pending, olga):
        with pytest.raises(FreshFactorNeeded):
            approve(pending, olga, origin=origin(factor=""))

    def test_just_fresh_enough(self, pending, olga):
        assert approve(pending, olga, origin=origin(factor_age=290))


class TestWhatTheApproverSaw:
    def test_a_changed_fact_makes_the_page_stale(self, pending, olga, filling_hmi):
        before = seen(pending)
        filling_hmi.takes_local_screen = True
        filling_hmi.save()
        with pytest.raises(TooLate) as error:
            approve(pending, olga, facts_hash=before)
        assert error.value.code == "facts_changed"

    def test_a_new_booking_is_a_changed_fact(
        self, pending, vera, olga, filling_gateway
    ):
        access_request = ask(vera, filling_gateway)
        before = seen(access_request)
        make_window(
            vera, filling_gateway, decided_by=olga, starts_in=timedelta(hours=23)
        )
        with pytest.raises(TooLate):
            approve(access_request, olga, facts_hash=before)

    def test_the_clock_alone_changes_nothing(
        self, clock, plant, vera, olga, filling_hmi
    ):
        access_request = ask(vera, filling_hmi)
        before = seen(access_request)
        clock.forward(hours=23)
        assert approve(access_request, olga, facts_hash=before)


class TestTooLate:
    def test_approved_after_it_was_withdrawn(self, pending, vera, olga):
        facts_hash = seen(pending)
        withdraw_request(pending, acting_user=vera, origin=origin())
        with pytest.raises(TooLate) as error:
            approve(pending, olga, facts_hash=facts_hash)
        assert error.value.code == "already_closed"
        assert "Vera Vogt has withdrawn" in str(error.value)

    def test_a_second_decision(self, pending, olga):
        approve(pending, olga)
        with refused(TooLate, "already_closed"):
            deny(pending, olga)

    def test_after_its_start(self, clock, plant, vera, olga, filling_hmi):
        access_request = ask(vera, filling_hmi)
        clock.forward(days=1, minutes=1)
        with pytest.raises(TooLate) as error:
            approve(access_request, olga)
        assert error.value.code == "overdue"


class TestWhatHappenedSinceTheSubmission:
    def test_the_place_was_taken(self, pending, vera, olga, filling_hmi):
        make_window(vera, filling_hmi, decided_by=olga, starts_in=timedelta(hours=23))
        with pytest.raises(NotPossible) as error:
            approve(pending, olga)
        assert error.value.code == "endpoint_taken"

    def test_the_vendor_was_suspended(self, pending, olga, fillwerk):
        fillwerk.suspended_at = pending.submitted_at
        fillwerk.save()
        with refused(NotPossible, "vendor_suspended"):
            approve(pending, olga)

    def test_the_site_was_isolated(self, pending, olga, north):
        north.isolated_at = pending.submitted_at
        north.save()
        with refused(NotPossible, "site_isolated"):
            approve(pending, olga)

    def test_the_training_ends_within_the_window(self, pending, olga, vera):
        vera.training_expires_at = pending.wanted_from + timedelta(minutes=30)
        vera.save()
        with refused(NotPossible, "training_expires"):
            approve(pending, olga)

    def test_the_machine_went_to_another_vendor(self, pending, olga, filling_line):
        filling_line.vendors.set([make_vendor("Somebody Else")])
        with refused(NotPossible, "endpoint_unknown"):
            approve(pending, olga)


@pytest.mark.parametrize("minutes_ago", [0, 1, 4])
def test_a_start_that_just_passed_opens_the_window_now(pending, olga, minutes_ago):
    now = timezone.now()
    opens_at = now - timedelta(minutes=minutes_ago)
    window = approve(
        pending, olga, opens_at=opens_at, closes_at=now + timedelta(hours=2)
    )
    assert opens_at <= window.opens_at
    assert window.opens_at - window.created_at < timedelta(seconds=2)


def test_a_start_that_passed_long_ago_is_refused(pending, olga):
    with pytest.raises(NotPossible, match="already passed"):
        approve(pending, olga, opens_at=timezone.now() - timedelta(minutes=6))
