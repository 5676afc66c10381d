"""Who has to agree to what: the policy in force when a request was sent, and its steps."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.utils import timezone

from accessportal.accounts.factor_rules import PasskeyNeeded
from accessportal.accounts.models import RoleDelegation, RoleGrant
from accessportal.audit.models import AuditEvent
from accessportal.errors import NotAllowed, NotPossible, TooLate
from requests.models import (
    AccessRequest,
    ApprovalPolicy,
    ApproverGroup,
    ApproverGroupMember,
    MaintenanceWindow,
)
from requests.services.approval import approve_request, deny_request
from requests.services.extension import grant_extension, request_extension
from requests.services.moving import close_later
from requests.services.substitution import accept_substitution, ask_substitution
from tests.cast import make_person, make_window, origin
from tests.request_flow.conftest import approve, ask, refused, seen

pytestmark = pytest.mark.django_db

OT, IT = "role:ot_supervisor", "role:it_security"


@pytest.fixture
def policy(adam):
    """Puts rules in force, given as {name: then} or {name: (when, then)}."""

    def put(**rules):
        parts = {
            name: rule if isinstance(rule, tuple) else ({}, rule)
            for name, rule in rules.items()
        }
        return ApprovalPolicy.objects.create(
            version=ApprovalPolicy.objects.count() + 1,
            made_by=adam,
            reason="Test",
            rules=[
                {"name": name, "when": when, "then": then}
                for name, (when, then) in parts.items()
            ],
        )

    return put


@pytest.fixture
def dual(policy, vera, filling_hmi):
    """Vera's request, to which a supervisor and IT security have to agree."""
    policy(both={"steps": [{"who": OT}, {"who": IT}]})
    return ask(vera, filling_hmi)


@pytest.fixture
def petra(north, adam):
    """A process engineer, who holds no role."""
    petra = make_person("Petra Prozess")
    group = ApproverGroup.objects.create(name="Process engineers")
    ApproverGroupMember.objects.create(group=group, person=petra, added_by=adam)
    return petra


def test_two_people_of_two_roles_in_either_order(committed, dual, olga, ivan, vera):
    with committed():
        assert approve(dual, ivan, reason="Fine for us") is None
    dual.refresh_from_db()
    assert dual.state == AccessRequest.State.PENDING
    assert not MaintenanceWindow.objects.exists()
    assert [m.to for m in mail.outbox if "agreed" in m.subject] == [[olga.email]]
    with refused(TooLate, "not_asked"):
        approve(dual, ivan)

    with committed():
        window = approve(dual, olga)
    dual.refresh_from_db()
    assert window is not None and dual.state == AccessRequest.State.APPROVED
    assert {d.decided_by for d in dual.decisions.all()} == {olga, ivan}
    assert all(d.facts_hash and d.factor == "totp" for d in dual.decisions.all())
    events = AuditEvent.objects.filter(request_number=dual.number)
    assert list(
        events.filter(event__in=["request.agreed", "request.approved"])
        .order_by("pk")
        .values_list("event", "actor_id")
    ) == [("request.agreed", ivan.pk), ("request.approved", olga.pk)]
    assert [m.to for m in mail.outbox if "is approved" in m.subject] == [[vera.email]]


def test_one_person_with_both_roles_is_one_person(dual, ivan, olga, north):
    RoleGrant.objects.create(user=olga, role="it_security", site=north)
    assert approve(dual, olga) is None
    with refused(TooLate, "not_asked"):
        approve(dual, olga)
    with pytest.raises(IntegrityError), transaction.atomic():
        yes = dual.decisions.get()
        yes.pk, yes.step = None, 2
        yes.save()
    assert approve(dual, ivan) is not None


def test_a_lent_role_counts_and_the_trail_says_so(dual, ivan, olga, north):
    paul = make_person("Paul Paulsen")
    RoleDelegation.objects.create(
        delegator=ivan, delegate=paul, role="it_security", site=north, reason="Away",
        ends_at=timezone.now() + timedelta(days=1),
    )  # fmt: skip
    approve(dual, paul)
    event = AuditEvent.objects.get(event="request.agreed")
    assert event.detail["delegated_by"] == "Ivan Ivers"
    assert approve(dual, olga) is not None


@pytest.mark.parametrize("who", ["omar", "cora", "adam", "petra"])
def test_whom_no_step_asks_cannot_decide(request, dual, who):
    with pytest.raises(NotAllowed):
        approve(dual, request.getfixturevalue(who))


def test_any_no_closes_it_also_of_who_had_agreed(dual, ivan, olga):
    approve(dual, ivan)
    deny_request(
        dual,
        acting_user=ivan,
        origin=origin(),
        facts_hash=seen(dual),
        reason="Just seen the alert",
    )
    with refused(TooLate, "already_closed"):
        approve(dual, olga)
    dual.refresh_from_db()
    assert dual.state == AccessRequest.State.DENIED


def test_steps_in_order_and_a_quorum(policy, vera, filling_hmi, olga, petra, north):
    group = ApproverGroup.objects.get()
    policy(
        order={
            "steps": [{"who": group.who, "name": "Process"},
                      {"who": OT, "order": 2, "quorum": 2}]
        }
    )  # fmt: skip
    asked = ask(vera, filling_hmi)
    with refused(TooLate, "not_asked"):
        approve(asked, olga)
    assert approve(asked, petra) is None
    assert approve(asked, olga) is None
    otto = make_person("Otto Ohm", roles=[("ot_supervisor", north)])
    assert approve(asked, otto) is not None


def test_the_policy_in_force_at_submission_is_kept(dual, policy, olga, ivan):
    first = dual.policy
    policy(nothing={})
    assert ApprovalPolicy.objects.first().version == 2
    dual.refresh_from_db()
    assert dual.policy == first and approve(dual, olga) is None
    assert approve(dual, ivan) is not None


class TestLimits:
    """What the rules say of time is judged while choosing, on sending and on deciding."""

    def test_shorter_and_with_notice_and_within_hours(
        self, clock, plant, policy, vera, filling_hmi
    ):
        start = timezone.now() + timedelta(days=1)  # Wednesday noon at North
        for then, code in (
            ({"longest_minutes": 60}, "too_long"),
            ({"notice_minutes": 48 * 60}, "too_soon"),
            ({"hours": {"from": "08:00", "until": "13:00"}}, "outside_policy_hours"),
        ):
            policy(limit=then)
            with refused(NotPossible, code):
                ask(vera, filling_hmi, start=start)
        policy(
            fits={"longest_minutes": 120, "hours": {"from": "12:00", "until": "15:00"}}
        )
        assert ask(vera, filling_hmi, start=start)

    def test_another_time_is_given_alone_only_where_nobody_else_is_asked_then(
        self, clock, plant, policy, vera, olga, filling_hmi
    ):
        policy(night=({"hours": {"from": "20:00", "until": "06:00"}},
                      {"steps": [{"who": IT}]}))  # fmt: skip
        asked = ask(vera, filling_hmi)
        evening = asked.wanted_from + timedelta(hours=8)
        with refused(NotPossible, "not_alone"):
            approve(
                asked, olga, opens_at=evening, closes_at=evening + timedelta(hours=1)
            )
        later = asked.wanted_from + timedelta(hours=3)
        assert approve(
            asked, olga, opens_at=later, closes_at=later + timedelta(hours=1)
        )

    def test_what_the_policy_calls_unusual_is_read_by_who_decides(
        self, policy, vera, olga, filling_hmi, browser_of
    ):
        policy(odd={"unusual": "The filler is under warranty: ask the maker"})
        asked = ask(vera, filling_hmi)
        page = browser_of(olga).get(f"/approvals/{asked.number}/").content.decode()
        assert "The filler is under warranty: ask the maker" in page

    def test_a_passkey_where_the_policy_wants_one(
        self, policy, vera, olga, filling_hmi
    ):
        policy(strong={"passkey": True})
        asked = ask(vera, filling_hmi)
        with pytest.raises(PasskeyNeeded):
            approve(asked, olga)
        assert approve(asked, olga, origin=origin(factor="passkey"))

    def test_and_for_what_is_decided_later(self, policy, vera, tom, olga, filling_hmi):
        window = make_window(
            vera, filling_hmi, decided_by=olga, policy=policy(strong={"passkey": True})
        )
        more = request_extension(
            window, acting_user=vera, origin=origin(), minutes=30, reason="Valve"
        )
        wish = ask_substitution(
            window.access_request,
            acting_user=vera,
            origin=origin(),
            leaves=vera,
            comes=tom,
            reason="Ill",
        )
        for decide in (
            partial(grant_extension, more),
            partial(close_later, window, reason="More to do", minutes=30),
            partial(accept_substitution, wish),
        ):
            with pytest.raises(PasskeyNeeded):
                decide(acting_user=olga, origin=origin())
            assert decide(acting_user=olga, origin=origin(factor="passkey"))


class TestPages:
    def test_who_has_it_stands_on_both_pages_and_buttons_only_for_who_is_asked(
        self, dual, browser_of, vera, olga, ivan
    ):
        path = f"/approvals/{dual.number}/"
        for who in (olga, ivan):
            assert 'name="facts_hash"' in browser_of(who).get(path).content.decode()
            assert dual.number in browser_of(who).get("/approvals/").content.decode()
        approve(dual, ivan)
        mine = browser_of(ivan).get(path).content.decode()
        assert "You have agreed already" in mine
        assert path + "approve/" not in mine and path + "deny/" in mine
        assert dual.number not in browser_of(ivan).get("/approvals/").content.decode()
        theirs = browser_of(olga).get(path).content.decode()
        assert path + "approve/" in theirs and "Ivan Ivers" in theirs
        asked = browser_of(vera).get(f"/requests/{dual.number}/").content.decode()
        assert "Ivan Ivers" in asked and "has it now" in asked
        assert "Olga Olsen" not in asked  # who could agree is the plant's own matter

    def test_somebody_of_a_group_sees_and_decides_that_request_and_nothing_else(
        self, policy, browser_of, vera, olga, petra, filling_hmi, filling_plc, north
    ):
        other = ask(vera, filling_plc)
        group = ApproverGroup.objects.get()
        policy(group={"steps": [{"who": group.who}]})
        asked = ask(vera, filling_hmi)
        browser = browser_of(petra)
        for path in ("/", "/approvals/", f"/approvals/{asked.number}/", "/requests/"):
            page = browser.get(path).content.decode()
            assert asked.number in page and other.number not in page, path
        assert browser.get(f"/requests/{asked.number}/").status_code == 200
        for number in (f"/requests/{other.number}/", f"/approvals/{other.number}/"):
            assert browser.get(number).status_code == 404
        for closed in ("/audit/", "/plants/", "/people/"):
            assert browser.get(closed).status_code == 403
        sent = browser.post(
            f"/approvals/{asked.number}/approve/", {"facts_hash": seen(asked)}
        )
        assert sent.status_code == 302
        assert approve(asked, olga) is not None
        ApproverGroupMember.objects.all().delete()
        assert browser.get(f"/requests/{asked.number}/").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_two_take_the_last_place_at_once(at_once, dual, ivan, olga, north):
    otto = make_person("Otto Ohm", roles=[("ot_supervisor", north)])
    approve(dual, ivan)
    facts_hash = seen(dual)

    def by(supervisor):
        return lambda: approve_request(
            dual, acting_user=supervisor, origin=origin(), facts_hash=facts_hash
        )

    results = at_once(by(olga), by(otto))
    (lost,) = [one for one in results if isinstance(one, Exception)]
    assert isinstance(lost, TooLate) and lost.code == "already_closed"
    assert MaintenanceWindow.objects.count() == 1 and dual.decisions.count() == 2


@pytest.mark.django_db(transaction=True)
def test_both_kinds_agree_at_once_and_one_of_them_makes_the_window(
    at_once, dual, ivan, olga
):
    facts_hash = seen(dual)
    results = at_once(
        *(
            lambda who=who: approve_request(
                dual, acting_user=who, origin=origin(), facts_hash=facts_hash
            )
            for who in (ivan, olga)
        )
    )
    assert sorted(one is None for one in results) == [False, True]
    assert MaintenanceWindow.objects.count() == 1 and dual.decisions.count() == 2
