"""The pages of a request as people use them: deciding, one request, the lists."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from requests.calendar import monday_of, week_name
from requests.models import MaintenanceWindow
from requests.services.submission import withdraw_request
from tests.cast import make_request, make_window, origin
from tests.request_flow.conftest import ask, seen, seen_later, typed

pytestmark = pytest.mark.django_db


class TestDeciding:
    @pytest.fixture
    def page(self, browser_of, olga):
        browser = browser_of(olga)

        def post(access_request, verb, **data):
            response = browser.get(f"/approvals/{access_request.number}/")
            context = response.context
            data = {
                "facts_hash": context["facts_hash"],
                "seen": context["seen"],
                **data,
            }
            return browser.post(f"/approvals/{access_request.number}/{verb}/", data)

        return post

    def test_the_queue_shows_what_waits(self, browser_of, olga, omar, pending):
        assert pending.number in browser_of(olga).get("/approvals/").content.decode()
        assert (
            pending.number not in browser_of(omar).get("/approvals/").content.decode()
        )

    def test_facts_then_unusual_then_permits_then_buttons(
        self, browser_of, olga, pending
    ):
        page = browser_of(olga).get(f"/approvals/{pending.number}/").content.decode()
        order = [
            page.index("Adjust the capper torque"),
            page.index("What is unusual"),
            page.index("What approving permits"),
            page.index(f"/approvals/{pending.number}/approve/"),
        ]
        assert order == sorted(order)
        assert "First visit" in page and "not encrypted" in page

    def test_olga_approves(self, page, pending):
        assert page(pending, "approve").headers["Location"] == "/approvals/"
        assert MaintenanceWindow.objects.get().access_request == pending

    def test_olga_approves_another_time(self, clock, page, plant, vera, filling_hmi):
        access_request = ask(vera, filling_hmi)
        later = access_request.wanted_from + timedelta(hours=3)
        page(
            access_request,
            "approve",
            opens=typed(later),
            closes=typed(later + timedelta(hours=1)),
        )
        assert typed(MaintenanceWindow.objects.get().opens_at) == typed(later)

    def test_another_time_that_does_not_exist(
        self, clock, page, plant, vera, filling_hmi
    ):
        access_request = ask(vera, filling_hmi)
        response = page(
            access_request,
            "approve",
            opens="2026-03-29T02:30",
            closes="2026-03-29T05:00",
        )
        assert response.status_code == 422
        assert "does not exist" in response.content.decode()
        assert "2026-03-29T05:00" in response.content.decode()

    def test_another_time_in_the_past(self, clock, page, plant, vera, filling_hmi):
        access_request = ask(vera, filling_hmi)
        response = page(
            access_request,
            "approve",
            opens="2026-03-09T10:00",
            closes="2026-03-09T12:00",
        )
        assert response.status_code == 422
        assert "has already passed" in response.content.decode()

    def test_olga_denies(self, page, pending):
        page(pending, "deny", reason="Production runs")
        pending.refresh_from_db()
        assert pending.close_reason == "Production runs"

    def test_a_denial_without_a_reason(self, page, pending):
        response = page(pending, "deny", reason=" ")
        assert response.status_code == 422
        assert "Say why" in response.content.decode()

    def test_a_stale_page_says_what_changed(
        self, page, pending, browser_of, olga, filling_hmi
    ):
        old = browser_of(olga).get(f"/approvals/{pending.number}/").context
        filling_hmi.takes_local_screen = True
        filling_hmi.save()
        response = page(
            pending,
            "approve",
            facts_hash=old["facts_hash"],
            seen=old["seen"],
            reason="Gate 2",
        )
        text = response.content.decode()
        assert response.status_code == 409
        assert "takes the local screen away" in text
        assert "<del>no</del> → <ins>yes</ins>" in text
        assert "Gate 2" in text  # nothing typed is lost
        assert not MaintenanceWindow.objects.exists()

    def test_changed_times_are_told_in_plant_time(
        self, page, pending, browser_of, olga, vera
    ):
        old = browser_of(olga).get(f"/approvals/{pending.number}/").context
        vera.training_expires_at = datetime(2027, 7, 1, 6, tzinfo=ZoneInfo("UTC"))
        vera.save()
        response = page(
            pending, "approve", facts_hash=old["facts_hash"], seen=old["seen"]
        )
        assert "Thu 1 Jul 2027, 08:00 CEST" in response.content.decode()

    @pytest.mark.parametrize("forged", ["", "0" * 64, "x"])
    def test_a_forged_hash(self, page, pending, forged):
        assert (
            page(pending, "approve", facts_hash=forged, seen="forged").status_code
            == 409
        )

    def test_approved_after_it_was_withdrawn(
        self, page, pending, vera, browser_of, olga
    ):
        facts_hash = seen(pending)
        withdraw_request(pending, acting_user=vera, origin=origin())
        response = browser_of(olga).post(
            f"/approvals/{pending.number}/approve/", {"facts_hash": facts_hash}
        )
        assert response.status_code == 409
        assert "Vera Vogt has withdrawn" in response.content.decode()

    def test_an_open_page_learns_that_it_was_withdrawn(
        self, pending, vera, browser_of, olga
    ):
        browser = browser_of(olga)
        before = browser.get(f"/approvals/{pending.number}/").content.decode()
        assert 'id="decision-now"' in before and "has withdrawn" not in before
        withdraw_request(pending, acting_user=vera, origin=origin())
        after = browser.get(f"/approvals/{pending.number}/").content.decode()
        assert "Vera Vogt has withdrawn" in after and "/approve/" not in after

    def test_without_a_fresh_factor_the_code_is_asked_for(
        self, browser_of, olga, pending
    ):
        browser = browser_of(olga, factor_age=600)
        response = browser.post(
            f"/approvals/{pending.number}/approve/",
            {"facts_hash": seen(pending), "reason": "Gate 2"},
        )
        assert response.status_code == 403
        assert "Gate 2" in response.content.decode()  # the form is carried on whole
        assert not MaintenanceWindow.objects.exists()


class TestOneRequest:
    def test_the_story_is_told_to_both_sides(self, browser_of, vera, olga, pending):
        for person in (vera, olga):
            page = (
                browser_of(person).get(f"/requests/{pending.number}/").content.decode()
            )
            assert "Asked for access" in page

    def test_vera_may_withdraw_and_olga_may_decide(
        self, browser_of, vera, olga, pending
    ):
        vera_sees = (
            browser_of(vera).get(f"/requests/{pending.number}/").content.decode()
        )
        olga_sees = (
            browser_of(olga).get(f"/requests/{pending.number}/").content.decode()
        )
        assert "/withdraw/" in vera_sees and "/approvals/" not in vera_sees
        assert (
            f"/approvals/{pending.number}/" in olga_sees
            and "/withdraw/" not in olga_sees
        )

    def test_the_window_is_open_and_vera_may_connect(
        self, browser_of, vera, olga, filling_hmi
    ):
        window = make_window(vera, filling_hmi, decided_by=olga)
        number = window.access_request.number
        page = browser_of(vera).get(f"/requests/{number}/").content.decode()
        assert "The window is open" in page
        assert f"/sessions/start/{window.pk}/{filling_hmi.pk}/" in page
        assert (
            "/sessions/start/"
            not in browser_of(olga).get(f"/requests/{number}/").content.decode()
        )

    def test_nobody_connects_before_it_opens(self, browser_of, vera, olga, filling_hmi):
        window = make_window(
            vera, filling_hmi, decided_by=olga, starts_in=timedelta(hours=1)
        )
        page = (
            browser_of(vera)
            .get(f"/requests/{window.access_request.number}/")
            .content.decode()
        )
        assert "The window is scheduled" in page and "/sessions/start/" not in page

    def test_revoking_says_how_many_sessions_end(
        self, browser_of, vera, olga, filling_gateway
    ):
        from sessions.models import BrokeredSession

        window = make_window(vera, filling_gateway, decided_by=olga)
        for slot in range(2):
            BrokeredSession.objects.create(
                number=f"SES-2026-{slot}",
                window=window,
                endpoint=filling_gateway,
                started_by=vera,
                permission="control",
                slot=slot,
            )
        page = (
            browser_of(olga)
            .get(f"/requests/{window.access_request.number}/")
            .content.decode()
        )
        assert "This ends 2 live sessions at once." in page

    def test_more_time_from_asking_to_granting(
        self, browser_of, vera, olga, filling_hmi
    ):
        window = make_window(vera, filling_hmi, decided_by=olga)
        number = window.access_request.number
        browser_of(vera).post(
            f"/windows/{number}/extend/", {"minutes": "30", "reason": "Bolt"}
        )
        extension = window.extension_requests.get()
        page = browser_of(olga).get(f"/requests/{number}/").content.decode()
        assert f"/windows/extensions/{extension.pk}/grant/" in page

        browser_of(olga).post(
            f"/windows/extensions/{extension.pk}/grant/",
            {"minutes": "15", "facts_hash": seen_later(window)},
        )

        before = window.closes_at
        window.refresh_from_db()
        assert window.closes_at == before + timedelta(minutes=15)

    @pytest.mark.parametrize("minutes", ["", "x", "9" * 30, "1e9"])
    def test_minutes_that_are_none(self, browser_of, vera, olga, filling_hmi, minutes):
        window = make_window(vera, filling_hmi, decided_by=olga)
        response = browser_of(vera).post(
            f"/windows/{window.access_request.number}/extend/",
            {"minutes": minutes, "reason": "Bolt"},
        )
        assert response.status_code == 422


class TestLists:
    @pytest.fixture
    def many(self, vera, filling_hmi):
        return [
            make_request(vera, filling_hmi, starts_in=timedelta(hours=number + 1))
            for number in range(30)
        ]

    def test_pages_of_25(self, browser_of, vera, many):
        browser = browser_of(vera)
        assert len(browser.get("/requests/").context["page"].object_list) == 25
        assert len(browser.get("/requests/?page=2").context["page"].object_list) == 5

    @pytest.mark.parametrize("page", ["0", "-1", "999", "x", "٢"])
    def test_any_page_number_shows_something(self, browser_of, vera, many, page):
        assert browser_of(vera).get("/requests/", {"page": page}).status_code == 200

    def test_sorting_is_from_a_list(self, browser_of, vera, many):
        browser = browser_of(vera)
        first = (
            browser.get("/requests/?sort=wanted_from").context["page"].object_list[0]
        )
        assert first == many[0]
        for wrong in ("requested_by__password", "-nothing", "?", "id;drop"):
            assert browser.get("/requests/", {"sort": wrong}).status_code == 200

    def test_search_and_filter(self, browser_of, vera, olga, many, filling_plc):
        other = make_request(vera, filling_plc, purpose="Lubricate the chain drive")
        browser = browser_of(olga)
        found = browser.get("/requests/?q=chain lubricate").context["page"].object_list
        assert list(found) == [other]
        assert not browser.get("/requests/?state=denied").context["page"].object_list
        by_machine = (
            browser.get("/requests/?q=FILLING vogt chain").context["page"].object_list
        )
        assert list(by_machine) == [other]
        assert browser.get("/requests/?state=nonsense&site=nowhere").status_code == 200

    def test_a_fixed_number_of_queries(
        self, browser_of, vera, filling_hmi, many, django_assert_max_num_queries
    ):
        browser = browser_of(vera)
        with django_assert_max_num_queries(20):
            browser.get("/requests/")

    def test_windows_by_list_and_by_week(
        self, clock, browser_of, plant, vera, olga, filling_hmi
    ):
        make_window(vera, filling_hmi, decided_by=olga, starts_in=timedelta(hours=11))
        browser = browser_of(olga)
        assert (
            "Filling line 3"
            in browser.get("/windows/?phase=scheduled").content.decode()
        )
        assert not browser.get("/windows/?phase=open").context["page"].object_list
        days = browser.get("/windows/?view=week&site=north").context["days"]
        # 23:00 to 01:00 touches two days of the plant.
        assert [len(day["entries"]) for day in days] == [0, 1, 1, 0, 0, 0, 0]
        assert days[1]["entries"][0]["span"] == "23:00 – Wed 01:00"

    @pytest.mark.parametrize(
        "week", ["2026-W11", "", "nonsense", "2026-W99", "9999-W52", "-W"]
    )
    def test_any_week(self, browser_of, olga, week):
        assert (
            browser_of(olga)
            .get("/windows/", {"view": "week", "week": week})
            .status_code
            == 200
        )

    def test_names_of_weeks(self):
        monday = monday_of("2026-W01", datetime(2026, 3, 10).date())
        assert str(monday) == "2025-12-29"
        assert week_name(monday) == "2026-W01"
