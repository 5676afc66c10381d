"""What became of a request: the list, its filter and the API say the same of each."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from accessportal.states import badge_of
from requests.models import AccessRequest, MaintenanceWindow
from tests.api.test_calls import Machine
from tests.cast import make_request, make_window

pytestmark = pytest.mark.django_db
Phase = AccessRequest.Phase
WEEKLY = "FREQ=WEEKLY;COUNT=2"
PAST, NOW, AHEAD = timedelta(hours=-5), timedelta(minutes=-5), timedelta(hours=5)


@pytest.fixture
def made(vera, olga, ivan, filling_hmi):
    """One request for each way it can go, by what became of it."""

    def window(starts_in=NOW, *, revoked_by=None, cause="", **fields):
        one = make_window(
            vera, filling_hmi, decided_by=olga, starts_in=starts_in, **fields
        )
        if revoked_by is not None:
            one.revoked_at, one.revoked_by = timezone.now(), revoked_by
            one.revoke_reason, one.revoke_cause = "Because", cause
            one.save()
        return one.access_request

    def series(first, later, **revoked):
        head = window(first, recurrence=WEEKLY)
        window(later, series=head, **revoked)
        return head

    closed = {"closed_at": timezone.now(), "closed_by": olga}
    isolated = {"revoked_by": ivan, "cause": MaintenanceWindow.RevokeCause.ISOLATION}
    return [
        (Phase.PENDING, make_request(vera, filling_hmi)),
        *(
            (state, make_request(vera, filling_hmi, state=state, **closed))
            for state in (Phase.DENIED, Phase.WITHDRAWN, Phase.EXPIRED)
        ),
        (Phase.APPROVED, window()),
        (Phase.APPROVED, window(AHEAD)),
        (Phase.OVER, window(PAST)),
        (Phase.REVOKED, window(AHEAD, revoked_by=olga)),
        (Phase.REVOKED, window(PAST, revoked_by=olga)),
        (Phase.GIVEN_BACK, window(revoked_by=vera)),
        (Phase.TO_CONFIRM, window(AHEAD, **isolated)),
        (Phase.REVOKED, window(PAST, **isolated)),
        # Work that repeats goes on after its first time, however that ended.
        (Phase.APPROVED, series(PAST, AHEAD)),
        (Phase.TO_CONFIRM, series(PAST, AHEAD, **isolated)),
        (Phase.OVER, series(2 * PAST, PAST)),
        (Phase.OVER, series(PAST, AHEAD, revoked_by=olga)),
    ]


def test_the_list_its_filter_and_the_api_agree(made, browser_of, olga, ivan):
    browser, machine = browser_of(olga), Machine(ivan)
    of_api = {one["number"]: one for one in machine.get("requests").json()["requests"]}
    assert {phase for phase, _one in made} == set(Phase)
    for phase in Phase:
        wanted = {one.number for became, one in made if became == phase}
        page = browser.get("/requests/", {"state": phase}).context["page"]
        assert {one.number for one in page.object_list} == wanted, phase
        assert {str(badge_of(one).words) for one in page} == {str(phase.label)}
        listed = machine.get("requests", state=phase).json()["requests"]
        heads = {one["number"] for one in listed} & {one.number for _p, one in made}
        assert heads == wanted, phase
        assert {of_api[number]["state"] for number in wanted} == {phase}


def test_the_database_says_what_each_row_says_at_any_moment(made):
    now = timezone.now()
    moments: list[datetime] = [now + timedelta(hours=hours) for hours in (-9, 0, 4, 9)]
    for at in moments:
        said = {one.pk: one.phase(at=at) for one in AccessRequest.objects.all()}
        for phase in Phase:
            found = set(
                AccessRequest.objects.in_phase(phase, at=at).values_list(
                    "pk", flat=True
                )
            )
            assert found == {pk for pk, became in said.items() if became == phase}
