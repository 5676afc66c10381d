"""The pages of the console step: starting, the board, the console, watching, what is done there."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accessportal.accounts.models import User
from accessportal.accounts.notice import NOTICE_VERSION
from requests.models import ExtensionRequest, MaintenanceWindow
from sessions.models import BrokeredSession, ConsoleMessage, Participant
from tests.cast import Plant, make_window

pytestmark = pytest.mark.django_db
JSON = {"HTTP_ACCEPT": "application/json"}


@pytest.fixture
def window(plant: Plant) -> MaintenanceWindow:
    return make_window(plant.vera, plant.filling_hmi, decided_by=plant.olga)


@pytest.fixture
def live(window: MaintenanceWindow, plant: Plant) -> BrokeredSession:
    """Vera works on the filling line's HMI."""
    return make_session(window, plant)


def make_session(
    window: MaintenanceWindow, plant: Plant, **fields: Any
) -> BrokeredSession:
    now = timezone.now()
    made: dict[str, Any] = {
        "number": f"SES-{now.year}-{BrokeredSession.objects.count() + 1:04}",
        "window": window,
        "endpoint": plant.filling_hmi,
        "started_by": plant.vera,
        "permission": "control",
        "state": "active",
        "slot": 0,
        "requested_at": now - timedelta(minutes=4),
        "active_at": now - timedelta(minutes=4),
        "source_address": "10.0.0.7",
        "broker": "broker-1",
        **fields,
    }
    return BrokeredSession.objects.create(**made)


def start_page(window: MaintenanceWindow, plant: Plant) -> str:
    return reverse("sessions:console_start", args=[window.pk, plant.filling_hmi.pk])


class TestStarting:
    def test_the_page_says_what_is_reached_until_when_and_that_it_is_recorded(
        self, browser_of: Any, plant: Plant, window: MaintenanceWindow
    ) -> None:
        page = browser_of(plant.vera).get(start_page(window, plant))

        assert page.status_code == 200
        text = page.content.decode()
        assert "Filling line 3" in text and "Plant North" in text
        assert "This session is recorded" in text
        assert NOTICE_VERSION in text

    def test_vera_accepts_the_notice_and_connects(
        self, browser_of: Any, plant: Plant, window: MaintenanceWindow
    ) -> None:
        answer = browser_of(plant.vera).post(
            start_page(window, plant),
            {"notice": NOTICE_VERSION, "width": "1356", "height": "844"},
        )

        brokered_session = BrokeredSession.objects.get()
        assert answer.status_code == 302
        assert answer.url == reverse("sessions:console", args=[brokered_session.pk])
        assert brokered_session.notice_version == NOTICE_VERSION
        assert brokered_session.started_by == plant.vera

    def test_a_double_submit_leads_to_the_same_session(
        self, browser_of: Any, plant: Plant, window: MaintenanceWindow
    ) -> None:
        vera = browser_of(plant.vera)
        first = vera.post(start_page(window, plant), {"notice": NOTICE_VERSION})
        second = vera.post(start_page(window, plant), {"notice": NOTICE_VERSION})

        assert first.url == second.url
        assert BrokeredSession.objects.count() == 1

    def test_without_the_notice_nothing_starts(
        self, browser_of: Any, plant: Plant, window: MaintenanceWindow
    ) -> None:
        answer = browser_of(plant.vera).post(start_page(window, plant), {})

        assert answer.status_code == 422
        assert "accept the notice" in answer.content.decode()
        assert not BrokeredSession.objects.exists()

    def test_an_old_factor_needs_a_code_and_the_tick_is_kept(
        self, browser_of: Any, plant: Plant, window: MaintenanceWindow
    ) -> None:
        vera = browser_of(plant.vera, factor_age=3600)
        answer = vera.post(start_page(window, plant), {"notice": NOTICE_VERSION})

        assert answer.status_code == 422
        text = answer.content.decode()
        assert "Please enter the code" in text
        assert " checked" in text
        assert not BrokeredSession.objects.exists()

    def test_a_wrong_code_is_said_at_the_field(
        self, browser_of: Any, plant: Plant, window: MaintenanceWindow
    ) -> None:
        vera = browser_of(plant.vera, factor_age=3600)
        answer = vera.post(
            start_page(window, plant), {"notice": NOTICE_VERSION, "otp_code": "000000"}
        )

        assert answer.status_code == 422
        assert 'aria-invalid="true"' in answer.content.decode()
        assert not BrokeredSession.objects.exists()

    def test_a_window_that_is_not_open_yet_counts_down(
        self, browser_of: Any, plant: Plant
    ) -> None:
        window = make_window(
            plant.vera,
            plant.filling_hmi,
            decided_by=plant.olga,
            starts_in=timedelta(hours=2),
        )
        vera = browser_of(plant.vera)
        page = vera.get(start_page(window, plant))
        refused = vera.post(start_page(window, plant), {"notice": NOTICE_VERSION})

        assert "not open yet" in page.content.decode()
        assert "data-countdown" in page.content.decode()
        assert refused.status_code == 422
        assert not BrokeredSession.objects.exists()

    def test_every_refusal_has_a_sentence_and_what_to_do(
        self, browser_of: Any, plant: Plant, window: MaintenanceWindow
    ) -> None:
        plant.north.isolated_at = timezone.now()
        plant.north.save()
        text = browser_of(plant.vera).get(start_page(window, plant)).content.decode()

        assert "isolated this site" in text
        assert "Control room: +49 30 1." in text
        assert "disabled" in text

    def test_somebody_elses_window_is_not_known(
        self, browser_of: Any, plant: Plant, window: MaintenanceWindow
    ) -> None:
        assert (
            browser_of(plant.victor).get(start_page(window, plant)).status_code == 404
        )

    def test_a_machine_outside_of_the_window_is_not_known(
        self, browser_of: Any, plant: Plant, window: MaintenanceWindow
    ) -> None:
        page = reverse(
            "sessions:console_start", args=[window.pk, plant.palletiser_panel.pk]
        )
        assert browser_of(plant.vera).get(page).status_code == 404

    def test_an_open_session_is_offered_again(
        self, browser_of: Any, plant: Plant, live: BrokeredSession
    ) -> None:
        text = (
            browser_of(plant.vera).get(start_page(live.window, plant)).content.decode()
        )
        assert reverse("sessions:console", args=[live.pk]) in text


class TestConsole:
    def test_vera_gets_her_console_with_all_its_texts(
        self, browser_of: Any, plant: Plant, live: BrokeredSession
    ) -> None:
        page = browser_of(plant.vera).get(reverse("sessions:console", args=[live.pk]))

        text = page.content.decode()
        assert page.status_code == 200
        assert 'data-role="owner"' in text
        assert 'id="console-data"' in text
        assert "More time" in text and "Freeze" not in text

    def test_olga_watches_and_may_freeze_and_end(
        self, browser_of: Any, plant: Plant, live: BrokeredSession
    ) -> None:
        text = (
            browser_of(plant.olga)
            .get(reverse("sessions:watch", args=[live.pk]))
            .content.decode()
        )

        assert 'data-role="observer"' in text
        assert "Freeze now" in text and "End the session" in text
        assert "Ask for more time" not in text

    def test_nobody_else_gets_in(
        self, browser_of: Any, plant: Plant, live: BrokeredSession
    ) -> None:
        console = reverse("sessions:console", args=[live.pk])
        watch = reverse("sessions:watch", args=[live.pk])

        assert browser_of(plant.victor).get(console).status_code == 404
        assert browser_of(plant.omar).get(watch).status_code == 404  # another plant's
        assert browser_of(plant.olga).get(console).status_code == 403  # not her session
        assert (
            browser_of(plant.cora).get(watch).status_code == 403
        )  # sees, may not watch
        assert browser_of(plant.vera).get(watch).status_code == 403
        assert Client().get(console).status_code == 302

    def test_an_ended_session_leads_to_its_page(
        self, browser_of: Any, plant: Plant, window: MaintenanceWindow
    ) -> None:
        over = make_session(
            window,
            plant,
            state="ended",
            ended_at=timezone.now(),
            end_reason="window_closed",
        )
        answer = browser_of(plant.vera).get(reverse("sessions:console", args=[over.pk]))
        assert answer.url == reverse("sessions:detail", args=[over.pk])

    def test_the_status_is_what_the_page_asks_when_the_tunnel_is_refused(
        self, browser_of: Any, plant: Plant, live: BrokeredSession
    ) -> None:
        answer = browser_of(plant.vera).get(
            reverse("sessions:status", args=[live.pk]), **JSON
        )

        said = answer.json()
        assert said["over"] is False
        assert said["state"] == "active"
        assert said["extension"] is None

    def test_signed_out_is_said_in_json(self, live: BrokeredSession) -> None:
        answer = Client().post(reverse("sessions:ticket", args=[live.pk]), **JSON)
        assert answer.status_code == 401
        assert answer.json()["sentence"]

    def test_a_ticket_for_each_who_may(
        self, browser_of: Any, plant: Plant, live: BrokeredSession
    ) -> None:
        page = reverse("sessions:ticket", args=[live.pk])
        vera = browser_of(plant.vera)
        first, second = vera.post(page, **JSON).json(), vera.post(page, **JSON).json()

        assert first["path"] == "/tunnel/broker-1/"
        assert first["token"] != second["token"]
        assert browser_of(plant.olga).post(page, **JSON).status_code == 200
        assert browser_of(plant.cora).post(page, **JSON).status_code == 403
        assert browser_of(plant.victor).post(page, **JSON).status_code == 404
        assert vera.get(page).status_code == 405


class TestActs:
    def test_olga_freezes_with_a_message_and_lets_go_on(
        self, browser_of: Any, plant: Plant, live: BrokeredSession
    ) -> None:
        olga = browser_of(plant.olga)
        frozen = olga.post(
            reverse("sessions:freeze", args=[live.pk]),
            {"reason": "Stand clear"},
            **JSON,
        )
        live.refresh_from_db()
        assert frozen.status_code == 200
        assert live.frozen_by == plant.olga and live.frozen_reason == "Stand clear"

        twice = olga.post(reverse("sessions:freeze", args=[live.pk]), **JSON)
        assert twice.status_code == 409 and twice.json()["sentence"]

        olga.post(reverse("sessions:unfreeze", args=[live.pk]), **JSON)
        live.refresh_from_db()
        assert live.frozen_at is None

    def test_vera_may_not_lift_the_plants_freeze(
        self, browser_of: Any, plant: Plant, live: BrokeredSession
    ) -> None:
        BrokeredSession.objects.filter(pk=live.pk).update(
            frozen_at=timezone.now(), frozen_cause="person", frozen_by=plant.olga
        )
        vera = browser_of(plant.vera)
        assert (
            vera.post(reverse("sessions:unfreeze", args=[live.pk]), **JSON).status_code
            == 403
        )
        assert (
            vera.post(reverse("sessions:resume", args=[live.pk]), **JSON).status_code
            == 403
        )

    def test_after_idling_vera_goes_on_with_a_fresh_factor(
        self, browser_of: Any, plant: Plant, live: BrokeredSession
    ) -> None:
        BrokeredSession.objects.filter(pk=live.pk).update(
            frozen_at=timezone.now(), frozen_cause="idle"
        )
        page = reverse("sessions:resume", args=[live.pk])
        stale = browser_of(plant.vera, factor_age=3600).post(page, **JSON)
        assert stale.status_code == 403
        assert stale.json()["code"] == "fresh_factor_needed"

        assert browser_of(plant.vera).post(page, **JSON).status_code == 200
        live.refresh_from_db()
        assert live.frozen_at is None

    def test_vera_ends_and_what_she_did_is_kept(
        self, browser_of: Any, plant: Plant, live: BrokeredSession
    ) -> None:
        answer = browser_of(plant.vera).post(
            reverse("sessions:end", args=[live.pk]),
            {"reason": "Torque set to 4.2 Nm"},
            **JSON,
        )
        live.refresh_from_db()
        assert answer.status_code == 200
        assert live.end_requested_by == plant.vera
        assert live.end_note == "Torque set to 4.2 Nm"

    def test_a_plain_form_goes_back_to_the_board(
        self, browser_of: Any, plant: Plant, live: BrokeredSession
    ) -> None:
        answer = browser_of(plant.olga).post(
            reverse("sessions:end", args=[live.pk]), {"back": "board"}
        )
        assert answer.url == reverse("sessions:board")

    def test_cora_sees_but_stops_nothing(
        self, browser_of: Any, plant: Plant, live: BrokeredSession
    ) -> None:
        cora = browser_of(plant.cora)
        assert (
            cora.post(reverse("sessions:end", args=[live.pk]), **JSON).status_code
            == 403
        )
        assert (
            cora.post(reverse("sessions:freeze", args=[live.pk]), **JSON).status_code
            == 403
        )

    def test_messages_go_both_ways_and_empty_ones_nowhere(
        self, browser_of: Any, plant: Plant, live: BrokeredSession
    ) -> None:
        page = reverse("sessions:message", args=[live.pk])
        browser_of(plant.vera).post(page, {"text": "May I start the pump? 🚰"}, **JSON)
        browser_of(plant.olga).post(page, {"text": "Yes"}, **JSON)
        empty = browser_of(plant.vera).post(page, {"text": "  "}, **JSON)

        assert [one.text for one in ConsoleMessage.objects.all()] == [
            "May I start the pump? 🚰",
            "Yes",
        ]
        assert empty.status_code == 422

    def test_vera_asks_for_more_time_and_reads_the_answer(
        self, browser_of: Any, plant: Plant, live: BrokeredSession
    ) -> None:
        vera = browser_of(plant.vera)
        page = reverse("sessions:more_time", args=[live.pk])
        asked = vera.post(
            page, {"minutes": "30", "reason": "The gearbox is stiff"}, **JSON
        )
        again = vera.post(page, {"minutes": "30", "reason": "Please"}, **JSON)
        nonsense = vera.post(page, {"minutes": "soon", "reason": "Please"}, **JSON)
        status = vera.get(reverse("sessions:status", args=[live.pk]), **JSON).json()

        assert asked.status_code == 200 and "30" in asked.json()["sentence"]
        assert again.status_code == 409
        assert nonsense.status_code == 422
        assert ExtensionRequest.objects.get().minutes == 30
        assert status["extension"]["state"] == "pending"


class TestBoard:
    def test_olga_sees_who_is_where_and_what_she_may_do(
        self, browser_of: Any, plant: Plant, live: BrokeredSession
    ) -> None:
        Participant.objects.create(
            brokered_session=live, user=plant.ivan, role="observer"
        )
        text = browser_of(plant.olga).get(reverse("sessions:board")).content.decode()

        for words in (
            "Vera Vogt",
            "Fillwerk Service",
            "Filling line 3",
            "10.0.0.7",
            "Ivan Ivers",
        ):
            assert words in text
        assert reverse("sessions:watch", args=[live.pk]) in text
        assert reverse("sessions:freeze", args=[live.pk]) in text

    def test_each_sees_only_what_is_theirs(
        self, browser_of: Any, plant: Plant, live: BrokeredSession
    ) -> None:
        board = reverse("sessions:board")
        assert live.number in browser_of(plant.vera).get(board).content.decode()
        assert live.number not in browser_of(plant.victor).get(board).content.decode()
        assert live.number not in browser_of(plant.omar).get(board).content.decode()

    def test_the_past_can_be_searched_and_filtered(
        self, browser_of: Any, plant: Plant, window: MaintenanceWindow
    ) -> None:
        over = make_session(
            window,
            plant,
            state="ended",
            slot=None,
            ended_at=timezone.now(),
            end_reason="window_closed",
            end_confirmed_at=timezone.now(),
        )
        olga = browser_of(plant.olga)

        def shows(query: str) -> bool:
            return (
                over.number
                in olga.get(reverse("sessions:board") + query).content.decode()
            )

        assert shows("")
        assert shows("?q=vera+filling&reason=window_closed&span=today&sort=-number")
        assert not shows("?q=palletiser")
        assert not shows("?reason=site_isolated")
        assert shows("?reason=nonsense&page=99&sort=password&site=nowhere")

    def test_a_session_whose_end_is_not_proven_stays_on_the_board(
        self, browser_of: Any, plant: Plant, window: MaintenanceWindow
    ) -> None:
        make_session(
            window,
            plant,
            state="ended",
            ended_at=timezone.now(),
            end_reason="ended_by_plant",
        )
        text = browser_of(plant.olga).get(reverse("sessions:board")).content.decode()
        assert "still checking that the connection to the machine is closed" in text


class TestDetail:
    def test_why_it_ended_what_was_proven_and_the_story(
        self, browser_of: Any, plant: Plant, window: MaintenanceWindow
    ) -> None:
        vera = browser_of(plant.vera)
        vera.post(start_page(window, plant), {"notice": NOTICE_VERSION})
        brokered_session = BrokeredSession.objects.get()
        BrokeredSession.objects.update(
            state="ended",
            slot=None,
            ended_at=timezone.now(),
            end_reason="ended_by_plant",
            end_note="Production needs the line",
            end_confirmed_at=timezone.now(),
            end_proof={"guacd": "refuses_join", "asset_connection": "gone"},
        )
        page = reverse("sessions:detail", args=[brokered_session.pk])
        text = browser_of(plant.olga).get(page).content.decode()

        assert "Production needs the line" in text
        assert "refuses to let anybody join" in text
        assert "asked to connect" in text
        assert vera.get(page).status_code == 200
        assert browser_of(plant.victor).get(page).status_code == 404

    def test_a_contractor_reads_no_address_of_the_plant(
        self, browser_of: Any, plant: Plant, live: BrokeredSession
    ) -> None:
        olga: Client = browser_of(plant.olga, REMOTE_ADDR="10.9.9.9")
        olga.post(
            reverse("sessions:freeze", args=[live.pk]),
            {"reason": "Stand clear"},
            **JSON,
        )
        page = reverse("sessions:detail", args=[live.pk])

        assert "10.9.9.9" in browser_of(plant.olga).get(page).content.decode()
        text = browser_of(plant.vera).get(page).content.decode()
        assert "Stand clear" in text
        assert "10.9.9.9" not in text

    def test_who_may_play_is_led_to_the_recording(
        self, browser_of: Any, plant: Plant, live: BrokeredSession, vera: User
    ) -> None:
        from sessions.models import Recording

        Recording.objects.create(brokered_session=live, key_id="k", wrapped_key="w")
        page = reverse("sessions:detail", args=[live.pk])
        assert "To the recording" not in browser_of(vera).get(page).content.decode()
