"""The line is down: Vera asks to be let in at once, or the plant asks it for her."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.utils import timezone

from accessportal.audit.models import AuditEvent
from accessportal.errors import NotAllowed, NotPossible, TooLate
from accessportal.notifications.models import Notification
from requests.models import AccessRequest, ApproverGroup, ApproverGroupMember
from requests.services.approval import deny_request
from requests.services.emergency import Emergency, submit_emergency
from requests.services.extension import grant_extension, request_extension
from requests.services.submission import expire_overdue_requests
from requests.story import story_of
from tests.cast import make_freeze, make_person, make_window, origin
from tests.request_flow.conftest import approve, ask, refused, seen
from tests.request_flow.test_policy import IT, OT, policy  # noqa: F401

pytestmark = pytest.mark.django_db


def call(person, *endpoints, by=None, key=None, **fields):
    """`person` needs to get in; `by`: who of the plant asks it for them."""
    return submit_emergency(
        Emergency(
            **{
                "site": endpoints[0].asset.zone.site,
                "person": person,
                "endpoint_ids": [endpoint.pk for endpoint in endpoints],
                "permission": "control",
                "reason": "Filler stands since 03:00, product goes bad",
                "purpose": "Find out why the capper does not start",
                "minutes": 60,
                **fields,
            }
        ),
        acting_user=by or person,
        origin=origin(),
        submission_key=key or uuid.uuid4(),
    )


@pytest.fixture
def strict(policy):  # noqa: F811
    """In ordinary times: a day's notice, office hours, an hour at most, and two to agree."""
    return policy(
        strict={
            "steps": [{"who": OT}, {"who": IT, "order": 2}],
            "notice_minutes": 1440,
            "longest_minutes": 30,
            "hours": {"weekdays": "6", "from": "01:00", "until": "02:00"},
            "attendance": True,
        }
    )


def test_vera_is_let_in_at_once_by_one_supervisor(
    clock, committed, strict, plant, vera, olga, ivan, filling_hmi
):
    with committed():
        pending = call(vera, filling_hmi)
    assert [step.who for step in pending.steps.all()] == [OT]
    assert pending.attendance_required, "what protects stays"
    told = Notification.objects.get(kind="emergency.asked")
    assert told.recipient == olga
    assert "The line is down" in mail.outbox[-1].body

    clock.forward(minutes=20)
    with committed():
        window = approve(pending, olga)
    assert window.duration == timedelta(hours=1), "from the yes, not from the asking"
    assert window.opens_at > pending.wanted_from + timedelta(minutes=20)
    assert window.phase() == window.Phase.OPEN
    pending.refresh_from_db()
    look = pending.emergency_look
    assert (
        timedelta(hours=24) <= look.look_due_at - window.opens_at < timedelta(hours=25)
    )
    assert [one.who for one in look.skipped.all()] == [OT, IT]
    skipped = Notification.objects.get(kind="emergency.let_in")
    assert skipped.recipient == ivan
    events = AuditEvent.objects.filter(request_number=pending.number)
    assert {"emergency.requested", "emergency.let_in", "window.created"} <= set(
        events.values_list("event", flat=True)
    )
    assert events.get(event="emergency.requested").detail["ordinarily"] == [OT, IT]
    # The window opens at the yes: that is no other time than asked for.
    assert events.get(event="request.approved").detail["other_time"] is False
    said = [happening.title for happening in story_of(pending, window, vera)]
    assert "Approved" in said


def test_the_policy_says_who_lets_somebody_in(policy, vera, olga, ivan, filling_hmi):  # noqa: F811
    policy(
        night={"steps": [{"who": OT}, {"who": IT, "emergency": True, "quorum": 1}]},
    )
    pending = call(vera, filling_hmi)
    assert approve(pending, ivan) is None, "one OT supervisor always agrees"
    assert approve(pending, olga) is not None


def test_a_group_may_be_asked_too(policy, adam, vera, olga, filling_hmi):  # noqa: F811
    petra = make_person("Petra Prozess")
    group = ApproverGroup.objects.create(name="Shift")
    ApproverGroupMember.objects.create(group=group, person=petra, added_by=adam)
    policy(night={"steps": [{"who": group.who, "emergency": True}]})
    pending = call(vera, filling_hmi)
    assert approve(pending, olga) is None
    assert approve(pending, petra) is not None


def test_the_plant_opens_it_and_somebody_else_says_yes(
    clock, plant, north, vera, olga, ivan, filling_hmi
):
    pending = call(vera, filling_hmi, by=olga)
    assert (pending.requested_by, pending.emergency_by) == (vera, olga)
    with refused(NotAllowed, "four_eyes"):
        approve(pending, olga)
    assert AuditEvent.objects.filter(event="approval.sod.blocked").exists()
    otto = make_person("Otto Ohm", roles=[("ot_supervisor", north)])
    window = approve(pending, otto)
    decision = pending.decisions.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        decision.decided_by = olga
        decision.save()
    assert window.access_request.requested_by == vera


def test_who_may_open_one_and_for_whom(
    clock, plant, vera, victor, omar, cora, adam, ivan, filling_hmi, palletiser_panel
):
    vito = make_person("Vito Vogel", vendor=vera.vendor)
    for somebody in (vito, victor, omar, cora, adam):
        with refused(NotAllowed, "not_allowed"):
            call(vera, filling_hmi, by=somebody)
    with refused(NotAllowed, "not_allowed"):
        call(cora, filling_hmi, by=ivan)
    with refused(NotPossible, "endpoint_unknown"):
        call(vera, palletiser_panel)
    assert call(vera, filling_hmi, by=ivan).emergency_by == ivan


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"minutes": 300}, "minutes_out_of_range"),
        ({"reason": "  "}, "reason_missing"),
        ({"purpose": "Fix"}, "purpose_short"),
    ],
)
def test_what_it_needs_at_the_least(clock, plant, vera, filling_hmi, change, code):
    with refused(NotPossible, code):
        call(vera, filling_hmi, **change)


def test_what_protects_is_not_passed_over(
    clock, plant, north, vera, olga, victor, filling_hmi, fillwerk
):
    """Isolation, an access that ends and a taken machine stop an emergency, too."""
    make_freeze(north, starts_in=timedelta(0), lasts=timedelta(days=1))
    pending = call(vera, filling_hmi)  # a freeze is only said
    with refused(NotPossible, "duplicate"):
        call(vera, filling_hmi)
    north.isolated_at = timezone.now()
    north.save()
    with refused(NotPossible, "site_isolated"):
        approve(pending, olga)
    north.isolated_at = None
    north.save()
    vera.expires_at = timezone.now() + timedelta(minutes=10)
    vera.save()
    with refused(NotPossible, "person_expires"):
        approve(pending, olga)
    with refused(NotPossible, "begins_at_once"):
        approve(pending, olga, opens_at=timezone.now() + timedelta(hours=1))
    vera.expires_at = None
    vera.save()
    make_window(victor, filling_hmi, decided_by=olga)
    with refused(NotPossible, "endpoint_taken"):
        approve(pending, olga)


def test_an_ordinary_wish_for_the_same_time_is_not_in_its_way(
    clock, plant, vera, filling_hmi
):
    ask(vera, filling_hmi, start=timezone.now() + timedelta(minutes=40))
    assert call(vera, filling_hmi).state == AccessRequest.State.PENDING


def test_undecided_it_waits_as_long_as_it_would_have_lasted(
    clock, plant, vera, olga, filling_hmi
):
    pending = call(vera, filling_hmi)
    clock.forward(minutes=59)
    assert list(AccessRequest.objects.awaiting_decision().asking(olga)) == [pending]
    assert expire_overdue_requests() == 0
    clock.forward(minutes=2)
    with refused(TooLate, "overdue"):
        approve(pending, olga)
    assert expire_overdue_requests() == 1


def test_it_can_be_denied_and_made_longer_up_to_four_hours(
    clock, plant, vera, olga, filling_hmi, filling_plc
):
    deny_request(
        call(vera, filling_plc), acting_user=olga, origin=origin(),
        facts_hash=seen(AccessRequest.objects.get()), reason="Not this line",
    )  # fmt: skip
    window = approve(call(vera, filling_hmi), olga)
    wish = request_extension(
        window, acting_user=vera, origin=origin(), minutes=180, reason="Spare part"
    )
    grant_extension(wish, acting_user=olga, origin=origin())
    with refused(NotPossible, "too_long"):
        request_extension(
            window, acting_user=vera, origin=origin(), minutes=15, reason="Still down"
        )


def test_a_form_sent_twice_makes_one(clock, plant, vera, olga, filling_hmi, browser_of):
    key = uuid.uuid4()
    assert call(vera, filling_hmi, key=key) == call(vera, filling_hmi, key=key)
    browser = browser_of(vera)
    page = browser.get("/emergencies/new/")
    assert "What has happened" in page.text and "Who has to get in?" not in page.text
    form = {
        "endpoint": filling_hmi.asset.endpoints.get(name="Gateway").pk,
        "reason": "Filler stands",
        "purpose": "Find out why the capper stands",
        "minutes": "120",
        "permission": "view",
        "submission_key": str(uuid.uuid4()),
    }
    assert (
        browser.post("/emergencies/new/", {**form, "minutes": "999"}).status_code == 422
    )
    first = browser.post("/emergencies/new/", form)
    again = browser.post("/emergencies/new/", form)
    assert first.status_code == 302 and first.url == again.url
    made = AccessRequest.objects.get(permission="view")
    assert made.wanted_until - made.wanted_from == timedelta(hours=2)

    queue = browser_of(olga).get("/approvals/").text
    assert queue.count("The line is down:") == 2
    decide = browser_of(olga).get(f"/approvals/{made.number}/").text
    assert "With changes" not in decide
    proposed = browser_of(olga).post(f"/approvals/{made.number}/propose/", {})
    assert proposed.status_code == 422
    assert "Filler stands" in decide and "Another time" not in decide
    assert "Emergency" in browser.get(first.url).text
    form = {**form, "person": vera.pk, "submission_key": str(uuid.uuid4())}
    form["endpoint"] = filling_hmi.asset.endpoints.get(name="PLC console").pk
    assert browser_of(olga).post("/emergencies/new/", form).status_code == 302
    assert AccessRequest.objects.latest("pk").emergency_by == olga
