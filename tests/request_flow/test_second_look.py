"""Somebody was let in at once: who was passed over may end it, and looks at it later."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accessportal.audit.models import AuditEvent
from accessportal.errors import FreshFactorNeeded, NotAllowed, NotPossible, TooLate
from accessportal.notifications.models import Notification
from requests.models import (
    ApproverGroup,
    ApproverGroupMember,
    EmergencyLook,
    SkippedStep,
)
from requests.services.emergency import withdraw_emergency
from requests.services.later_look import take_look
from requests.services.window import revoke_window
from requests.signals import window_revoked
from requests.tasks import chase_emergency_looks
from tests.cast import make_emergency, make_person, origin
from tests.request_flow.conftest import refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def petra(adam):
    """A process engineer, who holds no role."""
    petra = make_person("Petra Prozess")
    group = ApproverGroup.objects.create(name="Process engineers")
    ApproverGroupMember.objects.create(group=group, person=petra, added_by=adam)
    return petra


@pytest.fixture
def look(clock, plant, petra, vera, olga, filling_hmi):
    """Olga let Vera in; Petra's group would have been asked, too."""
    look = make_emergency(vera, filling_hmi, decided_by=olga)
    SkippedStep.objects.create(look=look, who=petra.approver_groups.get().who)
    return look


def judge(look, by, verdict="justified", note="The line stood, I saw it", **fields):
    return take_look(
        look,
        acting_user=by,
        origin=fields.get("origin") or origin(),
        verdict=verdict,
        note=note,
    )


def test_who_was_passed_over_ends_it_without_any_other_right(
    committed, look, petra, cora, omar, vera, olga, browser_of
):
    number, window = look.access_request.number, look.access_request.window
    for somebody in (cora, omar, vera):
        with refused(NotAllowed, "not_allowed"):
            withdraw_emergency(
                window, acting_user=somebody, origin=origin(), reason="Stop"
            )
    browser = browser_of(petra)
    assert "Withdraw it now" in browser.get(f"/requests/{number}/").text
    with refused(NotAllowed, "not_allowed"):
        revoke_window(window, acting_user=petra, origin=origin(), reason="Stop")
    heard = []

    def hear(sender, **facts):
        heard.append(facts["acting_user"])

    window_revoked.connect(hear)
    try:
        with committed():
            answer = browser.post(f"/emergencies/{number}/withdraw/", {"reason": ""})
            assert answer.status_code == 422
            browser.post(f"/emergencies/{number}/withdraw/", {"reason": "Not her job"})
    finally:
        window_revoked.disconnect(hear)
    window.refresh_from_db()
    assert (window.revoked_by, window.revoke_reason) == (petra, "Not her job")
    assert heard == [petra], "the sessions are told to end"
    assert {one.recipient for one in Notification.objects.all()} == {vera, olga}
    assert AuditEvent.objects.filter(event="emergency.withdrawn").count() == 1
    with refused(TooLate, "already_revoked"):
        withdraw_emergency(window, acting_user=petra, origin=origin(), reason="Again")


def test_the_look_is_somebody_elses(look, petra, ivan, olga, cora, adam, omar, vera):
    for somebody in (olga, cora, adam, omar, vera):
        with refused(NotAllowed, "second_eyes"):
            judge(look, somebody)
    assert list(EmergencyLook.objects.owed_by(petra)) == [look]
    assert list(EmergencyLook.objects.owed_by(ivan)) == [look]
    for nobody in (olga, cora, omar, vera):
        assert not EmergencyLook.objects.owed_by(nobody).exists()
    with pytest.raises(IntegrityError), transaction.atomic():
        EmergencyLook.objects.filter(pk=look.pk).update(
            looked_at=timezone.now(), looked_by=olga, verdict="justified", note="Mine"
        )

    with pytest.raises(FreshFactorNeeded):
        judge(look, ivan, origin=origin(factor_age=301))
    for fields, code in (
        ({"verdict": "perhaps"}, "verdict_missing"),
        ({"note": "  "}, "note_missing"),
    ):
        with refused(NotPossible, code):
            judge(look, ivan, **fields)
    done = judge(look, ivan, verdict="not_justified", note="It ran again at 03:10")
    assert (done.looked_by, done.is_late) == (ivan, False)
    told = Notification.objects.filter(kind="look.not_justified")
    assert {one.recipient for one in told} == {olga}
    with refused(TooLate, "already_looked"):
        judge(look, petra)
    assert not EmergencyLook.objects.owed_by(petra).exists()


def test_it_is_chased_before_and_after_it_is_late(look, clock, petra, ivan):
    kinds = []

    def chased_after(**span):
        clock.forward(**span)
        before = set(Notification.objects.values_list("pk", flat=True))
        count = chase_emergency_looks()
        new = Notification.objects.exclude(pk__in=before)
        kinds.append((count, {(one.kind, one.recipient) for one in new}))

    for span in ({"hours": 17}, {"hours": 2}, {"minutes": 5}, {"hours": 5},
                 {"minutes": 5}, {"hours": 24}):  # fmt: skip
        chased_after(**span)
    nothing = (0, set())
    due = (1, {("look.due", petra), ("look.due", ivan)})
    late = (1, {("look.late", petra), ("look.late", ivan)})
    assert kinds == [nothing, due, nothing, late, nothing, late]
    assert AuditEvent.objects.filter(event="emergency.look.late").count() == 2
    assert judge(look, ivan).is_late
    clock.forward(days=3)
    assert chase_emergency_looks() == 0


def test_the_list_counts_them_and_the_page_says_who_owes(
    look, clock, ivan, olga, cora, omar, petra, vera, browser_of, filling_plc
):
    clock.forward(hours=25)
    make_emergency(vera, filling_plc, decided_by=olga)
    number = look.access_request.number
    page = browser_of(ivan).get("/emergencies/").text
    assert "Second looks that are due" in page and number in page
    assert "Second looks that are due" in browser_of(ivan).get("/").text
    late = browser_of(cora).get("/emergencies/?look=late")
    assert number in late.text and len(late.context["page"].object_list) == 1
    (counted,) = browser_of(cora).get("/emergencies/").context["counts"]
    assert (counted.asked, counted.let_in, counted.late) == (2, 2, 1)
    assert "No emergency so far" in browser_of(omar).get("/emergencies/").text
    assert browser_of(petra).get("/emergencies/").status_code == 200
    assert browser_of(vera).get("/emergencies/").status_code == 403
    assert "second look" not in browser_of(vera).get(f"/requests/{number}/").text

    answer = browser_of(ivan).post(
        f"/emergencies/{number}/look/", {"verdict": "justified", "reason": "=1+1"}
    )
    assert answer.status_code == 302
    assert "Second look: Justified" in browser_of(olga).get(f"/requests/{number}/").text
    assert "Justified" not in browser_of(vera).get(f"/requests/{number}/").text
    file = browser_of(cora).post("/emergencies/export/", {"look": "late"})
    lines = file.text.splitlines()
    assert len(lines) == 2 and lines[1].startswith(f"{number},Plant North")
    assert lines[1].endswith("justified,'=1+1,yes")
    assert AuditEvent.objects.get(event="emergencies.exported").detail["rows"] == 1
    look.refresh_from_db()
    assert look.is_late
