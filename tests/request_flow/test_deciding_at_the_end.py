"""A decision in the very moment in which a window ends or a request expires: whole, or not at all.

The clock is moved by what is tested itself, so that a slow machine decides the same.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from threading import Event

import pytest
from django.db import transaction

from accessportal.audit.models import AuditEvent
from accessportal.errors import TooLate
from requests.models import AccessRequest, LaterWish, MaintenanceWindow
from requests.policy.reading import demands_as_json
from requests.policy.rules import IT_SECURITY, OT_SUPERVISOR, Demands, Step
from requests.services import approval, extension, moving, reconfirmation
from requests.services.common import locked_request
from requests.services.later_answers import agree_to_wish
from requests.services.submission import expire_request
from tests.cast import make_window, origin
from tests.request_flow.conftest import ask, seen, seen_later

pytestmark = pytest.mark.django_db(transaction=True)

BOTH = Demands(steps=(Step(OT_SUPERVISOR), Step(IT_SECURITY)))
THINKS_IN = {
    "more time": (extension, "guard_longer_is_possible"),
    "the last yes": (extension, "guard_longer_is_possible"),
    "close later": (moving, "guard_longer_is_possible"),
    "call back": (moving, "guard_open"),
    "again": (reconfirmation, "guard_nothing_blocks"),
    "approve": (approval, "guard_nothing_blocks"),
}
"""What each act asks before it changes anything."""


@pytest.fixture
def plays(clock, at_once, monkeypatch):
    """Plays an act during which the clock passes `end`: while it waits for its turn, or, where
    it `thinks`, after it was allowed. `then`: what somebody else does as soon as it has."""

    def play(act, end, access_request, *, thinks, then=None):
        waited_for, passed = Event(), Event()

        def time_passes(*args, **kwargs):
            clock.move_to(end + timedelta(seconds=1))
            passed.set()

        def is_first():
            with transaction.atomic():
                locked_request(access_request.pk)
                waited_for.set()
                time_passes()

        def comes_second():
            assert waited_for.wait(10)
            return act()

        def comes_after():
            assert passed.wait(10)
            return then()

        others = [] if then is None else [comes_after]
        if not thinks:
            return at_once(comes_second, is_first, *others)[0]
        monkeypatch.setattr(*thinks, time_passes)
        return at_once(act, *others)[0]

    return play


@pytest.fixture
def act_of(plant):
    """What Olga does with a window that is open."""

    def act(window, what):
        by_olga = {"acting_user": plant.olga, "origin": origin()}
        longer = {"minutes": 30, "reason": "Valve"}
        if what == "close later":
            return partial(moving.close_later, window, **longer, **by_olga)
        if what == "call back":
            return partial(moving.recall_window, window, minutes=5, **by_olga)
        if what == "again":
            reconfirmation.let_windows_fall(
                site=plant.north,
                acting_user=plant.ivan,
                origin=origin(),
                reason="Alert",
            )
            return partial(
                reconfirmation.reconfirm_window, window, facts_hash=seen_later(window),
                checked=reconfirmation.CHECKLIST["isolation"], **by_olga,
            )  # fmt: skip
        if what == "the last yes":
            window.access_request.demands = demands_as_json(BOTH)
            window.access_request.save()
        wish = extension.request_extension(
            window, acting_user=plant.vera, origin=origin(), **longer
        )
        if what == "more time":
            return partial(extension.grant_extension, wish, **by_olga)
        later = LaterWish.objects.select_related("window__access_request").get()
        agree = partial(agree_to_wish, later, facts_hash=seen_later(window))
        agree(acting_user=plant.ivan, origin=origin())
        return partial(agree, **by_olga)

    return act


@pytest.mark.parametrize("thinks", [False, True])
@pytest.mark.parametrize("what", [name for name in THINKS_IN if name != "approve"])
def test_what_is_over_does_not_open_again(plant, plays, act_of, what, thinks):
    window = make_window(
        plant.vera, plant.filling_hmi, decided_by=plant.olga,
        lasts=timedelta(minutes=20),
    )  # fmt: skip
    act, access_request = act_of(window, what), window.access_request
    window.refresh_from_db()
    end, decisions = window.closes_at, access_request.decisions.count()
    events = AuditEvent.objects.count()

    came = plays(act, end, access_request, thinks=thinks and THINKS_IN[what])

    assert isinstance(came, TooLate), came
    window.refresh_from_db()
    assert window.closes_at == end
    assert window.phase() == ("revoked" if what == "again" else "closed")
    assert access_request.decisions.count() == decisions, "nothing is left of it"
    assert AuditEvent.objects.count() == events


@pytest.mark.parametrize("thinks", [False, True])
def test_an_approval_while_the_request_expires(clock, plant, plays, thinks):
    """Whoever has the request first: the other is told, and one of the two is what happened."""
    pending = ask(plant.vera, plant.filling_hmi)
    clock.move_to(pending.wanted_from - timedelta(seconds=30))

    came = plays(
        partial(
            approval.approve_request, pending, acting_user=plant.olga, origin=origin(),
            facts_hash=seen(pending),
        ),
        pending.wanted_from,
        pending,
        thinks=thinks and THINKS_IN["approve"],
        then=partial(expire_request, pending),
    )  # fmt: skip

    written = AuditEvent.objects.filter(
        event__in=["request.approved", "request.expired"]
    )
    if thinks:
        assert came == MaintenanceWindow.objects.get()
        assert written.get().event == "request.approved"
        assert AccessRequest.objects.get().state == "approved"
    else:
        assert isinstance(came, TooLate), came
        assert written.get().event == "request.expired"
        assert not MaintenanceWindow.objects.exists()
        assert AccessRequest.objects.get().state == "expired"
