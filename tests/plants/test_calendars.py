"""Freezes and stops out of a plant's own calendar: a file, or an address read again and again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import given
from hypothesis import strategies as st

from accessportal.audit.models import AuditEvent
from accessportal.errors import NotAllowed, NotPossible
from accessportal.plants.ical_in import MAX_BYTES, MAX_EVENTS, read_calendar
from accessportal.plants.models import (
    CalendarSource,
    MaintenanceStop,
    ProductionFreeze,
)
from accessportal.plants.services.calendars import (
    add_feed,
    import_file,
    read_feeds,
    remove_source,
)
from tests.cast import origin

BERLIN = "Europe/Berlin"
FROM = datetime(2026, 3, 1, tzinfo=UTC)
UNTIL = datetime(2027, 4, 1, tzinfo=UTC)


def event(*lines: str, uid: str = "one@plant") -> str:
    body = "\r\n".join(("BEGIN:VEVENT", f"UID:{uid}", *lines, "END:VEVENT"))
    return f"{body}\r\n"


def ics(*events: str) -> bytes:
    head = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//tests//EN\r\n"
    return f"{head}{''.join(events)}END:VCALENDAR\r\n".encode()


def times(*events: str, zone: str = BERLIN, until: datetime = UNTIL) -> list[str]:
    """The starts and lengths of what is read, in UTC: `2026-03-10T05:00 2:00:00`."""
    read = read_calendar(ics(*events), zone=zone, start=FROM, end=until)
    return [
        f"{one.start:%Y-%m-%dT%H:%M} {one.end - one.start}" for one in read.occurrences
    ]


SIX = "DTSTART;TZID=Europe/Berlin:20260323T060000"
TWO_HOURS = "DURATION:PT2H"
WEEKLY = "RRULE:FREQ=WEEKLY;COUNT=3"


@pytest.mark.parametrize(
    ("what", "lines", "found"),
    [
        ("utc", ["DTSTART:20260310T050000Z", "DTEND:20260310T070000Z"],
         ["2026-03-10T05:00 2:00:00"]),
        ("floating", ["DTSTART:20260310T060000", TWO_HOURS],
         ["2026-03-10T05:00 2:00:00"]),
        # The wall clock is kept over the change of 29 March.
        ("weekly", [SIX, TWO_HOURS, WEEKLY],
         ["2026-03-23T05:00 2:00:00", "2026-03-30T04:00 2:00:00",
          "2026-04-06T04:00 2:00:00"]),
        ("exdate", [SIX, TWO_HOURS, WEEKLY, "EXDATE;TZID=Europe/Berlin:20260330T060000"],
         ["2026-03-23T05:00 2:00:00", "2026-04-06T04:00 2:00:00"]),
        ("exdate by day", [SIX, TWO_HOURS, WEEKLY, "EXDATE;VALUE=DATE:20260330"],
         ["2026-03-23T05:00 2:00:00", "2026-04-06T04:00 2:00:00"]),
        ("until", [SIX, TWO_HOURS, "RRULE:FREQ=WEEKLY;UNTIL=20260330T040000Z"],
         ["2026-03-23T05:00 2:00:00", "2026-03-30T04:00 2:00:00"]),
        ("rdate", [SIX, TWO_HOURS, "RDATE;TZID=Europe/Berlin:20260324T060000"],
         ["2026-03-23T05:00 2:00:00", "2026-03-24T05:00 2:00:00"]),
        # A whole day of the plant, and the one that has 23 hours.
        ("day", ["DTSTART;VALUE=DATE:20260328", "RRULE:FREQ=DAILY;COUNT=2"],
         ["2026-03-27T23:00 1 day, 0:00:00", "2026-03-28T23:00 23:00:00"]),
        # 02:30 does not exist on 29 March: the offset before the change, 03:30.
        ("gap", ["DTSTART;TZID=Europe/Berlin:20260328T023000", "DURATION:PT30M",
                 "RRULE:FREQ=DAILY;COUNT=3"],
         ["2026-03-28T01:30 0:30:00", "2026-03-29T01:30 0:30:00",
          "2026-03-30T00:30 0:30:00"]),
        # 02:30 comes twice on 25 October: the first.
        ("doubled", ["DTSTART;TZID=Europe/Berlin:20261025T023000", "DURATION:PT30M"],
         ["2026-10-25T00:30 0:30:00"]),
        ("leap day", ["DTSTART;VALUE=DATE:20240229", "RRULE:FREQ=YEARLY"], []),
        ("cancelled", [SIX, TWO_HOURS, "STATUS:CANCELLED"], []),
        ("no length", [SIX], []),
        ("windows zone", ["DTSTART;TZID=W. Europe Standard Time:20260310T060000", TWO_HOURS],
         ["2026-03-10T05:00 2:00:00"]),
    ],
)  # fmt: skip
def test_what_is_read(what: str, lines: list[str], found: list[str]) -> None:
    assert times(event(*lines)) == found


def test_one_moved_and_one_cancelled() -> None:
    moved = event(
        "RECURRENCE-ID;TZID=Europe/Berlin:20260330T060000",
        "DTSTART;TZID=Europe/Berlin:20260331T100000",
        TWO_HOURS,
    )
    cancelled = event(
        "RECURRENCE-ID;TZID=Europe/Berlin:20260406T060000",
        "DTSTART;TZID=Europe/Berlin:20260406T060000",
        TWO_HOURS,
        "STATUS:CANCELLED",
    )
    assert times(event(SIX, TWO_HOURS, WEEKLY), moved, cancelled) == [
        "2026-03-23T05:00 2:00:00",
        "2026-03-31T08:00 2:00:00",
    ]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "no_calendar"),
        (b"\x00\xff\x89PNG", "no_calendar"),
        (b"<html></html>", "no_calendar"),
        (b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n", "no_calendar"),
        (b" " * (MAX_BYTES + 1), "calendar_too_large"),
        (ics(event(SIX, uid="") * (MAX_EVENTS + 1)), "calendar_too_many"),
        (ics(event(SIX, uid="")), "event_without_uid"),
        (ics(event("SUMMARY:No time")), "event_unreadable"),
        (ics(event("DTSTART:yesterday", TWO_HOURS)), "event_unreadable"),
        (ics(event("DTSTART:10000101T000000Z", TWO_HOURS)), "event_unreadable"),
        (ics(event(SIX, TWO_HOURS, "RRULE:FREQ=SECONDLY")), "rule_not_understood"),
        (ics(event(SIX, TWO_HOURS, "RRULE:FREQ=DAILY;BYSECOND=1,2")),
         "rule_not_understood"),
        (ics(*(event(SIX, TWO_HOURS, "RRULE:FREQ=DAILY", uid=str(n)) for n in range(9))),
         "calendar_too_many"),
        (ics(event("RECURRENCE-ID;RANGE=THISANDFUTURE:20260330T040000Z", SIX, TWO_HOURS)),
         "range_not_understood"),
    ],
)  # fmt: skip
def test_bad_files_have_a_sentence(content: bytes, code: str) -> None:
    with pytest.raises(NotPossible) as raised:
        read_calendar(content, zone=BERLIN, start=FROM, end=UNTIL)
    assert raised.value.code == code


def test_a_rule_that_never_fits_ends() -> None:
    """30 February: found out at the horizon, not in the year 9999."""
    assert times(
        event(SIX, TWO_HOURS, "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30")
    ) == ["2026-03-23T05:00 2:00:00"]


RULES = ["FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO,SU", "FREQ=MONTHLY;BYDAY=-1FR;INTERVAL=2"]
PIECES = st.lists(
    st.sampled_from(
        [
            *(f"RRULE:{rule}" for rule in RULES), SIX, TWO_HOURS, "DTSTART:20260310T06",
            "DTEND;VALUE=DATE:20260401", "EXDATE:,,", "RRULE:", "RRULE:FREQ=;COUNT=x",
            "DTSTART;TZID=Nowhere/City:20260310T060000", "DURATION:-P1D", "SEQUENCE:many",
            "RECURRENCE-ID:20260330T040000Z", "RDATE;VALUE=PERIOD:20260310T050000Z/PT1H",
            "BEGIN:VALARM", "END:VALARM", "DTSTART;VALUE=DATE:20260310",
        ]
    ),
    max_size=8,
)  # fmt: skip


@given(PIECES)
def test_nothing_else_is_raised_and_nothing_lies_outside(pieces: list[str]) -> None:
    try:
        read = read_calendar(ics(event(*pieces)), zone=BERLIN, start=FROM, end=UNTIL)
    except NotPossible:
        return
    for one in read.occurrences:
        assert one.start < one.end and one.start < UNTIL and one.end > FROM


# --- Into the portal ----------------------------------------------------------------------


def soon(hours: int, uid: str = "one@plant", words: str = "Audit") -> str:
    first = datetime.now(UTC) + timedelta(hours=hours)
    return event(
        f"DTSTART:{first:%Y%m%dT%H%M%SZ}", TWO_HOURS, f"SUMMARY:{words}", uid=uid
    )


@pytest.mark.django_db
class TestImport:
    @pytest.fixture
    def bring(self, north, olga):
        def bring(*events: str, **fields: Any):
            fields = {
                "name": "Plant calendar",
                "kind": "freeze",
                "acting_user": olga,
                "origin": origin(),
                "content": ics(*events),
            } | fields
            return import_file(north, **fields)

        return bring

    def test_the_same_file_again_replaces_by_event(self, bring):
        bring(soon(5), soon(9, uid="two"))
        again = bring(soon(7, words="Audit, later"))
        assert (again.written, again.replaced) == (1, 1)
        assert sorted(ProductionFreeze.objects.values_list("uid", "reason")) == [
            ("one@plant", "Audit, later"),
            ("two", "Audit"),
        ]
        bring(event(SIX, TWO_HOURS, "STATUS:CANCELLED", uid="two"))
        assert ProductionFreeze.objects.get().uid == "one@plant"
        details = AuditEvent.objects.filter(event="calendar.imported").values_list(
            "detail__written", "detail__replaced"
        )
        assert sorted(details) == [(0, 1), (1, 1), (2, 0)]

    def test_stops_are_their_own(self, bring, filling_line):
        bring(soon(5), name="Stops", kind="stop", asset=filling_line)
        assert MaintenanceStop.objects.get().asset == filling_line
        assert not ProductionFreeze.objects.exists()
        with pytest.raises(NotPossible):
            bring(soon(5), name="Stops", kind="freeze")

    def test_a_bad_file_changes_nothing(self, bring):
        bring(soon(5))
        with pytest.raises(NotPossible):
            bring(soon(7), event("SUMMARY:No time", uid="bad"))
        assert ProductionFreeze.objects.count() == 1

    @pytest.mark.parametrize("who", ["vera", "omar", "cora", "ivan"])
    def test_others_may_not(self, request, bring, who):
        with pytest.raises(NotAllowed):
            bring(soon(5), acting_user=request.getfixturevalue(who))

    def test_by_the_page(self, browser_of, olga, north):
        browser, path = browser_of(olga), "/plants/sites/north/calendars/import/"
        form = {"file-name": "Plant calendar", "file-kind": "freeze", "file-asset": ""}
        wrong = SimpleUploadedFile("x.ics", b"no")
        answer = browser.post(path, {**form, "file-file": wrong})
        assert answer.status_code == 422
        assert "not an iCalendar file" in answer.content.decode()
        good = SimpleUploadedFile("x.ics", ics(soon(5)))
        assert browser.post(path, {**form, "file-file": good}).status_code == 302
        page = browser.get("/plants/sites/north/calendars/").content.decode()
        assert "1 production freeze to come" in page
        source = CalendarSource.objects.get()
        removed = browser.post(f"/plants/calendars/{source.pk}/remove/")
        assert removed.status_code == 302 and not ProductionFreeze.objects.exists()


@pytest.fixture(scope="module")
def server() -> Iterator[HTTPServer]:
    """A web server on loopback that answers what a test puts into `answers`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = server.answers[self.path]  # type: ignore[attr-defined]
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.django_db
class TestFeed:
    @pytest.fixture
    def feed(self, server, north, adam, settings):
        """Answers of the server by path; Adam named its calendar."""
        host = f"127.0.0.1:{server.server_port}"
        settings.CALENDAR_HOSTS = [host]
        server.answers = {}
        self.source = add_feed(
            north, name="Feed", kind="freeze", url=f"http://{host}/plant.ics",
            acting_user=adam, origin=origin(),
        )  # fmt: skip
        return server.answers

    @staticmethod
    def uids() -> list[str]:
        return sorted(ProductionFreeze.objects.values_list("uid", flat=True))

    def test_it_is_the_whole_truth_and_the_last_good_state_stays(
        self, feed, adam, committed
    ):
        feed["/plant.ics"] = (200, {}, ics(soon(5), soon(9, uid="two")))
        assert read_feeds() == 1 and self.uids() == ["one@plant", "two"]
        feed["/plant.ics"] = (200, {}, ics(soon(9, uid="two")))
        assert read_feeds() == 1 and self.uids() == ["two"]
        with committed():
            for wrong in (
                (500, {}, b""),
                (200, {}, b"<html>"),
                (200, {}, b"x" * 2**21),
            ):
                feed["/plant.ics"] = wrong
                assert read_feeds() == 0 and self.uids() == ["two"]
        source = CalendarSource.objects.get()
        assert source.failed_at and "reached" in source.failure
        # Said once, not every quarter of an hour.
        assert AuditEvent.objects.filter(event="calendar.import.failed").count() == 1
        assert [m.to for m in mail.outbox if "Feed" in m.subject] == [[adam.email]]
        feed["/plant.ics"] = (200, {}, ics(soon(9, uid="two")))
        assert read_feeds() == 1
        assert CalendarSource.objects.get().failed_at is None

    def test_a_redirect_leads_to_an_allowed_host_or_nowhere(self, feed):
        for place in ("http://127.0.0.1:1/", "file:///etc/passwd", "/plant.ics"):
            feed["/plant.ics"] = (302, {"Location": place}, b"")
            assert read_feeds() == 0
        feed["/plant.ics"] = (302, {"Location": "/there.ics"}, b"")
        feed["/there.ics"] = (200, {}, ics(soon(5)))
        assert read_feeds() == 1 and self.uids() == ["one@plant"]

    @pytest.mark.parametrize(
        "url",
        [
            "file:///etc/passwd", "http://169.254.169.254/", "http://127.0.0.1/x.ics",
            "ftp://127.0.0.1/", "https://", "http://[", "http://a b/", "javascript:1",
            "http://user:word@127.0.0.1/",
        ],
    )  # fmt: skip
    def test_addresses_that_are_not_asked(self, feed, browser_of, adam, url):
        answer = browser_of(adam).post(
            "/plants/sites/north/calendars/add/",
            {"feed-name": "Other", "feed-kind": "stop", "feed-url": url},
        )
        assert answer.status_code == 422 and CalendarSource.objects.count() == 1

    def test_only_administrators(self, feed, olga, adam):
        with pytest.raises(NotAllowed):
            remove_source(self.source, acting_user=olga, origin=origin())
        remove_source(self.source, acting_user=adam, origin=origin())
        assert not CalendarSource.objects.exists()
