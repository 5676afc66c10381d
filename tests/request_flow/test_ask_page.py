"""The page on which a contractor asks, and everything wrong that can be sent to it."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from requests.models import AccessRequest
from tests.cast import make_freeze, make_window
from tests.request_flow.conftest import typed

pytestmark = pytest.mark.django_db


class TestAsking:
    def test_the_form_offers_what_the_company_services(self, browser_of, vera, plant):
        page = browser_of(vera).get("/requests/new/").content.decode()
        assert "Filling line 3" in page and "Bottle washer" in page
        assert "Palletiser" not in page
        assert "192.168.0.10" not in page  # addresses are nothing for vendors

    def test_a_start_is_offered_on_each_plants_own_clock(self, clock, browser_of, vera):
        page = browser_of(vera).get("/requests/new/").content.decode()
        assert 'data-start="2026-03-10T13:00"' in page  # at North it is 12:00
        assert 'data-start="2026-03-10T07:00"' in page  # at South it is 06:00

    def test_vera_asks(self, vera_sends, form, vera):
        response = vera_sends(form)
        access_request = AccessRequest.objects.get()
        assert response.headers["Location"] == f"/requests/{access_request.number}/"
        assert access_request.requested_by == vera
        assert access_request.wanted_until - access_request.wanted_from == timedelta(
            hours=2
        )

    def test_with_an_own_end(self, vera_sends, form):
        end = typed(timezone.now() + timedelta(hours=5))
        vera_sends(form, duration="until", end=end)
        access_request = AccessRequest.objects.get()
        assert typed(access_request.wanted_until) == end

    def test_the_same_form_again_is_the_same_request(self, vera_sends, form):
        first, again = vera_sends(form), vera_sends(form)
        assert first.headers["Location"] == again.headers["Location"]
        assert AccessRequest.objects.count() == 1

    def test_asking_again_starts_with_what_it_said(self, browser_of, vera, pending):
        page = (
            browser_of(vera)
            .get(f"/requests/new/?again={pending.number}")
            .content.decode()
        )
        assert "Adjust the capper torque" in page

    def test_asking_again_for_what_is_not_hers_starts_empty(
        self, browser_of, victor, pending
    ):
        page = (
            browser_of(victor)
            .get(f"/requests/new/?again={pending.number}")
            .content.decode()
        )
        assert "Adjust the capper torque" not in page

    def test_a_company_without_machines_reads_what_to_do(
        self, browser_of, vera, filling_line
    ):
        vera.vendor.assets.clear()
        page = browser_of(vera).get("/requests/new/").content.decode()
        assert "No machine is assigned to your company yet" in page


class TestBadInput:
    """422 with a sentence, what was typed still there, nothing stored."""

    @pytest.fixture
    def refused(self, vera_sends, form):
        def send(**changes):
            response = vera_sends(form, **changes)
            assert response.status_code == 422
            assert not AccessRequest.objects.exists()
            return response.content.decode()

        return send

    def test_a_time_that_does_not_exist(self, refused):
        page = refused(start="2026-03-29T02:30")
        assert "02:30 does not exist at the plant on that day" in page
        assert "2026-03-29T02:30" in page

    def test_a_time_that_exists_twice(self, clock, browser_of, vera, form):
        clock.move_to(datetime(2026, 10, 20, 10, tzinfo=ZoneInfo("UTC")))
        response = browser_of(vera).post(
            "/requests/new/", {**form, "start": "2026-10-25T02:30"}
        )
        assert response.status_code == 422
        assert (
            "02:30 happens twice at the plant on that day" in response.content.decode()
        )

    def test_an_end_before_its_start(self, refused, form):
        page = refused(duration="until", end=typed(timezone.now() + timedelta(hours=1)))
        assert "The end must be after the start" in page

    def test_no_end_at_all(self, refused):
        assert "Choose how long, or until when" in refused(duration="until")

    @pytest.mark.parametrize(
        "start",
        [
            "soon",
            "2026-13-01T10:00",
            "2026-03-10T14:00+02:00",
            "0001-01-01T00:00",
            "😀",
        ],
    )
    def test_what_is_no_time(self, refused, start):
        assert "This is not a time" in refused(start=start)

    def test_a_purpose_of_10000_characters_is_kept(self, refused):
        purpose = "Ventil ✓ " * 1200
        page = refused(purpose=purpose)
        assert "and 2000 fit" in page.replace(",", "")
        assert "Nothing is lost" in page
        assert purpose.strip() in page

    def test_a_machine_of_another_site(self, refused, washer_hmi):
        page = refused(endpoints=[washer_hmi.pk])
        assert "not known at this site" in page

    @pytest.mark.parametrize("forged", ["987654321", "-1", "x", "1 OR 1=1", "٣"])
    def test_a_forged_machine(self, refused, forged):
        assert "not known at this site" in refused(endpoints=[forged])

    def test_a_forged_site(self, refused, vera_sends):
        assert "Select a valid choice" in refused(site="987654321")

    def test_a_forged_permission(self, refused):
        assert "Select a valid choice" in refused(permission="root")

    def test_a_forged_key_is_replaced(self, vera_sends, form):
        assert vera_sends(form, submission_key="not-a-key").status_code == 422

    def test_no_key_at_all(self, vera_sends, form):
        assert vera_sends(form, submission_key="").status_code == 302

    def test_nothing_at_all(self, browser_of, vera, plant):
        response = browser_of(vera).post("/requests/new/", {})
        assert response.status_code == 422

    @pytest.mark.parametrize(
        "purpose",
        [
            "Prüfung 🔧🧯 der Pumpe",
            "صيانة آلة التعبئة في القاعة",
            "<script>alert(1)</script> x",
        ],
    )
    def test_any_script_is_welcome_and_harmless(
        self, browser_of, vera, vera_sends, form, purpose
    ):
        location = vera_sends(form, purpose=purpose).headers["Location"]
        assert AccessRequest.objects.get().purpose == purpose
        page = browser_of(vera).get(location).content.decode()
        assert "<script>alert" not in page

    def test_a_null_byte(self, refused):
        assert "Null characters are not allowed" in refused(purpose="a\x00bcdefghijkl")


class TestCheckWhileChoosing:
    def check(self, browser, form, **changes):
        return browser.post(
            "/requests/new/check/", {**form, **changes}
        ).content.decode()

    def test_it_can_work(self, browser_of, vera, form):
        page = self.check(browser_of(vera), form)
        assert "Nothing stands against it" in page
        assert "14:00" in page and "CET" in page

    def test_nothing_is_said_of_what_is_still_empty(self, browser_of, vera, form):
        page = self.check(browser_of(vera), form, purpose="", endpoints=[])
        assert "at least one machine" not in page
        assert "at once whether it can work" in page

    def test_an_overlap_is_seen_at_once(
        self, browser_of, vera, olga, form, filling_hmi
    ):
        make_window(vera, filling_hmi, decided_by=olga, starts_in=timedelta(hours=1))
        assert "takes one session at a time" in self.check(browser_of(vera), form)

    def test_so_is_a_time_that_does_not_exist(self, browser_of, vera, form):
        page = self.check(browser_of(vera), form, start="2026-03-29T02:30")
        assert "does not exist at the plant" in page

    def test_and_a_freeze(self, browser_of, vera, north, form):
        make_freeze(north, starts_in=timedelta(0), lasts=timedelta(days=1))
        assert "Christmas production" in self.check(browser_of(vera), form)

    def test_nothing_is_stored(self, browser_of, vera, form):
        self.check(browser_of(vera), form)
        assert not AccessRequest.objects.exists()
