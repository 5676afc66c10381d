"""What widens a window counts when everybody agrees whom the kept policy asks; what narrows is
one person's act."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from django.core import mail
from django.utils import timezone

from accessportal.accounts.factor_rules import PasskeyNeeded
from accessportal.audit.models import AuditEvent
from accessportal.errors import NotAllowed, NotPossible, TooLate
from requests.later_wishes import wishes_asking
from requests.models import (
    ApprovalPolicy,
    ApproverGroup,
    LaterWish,
    MaintenanceWindow,
)
from requests.policy.reading import demands_as_json
from requests.policy.rules import IT_SECURITY, OT_SUPERVISOR, Demands, Step
from requests.services.escalation import escalate_what_waits
from requests.services.extension import (
    grant_extension,
    refuse_extension,
    request_extension,
)
from requests.services.later_answers import agree_to_wish, refuse_wish
from requests.services.moving import close_later, open_early, recall_window
from requests.services.reconfirmation import (
    CHECKLIST,
    let_windows_fall,
    reconfirm_window,
)
from requests.services.substitution import accept_substitution, ask_substitution
from requests.services.window import revoke_window
from requests.story import story_of
from tests.cast import make_person, make_window, origin
from tests.request_flow.conftest import refused, seen_later

pytestmark = pytest.mark.django_db

BOTH = Demands(steps=(Step(OT_SUPERVISOR), Step(IT_SECURITY)))


@pytest.fixture
def window_of(vera, olga, filling_hmi):
    """Vera's window, to which by the policy a supervisor and IT security have agreed."""

    def make(demands=BOTH, **fields):
        window = make_window(vera, filling_hmi, decided_by=olga, **fields)
        window.access_request.demands = demands_as_json(demands)
        window.access_request.save()
        return window

    return make


@pytest.fixture
def window(window_of):
    return window_of()


def end_of(window):
    return MaintenanceWindow.objects.get(pk=window.pk).closes_at


def agree(wish, by, **fields):
    wish = LaterWish.objects.select_related("window__access_request").get(pk=wish.pk)
    return agree_to_wish(
        wish,
        acting_user=by,
        origin=fields.pop("origin", origin()),
        facts_hash=fields.pop("facts_hash", seen_later(wish.window)),
        **fields,
    )


def asks(window, vera, minutes=30):
    return request_extension(
        window, acting_user=vera, origin=origin(), minutes=minutes, reason="Valve"
    )


def test_more_time_needs_everybody_in_either_order(
    committed, window, vera, olga, ivan, omar, browser_of
):
    before = window.closes_at
    with committed():
        extension = asks(window, vera)
    wish = LaterWish.objects.get()
    told = {m.to[0] for m in mail.outbox if "needs your yes" in m.subject}
    assert told == {olga.email, ivan.email}
    path = f"/approvals/later/{wish.pk}/"
    for who in (olga, ivan):
        assert path in browser_of(who).get("/approvals/").content.decode()
    assert agree(wish, ivan) is None
    assert end_of(window) == before
    with refused(TooLate, "not_asked"):
        agree(wish, ivan)
    with refused(NotAllowed, "not_allowed"):
        agree(wish, omar)
    page = browser_of(olga).get(f"/requests/{window.access_request.number}/")
    assert "Ivan Ivers" in page.content.decode() and path in page.content.decode()
    with refused(TooLate, "other_wish"):  # not what Ivan agreed to
        grant_extension(extension, acting_user=olga, origin=origin(), minutes=60)

    assert grant_extension(extension, acting_user=olga, origin=origin()) is not None
    assert end_of(window) == before + timedelta(minutes=30)
    wish.refresh_from_db()
    assert wish.state == "agreed"
    assert {yes.decided_by for yes in wish.yeses.all()} == {olga, ivan}
    assert AuditEvent.objects.filter(
        event="window.wish.agreed", actor_id=ivan.pk
    ).exists()
    with refused(TooLate, "wish_closed"):
        agree(wish, olga)


def test_later_earlier_and_again_wait_for_the_second_yes(
    window_of, plant, vera, olga, ivan, adam
):
    longer = window_of()
    ended = longer.closes_at
    act = {"acting_user": olga, "origin": origin(), "reason": "More to do"}
    assert close_later(longer, minutes=30, **act) is None
    with refused(TooLate, "other_wish"):
        close_later(longer, minutes=45, **{**act, "acting_user": ivan})
    assert end_of(longer) == ended
    assert agree(LaterWish.objects.get(), ivan) is not None
    assert end_of(longer) == ended + timedelta(minutes=30)
    revoke_window(longer, **act)

    later = window_of(starts_in=timedelta(hours=2))
    assert open_early(later, **act) is None
    assert MaintenanceWindow.objects.open().count() == 0
    assert agree(LaterWish.objects.get(state="pending"), ivan).phase() == "open"

    let_windows_fall(
        site=plant.north, acting_user=ivan, origin=origin(), reason="Alert"
    )
    again = {"checked": CHECKLIST["isolation"], "facts_hash": seen_later(later)}
    assert reconfirm_window(later, **{**act, **again}) is None
    assert MaintenanceWindow.objects.open().count() == 0
    wish = LaterWish.objects.get(state="pending")
    with refused(NotPossible, "checklist_incomplete"):
        agree(wish, ivan)
    assert agree(wish, ivan, checked=CHECKLIST["isolation"]) is not None
    assert MaintenanceWindow.objects.open().count() == 1


def test_one_step_is_one_tap_and_what_narrows_is_one_persons(window_of, olga):
    act = {"acting_user": olga, "origin": origin(), "reason": "Line"}
    alone = window_of(demands=Demands())
    assert close_later(alone, minutes=30, **act).closes_at > alone.closes_at
    assert not LaterWish.objects.exists()
    revoke_window(alone, **act)
    window = window_of()
    close_later(window, minutes=30, **act)
    recall_window(window, minutes=10, **act)
    assert LaterWish.objects.get().state == "outdated", "it was to be longer than that"
    revoke_window(window, **act)


def test_in_order_with_a_quorum_and_by_a_passkey_each(
    window_of, vera, olga, ivan, north
):
    otto = make_person("Otto Ohm", roles=[("ot_supervisor", north)])
    window = window_of(
        Demands(
            steps=(Step(IT_SECURITY), Step(OT_SUPERVISOR, order=2, quorum=2)),
            passkey=True,
        )
    )
    key = origin(factor="passkey")
    before = window.closes_at
    # Who decides at the site may begin it; a yes before its turn is not kept.
    assert (
        close_later(window, acting_user=olga, origin=key, reason="x", minutes=30)
        is None
    )
    wish = LaterWish.objects.get()
    assert not wish.yeses.exists()
    with refused(TooLate, "not_asked"):
        agree(wish, olga, origin=key)
    with pytest.raises(PasskeyNeeded):
        agree(wish, ivan)
    assert agree(wish, ivan, origin=key) is None
    assert agree(wish, olga, origin=key) is None
    assert end_of(window) == before
    assert agree(wish, otto, origin=key) is not None
    assert end_of(window) == before + timedelta(minutes=30)


def test_a_later_time_asks_whom_the_policy_asks_then(
    window_of, adam, vera, olga, ivan, clock
):
    policy = ApprovalPolicy.objects.create(
        version=1,
        made_by=adam,
        reason="Test",
        rules=[
            {
                "name": "Evening",
                "when": {"hours": {"from": "15:00", "until": "20:00"}},
                "then": {"steps": [{"who": IT_SECURITY}]},
            }
        ],
    )
    window = window_of(Demands(), policy=policy, lasts=timedelta(hours=1))
    act = {"acting_user": olga, "origin": origin(), "reason": "More"}
    assert close_later(window, minutes=30, **act) is not None
    assert close_later(window, minutes=240, **act) is None
    assert agree(LaterWish.objects.get(), ivan) is not None


def test_a_deputy_is_called_when_nobody_answers(
    committed, clock, window_of, vera, olga, ivan, adam
):
    group = ApproverGroup.objects.create(name="Engineers")
    group.members.create(person=make_person("Petra Prinz"), added_by=adam)
    step = Step(group.who, deputy=IT_SECURITY, after_minutes=10)
    window = window_of(Demands(steps=(Step(OT_SUPERVISOR), step)))
    extension = asks(window, vera)
    wish = LaterWish.objects.get()
    clock.forward(minutes=9)
    assert escalate_what_waits() == 0
    with refused(NotAllowed, "not_allowed"):
        agree(wish, ivan)
    clock.forward(minutes=2)
    mail.outbox.clear()
    with committed():
        assert escalate_what_waits() == 1
    assert escalate_what_waits() == 0, "once"
    (told,) = mail.outbox
    assert told.to == [ivan.email] and f"/approvals/later/{wish.pk}/" in told.body
    said = AuditEvent.objects.get(event="window.wish.escalated")
    assert (said.detail["who"], said.detail["deputy"]) == (group.who, IT_SECURITY)
    assert wishes_asking(ivan) == wishes_asking(olga) == [wish]
    assert agree(wish, ivan) is None
    assert wishes_asking(ivan) == []
    assert grant_extension(extension, acting_user=olga, origin=origin()) is not None

    asks(window, vera)
    clock.forward(minutes=11)
    refuse_wish(
        LaterWish.objects.get(state="pending"),
        acting_user=olga, origin=origin(), reason="No",
    )  # fmt: skip
    assert escalate_what_waits() == 0, "nobody is waited for"


def test_more_time_is_asked_for_again_at_once_when_the_window_is_another_one(
    committed, window, vera, olga, ivan
):
    extension = asks(window, vera)
    first = LaterWish.objects.get()
    agree(first, ivan)
    mail.outbox.clear()
    with committed():
        recall_window(window, minutes=10, acting_user=olga, origin=origin())
    second = LaterWish.objects.get(state="pending")
    assert second.extension == extension and not second.yeses.exists()
    told = {m.to[0] for m in mail.outbox if "needs your yes" in m.subject}
    assert told == {olga.email, ivan.email}
    assert agree(second, ivan) is None
    assert grant_extension(extension, acting_user=olga, origin=origin()) is not None
    closes = window.closes_at
    revoke_window(window, acting_user=olga, origin=origin(), reason="Over")
    assert not LaterWish.objects.filter(state="pending").exists()
    assert end_of(window) < closes


def test_the_timeline_says_what_was_asked_and_what_came_of_it(
    window, vera, olga, ivan, browser_of
):
    """What has not come to be is not told as if it had."""
    number, act = window.access_request.number, {"origin": origin()}
    asks(window, vera)
    agree(LaterWish.objects.get(), ivan, reason="Fine by me")
    recall_window(window, minutes=10, acting_user=olga, **act)
    refuse_wish(
        LaterWish.objects.get(state="pending"), acting_user=ivan, reason="Late", **act
    )
    close_later(window, minutes=5, acting_user=olga, reason="Tidy up", **act)
    wish = LaterWish.objects.get(state="pending")
    refuse_wish(wish, acting_user=ivan, reason="Not for Fillwerk", **act)
    close_later(window, minutes=15, acting_user=olga, reason="Tidy up", **act)
    agree(LaterWish.objects.get(state="pending"), ivan, reason="All right")

    def story(reader):
        window.refresh_from_db()
        return [
            (one.title, one.by, one.text)
            for one in story_of(window.access_request, window, reader)
            if one.icon not in ("lock-open", "send", "ban")
        ]

    titles = [title for title, _by, _text in story(vera)]
    assert titles[0] == "Approved"
    assert titles[1:10] == [
        "Asked for 30 more minutes",
        "Agreed to it; others have to, too",
        "The plant wanted the line back",
        "Not decided on: the window is another one now",
        "The plant was asked again: the window is another one now",
        "More time was refused",
        "The window is to close later (+5 min)",
        "Agreed to it; others have to, too",
        "It was refused: the window stays as it is",
    ]
    assert titles[10:12] == [
        "The window is to close later (+15 min)",
        "Agreed to it; others have to, too",
    ]
    assert titles[12].startswith("The window was moved:") and len(titles) == 13
    refusal = "It was refused: the window stays as it is"
    assert (refusal, ivan, "Not for Fillwerk") in story(olga)
    assert (refusal, None, "") in story(vera)
    page = browser_of(vera).get(f"/requests/{number}/").content.decode()
    assert refusal in page and "Not for Fillwerk" not in page


def test_a_no_ends_it_and_so_does_the_end_of_the_window(
    window, vera, olga, ivan, clock
):
    extension = asks(window, vera)
    wish = LaterWish.objects.select_related("window").get()
    with refused(NotPossible, "reason_missing"):
        refuse_wish(wish, acting_user=ivan, origin=origin(), reason=" ")
    refuse_wish(wish, acting_user=ivan, origin=origin(), reason="No")
    extension.refresh_from_db()
    assert (extension.state, wish.state) == ("refused", "pending")
    wish.refresh_from_db()
    assert wish.state == "refused"
    with refused(TooLate, "extension_decided"):
        grant_extension(extension, acting_user=olga, origin=origin())

    second = asks(window, vera)
    refuse_extension(second, acting_user=olga, origin=origin(), reason="No")
    assert set(LaterWish.objects.values_list("state", flat=True)) == {"refused"}

    asks(window, vera)
    clock.forward(seconds=(window.closes_at - timezone.now()).total_seconds() + 1)
    assert not LaterWish.objects.live().exists()
    with pytest.raises(TooLate):
        agree(LaterWish.objects.get(state="pending"), olga)


def test_four_eyes_and_a_stale_page(window, vera, tom, olga, ivan, browser_of):
    asks(window, vera)
    wish = LaterWish.objects.get()
    with refused(NotAllowed, "four_eyes"):
        agree(wish, vera)
    old = seen_later(window)
    window.access_request.purpose = "Something else"
    window.access_request.save()
    with refused(TooLate, "facts_changed"):
        agree(wish, ivan, facts_hash=old)
    answer = browser_of(ivan).post(
        f"/approvals/later/{wish.pk}/agree/", {"facts_hash": old}
    )
    assert answer.status_code == 409 and not wish.yeses.exists()
    # Others are to do the work now: what was agreed to was something else.
    agree(wish, ivan)
    swap = ask_substitution(
        window.access_request, acting_user=vera, origin=origin(), leaves=vera, comes=tom,
        reason="Ill",
    )  # fmt: skip
    with refused(TooLate, "facts_changed"):
        accept_substitution(swap, acting_user=olga, origin=origin(), facts_hash=old)
    accept_substitution(
        swap, acting_user=olga, origin=origin(), facts_hash=seen_later(window)
    )
    wish.refresh_from_db()
    assert wish.state == "outdated"
    again = LaterWish.objects.get(state="pending")
    assert again.extension == wish.extension and not again.yeses.exists()


@pytest.mark.django_db(transaction=True)
def test_the_last_two_at_once_lengthen_it_once(
    at_once, window, vera, olga, ivan, north
):
    otto = make_person("Otto Ohm", roles=[("ot_supervisor", north)])
    before = window.closes_at
    asks(window, vera)
    wish = LaterWish.objects.get()
    agree(wish, ivan)
    results = at_once(
        *(
            partial(agree, wish, who, facts_hash=seen_later(window))
            for who in (olga, otto)
        )
    )
    (lost,) = [one for one in results if isinstance(one, Exception)]
    assert isinstance(lost, TooLate)
    assert end_of(window) == before + timedelta(minutes=30)


@pytest.mark.parametrize("minutes", [0, 241, 10**18])
def test_a_number_of_minutes_that_cannot_be_is_refused(window, vera, olga, minutes):
    """Also one that no calendar has: before anything is reckoned with it."""
    extension = asks(window, vera)
    with refused(NotPossible, "minutes_out_of_range"):
        grant_extension(extension, acting_user=olga, origin=origin(), minutes=minutes)
