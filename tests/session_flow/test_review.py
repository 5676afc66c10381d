"""Cora clears or flags; nobody reviews what they took part in; nobody reviews twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connections, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accessportal.accounts.models import RoleGrant
from accessportal.audit import record
from accessportal.audit.models import AuditEvent
from accessportal.errors import NotAllowed, NotPossible, TooLate
from sessions.models import ComplianceReview, Recording
from sessions.recorder import places
from sessions.services.recording_check import verify_recording
from sessions.services.review import complete_review
from tests.cast import Plant, make_person, origin
from tests.session_flow.recorded import make_recording

Browser = Callable[..., Client]
State = ComplianceReview.State


@pytest.fixture
def recording(plant: Plant, committed: Any) -> Recording:
    with committed():
        made = make_recording(plant, lambda tape: tape.draw())
    made.refresh_from_db()
    return made


def url(recording: Recording) -> str:
    return reverse("reviews:complete", args=[recording.brokered_session.number])


def clear(recording: Recording, user: Any, notes: str = "") -> None:
    complete_review(
        recording.review,
        verdict="cleared",
        notes=notes,
        acting_user=user,
        origin=origin(),
    )


def test_cora_clears(recording: Recording, plant: Plant, browser_of: Browser) -> None:
    answer = browser_of(plant.cora).post(
        url(recording), {"verdict": "cleared", "notes": ""}
    )
    assert answer.status_code == 302
    review = ComplianceReview.objects.get()
    assert (review.state, review.reviewed_by) == (State.CLEARED, plant.cora)
    event = AuditEvent.objects.get(event="recording.reviewed")
    assert (event.actor_id, event.detail["verdict"]) == (plant.cora.pk, "cleared")


def test_cora_flags_and_says_why(
    recording: Recording, plant: Plant, browser_of: Browser
) -> None:
    notes = "At [0:12] an unknown tool was started. <b>"
    client = browser_of(plant.cora)
    client.post(url(recording), {"verdict": "flagged", "notes": notes})
    assert ComplianceReview.objects.get().notes == notes
    shown = client.get(
        reverse("recordings:player", args=[recording.brokered_session.number])
    )
    text = shown.content.decode()
    assert '<a href="#t=0:12" data-moment>0:12</a>' in text
    assert "&lt;b&gt;" in text


def test_htmx_is_sent_on_and_a_refusal_keeps_the_page(
    recording: Recording, plant: Plant, browser_of: Browser
) -> None:
    client = browser_of(plant.cora)
    refused = client.post(
        url(recording), {"verdict": "flagged"}, HTTP_HX_REQUEST="true"
    )
    assert refused.status_code == 422
    done = client.post(url(recording), {"verdict": "cleared"}, HTTP_HX_REQUEST="true")
    assert done["HX-Redirect"].endswith(f"/{recording.brokered_session.number}/")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"verdict": "flagged", "notes": "   "}, "flag_without_notes"),
        ({"verdict": "fine"}, "no_verdict"),
        ({"verdict": "open"}, "no_verdict"),
        ({}, "no_verdict"),
        ({"verdict": "cleared", "notes": "x" * 4001}, "notes_too_long"),
    ],
)
def test_what_is_no_verdict_is_refused(
    recording: Recording, plant: Plant, browser_of: Browser, fields: Any, code: str
) -> None:
    answer = browser_of(plant.cora).post(
        url(recording), fields, HTTP_ACCEPT="application/json"
    )
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert ComplianceReview.objects.get().state == State.OPEN


def test_emoji_and_right_to_left_notes_are_kept(
    recording: Recording, plant: Plant
) -> None:
    notes = "⚠️ בדיקה 𝄞 " + "é" * 3980
    complete_review(
        recording.review,
        verdict="flagged",
        notes=notes,
        acting_user=plant.cora,
        origin=origin(),
    )
    assert ComplianceReview.objects.get().notes == notes


@pytest.mark.parametrize(
    ("person", "status"),
    [
        ("olga", 403),
        ("ivan", 403),
        ("omar", 404),
        ("adam", 404),
        ("vera", 404),
        ("victor", 404),
    ],
)
def test_nobody_but_compliance_reviews(
    recording: Recording, plant: Plant, browser_of: Browser, person: str, status: int
) -> None:
    answer = browser_of(getattr(plant, person)).post(
        url(recording), {"verdict": "cleared"}
    )
    assert answer.status_code == status
    assert ComplianceReview.objects.get().state == State.OPEN


def test_who_approved_does_not_review_even_with_the_role(
    recording: Recording, plant: Plant, browser_of: Browser
) -> None:
    RoleGrant.objects.create(
        user=plant.olga, role=RoleGrant.Role.COMPLIANCE, site=plant.north
    )
    answer = browser_of(plant.olga).post(
        url(recording), {"verdict": "cleared"}, HTTP_ACCEPT="application/json"
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "reviewer_took_part")
    with pytest.raises(NotAllowed):
        clear(recording, plant.olga)


def test_who_agreed_first_of_several_does_not_review_either(
    recording: Recording, plant: Plant
) -> None:
    """Cora is of a group that the policy asked: hers was a yes, though not the last."""
    last = recording.brokered_session.window.access_request.decisions.get()
    last.pk, last.step, last.decided_by = None, 2, plant.cora
    last.save()
    with pytest.raises(NotAllowed):
        clear(recording, plant.cora)


def test_who_took_control_does_not_review_what_came_of_it(
    recording: Recording, plant: Plant
) -> None:
    """Also with the role: the work was partly that person's own."""
    both = make_person(
        "Oskar Otte",
        roles=[
            (RoleGrant.Role.OT_SUPERVISOR, plant.north),
            (RoleGrant.Role.COMPLIANCE, plant.north),
        ],
    )
    record(
        "session.control.taken",
        acting_user=both,
        subject=recording.brokered_session,
        brokered_session=recording.brokered_session,
        reason="Alarm",
    )
    with pytest.raises(NotAllowed):
        clear(recording, both)


def test_the_database_refuses_a_reviewer_who_took_part(
    recording: Recording, plant: Plant
) -> None:
    for person in (plant.vera, plant.olga):
        with pytest.raises(IntegrityError), transaction.atomic():
            ComplianceReview.objects.update(
                state="cleared", reviewed_by=person, reviewed_at=timezone.now()
            )


def test_a_second_verdict_comes_too_late(
    recording: Recording, plant: Plant, browser_of: Browser
) -> None:
    clear(recording, plant.cora)
    carl = make_person("Carl Cole", roles=[(RoleGrant.Role.COMPLIANCE, None)])
    answer = browser_of(carl).post(
        url(recording),
        {"verdict": "flagged", "notes": "no"},
        HTTP_ACCEPT="application/json",
    )
    assert answer.status_code == 409
    assert "reviewed already" in answer.json()["sentence"]
    assert ComplianceReview.objects.get().state == State.CLEARED


def test_what_is_not_intact_cannot_be_cleared_only_flagged(
    recording: Recording, plant: Plant, browser_of: Browser
) -> None:
    (places.root() / recording.folder / "screen-00001.seg").unlink()
    verify_recording(recording=recording)
    with pytest.raises(NotPossible, match="not intact"):
        clear(recording, plant.cora)
    client = browser_of(plant.cora)
    shown = client.get(
        reverse("recordings:player", args=[recording.brokered_session.number])
    )
    assert "NOT intact" in shown.content.decode()
    client.post(url(recording), {"verdict": "flagged", "notes": "A part is missing."})
    assert ComplianceReview.objects.get().state == State.FLAGGED


def test_what_was_not_verified_cannot_be_cleared(
    recording: Recording, plant: Plant
) -> None:
    Recording.objects.update(verified_at=None)
    with pytest.raises(NotPossible, match="not been verified"):
        clear(recording, plant.cora)


def test_the_queue_shows_what_waits_and_what_is_late(
    recording: Recording, plant: Plant, browser_of: Browser
) -> None:
    client = browser_of(plant.cora)
    queue = reverse("reviews:queue")
    number = recording.brokered_session.number

    def shown(query: str = "") -> bool:
        return number in client.get(queue + query).content.decode()

    assert shown() and not shown("?state=late") and not shown("?state=cleared")
    ComplianceReview.objects.update(due_at=timezone.now())
    assert shown("?state=late") and shown("?q=vera+filling&sort=-due_at&site=north")
    assert "1 late" in client.get(queue).content.decode()
    clear(recording, plant.cora)
    assert not shown() and shown("?state=cleared") and shown("?state=all")


@pytest.mark.parametrize("person", ["olga", "ivan", "adam", "vera"])
def test_the_queue_is_for_compliance(
    plant: Plant, browser_of: Browser, person: str
) -> None:
    assert (
        browser_of(getattr(plant, person)).get(reverse("reviews:queue")).status_code
        == 403
    )


def test_two_at_once_one_verdict(
    transactional_db: None, plant: Plant, committed: Any
) -> None:
    with committed():
        recording = make_recording(plant, lambda tape: tape.draw())
    recording.refresh_from_db()
    carl = make_person("Carl Cole", roles=[(RoleGrant.Role.COMPLIANCE, None)])
    outcomes: list[str] = []
    together = threading.Barrier(2)

    def decide(user: Any) -> None:
        together.wait()
        try:
            clear(recording, user)
            outcomes.append("done")
        except TooLate:
            outcomes.append("too late")
        finally:
            connections.close_all()

    threads = [
        threading.Thread(target=decide, args=(user,)) for user in (plant.cora, carl)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["done", "too late"]
    assert AuditEvent.objects.filter(event="recording.reviewed").count() == 1
