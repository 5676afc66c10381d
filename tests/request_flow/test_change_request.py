"""A request that changes while it waits: by its own contractor, or as an approver proposes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from accessportal.audit.models import AuditEvent
from accessportal.errors import NotAllowed, NotPossible, TooLate
from requests import changes
from requests.match_words import WORDS, match_words
from requests.models import (
    AccessRequest,
    ApprovalPolicy,
    MaintenanceWindow,
    RequestedPerson,
)
from requests.services.changing import change_request
from requests.services.escalation import escalate_what_waits
from requests.services.later_decision import seen_of_window
from requests.services.proposal import (
    Changes,
    accept_changes,
    decline_changes,
    propose_changes,
)
from requests.services.thread import write_message
from requests.typing_errors import is_mended_slip
from tests.cast import (
    make_emergency,
    make_freeze,
    make_person,
    make_request,
    origin,
)
from tests.request_flow.conftest import (
    approve,
    ask,
    refused,
    seen,
    wish_for,
)

pytestmark = pytest.mark.django_db

OT, IT = "role:ot_supervisor", "role:it_security"


@pytest.fixture
def dual(adam, vera, filling_gateway, filling_plc):
    """Vera's request for two machines, to which Olga and Ivan have to agree."""
    rule = {"name": "Both", "then": {"steps": [{"who": OT}, {"who": IT}]}}
    ApprovalPolicy.objects.create(version=1, made_by=adam, reason="x", rules=[rule])
    return ask(vera, filling_gateway, filling_plc)


def wish_of(asked, **fields):
    """What Vera's form says of the request as it is, with some of it changed."""
    machines = list(asked.endpoints.all())
    wish = wish_for(*machines, start=asked.wanted_from)
    return (
        replace(
            wish,
            wanted_until=asked.wanted_until,
            purpose=asked.purpose,
            work_order=asked.work_order,
            **fields,
        )
        if not {"purpose", "wanted_until", "work_order"} & set(fields)
        else replace(
            replace(wish, wanted_until=asked.wanted_until, purpose=asked.purpose),
            **fields,
        )
    )


def proposal_for(asked, **fields):
    return Changes(
        **{
            "wanted_from": asked.wanted_from,
            "wanted_until": asked.wanted_until,
            "permission": "control",
            "endpoint_ids": [one.pk for one in asked.endpoints.all()],
            "attendance_required": False,
            **fields,
        }
    )


def propose(asked, by, **fields):
    return propose_changes(
        asked,
        proposal_for(asked, **fields),
        acting_user=by,
        origin=origin(),
        facts_hash=seen(asked),
        reason="Only while I am there",
    )


@pytest.mark.parametrize(
    ("before", "after", "slip"),
    [
        ("Adjust the capper torque", "Adjust the caper torque", True),
        ("Adjust the capper torque", "adjust the capper torque.", True),
        ("Adjust the capper torque", "Adjust the filler torque", False),
        ("Do not change the valve", "Do now change the valve", False),
        ("Do not change the valve", "Do change the valve", False),
        ("Work on CP-3, head 7", "Work on CP-4, head 7", False),
        ("WO-48211", "WO-48212", False),
        ("Read", "Read and write", False),
    ],
)
def test_what_is_a_slip_of_the_keys(before, after, slip):
    assert is_mended_slip(before, after) is slip


class TestOwnChange:
    def change(self, asked, vera, wish):
        return change_request(asked, wish, acting_user=vera, origin=origin())

    def test_a_slip_voids_nothing(self, dual, vera, ivan, olga):
        approve(dual, ivan)
        mended = dual.purpose.replace("gearbox", "gear-box")
        assert self.change(dual, vera, wish_of(dual, purpose=mended)) == ["purpose"]
        dual.refresh_from_db()
        assert dual.round == 1 and approve(dual, olga) is not None

    @pytest.mark.parametrize(
        "what", ["when", "machines", "permission", "purpose", "who"]
    )
    def test_a_material_fact_voids_what_was_agreed(
        self, committed, dual, vera, ivan, olga, what, filling_plc
    ):
        vito = make_person("Vito Vogel", vendor=vera.vendor)
        approve(dual, ivan)
        later = dual.wanted_until + timedelta(hours=1)
        wish = wish_of(
            dual,
            **{
                "when": {"wanted_until": later},
                "machines": {"endpoint_ids": [filling_plc.pk]},
                "permission": {"permission": "view"},
                "purpose": {"purpose": "Replace the whole controller of the capper"},
                "who": {"companion_ids": [vito.pk]},
            }[what],
        )
        mail.outbox.clear()
        with committed():
            self.change(dual, vera, wish)
        dual.refresh_from_db()
        assert dual.round == 2
        told = {address for message in mail.outbox for address in message.to}
        assert told == {olga.email, ivan.email}
        event = AuditEvent.objects.get(event="request.changed")
        assert event.detail["voided"] == ["Ivan Ivers"] and event.detail["material"]
        assert approve(dual, olga) is None  # Ivan's earlier yes does not count
        assert approve(dual, ivan) is not None

    def test_the_policy_it_was_sent_under_is_asked_again(self, dual, vera, adam):
        ApprovalPolicy.objects.create(version=2, made_by=adam, reason="x", rules=[])
        self.change(dual, vera, wish_of(dual, permission="view"))
        assert {step.who for step in dual.steps.all()} == {OT, IT}

    def test_work_that_repeats_keeps_its_times(self, vera, olga, filling_plc):
        asked = ask(
            vera, filling_plc, recurrence="FREQ=WEEKLY;INTERVAL=1;BYDAY=WE;COUNT=4"
        )
        with refused(NotPossible, "repeats"):
            self.change(asked, vera, wish_of(asked, permission="view"))
        with refused(NotPossible, "repeats"):
            propose(asked, olga, wanted_until=asked.wanted_until - timedelta(minutes=5))
        proposal = propose(asked, olga, permission="view", attendance_required=True)
        assert accept_changes(proposal, acting_user=vera, origin=origin()) is not None
        later = AccessRequest.objects.filter(series=asked)
        assert [(one.permission, one.attendance_required) for one in later] == [
            ("view", True)
        ] * 3

    def test_who_may_and_until_when(self, pending, vera, victor, olga):
        vito = make_person("Vito Vogel", vendor=vera.vendor)
        wish = wish_of(pending, permission="view")
        for other in (vito, victor, olga):
            with pytest.raises(NotAllowed):
                change_request(pending, wish, acting_user=other, origin=origin())
        too_late = wish_of(pending, wanted_until=pending.wanted_from)
        with refused(NotPossible, "end_before_start"):
            self.change(pending, vera, too_late)
        approve(pending, olga)
        with refused(TooLate, "already_closed"):
            self.change(pending, vera, wish)


class TestProposal:
    def test_accepted_where_one_decides_makes_the_window(self, pending, vera, olga):
        proposal = propose(pending, olga, permission="view", attendance_required=True)
        assert not MaintenanceWindow.objects.exists()
        window = accept_changes(proposal, acting_user=vera, origin=origin())
        pending.refresh_from_db()
        assert window is not None and pending.state == AccessRequest.State.APPROVED
        assert pending.permission == "view" and pending.attendance_required
        decision = pending.decisions.get()
        assert (decision.decided_by, decision.round) == (olga, 2)
        assert decision.facts["permission"] == "view" and decision.factor == "totp"

    def test_others_are_asked_anew(self, dual, vera, ivan, olga, filling_plc):
        approve(dual, ivan)
        proposal = propose(dual, olga, endpoint_ids=[filling_plc.pk])
        assert accept_changes(proposal, acting_user=vera, origin=origin()) is None
        assert [one.name for one in dual.endpoints.all()] == ["PLC console"]
        assert approve(dual, ivan) is not None

    def test_another_time_is_proposed_and_is_the_windows_once_accepted(
        self, pending, vera, olga
    ):
        start = pending.wanted_from + timedelta(hours=5)
        until = start + timedelta(hours=1)
        proposal = propose(pending, olga, wanted_from=start, wanted_until=until)
        window = accept_changes(proposal, acting_user=vera, origin=origin())
        assert (window.opens_at, window.closes_at) == (start, until)

    def test_a_shorter_time_that_is_taken_meanwhile_is_refused(
        self, pending, vera, olga
    ):
        proposal = propose(
            pending, olga, wanted_until=pending.wanted_from + timedelta(hours=1)
        )
        vera.training_expires_at = pending.wanted_from
        vera.save()
        with pytest.raises((NotPossible, TooLate)):
            accept_changes(proposal, acting_user=vera, origin=origin())
        pending.refresh_from_db()
        assert pending.state == AccessRequest.State.PENDING and pending.round == 1

    def test_declined_it_waits_as_it_was(self, pending, vera, olga):
        proposal = propose(pending, olga, permission="view")
        decline_changes(proposal, acting_user=vera, origin=origin())
        with refused(TooLate, "answered"):
            accept_changes(proposal, acting_user=vera, origin=origin())
        assert approve(pending, olga) is not None

    def test_what_cannot_be_proposed(
        self, pending, vera, olga, victor, palletiser_panel
    ):
        for fields, code in (
            ({}, "same"),
            ({"endpoint_ids": [palletiser_panel.pk]}, "endpoint_missing"),
            ({"wanted_until": pending.wanted_from + timedelta(days=9)}, "too_long"),
        ):
            with refused(NotPossible, code):
                propose(pending, olga, **fields)
        looking = make_request(vera, palletiser_panel, permission="view")
        with pytest.raises(NotPossible):
            propose(looking, olga)
        proposal = propose(pending, olga, permission="view")
        with refused(TooLate, "proposed_already"):
            propose(pending, olga, attendance_required=True)
        with pytest.raises(NotAllowed):
            accept_changes(proposal, acting_user=olga, origin=origin())
        approve(pending, olga)  # after all, as it was asked for
        proposal.refresh_from_db()
        assert proposal.state == "outdated"


def test_questions_and_answers(
    committed, pending, vera, olga, ivan, victor, browser_of
):
    path = f"/requests/{pending.number}/message/"
    mail.outbox.clear()
    with committed():
        browser_of(olga).post(path, {"text": "With <b>which</b> tool?", "decides": "1"})
    assert [message.to for message in mail.outbox] == [[vera.email]]
    with committed():
        browser_of(vera).post(path, {"text": "The torque key, calibrated in May"})
    assert mail.outbox[-1].to == [olga.email]
    for who, page in (
        (olga, f"/approvals/{pending.number}/"),
        (vera, f"/requests/{pending.number}/"),
    ):
        text = browser_of(who).get(page).content.decode()
        assert "With &lt;b&gt;which" in text and "calibrated in May" in text
    for other in (ivan, make_person("Vito Vogel", vendor=vera.vendor)):
        with pytest.raises(NotAllowed):
            write_message(pending, acting_user=other, origin=origin(), text="Hello")
    for text, code in (("  ", "text_missing"), ("x" * 2001, "text_long")):
        with refused(NotPossible, code):
            write_message(pending, acting_user=vera, origin=origin(), text=text)


def test_match_words_stand_on_both_ends_and_nowhere_else(
    pending, vera, olga, browser_of
):
    words = match_words(pending.match_key, "en")
    german = match_words(pending.match_key, "de")
    assert len(set(WORDS)) == 128 and words != german
    assert len(set(words.split())) == 2
    for who, page in ((vera, "requests"), (olga, "approvals")):
        text = browser_of(who).get(f"/{page}/{pending.number}/").content.decode()
        assert f"{words} ({german})" in text
    vito = make_person("Vito Vogel", vendor=vera.vendor)
    assert (
        words
        not in browser_of(vito).get(f"/requests/{pending.number}/").content.decode()
    )
    other = ask(
        vera,
        *pending.site.zones.first().assets.first().endpoints.exclude(name="HMI")[:1],
    )
    assert other.match_key != pending.match_key


def test_a_step_that_nobody_answers_calls_the_deputy(
    clock, plant, committed, adam, vera, olga, ivan, filling_hmi
):
    step = {"who": OT, "deputy": IT, "after_minutes": 30}
    ApprovalPolicy.objects.create(
        version=1, made_by=adam, reason="x",
        rules=[{"name": "Wait", "then": {"steps": [step]}}],
    )  # fmt: skip
    asked = ask(vera, filling_hmi)
    with pytest.raises(NotAllowed):
        approve(asked, ivan)
    clock.forward(minutes=29)
    assert escalate_what_waits() == 0
    clock.forward(minutes=1)
    mail.outbox.clear()
    with committed():
        assert escalate_what_waits() == 1
    assert escalate_what_waits() == 0
    assert [message.to for message in mail.outbox] == [[ivan.email]]
    assert AuditEvent.objects.get(event="request.escalated").detail["deputy"] == IT
    assert approve(asked, ivan) is not None


def test_nobody_there_is_said(pending, vera, olga, browser_of):
    page = f"/requests/{pending.number}/"
    assert "nobody who can decide" not in browser_of(vera).get(page).content.decode()
    olga.disabled_at = timezone.now()
    olga.save()
    assert "nobody who can decide" in browser_of(vera).get(page).content.decode()


def test_the_pages_of_a_change(pending, vera, olga, filling_hmi, browser_of, form):
    """Vera's form starts with what she asked for; Olga proposes; one tap accepts."""
    change = f"/requests/{pending.number}/change/"
    assert pending.purpose in browser_of(vera).get(change).content.decode()
    sent = browser_of(vera).post(change, {**form, "permission": "view"})
    assert sent.status_code == 302, sent.content.decode()
    pending.refresh_from_db()
    assert pending.permission == "view" and pending.round == 2
    answer = browser_of(olga).post(
        f"/approvals/{pending.number}/propose/",
        {
            "facts_hash": seen(pending),
            "kept": [filling_hmi.pk],
            "opens": form["start"],
            "closes": form["start"],
            "reason": "Shorter",
        },
    )
    assert answer.status_code == 422
    answer = browser_of(olga).post(
        f"/approvals/{pending.number}/propose/",
        {
            "facts_hash": seen(pending),
            "kept": [filling_hmi.pk],
            "opens": form["start"],
            "closes": typed_after(form["start"], hours=1),
            "reason": "An hour is enough",
        },
    )
    assert answer.status_code == 302, answer.content.decode()
    page = browser_of(vera).get(f"/requests/{pending.number}/").content.decode()
    assert "An hour is enough" in page and "with changes" in page
    proposal = pending.proposals.get()
    path = f"/requests/{pending.number}/proposals/{proposal.pk}/accept/"
    assert browser_of(vera).post(path).status_code == 302
    pending.refresh_from_db()
    assert pending.state == AccessRequest.State.APPROVED
    assert pending.window.duration == timedelta(hours=1)


def typed_after(start, **span):
    from datetime import datetime

    return f"{datetime.fromisoformat(start) + timedelta(**span):%Y-%m-%dT%H:%M}"


def test_every_fact_of_a_decision_has_a_name_that_people_read(plant):
    """What changed is shown by these names; a key of the code would say nothing."""
    make_freeze(plant.north, starts_in=timedelta(0), lasts=timedelta(days=3))
    vito = make_person("Vito Vogel", vendor=plant.fillwerk)
    look = make_emergency(plant.vera, plant.filling_hmi, decided_by=plant.olga)
    window = look.access_request.window
    RequestedPerson.objects.create(access_request=look.access_request, user=vito)
    keys = {
        part
        for path, _value in changes._leaves(seen_of_window(window))
        for part in path
        if not part.isdecimal()
    }
    assert keys >= {"emergency", "window", "companions", "freezes", "nda_expires_at"}
    assert keys - set(changes.NAMES) == set()
