"""Who is on shift: by the plant's clock, entered in the browser, or out of a file."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction

from accessportal.audit.models import AuditEvent
from accessportal.errors import NotAllowed, NotPossible, TooLate
from accessportal.plants.models import Shift, ShiftException
from accessportal.plants.roster import people_for_roster, roster_of
from accessportal.plants.roster_csv import decoded, read_roster
from accessportal.plants.services.roster import (
    ShiftFacts,
    add_shift,
    change_shift,
    import_roster,
    remove_exception,
    remove_shift,
    seen_of,
    set_exception,
)
from tests.cast import make_person, origin

pytestmark = pytest.mark.django_db


def shift(site, name, days, begins, ends, *people):
    made = Shift.objects.create(
        site=site,
        name=name,
        weekdays=days,
        begins=time.fromisoformat(begins),
        ends=time.fromisoformat(ends),
    )
    made.people.set(people)
    return made


def facts(*people, **fields):
    return ShiftFacts(
        **{
            "name": "Early",
            "weekdays": "12345",
            "begins": time(6),
            "ends": time(14),
            "people": people,
            **fields,
        }
    )


def seen_in(page):
    """What the form of a shift carries along."""
    return re.search(r'name="seen" value="(\w+)"', page.text)[1]


@pytest.fixture
def petra(plant):
    """A process engineer, who holds no role."""
    return make_person("Petra Prozess")


@pytest.fixture
def three_shifts(north, olga, adam, petra):
    """Around the clock, every day; the night crosses midnight and the hour of the change."""
    return [
        shift(north, "Early", "1234567", "06:00", "14:00", olga),
        shift(north, "Late", "1234567", "14:00", "22:00", adam),
        shift(north, "Night", "1234567", "22:00", "06:00", petra),
    ]


def test_around_the_clock(three_shifts, north):
    for at, now, until, comes in (
        # A winter's day: Berlin is an hour ahead of UTC. The first moment belongs to the shift.
        ("2026-03-10T04:59", "Night", "2026-03-10T05:00", "Early"),
        ("2026-03-10T05:00", "Early", "2026-03-10T13:00", "Late"),
        ("2026-03-10T20:59", "Late", "2026-03-10T21:00", "Night"),
        ("2026-03-10T22:59", "Night", "2026-03-11T05:00", "Early"),
        ("2026-03-10T23:01", "Night", "2026-03-11T05:00", "Early"),
        # The clocks go forward on 29 March: that night is an hour shorter.
        ("2026-03-29T00:59", "Night", "2026-03-29T04:00", "Early"),
        ("2026-03-29T04:00", "Early", "2026-03-29T12:00", "Late"),
        # They go back on 25 October: that night is an hour longer.
        ("2026-10-25T00:30", "Night", "2026-10-25T05:00", "Early"),
        ("2026-10-25T01:30", "Night", "2026-10-25T05:00", "Early"),
        ("2026-10-25T04:30", "Night", "2026-10-25T05:00", "Early"),
    ):
        roster = roster_of(north, at=datetime.fromisoformat(f"{at}+00:00"))
        found = (
            [one.shift.name for one in roster.now],
            f"{roster.now_until:%Y-%m-%dT%H:%M}",
            [one.shift.name for one in roster.next],
        )
        assert found == ([now], until, [comes]), at


def test_a_change_of_shift_within_the_change_of_the_clocks(north, olga, adam):
    """Whoever follows another follows them: no gap, and no time with both."""
    shift(north, "First", "1234567", "00:00", "02:30", olga)
    shift(north, "Second", "1234567", "02:30", "05:00", adam)
    shift(north, "In what is skipped", "1234567", "02:10", "03:05", adam)
    for change, handed_over, names in (
        # 02:30 is skipped: it is 03:30 then, for who goes and for who comes.
        ("2026-03-29", "2026-03-29T01:30", ["First", "Second"]),
        # 02:30 comes twice: the first of the two, and nobody is on twice.
        (
            "2026-10-25",
            "2026-10-25T00:30",
            ["First", "In what is skipped", "Second"],
        ),
    ):
        roster = roster_of(north, at=datetime.fromisoformat(f"{change}T00:00+00:00"))
        day = [one for one in roster.times if one.day == date.fromisoformat(change)]
        assert [one.shift.name for one in day] == names
        assert f"{day[0].end:%Y-%m-%dT%H:%M}" == handed_over
        assert day[-1].start == day[0].end


def test_weekdays_gaps_and_days_that_differ(north, south, olga, adam, petra):
    assert roster_of(south) is None
    early = shift(north, "Early", "12345", "06:00", "14:00", olga)
    whole = shift(north, "On call", "67", "06:00", "06:00", petra)

    def on(moment):
        at = datetime.fromisoformat(f"{moment}+01:00")
        roster = roster_of(north, at=at)
        return {pk: one for one in (olga, adam, petra) for pk in [one.pk]
                if pk in roster.people_now}.values()  # fmt: skip

    assert list(on("2026-03-13T12:00")) == [olga]  # Friday
    assert list(on("2026-03-13T14:00")) == []
    assert list(on("2026-03-15T05:00")) == [
        petra
    ]  # Sunday, the day that began on Saturday
    assert list(on("2026-03-16T05:59")) == [petra]
    assert list(on("2026-03-16T06:00")) == [olga]

    # Somebody stands in; a Saturday more; one that does not take place.
    friday = ShiftException.objects.create(shift=early, date=date(2026, 3, 13))
    friday.people.set([adam])
    more = ShiftException.objects.create(shift=early, date=date(2026, 3, 14))
    more.people.set([adam, olga])
    ShiftException.objects.create(shift=whole, date=date(2026, 3, 15))
    assert list(on("2026-03-13T12:00")) == [adam]
    assert list(on("2026-03-14T07:00")) == [olga, adam, petra]
    assert list(on("2026-03-15T05:00")) == [petra]
    assert list(on("2026-03-15T12:00")) == []
    assert roster_of(north, at=datetime(2026, 3, 13, 14, tzinfo=UTC)).next_with(
        [olga.pk]
    ) == datetime(2026, 3, 14, 5, tzinfo=UTC)

    # Whoever has left is on no shift.
    adam.expires_at = datetime(2026, 1, 1, tzinfo=UTC)
    adam.save()
    assert list(on("2026-03-14T07:00")) == [olga, petra]
    with pytest.raises(IntegrityError), transaction.atomic():
        ShiftException.objects.create(shift=early, date=date(2026, 3, 14))


def test_olga_and_adam_change_it_and_the_trail_says_so(north, olga, adam, petra):
    made = add_shift(north, facts(olga), acting_user=olga, origin=origin())
    change_shift(
        made,
        facts(olga, petra, ends=time(15)),
        seen=seen_of(made),
        acting_user=adam,
        origin=origin(),
    )
    day = set_exception(
        made,
        day=date(2026, 12, 24),
        people=[petra],
        acting_user=olga,
        origin=origin(),
    )
    again = set_exception(
        made, day=date(2026, 12, 24), people=[], acting_user=olga, origin=origin()
    )
    assert again == day and not day.people.exists()
    remove_exception(day, acting_user=adam, origin=origin())
    remove_shift(made, acting_user=olga, origin=origin())
    assert not Shift.objects.exists()
    events = AuditEvent.objects.filter(event="roster.changed").order_by("pk")
    assert [one.detail.get("people") for one in events] == [
        ["Olga Olsen"],
        ["Olga Olsen", "Petra Prozess"],
        ["Petra Prozess"],
        [],
        None,
        None,
    ]


@pytest.mark.django_db(transaction=True)
def test_two_change_one_shift_at_once(at_once, browser_of, north, olga, adam, petra):
    """Who comes second is told what stands now, keeps what was typed, and decides."""
    made = add_shift(north, facts(olga), acting_user=olga, origin=origin())
    seen = seen_of(made)

    def by(person, **fields):
        return lambda: change_shift(
            Shift.objects.get(pk=made.pk),
            facts(olga, petra, **fields),
            seen=seen,
            acting_user=person,
            origin=origin(),
        )

    results = at_once(by(olga, ends=time(15)), by(adam, ends=time(16)))
    (loser,) = [one for one in results if isinstance(one, Exception)]
    assert isinstance(loser, TooLate) and loser.code == "shift_changed"
    made.refresh_from_db()
    kept = f"06:00 – {made.ends:%H:%M}, Olga Olsen, Petra Prozess"
    assert kept in str(loser.sentence)

    hers, edit = browser_of(olga), f"/plants/shifts/{made.pk}/edit/"
    typed = {
        "name": "Very early",
        "weekdays": ["6"],
        "begins": "05:00",
        "ends": "13:00",
        "people": [olga.pk],
    }
    late = hers.post(edit, {**typed, "seen": seen})
    assert late.status_code == 409 and late.text.count(kept) == 1, "said once"
    assert "Save mine instead" in late.text and f'href="{edit}"' in late.text
    assert 'value="Very early"' in late.text
    assert hers.post(edit, {**typed, "seen": seen_in(late)}).status_code == 302
    made.refresh_from_db()
    assert (made.name, list(made.people.all())) == ("Very early", [olga])


def test_a_shift_that_somebody_removed_meanwhile(browser_of, north, olga, adam, omar):
    """What was typed is kept for a shift of its own; nobody else learns that there was one."""
    made = add_shift(north, facts(olga), acting_user=olga, origin=origin())
    hers, path = browser_of(olga), f"/plants/shifts/{made.pk}/"
    typed = {
        "name": "Very early",
        "weekdays": ["6"],
        "begins": "05:00",
        "ends": "13:00",
        "people": [olga.pk],
    }
    form = hers.get(f"{path}edit/")
    assert 'name="site" value="north"' in form.text
    assert browser_of(adam).post(f"{path}remove/").status_code == 302
    typed["site"] = "north"
    late = hers.post(f"{path}edit/", typed)
    assert late.status_code == 409
    assert "Somebody removed this shift meanwhile" in late.text
    assert 'value="Very early"' in late.text
    anew = re.search(r'<form method="post" action="([^"]+)" class="card"', late.text)
    assert hers.post(anew[1], typed).status_code == 302
    assert Shift.objects.get().name == "Very early"
    again = hers.post(f"{path}remove/", {"site": "north"}, follow=True)
    assert "Somebody has removed this shift already" in again.text
    for body in (typed, {}):
        assert browser_of(omar).post(f"{path}edit/", body).status_code in {403, 404}
        assert hers.get(f"{path}edit/").status_code == 404


def test_others_do_not_and_what_cannot_be(request, north, olga, omar, vera):
    made = add_shift(north, facts(olga), acting_user=olga, origin=origin())
    for who in ("omar", "ivan", "cora", "vera"):
        by = {"acting_user": request.getfixturevalue(who), "origin": origin()}
        with pytest.raises(NotAllowed):
            add_shift(north, facts(olga, name="Late"), **by)
        with pytest.raises(NotAllowed):
            remove_shift(made, **by)
        with pytest.raises(NotAllowed):
            import_roster(north, "", **by)
    for wrong, code in (
        (facts(olga), "name_taken"),
        (facts(olga, name="  "), "name_missing"),
        (facts(olga, name="Late", weekdays="18"), "days_missing"),
        (facts(name="Late"), "nobody"),
        # A colleague of another plant, and somebody of a vendor.
        (facts(omar, name="Late"), "not_of_site"),
        (facts(vera, name="Late"), "not_of_site"),
    ):
        with pytest.raises(NotPossible) as error:
            add_shift(north, wrong, acting_user=olga, origin=origin())
        assert error.value.code == code
    assert Shift.objects.count() == 1


GOOD = (
    "shift;days;from;until;people\r\n"
    "Early;1-5;6:00;14:00;olga.olsen@example.test, petra.prozess@example.test\r\n"
    "\r\n"
    "Nächt;12345,7;22:00;06:00:00;ADAM.ALBERS@example.test\r\n"
    "Early;2026-12-24;;;adam.albers@example.test\r\n"
    "Nächt;2026-12-31;;;\r\n"
)


def test_a_file_takes_the_place_of_the_roster(north, olga, adam, petra):
    shift(north, "Old", "1", "06:00", "14:00", olga)
    for content in (GOOD.encode("utf-8-sig"), GOOD.encode("cp1252")):
        import_roster(north, decoded(content), acting_user=olga, origin=origin())
        early, night = north.shifts.order_by("name")
        assert (early.weekdays, early.begins, set(early.people.all())) == (
            "12345",
            time(6),
            {olga, petra},
        )
        assert (night.name, night.weekdays, night.ends) == ("Nächt", "123457", time(6))
        assert list(early.exceptions.get().people.all()) == [adam]
        assert not night.exceptions.get().people.exists()


def test_a_file_with_a_mistake_says_where(north, olga, omar):
    head = "shift,days,from,until,people\n"
    line = f"A,1,06:00,14:00,{olga.email}"
    for text, mistake in (
        ("", "There is no shift in the file."),
        ("name,days\nEarly,1", "The first line has to name the columns"),
        ("{head}A,1,6,14:00,{olga}", "Line 2: “6” is not a time."),
        ("{head}A,1,06:00,24:00,{olga}", "Line 2: “24:00” is not a time."),
        ("{head}A,0-5,06:00,14:00,{olga}", "Line 2: “0-5” are no days."),
        ("{head}A,Mon,06:00,14:00,{olga}", "Line 2: “Mon” are no days."),
        ("{head},1,06:00,14:00,{olga}", "Line 2: A shift needs a name"),
        ("{head}A,1,06:00,14:00,", "Line 2: Nobody is on this shift."),
        ("{head}A,1,06:00,,{olga}", "Line 2: “” is not a time."),
        ("{head}A,1,06:00,14:00,x@y", "Line 2: x@y is nobody of this site."),
        ("{head}A,1,06:00,14:00,{omar}", "is nobody of this site."),
        ("{head}{a}\n{a}", "Line 3: “A” is there already."),
        ("{head}{a}\nB,2026-12-24,,,", "Line 3: There is no shift “B”."),
        ("{head}{a}\nA,2026-02-30,,,", "Line 3: “2026-02-30” is not a day."),
        ("{head}{a}\nA,2026-12-24,,,\nA,2026-12-24,,,", "Line 4: This day is there"),
        ("{head}{a}\nA,2026-12-24,06:00,,", "leave the times empty."),
        ("{head}" + "{a}\n" * 501, "A file has at most 500 lines."),
    ):
        text = text.replace("{head}", head).replace("{a}", line)
        text = text.replace("{olga}", olga.email).replace("{omar}", omar.email)
        read = read_roster(text, people_for_roster(north))
        assert any(mistake in one for one in read.mistakes), (mistake, read.mistakes)
        with pytest.raises(NotPossible):
            import_roster(north, text, acting_user=olga, origin=origin())


def test_the_pages(browser_of, north, olga, ivan, petra, omar):
    site = "/plants/sites/north/roster/"
    hers = browser_of(olga)
    assert "Without one, everybody" in hers.get(site).content.decode()
    form = hers.get(f"{site}shifts/new/").content.decode()
    assert "Petra Prozess" in form and "Omar Ortega" not in form

    typed = {
        "name": "Night",
        "weekdays": ["1", "2"],
        "begins": "22:00",
        "ends": "06:00",
        "people": [olga.pk],
    }
    wrong = hers.post(f"{site}shifts/new/", {**typed, "people": []})
    assert wrong.status_code == 422 and not Shift.objects.exists()
    assert hers.post(f"{site}shifts/new/", typed).status_code == 302
    night = Shift.objects.get()
    again = hers.post(f"{site}shifts/new/", typed)
    assert again.status_code == 422
    assert "another shift of this name" in again.content.decode()
    edit = f"/plants/shifts/{night.pk}/edit/"
    assert 'value="22:00"' in hers.get(edit).content.decode()
    seen = {"seen": seen_in(hers.get(edit))}
    hers.post(edit, {**typed, **seen, "people": [petra.pk]})
    assert list(night.people.all()) == [petra]
    other_day = {"shift": night.pk, "day": "2099-12-31", "people": [olga.pk]}
    hers.post(f"{site}exceptions/new/", other_day)
    page = browser_of(ivan).get(site).content.decode()
    assert "Mon, Tue, 22:00 – 06:00" in page and "31 Dec 2099" in page
    assert "Add a shift" not in page

    # A file is shown first, and only then in force.
    upload = SimpleUploadedFile("roster.csv", GOOD.encode())
    shown = hers.post(f"{site}import/", {"file": upload})
    assert "as it is now (1 shift)" in shown.content.decode()
    assert Shift.objects.get() == night
    hers.post(f"{site}import/", {"text": GOOD})
    assert {one.name for one in Shift.objects.all()} == {"Early", "Nächt"}
    upload = SimpleUploadedFile("roster.csv", b"shift;days;from;until;people\nA;1;1;1;")
    bad = hers.post(f"{site}import/", {"file": upload})
    assert bad.status_code == 422
    assert "Line 2: Nobody is on this shift." in bad.content.decode()
    assert hers.post(f"{site}import/", {}).status_code == 422
