"""Vera asks for access."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.core import mail

from accessportal.audit.models import AuditEvent
from accessportal.errors import NotAllowed, NotPossible, TooLate
from requests.models import AccessRequest
from requests.services.submission import submit_request
from tests.cast import make_freeze, make_request, make_window, origin
from tests.request_flow.conftest import ask, refused, wish_for

pytestmark = pytest.mark.django_db


def test_vera_asks_for_two_machines(
    vera, filling_hmi, filling_gateway, north, fillwerk
):
    access_request = ask(
        vera, filling_hmi, filling_gateway, clipboard_in=True, work_order="WO-1"
    )

    access_request.refresh_from_db()
    assert access_request.state == AccessRequest.State.PENDING
    assert (access_request.site, access_request.vendor) == (north, fillwerk)
    assert set(access_request.endpoints.all()) == {filling_hmi, filling_gateway}
    assert access_request.clipboard_in and not access_request.clipboard_out


def test_it_is_recorded_and_the_supervisor_is_told(
    committed, vera, olga, omar, filling_hmi
):
    with committed():
        access_request = ask(vera, filling_hmi)

    event = AuditEvent.objects.get(event="request.submitted")
    assert event.request_number == access_request.number
    assert event.actor_id == vera.pk and event.factor == "totp"
    assert [message.to for message in mail.outbox] == [[olga.email]]
    assert access_request.number in mail.outbox[0].subject
    assert f"/approvals/{access_request.number}/" in mail.outbox[0].body


def test_numbers_count_up_within_a_year(clock, vera, filling_hmi, filling_plc):
    first, second = ask(vera, filling_hmi), ask(vera, filling_plc)
    assert (first.number, second.number) == ("REQ-2026-0001", "REQ-2026-0002")


def test_the_number_after_9999_has_five_digits(clock, vera, filling_hmi, filling_plc):
    make_request(vera, filling_plc, number="REQ-2026-9999")
    assert ask(vera, filling_hmi).number == "REQ-2026-10000"


def test_a_double_submit_is_one_request(vera, filling_hmi):
    key = uuid.uuid4()
    wish = wish_for(filling_hmi)
    first = submit_request(wish, acting_user=vera, origin=origin(), submission_key=key)
    again = submit_request(wish, acting_user=vera, origin=origin(), submission_key=key)
    assert first == again
    assert AccessRequest.objects.count() == 1
    assert AuditEvent.objects.filter(event="request.submitted").count() == 1


def test_the_key_of_somebody_else_shows_nothing(
    vera, victor, filling_hmi, palletiser_panel
):
    first = ask(vera, filling_hmi)
    with refused(TooLate, "too_late"):
        submit_request(
            wish_for(palletiser_panel),
            acting_user=victor,
            origin=origin(),
            submission_key=first.submission_key,
        )


@pytest.mark.parametrize("who", ["olga", "cora", "ivan", "adam"])
def test_people_of_the_plant_do_not_ask(request, who, filling_hmi):
    with pytest.raises(NotAllowed):
        ask(request.getfixturevalue(who), filling_hmi)


def test_a_machine_of_another_vendor_is_unknown(vera, palletiser_panel):
    with pytest.raises(NotPossible) as error:
        ask(vera, palletiser_panel)
    assert error.value.code == "endpoint_unknown"
    assert "Palletiser" not in str(error.value)


def test_a_machine_of_another_site_is_unknown(vera, north, filling_hmi, washer_hmi):
    with pytest.raises(NotPossible) as error:
        ask(vera, filling_hmi, washer_hmi, site=north)
    assert error.value.code == "endpoint_unknown"


def test_a_forged_id_is_unknown(vera, filling_hmi):
    with pytest.raises(NotPossible) as error:
        ask(vera, filling_hmi, endpoint_ids=[filling_hmi.pk, 987_654_321])
    assert error.value.code == "endpoint_unknown"


def test_no_wish_for_a_time_that_another_window_takes(vera, olga, filling_hmi):
    window = make_window(
        vera, filling_hmi, decided_by=olga, starts_in=timedelta(hours=23)
    )
    with pytest.raises(NotPossible) as error:
        ask(vera, filling_hmi)
    assert error.value.code == "endpoint_taken"
    assert window.access_request.number in str(error.value)


def test_the_number_of_another_company_stays_secret(
    vera, victor, olga, filling_hmi, nordpack
):
    window = make_window(
        victor, filling_hmi, decided_by=olga, starts_in=timedelta(hours=23)
    )
    with pytest.raises(NotPossible) as error:
        ask(vera, filling_hmi)
    assert error.value.code == "endpoint_taken"
    assert window.access_request.number not in str(error.value)


def test_asking_twice_for_the_same_is_refused(pending, vera, filling_hmi):
    with pytest.raises(NotPossible) as error:
        ask(vera, filling_hmi)
    assert error.value.code == "duplicate"
    assert pending.number in str(error.value)


def test_a_freeze_only_warns(vera, north, filling_hmi):
    make_freeze(north, starts_in=timedelta(hours=1), lasts=timedelta(days=3))
    assert ask(vera, filling_hmi).state == AccessRequest.State.PENDING


def test_a_suspended_vendor_cannot_ask(vera, fillwerk, filling_hmi):
    fillwerk.suspended_at = fillwerk.contract_ends_at - timedelta(days=400)
    fillwerk.save()
    with pytest.raises(NotAllowed):
        ask(vera, filling_hmi)


def test_nothing_is_left_of_a_refused_wish(vera, filling_hmi):
    with pytest.raises(NotPossible):
        ask(vera, filling_hmi, purpose="x" * 10_000)
    assert not AccessRequest.objects.exists()
    assert not AuditEvent.objects.exists()
