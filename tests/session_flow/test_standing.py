"""A role or an access that goes away in the middle of live sessions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from accessportal import live
from accessportal.accounts.models import User, WebSession
from accessportal.accounts.services.employees import revoke_role
from accessportal.accounts.services.people import disable_person
from accessportal.audit.models import AuditEvent
from accessportal.news import topics_of_id
from accessportal.plants.models import Endpoint
from sessions.models import BrokeredSession, Participant
from sessions.policy_facts import facts_during
from sessions.services import web_sessions
from sessions.services.console import start_session
from tests.cast import Clock, make_window, origin, signed_in, web_session_key_of

pytestmark = pytest.mark.django_db

Committed = Callable[[], Any]
KEY = "vera-s-web-session"


@pytest.fixture
def live_session(
    clock: Clock, vera: User, olga: User, filling_plc: Endpoint
) -> BrokeredSession:
    """Vera works on the PLC, and Olga is in charge."""
    window = make_window(vera, filling_plc, decided_by=olga)
    row = start_session(
        window,
        filling_plc,
        acting_user=vera,
        origin=origin(),
        web_session_key=KEY,
        width=800,
        height=600,
        notice_version="2026-1",
    )
    BrokeredSession.objects.filter(pk=row.pk).update(state="active")
    row.refresh_from_db()
    assert row.person_in_charge == olga
    return row


@pytest.mark.parametrize("leaves", [True, False])
def test_whoever_was_in_charge_is_not_any_more_and_pages_follow(
    leaves: bool,
    adam: User,
    olga: User,
    live_session: BrokeredSession,
    committed: Committed,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heard: list[tuple[str, str]] = []
    monkeypatch.setattr(
        "accessportal.accounts.signals.announce",
        lambda group, type, **data: heard.append((group, type)),
    )
    monkeypatch.setattr(
        "sessions.services.news.announce",
        lambda group, type, **data: heard.append((group, type)),
    )
    assert len(topics_of_id(olga.pk)) > 1
    with committed():
        if leaves:
            disable_person(
                acting_user=adam, person=olga, reason="left", origin=origin()
            )
        else:
            revoke_role(
                acting_user=adam,
                grant=olga.role_grants.get(),
                reason="other work",
                origin=origin(),
            )
    live_session.refresh_from_db()
    assert live_session.person_in_charge is None
    assert AuditEvent.objects.filter(event="session.charge.vacant").exists()
    assert (f"news.user.{olga.pk}", "news.standing") in heard
    assert (f"session.{live_session.pk}", "look.again") in heard
    assert len(topics_of_id(olga.pk)) == (0 if leaves else 1)
    assert live is not None


# --- Not you? -------------------------------------------------------------------------


def in_console(
    row: BrokeredSession, user: User, key: str, **fields: Any
) -> Participant:
    return Participant.objects.create(
        brokered_session=row, user=user, role="owner", web_session_key=key, **fields
    )


def test_what_is_laid_down_is_held_and_taken_up_in_another_web_session(
    vera: User, live_session: BrokeredSession
) -> None:
    assert facts_during(live_session).signed_out  # KEY is no web session that is there
    assert web_sessions.hold_for_return(vera, "another") == 0
    assert web_sessions.hold_for_return(vera, KEY) == 1
    live_session.refresh_from_db()
    assert not facts_during(live_session).signed_out
    # A socket that stays although its web session is gone is no way round it.
    assert facts_during(live_session, web_session_key=KEY).signed_out
    event = AuditEvent.objects.get(event="session.laid_down")
    assert event.session_number == live_session.number and KEY not in str(event.detail)
    web_sessions.take_up(live_session, key="the-next")
    live_session.refresh_from_db()
    assert live_session.web_session_key == "the-next"


def test_a_console_counts_as_use_of_its_web_session(
    clock: Clock, vera: User, live_session: BrokeredSession
) -> None:
    assert not web_sessions.works_in(KEY) and not web_sessions.works_in("")
    seat = in_console(live_session, vera, KEY)
    assert web_sessions.works_in(KEY)
    seat.left_at = timezone.now()
    seat.save()
    assert web_sessions.works_in(KEY)
    clock.forward(minutes=16)
    assert not web_sessions.works_in(KEY)


@pytest.mark.parametrize("shared", [True, False])
def test_after_a_break_a_shared_computer_asks_for_the_factor(
    shared: bool,
    clock: Clock,
    client: Any,
    vera: User,
    live_session: BrokeredSession,
) -> None:
    signed_in(client, vera)
    web_session = client.session
    web_session["shared_computer"] = shared
    web_session["seen_at"] = clock.now.timestamp()
    web_session.save()
    console = f"/sessions/{live_session.pk}/console/"
    in_console(live_session, vera, web_session_key_of(client), left_at=timezone.now())
    clock.forward(minutes=4)
    assert client.get(console).status_code == 200
    clock.forward(minutes=2)
    answer = client.get(console)
    ticket = client.post(
        f"/sessions/{live_session.pk}/ticket/", headers={"accept": "application/json"}
    )
    if not shared:
        assert answer.status_code == 200 and ticket.status_code == 200
        return
    assert (
        answer.url
        == f"/accounts/confirm/?next=%2Fsessions%2F{live_session.pk}%2Fconsole%2F"
    )
    assert ticket.json()["code"] == "fresh_factor_needed"
    web_session = client.session
    web_session["factor_at"] = clock.now.timestamp()
    web_session.save()
    assert client.get(console).status_code == 200


def test_nobody_at_a_shared_computer_is_asked_sooner(
    clock: Clock, client: Any, vera: User, live_session: BrokeredSession
) -> None:
    signed_in(client, vera)
    key = web_session_key_of(client)
    WebSession.objects.filter(key=key).update(shared=True)
    assert (
        facts_during(live_session, idle_for=299, web_session_key=key).idle_limit == 600
    )
    assert (
        facts_during(live_session, idle_for=301, web_session_key=key).idle_limit == 300
    )
    assert (
        facts_during(live_session, idle_for=301, web_session_key=KEY).idle_limit == 600
    )
