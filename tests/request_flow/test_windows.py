"""The window: revoked by the plant, or made longer."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.db import IntegrityError, transaction

from accessportal.audit.models import AuditEvent
from accessportal.errors import FreshFactorNeeded, NotAllowed, NotPossible, TooLate
from requests.models import ExtensionRequest, MaintenanceWindow
from requests.services.extension import (
    grant_extension,
    refuse_extension,
    request_extension,
)
from requests.services.giving_back import give_window_back
from requests.services.reconfirmation import let_windows_fall
from requests.services.window import revoke_window
from requests.signals import window_revoked
from tests.cast import make_person, make_window, origin
from tests.request_flow.conftest import refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def window(vera, olga, filling_hmi) -> MaintenanceWindow:
    return make_window(vera, filling_hmi, decided_by=olga)


@pytest.fixture
def extension(window, vera) -> ExtensionRequest:
    return request_extension(
        window, acting_user=vera, origin=origin(), minutes=30, reason="Bolt is stuck"
    )


def revoke(window, by, reason="Line is needed"):
    return revoke_window(
        window, acting_user=by, origin=origin(factor=""), reason=reason
    )


class TestRevoking:
    def test_olga_revokes_without_a_fresh_factor(self, committed, window, olga, vera):
        with committed():
            revoke(window, olga)
        window.refresh_from_db()
        assert window.phase() == MaintenanceWindow.Phase.REVOKED
        assert (window.revoked_by, window.revoke_reason) == (olga, "Line is needed")
        assert AuditEvent.objects.get(event="window.revoked").reason == "Line is needed"
        assert (
            "Line is needed"
            in [m for m in mail.outbox if m.to == [vera.email]][-1].body
        )

    def test_the_signal_comes_after_the_commit(self, committed, window, ivan):
        heard = []

        def listener(sender, **said):
            heard.append(said)

        window_revoked.connect(listener)
        try:
            with committed():
                revoke(window, ivan)
                assert heard == []
        finally:
            window_revoked.disconnect(listener)
        (said,) = heard
        assert (said["window"], said["acting_user"]) == (window, ivan)
        assert said["reason"] == "Line is needed"

    def test_a_listener_that_fails_stops_nobody(self, committed, window, olga, caplog):
        heard = []

        def broken(sender, **said):
            raise RuntimeError("broken")

        def listener(sender, **said):
            heard.append(said["window"])

        window_revoked.connect(broken)
        window_revoked.connect(listener)
        try:
            with committed():
                revoke(window, olga)
        finally:
            window_revoked.disconnect(broken)
            window_revoked.disconnect(listener)
        assert heard == [window]
        assert "failed on a revoked window" in caplog.text

    def test_the_system_may(self, window):
        assert revoke_window(
            window, acting_user=None, origin=origin(), reason="Vendor suspended"
        ).revoked_at

    @pytest.mark.parametrize("who", ["vera", "victor", "omar", "cora", "adam"])
    def test_others_may_not(self, request, window, who):
        with pytest.raises(NotAllowed):
            revoke(window, request.getfixturevalue(who))

    def test_a_reason_is_needed(self, window, olga):
        with refused(NotPossible, "reason_missing"):
            revoke(window, olga, " ")
        with pytest.raises(IntegrityError), transaction.atomic():
            MaintenanceWindow.objects.filter(pk=window.pk).update(
                revoked_at=window.opens_at
            )

    def test_twice(self, window, olga, ivan):
        revoke(window, olga)
        with pytest.raises(TooLate) as error:
            revoke(window, ivan)
        assert "Olga Olsen has already revoked" in str(error.value)

    def test_after_it_closed(self, vera, olga, filling_hmi):
        window = make_window(
            vera,
            filling_hmi,
            decided_by=olga,
            starts_in=-timedelta(hours=3),
            lasts=timedelta(hours=1),
        )
        with pytest.raises(TooLate) as error:
            revoke(window, olga)
        assert error.value.code == "window_closed"

    def test_a_waiting_wish_for_more_time_is_refused_with_it(
        self, window, extension, olga
    ):
        revoke(window, olga)
        extension.refresh_from_db()
        assert extension.state == ExtensionRequest.State.REFUSED


class TestMoreTime:
    def test_vera_asks_and_olga_grants(self, committed, window, vera, olga):
        with committed():
            extension = request_extension(
                window,
                acting_user=vera,
                origin=origin(),
                minutes=30,
                reason="Bolt is stuck",
            )
            granted = grant_extension(extension, acting_user=olga, origin=origin())

        assert granted.closes_at == window.closes_at + timedelta(minutes=30)
        extension.refresh_from_db()
        assert (extension.state, extension.decided_by) == (
            ExtensionRequest.State.GRANTED,
            olga,
        )
        decision = window.access_request.decisions.order_by("step").last()
        assert (decision.step, decision.verdict) == (2, "approved")
        assert decision.facts["extension"]["minutes"] == 30
        assert AuditEvent.objects.get(event="window.extended").detail["minutes"] == 30
        assert [m for m in mail.outbox if m.to == [olga.email]]
        assert [m for m in mail.outbox if m.to == [vera.email]]

    def test_olga_gives_less_than_asked(self, window, extension, olga):
        granted = grant_extension(
            extension, acting_user=olga, origin=origin(), minutes=15
        )
        assert granted.closes_at == window.closes_at + timedelta(minutes=15)

    def test_olga_refuses(self, window, extension, olga):
        refuse_extension(
            extension, acting_user=olga, origin=origin(), reason="Shift change"
        )
        extension.refresh_from_db()
        assert extension.state == ExtensionRequest.State.REFUSED
        before = window.closes_at
        window.refresh_from_db()
        assert window.closes_at == before

    def test_one_wish_at_a_time(self, window, extension, vera):
        with refused(TooLate, "extension_pending"):
            request_extension(
                window, acting_user=vera, origin=origin(), minutes=15, reason="More"
            )

    @pytest.mark.parametrize("minutes", [0, 4, 241, -30])
    def test_not_any_length(self, window, vera, minutes):
        with pytest.raises(NotPossible):
            request_extension(
                window,
                acting_user=vera,
                origin=origin(),
                minutes=minutes,
                reason="More",
            )

    def test_only_who_works_there_asks(self, window, victor, fillwerk):
        for somebody in (victor, make_person("Vito Vogel", vendor=fillwerk)):
            with pytest.raises(NotAllowed):
                request_extension(
                    window,
                    acting_user=somebody,
                    origin=origin(),
                    minutes=30,
                    reason="More",
                )

    def test_four_eyes_and_role(self, extension, vera, omar, ivan):
        for somebody in (vera, omar, ivan):
            with pytest.raises(NotAllowed):
                grant_extension(extension, acting_user=somebody, origin=origin())
        assert AuditEvent.objects.filter(event="approval.sod.blocked").count() == 1

    def test_granting_needs_a_fresh_factor(self, extension, olga):
        with pytest.raises(FreshFactorNeeded):
            grant_extension(extension, acting_user=olga, origin=origin(factor_age=400))

    def test_decided_once(self, extension, olga):
        grant_extension(extension, acting_user=olga, origin=origin())
        with refused(TooLate, "extension_decided"):
            refuse_extension(extension, acting_user=olga, origin=origin(), reason="No")

    def test_not_into_the_next_window(self, window, vera, olga, extension, filling_hmi):
        make_window(vera, filling_hmi, decided_by=olga, starts_in=timedelta(hours=2))
        with refused(NotPossible, "endpoint_taken"):
            grant_extension(extension, acting_user=olga, origin=origin())

    def test_not_beyond_the_longest_window(self, vera, olga, filling_hmi):
        window = make_window(
            vera, filling_hmi, decided_by=olga, lasts=timedelta(hours=12)
        )
        with refused(NotPossible, "too_long"):
            request_extension(
                window, acting_user=vera, origin=origin(), minutes=30, reason="More"
            )

    def test_not_before_or_after_the_window(self, vera, olga, filling_hmi, filling_plc):
        scheduled = make_window(
            vera, filling_hmi, decided_by=olga, starts_in=timedelta(hours=5)
        )
        closed = make_window(
            vera,
            filling_plc,
            decided_by=olga,
            starts_in=-timedelta(hours=5),
            lasts=timedelta(hours=1),
        )
        for window in (scheduled, closed):
            with pytest.raises(TooLate):
                request_extension(
                    window, acting_user=vera, origin=origin(), minutes=30, reason="More"
                )


def test_the_request_says_what_became_of_its_window(
    clock, vera, olga, ivan, filling_hmi, filling_plc, filling_gateway, browser_of
):
    """Approved it was; it is not any more. The same on its page and in the list."""
    revoked, given_back, fallen = (
        make_window(vera, one, decided_by=olga)
        for one in (filling_hmi, filling_plc, filling_gateway)
    )
    badges = re.compile(r'class="state state-\w+">(?:<svg.*?</svg>)?([^<]+)')

    def shown(window):
        browser, number = browser_of(olga), window.access_request.number
        page = browser.get(f"/requests/{number}/").content.decode()
        rows = browser.get("/requests/").content.decode().split("<tr")
        (row,) = [one for one in rows if number in one]
        (listed,) = badges.findall(row)
        assert badges.findall(page)[0] == listed
        return listed

    assert {shown(one) for one in (revoked, given_back, fallen)} == {"Approved"}
    revoke(revoked, olga)
    give_window_back(given_back, acting_user=vera, origin=origin())
    let_windows_fall(
        endpoint=filling_gateway, acting_user=ivan, origin=origin(), reason="Moved"
    )
    assert shown(revoked) == "Revoked"
    assert shown(given_back) == "Given back"
    assert shown(fallen) == "To be confirmed again"
    clock.forward(hours=3)
    assert shown(fallen) == "Revoked"


def test_a_window_that_is_over_does_not_stand_against_more_time(
    window, vera, victor, olga, filling_hmi
):
    make_window(
        victor,
        filling_hmi,
        decided_by=olga,
        starts_in=-timedelta(minutes=5),
        lasts=timedelta(minutes=4),
    )
    asked = request_extension(
        window, acting_user=vera, origin=origin(), minutes=30, reason="Bolt is stuck"
    )
    assert asked.state == ExtensionRequest.State.PENDING
