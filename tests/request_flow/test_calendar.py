"""The calendar in plant time, and the private link that brings it into other calendars."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from icalendar import Calendar

from accessportal.audit.models import AuditEvent
from accessportal.errors import FreshFactorNeeded, TooLate
from requests.calendar import days_from
from requests.models import CalendarFeed, MaintenanceWindow
from requests.services.feed import make_feed, revoke_feed
from requests.services.moving import recall_window
from requests.services.window import revoke_window
from tests.cast import make_freeze, make_request, make_window, origin

pytestmark = pytest.mark.django_db


def test_the_days_of_a_plant_are_as_long_as_they_are(north, south):
    """The clocks change on different days in Berlin and Chicago, and a day stays a day."""
    lengths = {
        (site.slug, monday): [day.length // 60 for day in days_from(site, monday)]
        for site in (north, south)
        for monday in (
            datetime(2026, 3, 2).date(),
            datetime(2026, 3, 23).date(),
            datetime(2026, 10, 19).date(),
        )
    }
    assert lengths["north", datetime(2026, 3, 23).date()][-1] == 23
    assert lengths["north", datetime(2026, 10, 19).date()][-1] == 25
    assert lengths["south", datetime(2026, 3, 2).date()][-1] == 23
    assert lengths["south", datetime(2026, 3, 23).date()] == [24] * 7


class TestCalendar:
    @pytest.fixture
    def week(self, clock, plant):
        """A window, a wish and two freezes in this week at North; one window at South."""
        make_window(plant.vera, plant.filling_hmi, decided_by=plant.olga)
        make_window(plant.victor, plant.palletiser_panel, decided_by=plant.olga)
        make_request(plant.vera, plant.filling_plc, starts_in=timedelta(days=1))
        make_freeze(plant.north, starts_in=timedelta(0), lasts=timedelta(hours=3))
        make_freeze(
            plant.north, starts_in=timedelta(0), lasts=timedelta(hours=3),
            asset=plant.palletiser, reason="Palletiser audit",
        )  # fmt: skip
        make_window(plant.vera, plant.washer_hmi, decided_by=plant.omar)

    @staticmethod
    def kinds(response) -> list[str]:
        return sorted(
            one["entry"].kind
            for day in response.context["days"]
            for one in day["entries"]
        )

    def test_who_sees_what(self, week, browser_of, plant):
        olga = browser_of(plant.olga).get("/windows/?view=week&site=north")
        assert self.kinds(olga) == ["freeze", "freeze", "open", "open", "pending"]
        vera = browser_of(plant.vera).get("/windows/?view=week&site=north")
        assert self.kinds(vera) == ["freeze", "open", "pending"]
        assert "Palletiser" not in vera.content.decode()
        assert browser_of(plant.omar).get("/windows/?view=week&site=north").context[
            "site"
        ] == (plant.south)

    @pytest.mark.parametrize(
        ("narrowed", "kinds"),
        [
            ("asset=north-palletiser", ["freeze", "freeze", "open"]),
            ("q=vogt", ["open", "pending"]),
            ("q=audit", ["freeze"]),
            ("asset=nothing&zone=x", ["freeze", "freeze", "open", "open", "pending"]),
        ],
    )
    def test_narrowed_in_the_url(self, week, browser_of, plant, narrowed, kinds):
        page = browser_of(plant.olga).get(f"/windows/?view=week&site=north&{narrowed}")
        assert self.kinds(page) == kinds

    def test_by_machine(self, week, browser_of, plant):
        browser = browser_of(plant.olga)
        page = browser.get("/windows/?view=lines&site=north")
        rows = {
            str(row["asset"] or "site"): [
                one["entry"].kind for cell in row["cells"] for one in cell["entries"]
            ]
            for row in page.context["rows"]
        }
        assert rows == {
            "site": ["freeze"],
            "Filling line 3": ["open", "pending"],
            "Palletiser": ["open", "freeze"],
        }
        zone = plant.palletiser.zone_id
        page = browser.get(f"/windows/?view=lines&site=north&zone={zone}")
        assert [str(row["asset"] or "site") for row in page.context["rows"]] == [
            "site",
            "Palletiser",
        ]

    @pytest.mark.parametrize("view", ["week", "lines"])
    def test_a_fixed_number_of_queries(self, week, browser_of, plant, view):
        browser = browser_of(plant.olga)
        counts = []
        for _round in range(2):
            with CaptureQueriesContext(connection) as queries:
                browser.get(f"/windows/?view={view}&site=north")
            counts.append(len(queries))
            for hours in (3, 6):
                make_window(
                    plant.vera, plant.filling_plc, decided_by=plant.olga,
                    starts_in=timedelta(hours=hours),
                )  # fmt: skip
        assert counts[0] == counts[1] <= 40


class TestFeed:
    @pytest.fixture
    def read(self, client: Client):
        """What a calendar program gets: status, and the events by number."""

        def ask(secret: str):
            response = client.get("/windows/feed/windows.ics", {"key": secret})
            if response.status_code != 200:
                return response.status_code, {}, b""
            assert response.headers["Content-Type"].startswith("text/calendar")
            calendar = Calendar.from_ical(response.content)
            events = {str(one["description"]): one for one in calendar.walk("VEVENT")}
            return 200, events, response.content

        return ask

    def test_vera_reads_her_companys_windows(self, clock, plant, read):
        hers = make_window(plant.vera, plant.filling_hmi, decided_by=plant.olga)
        other = make_window(plant.victor, plant.palletiser_panel, decided_by=plant.olga)
        plant.filling_line.name = "Füllmaschine; Kappe, Etikett\\" + "ü" * 60
        plant.filling_line.save()
        _feed, secret = make_feed(acting_user=plant.vera, origin=origin())
        status, events, text = read(secret)
        assert status == 200 and list(events) == [hers.access_request.number]
        assert max(len(line) for line in text.split(b"\r\n")) <= 75
        assert plant.filling_line.name in str(
            events[hers.access_request.number]["summary"]
        )
        assert b"torque" not in text and b"Vogt" not in text
        event = events[hers.access_request.number]
        assert event["dtstart"].dt == hers.opens_at.replace(microsecond=0)
        assert event["dtstart"].dt.tzinfo is not None
        assert (event["status"], event["sequence"]) == ("CONFIRMED", 0)
        uid = event["uid"]

        clock.forward(minutes=1)
        recall_window(
            hers, acting_user=plant.olga, origin=origin(), minutes=10, reason="Back"
        )
        recalled = read(secret)[1][hers.access_request.number]
        assert recalled["sequence"] >= 60
        assert recalled["dtend"].dt < hers.closes_at

        # Thirty minutes more that the shift gave leave no moment, but count.
        MaintenanceWindow.objects.filter(pk=hers.pk).update(postponed_minutes=30)
        waits = read(secret)[1][hers.access_request.number]
        assert waits["sequence"] == recalled["sequence"] + 30
        clock.forward(minutes=1)
        revoke_window(
            hers, acting_user=plant.olga, origin=origin(), reason="Line needed"
        )
        _status, events, text = read(secret)
        event = events[hers.access_request.number]
        assert (event["status"], event["uid"]) == ("CANCELLED", uid)
        assert event["sequence"] >= waits["sequence"] + 60
        assert b"Line needed" not in text

        _feed, olgas = make_feed(acting_user=plant.olga, origin=origin())
        assert set(read(olgas)[1]) == {
            hers.access_request.number,
            other.access_request.number,
        }

    def test_what_opens_nothing(self, clock, plant, read):
        feed, secret = make_feed(acting_user=plant.vera, origin=origin())
        assert secret not in str(CalendarFeed.objects.values())
        for wrong in ("x", "é" * 43, secret[:-1] + "!", secret + "A"):
            assert read(wrong)[0] == 404
        _feed, renewed = make_feed(acting_user=plant.vera, origin=origin())
        assert (read(secret)[0], read(renewed)[0]) == (404, 200)
        plant.fillwerk.contract_ends_at = clock.now - timedelta(days=1)
        plant.fillwerk.save()
        assert read(renewed)[0] == 404
        plant.fillwerk.contract_ends_at = clock.now + timedelta(days=1)
        plant.fillwerk.save()
        revoke_feed(acting_user=plant.vera, origin=origin(factor=""))
        assert read(renewed)[0] == 404
        with pytest.raises(TooLate):
            revoke_feed(acting_user=plant.vera, origin=origin())
        with pytest.raises(FreshFactorNeeded):
            make_feed(acting_user=plant.vera, origin=origin(factor_at=0.0))
        assert (
            list(
                AuditEvent.objects.filter(event__startswith="calendar.").values_list(
                    "event", flat=True
                )
            ).count("calendar.feed.made")
            == 2
        )

    def test_the_page_shows_the_link_once(self, browser_of, plant, read):
        browser = browser_of(plant.vera)
        page = browser.post("/windows/feed/make/").content.decode()
        (secret,) = re.findall(r"/windows/feed/windows\.ics\?key=([\w-]{43})", page)
        assert read(secret)[0] == 200
        page = browser.get("/windows/feed/").content.decode()
        assert secret not in page and "last read" in page
        assert browser.post("/windows/feed/revoke/").status_code == 302
        assert read(secret)[0] == 404

    def test_a_calendar_that_asks_too_often(self, plant, client, monkeypatch):
        monkeypatch.setattr("requests.views.feed.READS_PER_HOUR", 1)
        _feed, secret = make_feed(acting_user=plant.vera, origin=origin())
        path = f"/windows/feed/windows.ics?key={secret}"
        assert [client.get(path).status_code for _ in range(2)] == [200, 429]
