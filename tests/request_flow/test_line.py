"""The line from hand to hand: checklist, on release, hand-back; early start, later end, recall."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from accessportal.audit.models import AuditEvent
from accessportal.errors import FreshFactorNeeded, NotAllowed, NotPossible, TooLate
from accessportal.plants.models import ChecklistItem
from requests.models import LineHandover, MaintenanceWindow
from requests.services.handover import (
    accept_line,
    give_line,
    hand_line_back,
    postpone_line,
)
from requests.services.moving import (
    acknowledge_recall,
    close_later,
    open_early,
    recall_window,
)
from sessions.policy import decide
from sessions.policy_facts import facts_at_start
from tests.cast import make_policy, make_window, origin
from tests.request_flow.conftest import approve, ask, refused

pytestmark = pytest.mark.django_db

PHASES = MaintenanceWindow.Phase


def against(window, endpoint) -> list[str]:
    """What policy says of a start now; only what the line has to do with."""
    verdict = decide(
        facts_at_start(window, endpoint, window.access_request.requested_by, origin())
    )
    return [
        code for code in verdict.codes if code in {"line_not_given", "window_not_open"}
    ]


def give(window, by, **fields):
    return give_line(window, acting_user=by, origin=origin(factor=""), **fields)


class TestChecklist:
    @pytest.fixture
    def items(self, clock, plant):
        """Two points of the site, one of the filling line, one of another machine."""
        north = plant.north
        return [
            ChecklistItem.objects.create(site=north, text="Line in a safe state"),
            ChecklistItem.objects.create(
                site=north, text="Permit to work", asks_for="Number"
            ),
            ChecklistItem.objects.create(
                site=north,
                text="Drives locked out and tagged",
                asset=plant.filling_line,
            ),
            ChecklistItem.objects.create(
                site=north, text="Gripper down", asset=plant.palletiser
            ),
        ]

    @pytest.fixture
    def window(self, items, plant):
        return make_window(plant.vera, plant.filling_hmi, decided_by=plant.olga)

    def test_nobody_starts_before_the_shift_has_ticked_all_of_it(
        self, committed, items, window, plant
    ):
        assert against(window, plant.filling_hmi) == ["line_not_given"]
        ids = [item.pk for item in items[:3]]
        for ticked, values in (
            ([], {}),
            (ids[:2], {ids[1]: "PTW-7"}),
            (ids, {ids[1]: "  "}),
        ):
            with refused(NotPossible, "checklist_open"):
                give(window, plant.olga, ticked=ticked, values=values)
        for who in (plant.vera, plant.victor, plant.omar, plant.cora, plant.adam):
            with pytest.raises(NotAllowed):
                give(window, who, ticked=ids, values={ids[1]: "PTW-7"})
        with committed():
            turn = give(window, plant.olga, ticked=ids, values={ids[1]: "PTW-7"})
        assert against(window, plant.filling_hmi) == []
        assert [one["value"] for one in turn.ticks] == ["", "PTW-7", ""]
        event = AuditEvent.objects.get(event="line.given")
        assert event.detail["ticks"] == turn.ticks
        assert [m.to for m in mail.outbox if "yours" in m.subject] == [
            [plant.vera.email]
        ]
        with refused(TooLate, "line_given"):
            give(window, plant.olga, ticked=ids, values={ids[1]: "PTW-7"})

    def test_not_the_day_before(self, items, plant):
        window = make_window(
            plant.vera, plant.filling_hmi, decided_by=plant.olga,
            starts_in=timedelta(hours=2),
        )  # fmt: skip
        with refused(TooLate, "too_early"):
            give(window, plant.olga, ticked=[item.pk for item in items])

    def test_by_the_pages(self, items, window, plant, browser_of):
        number = window.access_request.number
        contractor, shift = browser_of(plant.vera), browser_of(plant.olga)
        page = contractor.get(f"/requests/{number}/").content.decode()
        assert "Nobody can connect before" in page and "The line is yours" not in page
        page = shift.get(f"/requests/{number}/").content.decode()
        assert "Drives locked out and tagged" in page and "Gripper down" not in page
        ids = [item.pk for item in items[:3]]
        form = {"ticked": ids, f"value-{ids[1]}": "PTW-7", "value-x": "?"}
        path = f"/windows/{number}/give-line/"
        assert shift.post(path, {"ticked": ["x", "-1"]}).status_code == 422
        assert shift.post(path, form).status_code == 302
        note = {"what_was_done": "Set the torque", "state_left": "Running, guard shut"}
        path = f"/windows/{number}/hand-back/"
        assert contractor.post(path, {**note, "state_left": " "}).status_code == 422
        assert contractor.post(path, note).status_code == 302
        turn = LineHandover.objects.get()
        accepted = shift.post(f"/windows/line/{turn.pk}/accept/", {"reason": "Looked"})
        assert accepted.status_code == 302
        page = contractor.get(f"/requests/{number}/").content.decode()
        for words in ("PTW-7", "Set the torque", "Running, guard shut", "Looked"):
            assert words in page

    def test_the_page_of_the_checklist(self, items, plant, browser_of):
        olga, path = browser_of(plant.olga), "/plants/sites/north/checklist/"
        assert olga.post(path, {"text": "Line in a safe state"}).status_code == 422
        assert olga.post(path, {"text": "Air off", "asks_for": "By"}).status_code == 302
        added = ChecklistItem.objects.get(text="Air off")
        assert browser_of(plant.cora).post(path, {"text": "x"}).status_code == 403
        assert olga.post(f"/plants/checklist/{added.pk}/remove/").status_code == 302
        said = AuditEvent.objects.filter(event="checklist.changed")
        assert [one.detail["added"] for one in said.order_by("pk")] == [True, False]


def test_hand_back_and_acceptance(plant, window):
    """Without a checklist too: what was done, how it was left, and who looked."""
    note = {"what_was_done": "Torque", "state_left": "Stopped", "origin": origin()}
    for who in (plant.olga, plant.victor):
        with pytest.raises(NotAllowed):
            hand_line_back(window, acting_user=who, **note)
    turn = hand_line_back(window, acting_user=plant.vera, **note)
    with refused(TooLate, "line_returned"):
        hand_line_back(window, acting_user=plant.vera, **note)
    with pytest.raises(NotAllowed):
        accept_line(turn, acting_user=plant.vera, origin=origin())
    accept_line(turn, acting_user=plant.olga, origin=origin(), note="As it says")
    with refused(TooLate, "line_accepted"):
        accept_line(turn, acting_user=plant.olga, origin=origin())
    trail = AuditEvent.objects.filter(event__startswith="line.").order_by("pk")
    assert [one.event for one in trail] == ["line.returned", "line.accepted"]
    assert trail[0].detail["state_left"] == "Stopped"


@pytest.fixture
def window(clock, plant) -> MaintenanceWindow:
    return make_window(plant.vera, plant.filling_hmi, decided_by=plant.olga)


def test_each_use_is_confirmed_by_the_shift_where_the_policy_says_so(plant):
    """No checklist and no release: the line is given all the same, once for each turn."""
    window = make_window(
        plant.vera,
        plant.filling_hmi,
        decided_by=plant.olga,
        policy=make_policy(plant.adam, {"confirm_each_use": True}),
    )
    free = make_window(plant.vera, plant.filling_gateway, decided_by=plant.olga)
    assert against(window, plant.filling_hmi) == ["line_not_given"]
    assert against(free, plant.filling_gateway) == []
    give(window, plant.olga)
    assert against(window, plant.filling_hmi) == []


class TestOnRelease:
    @pytest.fixture
    def window(self, clock, plant):
        """Between 14:00 and 18:00, 90 minutes; half an hour of delay is agreed on."""
        asked = ask(
            plant.vera, plant.filling_hmi, start=timezone.now() + timedelta(hours=2),
            wanted_until=timezone.now() + timedelta(hours=6),
            on_release_minutes=90, tolerance_minutes=30,
        )  # fmt: skip
        return approve(asked, plant.olga)

    def test_the_time_runs_from_the_release(self, clock, window, plant, browser_of):
        with refused(TooLate, "too_early"):
            give(window, plant.olga)
        clock.forward(hours=3)
        assert window.phase() == PHASES.SCHEDULED
        assert not MaintenanceWindow.objects.open().exists()
        assert against(window, plant.filling_hmi) == ["line_not_given"]
        page = browser_of(plant.vera).get("/").content.decode()
        assert "Connect" not in page
        give(window, plant.olga)
        window.refresh_from_db()
        assert window.phase() == PHASES.OPEN
        assert window.closes_at - window.opens_at == timedelta(minutes=90)
        assert against(window, plant.filling_hmi) == []

    def test_no_longer_than_the_window(self, clock, window, plant):
        end = window.closes_at
        clock.forward(hours=5)
        give(window, plant.olga)
        window.refresh_from_db()
        assert window.closes_at == end

    def test_never_released_it_closes(self, clock, window, plant):
        clock.forward(hours=7)
        assert window.phase() == PHASES.CLOSED
        with refused(TooLate, "window_closed"):
            give(window, plant.olga)

    def test_not_yet_within_what_was_agreed_on(self, clock, window, plant):
        end = window.closes_at
        with pytest.raises(NotAllowed):
            postpone_line(window, acting_user=plant.vera, origin=origin())
        postpone_line(window, acting_user=plant.olga, origin=origin(factor=""))
        with refused(NotPossible, "tolerance_used_up"):
            postpone_line(window, acting_user=plant.olga, origin=origin())
        window.refresh_from_db()
        assert window.closes_at == end + timedelta(minutes=30)

    @pytest.mark.parametrize(
        ("fields", "code"),
        [
            ({"on_release_minutes": 300}, "release_longer_than_window"),
            ({"on_release_minutes": 1}, "release_out_of_range"),
            (
                {"on_release_minutes": 60, "tolerance_minutes": 999},
                "tolerance_out_of_range",
            ),
        ],
    )
    def test_what_cannot_be_agreed_on(self, clock, plant, fields, code):
        with refused(NotPossible, code):
            ask(plant.vera, plant.filling_hmi, **fields)

    def test_by_the_form(self, clock, plant, vera_sends, form):
        assert (
            vera_sends({**form, "on_release": "30", "tolerance": "60"}).status_code
            == 302
        )
        asked = plant.vera.access_requests.get()
        assert (asked.on_release_minutes, asked.tolerance_minutes) == (30, 60)


class TestMoving:
    def test_early_start_is_a_new_decision(self, clock, plant):
        window = make_window(
            plant.vera, plant.filling_hmi, decided_by=plant.olga,
            starts_in=timedelta(hours=2),
        )  # fmt: skip
        fields = {"reason": "Line stands still already", "origin": origin()}
        for who in (plant.vera, plant.ivan, plant.omar):
            with pytest.raises(NotAllowed):
                open_early(window, acting_user=who, **fields)
        with pytest.raises(FreshFactorNeeded):
            open_early(
                window, acting_user=plant.olga, reason="x", origin=origin(factor_at=0.0)
            )
        with refused(NotPossible, "reason_missing"):
            open_early(window, acting_user=plant.olga, reason=" ", origin=origin())
        taken = make_window(
            plant.vera,
            plant.filling_hmi,
            decided_by=plant.olga,
            lasts=timedelta(hours=1),
        )
        with refused(NotPossible, "endpoint_taken"):
            open_early(window, acting_user=plant.olga, **fields)
        MaintenanceWindow.objects.filter(pk=taken.pk).update(
            revoked_at=timezone.now(), revoke_reason="Done"
        )
        end = window.closes_at
        moved = open_early(window, acting_user=plant.olga, **fields)
        assert moved.phase(at=timezone.now()) == PHASES.OPEN and moved.closes_at == end
        assert window.access_request.decisions.count() == 2
        with refused(TooLate, "window_open"):
            open_early(window, acting_user=plant.olga, **fields)

    def test_later_end_and_its_limits(self, window, plant, browser_of):
        end = window.closes_at
        fields = {
            "acting_user": plant.olga,
            "origin": origin(),
            "reason": "Bolt is stuck",
        }
        close_later(window, minutes=30, **fields)
        window.refresh_from_db()
        assert window.closes_at == end + timedelta(minutes=30)
        with refused(NotPossible, "minutes_out_of_range"):
            close_later(window, minutes=4, **fields)
        with refused(NotPossible, "too_long"):
            for _hour in range(4):
                close_later(window, minutes=240, **fields)
        number = window.access_request.number
        answer = browser_of(plant.olga).post(
            f"/windows/{number}/longer/", {"minutes": "15", "reason": "More"}
        )
        assert answer.status_code == 302
        assert AuditEvent.objects.filter(event="window.moved").exists()

    def test_wanted_back_in_ten_minutes(self, clock, window, plant, browser_of):
        fields = {"origin": origin(factor=""), "minutes": 10}
        with pytest.raises(NotAllowed):
            recall_window(window, acting_user=plant.vera, **fields)
        with pytest.raises(NotAllowed):
            acknowledge_recall(window, acting_user=plant.victor, origin=origin())
        number = window.access_request.number
        shift, contractor = browser_of(plant.olga), browser_of(plant.vera)
        recalled = shift.post(
            f"/windows/{number}/recall/", {"minutes": "10", "reason": "Needed"}
        )
        assert recalled.status_code == 302
        window.refresh_from_db()
        left = window.closes_at - timezone.now()
        assert timedelta(minutes=9) < left <= timedelta(minutes=10)
        assert (
            "I have read it" in contractor.get(f"/requests/{number}/").content.decode()
        )
        assert contractor.post(f"/windows/{number}/recall-seen/").status_code == 302
        with refused(TooLate, "nothing_recalled"):
            acknowledge_recall(window, acting_user=plant.vera, origin=origin())
        with refused(TooLate, "closes_sooner"):
            recall_window(window, acting_user=plant.olga, origin=origin(), minutes=30)
        clock.forward(minutes=11)
        assert window.phase() == PHASES.CLOSED
