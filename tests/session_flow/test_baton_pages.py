"""The pages about several people: joining, taking control by a form, a session that is held."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from accessportal.accounts.models import User
from accessportal.accounts.notice import NOTICE_VERSION
from accessportal.audit.models import AuditEvent
from sessions.models import BrokeredSession, CriticalStep, Participant
from tests.cast import Plant, make_window

pytestmark = pytest.mark.django_db


@pytest.fixture
def live(plant: Plant, tom: User) -> BrokeredSession:
    window = make_window(
        plant.vera, plant.filling_hmi, decided_by=plant.olga, companions=[tom]
    )
    return BrokeredSession.objects.create(
        number="SES-2026-0001",
        window=window,
        endpoint=plant.filling_hmi,
        started_by=plant.vera,
        permission="control",
        state="active",
        slot=0,
        active_at=timezone.now(),
        broker="broker-1",
    )


def url(name: str, live: BrokeredSession) -> str:
    return reverse(f"sessions:{name}", args=[live.pk])


class TestJoining:
    def test_the_console_leads_to_the_page_that_says_what_it_means(
        self, browser_of: Any, live: BrokeredSession, tom: User
    ) -> None:
        answer = browser_of(tom).get(url("console", live))
        assert answer.status_code == 302 and answer.url == url("join", live)
        text = browser_of(tom).get(answer.url).content.decode()
        assert "You see the same picture as Vera Vogt" in text

    def test_accepting_the_notice_leads_in_and_is_recorded(
        self, browser_of: Any, live: BrokeredSession, tom: User
    ) -> None:
        browser = browser_of(tom)
        answer = browser.post(url("join", live), {})
        assert answer.status_code == 422 and "accept the notice" in str(answer.content)
        answer = browser.post(url("join", live), {"notice": NOTICE_VERSION})
        assert answer.status_code == 302 and answer.url == url("console", live)
        page = browser.get(answer.url).content.decode()
        assert 'data-role="companion"' in page
        event = AuditEvent.objects.get(event="notice.accepted")
        assert (event.actor_id, event.session_number) == (tom.pk, live.number)

    def test_an_old_factor_needs_a_code(
        self, browser_of: Any, live: BrokeredSession, tom: User
    ) -> None:
        answer = browser_of(tom, factor_age=3600).post(
            url("join", live), {"notice": NOTICE_VERSION}
        )
        assert answer.status_code == 422
        assert "Please enter the code" in answer.content.decode()

    def test_what_stands_against_somebody_is_said_and_keeps_them_out(
        self, browser_of: Any, live: BrokeredSession, tom: User
    ) -> None:
        tom.training_expires_at = timezone.now() - timedelta(days=1)
        tom.save()
        page = browser_of(tom).get(url("join", live)).content.decode()
        assert "Your safety training for this plant has expired." in page
        answer = browser_of(tom).post(url("join", live), {"notice": NOTICE_VERSION})
        assert answer.status_code == 403

    def test_the_request_page_leads_there(
        self, browser_of: Any, live: BrokeredSession, tom: User
    ) -> None:
        number = live.window.access_request.number
        page = browser_of(tom).get(f"/requests/{number}/").content.decode()
        assert url("console", live) in page and "Join Vera Vogt on" in page


class TestControl:
    @pytest.fixture
    def watching(self, live: BrokeredSession, olga: User) -> Participant:
        return Participant.objects.create(
            brokered_session=live, user=olga, role="observer"
        )

    def test_a_form_takes_control_and_the_reason_is_said_to_all(
        self,
        browser_of: Any,
        live: BrokeredSession,
        watching: Participant,
        olga: User,
    ) -> None:
        browser = browser_of(olga)
        assert (
            browser.post(url("take_control", live), {"reason": "Alarm"}).status_code
            == 302
        )
        live.refresh_from_db()
        assert live.baton_with == olga
        assert live.messages.get().text == "Alarm"
        page = browser.get(url("detail", live)).content.decode()
        assert "Olga Olsen took control" in page

        assert browser.post(url("return_control", live)).status_code == 302
        live.refresh_from_db()
        assert live.baton_with is None

    def test_an_old_factor_asks_for_a_code_first(
        self, browser_of: Any, live: BrokeredSession, watching: Participant, olga: User
    ) -> None:
        browser = browser_of(olga, factor_age=3600)
        answer = browser.post(
            url("take_control", live),
            {"reason": "Alarm"},
            HTTP_ACCEPT="application/json",
        )
        assert answer.status_code == 403
        assert answer.json()["code"] == "fresh_factor_needed"
        live.refresh_from_db()
        assert live.baton_with is None

    def test_a_critical_step_warns_first(
        self,
        browser_of: Any,
        live: BrokeredSession,
        watching: Participant,
        olga: User,
        vera: User,
    ) -> None:
        now = timezone.now()
        CriticalStep.objects.create(
            brokered_session=live,
            what="Writing firmware",
            minutes=10,
            declared_by=vera,
            accepted_by=olga,
            accepted_at=now,
            until=now + timedelta(minutes=10),
        )
        browser, form = browser_of(olga), {"reason": "Alarm"}
        as_json = {"HTTP_ACCEPT": "application/json"}
        warned = browser.post(url("take_control", live), form, **as_json)
        assert (warned.status_code, warned.json()["code"]) == (
            422,
            "critical_step_running",
        )
        again = browser.post(
            url("take_control", live), {**form, "despite_step": "1"}, **as_json
        )
        assert again.status_code == 200


class TestHeld:
    @pytest.fixture
    def held(self, live: BrokeredSession) -> BrokeredSession:
        live.frozen_at = timezone.now()
        live.frozen_cause = BrokeredSession.FreezeCause.AWAY
        live.save()
        return live

    def test_the_plant_sees_how_it_was_left_and_what_it_may_do(
        self, browser_of: Any, held: BrokeredSession, olga: User, plant: Plant
    ) -> None:
        plant.filling_hmi.hold_minutes = 30
        plant.filling_hmi.save()
        page = browser_of(olga).get(url("detail", held)).content.decode()
        assert "The browser of Vera Vogt is gone." in page
        assert "data-held-picture" in page
        assert f"{url('watch', held)}?panel=baton" in page
        assert f"keep-{held.pk}" in page

        answer = browser_of(olga).post(url("keep_hold", held), {"reason": "Lunch"})
        assert answer.status_code == 302
        page = browser_of(olga).get(url("detail", held)).content.decode()
        assert "Olga Olsen keeps it until the window ends." in page

    def test_the_vendor_is_not_shown_the_plants_panel(
        self, browser_of: Any, held: BrokeredSession, vera: User, tom: User
    ) -> None:
        for person in (vera, tom):
            page = browser_of(person).get(url("detail", held)).content.decode()
            assert "data-held-picture" not in page
