"""Several requests for the same work, approved in advance by the policy, are decided on at once."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from functools import partial

import pytest

from accessportal.audit.models import AuditEvent
from accessportal.errors import (
    FreshFactorNeeded,
    NotAllowed,
    NotPossible,
    TooLate,
)
from accessportal.notifications.models import Notification
from requests.alike import MOST_LOOKED_AT, looking_alike
from requests.models import (
    AccessRequest,
    ApprovalDecision,
    Attachment,
    MaintenanceWindow,
)
from requests.services.alike import approve_alike, deny_alike
from requests.services.thread import write_message
from tests.cast import make_policy, origin
from tests.request_flow.conftest import approve, ask, refused, seen

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
IN_ADVANCE = {"recurring": "allowed"}


@pytest.fixture
def weekly(clock, adam, vera, filling_hmi):
    """Three times the same work, each asked for by itself."""
    make_policy(adam, IN_ADVANCE)
    return [ask(vera, filling_hmi, start=clock.now + DAY * n) for n in (1, 2, 3)]


def agree(requests, by, **fields):
    hashes = {one.number: seen(one) for one in requests}
    values = {"origin": origin(), "facts_hashes": hashes, **fields}
    return approve_alike(requests, acting_user=by, **values)


def refuse(requests, by, reason="Not in harvest", **fields):
    hashes = {one.number: seen(one) for one in requests}
    values = {"origin": origin(), "facts_hashes": hashes, **fields}
    return deny_alike(requests, acting_user=by, reason=reason, **values)


def nothing_decided():
    return not (MaintenanceWindow.objects.exists() or ApprovalDecision.objects.exists())


def test_one_look_and_a_decision_for_each(weekly, vera, olga, omar, clock):
    with refused(NotAllowed, "four_eyes"):
        agree(weekly, vera)
    with refused(NotAllowed, "not_allowed"):
        agree(weekly, omar)
    with pytest.raises(FreshFactorNeeded):
        agree(weekly, olga, origin=origin(factor_age=9000))
    assert nothing_decided()
    windows = agree(weekly, olga, reason="As every week")
    assert [one.opens_at for one in windows] == [one.wanted_from for one in weekly]
    decisions = ApprovalDecision.objects.order_by("access_request__wanted_from")
    assert [one.access_request for one in decisions] == weekly
    assert len({one.facts_hash for one in decisions}) == 3
    assert {(one.decided_by, one.reason) for one in decisions} == {
        (olga, "As every week")
    }
    numbers = [one.number for one in weekly]
    said = AuditEvent.objects.filter(event="request.approved")
    assert [one.detail["together"] for one in said] == [numbers] * 3
    with refused(TooLate, "already_closed"):
        agree(weekly, olga)


def test_one_no_with_a_reason_and_a_decision_for_each(weekly, vera, olga, omar, clock):
    with refused(NotAllowed, "four_eyes"):
        refuse(weekly, vera)
    with refused(NotAllowed, "not_allowed"):
        refuse(weekly, omar)
    with pytest.raises(FreshFactorNeeded):
        refuse(weekly, olga, origin=origin(factor_age=9000))
    with refused(NotPossible, "reason_missing"):
        refuse(weekly, olga, reason="  ")
    assert nothing_decided()
    refuse(weekly, olga)
    decisions = ApprovalDecision.objects.order_by("access_request__wanted_from")
    assert [one.access_request for one in decisions] == weekly
    assert {(one.verdict, one.decided_by, one.reason) for one in decisions} == {
        (ApprovalDecision.Verdict.DENIED, olga, "Not in harvest")
    }
    assert len({one.facts_hash for one in decisions}) == 3
    assert not MaintenanceWindow.objects.exists()
    numbers = [one.number for one in weekly]
    said = AuditEvent.objects.filter(event="request.denied")
    assert [one.detail["together"] for one in said] == [numbers] * 3
    told = Notification.objects.filter(recipient=vera, kind="request.denied")
    assert {one.path for one in told} == {f"/requests/{one}/" for one in numbers}
    with refused(TooLate, "already_closed"):
        refuse(weekly, olga)


def test_a_no_to_several_is_to_the_same_work_only(weekly, vera, olga, clock):
    """What differs refuses all of them; times that overlap make no window, and may be denied."""
    first, second, third = weekly
    AccessRequest.objects.filter(pk=third.pk).update(purpose="Change the recipe")
    with pytest.raises(NotPossible) as refusal:
        refuse([first, second, AccessRequest.objects.get(pk=third.pk)], olga)
    assert str(refusal.value).startswith(third.number)
    with refused(TooLate, "facts_changed"):
        refuse([first, second], olga, facts_hashes={first.number: seen(first)})
    assert nothing_decided()
    AccessRequest.objects.filter(pk=second.pk).update(
        wanted_from=first.wanted_from, wanted_until=first.wanted_until
    )
    second = AccessRequest.objects.get(pk=second.pk)
    assert len(refuse([first, second], olga)) == 2


def test_no_more_than_the_page_shows_are_decided_on(weekly, olga, browser_of):
    """A forged list is refused before a single number of it is looked up."""
    browser, path = browser_of(olga), f"/approvals/{weekly[0].number}/alike"
    forged = [one.number for one in weekly]
    forged += [f"REQ-2026-{n:04}" for n in range(5000, 5000 + MOST_LOOKED_AT)]
    for verb in ("approve", "deny"):
        answer = browser.post(f"{path}/{verb}/", {"of": forged, "reason": "No"})
        assert answer.status_code == 422
        assert "At most 50 requests are decided on at once; these are 53" in (
            answer.content.decode()
        )
    with refused(NotPossible, "too_many"):
        agree(weekly * 17, olga)
    assert nothing_decided()


def test_the_page_says_no_to_those_chosen(weekly, vera, olga, browser_of):
    first, second, third = weekly
    browser, path = browser_of(olga), f"/approvals/{weekly[0].number}/alike/"
    form = {f"facts_hash-{one.number}": seen(one) for one in weekly}
    form |= {"of": [second.number, third.number], "reason": ""}
    answer = browser.post(f"{path}deny/", form)
    assert answer.status_code == 422 and nothing_decided()
    assert "Say why, so that" in answer.content.decode()
    done = browser.post(f"{path}deny/", form | {"reason": "Not then"}, follow=True)
    assert "2 requests are denied" in done.content.decode()
    states = [AccessRequest.objects.get(pk=one.pk).state for one in weekly]
    assert states == ["pending", "denied", "denied"]


def test_what_is_not_the_same_is_refused_as_a_whole(
    weekly, vera, tom, olga, plant, clock
):
    """One of them differs in one thing: none is decided on, and the sentence says which."""
    first, second, third = weekly
    file = {"name": "plan.pdf", "kind": "application/pdf", "size": 1}

    def with_demands(one, **fields):
        one.demands = {**one.demands, **fields}

    changes = [
        ("Purpose", lambda one: setattr(one, "purpose", "Change the recipe of line 3")),
        ("Permission", lambda one: setattr(one, "permission", "view")),
        ("Work order", lambda one: setattr(one, "work_order", "WO-7")),
        ("Paste", lambda one: setattr(one, "clipboard_in", not one.clipboard_in)),
        ("Colleague", lambda one: one.companions.set([tom])),
        ("Machine", lambda one: one.endpoints.add(plant.filling_plc)),
        ("Person", lambda one: setattr(one, "requested_by", tom)),
        ("policy demands", lambda one: with_demands(one, confirm_each_use=True)),
        ("not approve this work in advance", lambda one: with_demands(
            one, recurring_allowed=False)),
        ("series", lambda one: setattr(one, "recurrence", "FREQ=WEEKLY;COUNT=3")),
        ("at the same time", lambda one: (
            setattr(one, "wanted_from", second.wanted_from + DAY / 24),
            setattr(one, "wanted_until", second.wanted_until + DAY / 24))),
        ("Files", lambda one: Attachment.objects.create(
            access_request=one, submission_key=one.submission_key or "0" * 32,
            uploaded_by=vera, digest=hashlib.sha256(b"x").hexdigest(), **file)),
        ("asked or said", lambda one: write_message(
            one, acting_user=olga, origin=origin(), text="Which one?")),
    ]  # fmt: skip
    for words, change in changes:
        third = AccessRequest.objects.get(pk=third.pk)
        before = AccessRequest.objects.get(pk=third.pk)
        change(third)
        third.save()
        with pytest.raises(NotPossible) as refusal:
            agree([first, second, third], olga)
        sentence = str(refusal.value)
        assert words in sentence and sentence.startswith(third.number), sentence
        assert "Nothing was decided on any of them" in sentence
        assert nothing_decided(), words
        before.save()
        before.companions.clear()
        before.endpoints.set([plant.filling_hmi])
        before.attachments.all().delete()
        before.messages.all().delete()
    with refused(NotPossible, "none_chosen"):
        agree([], olga)
    assert len(agree([first, second], olga)) == 2


def test_a_stale_page_or_an_impossible_time_undoes_all(
    weekly, olga, north, clock, vera
):
    hashes = {one.number: seen(one) for one in weekly}
    vera.training_expires_at = weekly[2].wanted_from + timedelta(hours=1)
    vera.save()
    with refused(TooLate, "facts_changed"):
        agree(weekly, olga, facts_hashes=hashes)
    with pytest.raises(NotPossible) as refusal:  # the third is after her training
        agree(weekly, olga)
    assert str(refusal.value).startswith(weekly[2].number)
    assert nothing_decided()


def test_the_queue_shows_the_same_work_once(
    weekly, vera, olga, filling_plc, browser_of
):
    alone = ask(vera, filling_plc, start=weekly[1].wanted_from)
    page = browser_of(olga).get("/approvals/")
    rows = page.context["waiting"]
    assert [row["access_request"] for row in rows] == [weekly[0], alone]
    assert [row["several"] for row in rows] == [weekly, []]
    assert "the same work, 3 times" in page.text
    for one in weekly:
        assert page.text.count(one.number) >= 1
        assert f'/approvals/{one.number}/"' not in page.text


def test_the_page(weekly, vera, olga, omar, ivan, filling_hmi, browser_of, clock):
    first, second, third = weekly
    other = ask(vera, filling_hmi, start=clock.now + DAY * 5, permission="view")
    near = ask(vera, filling_hmi, start=clock.now + DAY * 6, clipboard_in=True)
    browser = browser_of(olga)
    path = f"/approvals/{first.number}/alike/"
    assert path in browser.get("/approvals/").content.decode()
    assert [len(found) for found in looking_alike(olga)] == [3]
    page = browser.get(path).content.decode()
    for one in weekly:
        assert f'value="{one.number}"' in page
    assert f'value="{near.number}"' not in page and "Something else than here" in page
    assert other.number not in page
    for who, status in ((vera, 403), (omar, 404), (ivan, 403)):
        assert browser_of(who).get(path).status_code == status
    form = {f"facts_hash-{one.number}": seen(one) for one in (first, second, near)}
    sent = {**form, "of": [first.number, second.number, near.number]}
    answer = browser.post(f"{path}approve/", sent)
    assert answer.status_code == 422 and nothing_decided()
    assert f"{near.number}: It is not the same work" in answer.content.decode()
    sent["of"] = [first.number, second.number]
    done = browser.post(f"{path}approve/", sent, follow=True)
    assert "2 requests are approved" in done.content.decode()
    assert AccessRequest.objects.filter(state="approved").count() == 2
    assert third.number in done.content.decode()


def test_without_the_policys_word_nothing_is_offered(
    clock, vera, olga, filling_hmi, browser_of
):
    two = [ask(vera, filling_hmi, start=clock.now + DAY * n) for n in (1, 2)]
    assert looking_alike(olga) == []
    page = browser_of(olga).get(f"/approvals/{two[0].number}/alike/").content.decode()
    assert (
        "does not approve this work in advance" in page
        and "Decide on these" not in page
    )
    with refused(NotPossible, "by_itself"):
        agree(two, olga)


@pytest.mark.django_db(transaction=True)
def test_together_and_one_by_itself_at_once(at_once, weekly, olga):
    """Either all three and then nothing is left for the other, or the one and then none."""
    results = at_once(partial(agree, weekly, olga), partial(approve, weekly[2], olga))
    (lost,) = [one for one in results if isinstance(one, Exception)]
    assert isinstance(lost, TooLate), results
    assert MaintenanceWindow.objects.count() in (1, 3)


@pytest.mark.django_db(transaction=True)
def test_a_yes_and_a_no_to_the_same_at_once(at_once, weekly, olga):
    """One of the two is for all three, and the other for none."""
    results = at_once(partial(agree, weekly, olga), partial(refuse, weekly, olga))
    (lost,) = [one for one in results if isinstance(one, Exception)]
    assert isinstance(lost, TooLate), results
    states = AccessRequest.objects.values_list("state", flat=True)
    assert set(states) in ({"approved"}, {"denied"})
    assert ApprovalDecision.objects.count() == 3
