"""What a roster changes: who is rung, who is said to have it; never who may decide."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accessportal.notifications.models import Delivery, NotificationWishes, PushDevice
from accessportal.plants.models import Shift
from requests.models import AccessRequest
from requests.services.emergency import Emergency, submit_emergency
from requests.services.escalation import escalate_what_waits
from requests.services.submission import remind_of_pending_requests
from tests.cast import Role, make_person, make_policy, origin
from tests.request_flow.conftest import approve, ask

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def phones(monkeypatch):
    """Push is set up here; nothing goes out: what would ring is read off the deliveries."""
    monkeypatch.setattr(
        "accessportal.notifications.outbox.push_is_possible", lambda: True
    )
    monkeypatch.setattr(
        "accessportal.notifications.outbox._push", lambda delivery: False
    )


def phone(person):
    return PushDevice.objects.create(
        user=person,
        endpoint=f"https://push.example/{person.pk}",
        endpoint_hash=f"{person.pk:064d}",
        key_id="k",
    )


@pytest.fixture
def otto(clock, plant):
    """Olga's colleague: also a supervisor of North, with a phone, like her."""
    otto = make_person("Otto Oder", roles=[(Role.OT_SUPERVISOR, plant.north)])
    for person in (plant.olga, otto):
        phone(person)
    return otto


def on_shift(site, person, begins, ends, name="Shift", days="1234567"):
    made = Shift.objects.create(
        site=site, name=name, weekdays=days, begins=begins, ends=ends
    )
    made.people.set([person])
    return made


def rung():
    """The first names of those whose phone rings, each once."""
    people = Delivery.objects.filter(channel="push").values_list(
        "notification__recipient__full_name", flat=True
    )
    return sorted({name.split()[0] for name in people})


def mailed():
    people = Delivery.objects.filter(channel="mail").values_list(
        "notification__recipient__full_name", flat=True
    )
    return sorted({name.split()[0] for name in people})


def test_who_is_rung(otto, vera, olga, north, filling_plc):
    """It is Tuesday, 12:00 at North."""
    for shift, starts_in, rings in (
        (None, 1, "Olga Otto"),  # no roster: as ever
        (("06:00", "14:00"), 1, "Olga"),  # it begins within her shift
        (("06:00", "14:00"), 2, "Olga Otto"),  # it begins when she goes: it can wait
        (("06:00", "14:00"), 24, "Olga Otto"),
        (("14:00", "22:00"), 1, "Olga Otto"),  # nobody is there: nobody is spared
        (("10:00", "10:00"), 20, "Olga"),  # around the clock, until tomorrow at 10
    ):
        Shift.objects.all().delete()
        if shift:
            on_shift(north, olga, *shift)
        asked = ask(
            vera, filling_plc, start=timezone.now() + timedelta(hours=starts_in)
        )
        assert " ".join(rung()) == rings, (shift, starts_in)
        assert mailed() == ["Olga", "Otto"]
        Delivery.objects.all().delete()
        AccessRequest.objects.filter(pk=asked.pk).update(
            state="withdrawn", closed_at=timezone.now()
        )


def test_those_on_shift_are_rung_in_their_quiet_hours(
    otto, vera, olga, north, filling_hmi
):
    for person in (olga, otto):
        NotificationWishes.objects.create(
            user=person, quiet_from="11:00", quiet_until="13:00"
        )
    on_shift(north, olga, "06:00", "14:00")
    ask(vera, filling_hmi, start=timezone.now() + timedelta(hours=1))
    delivery = Delivery.objects.get(channel="push")
    assert delivery.notification.recipient == olga
    assert delivery.next_try_at <= timezone.now()


def test_nobodys_phone_stays_still_for_one_that_cannot_ring(
    otto, vera, olga, north, filling_hmi
):
    PushDevice.objects.filter(user=olga).delete()
    on_shift(north, olga, "06:00", "14:00")
    ask(vera, filling_hmi, start=timezone.now() + timedelta(hours=1))
    assert rung() == ["Otto"]


def test_too_few_on_shift_and_everybody_is_rung(
    otto, vera, olga, adam, north, filling_hmi
):
    make_policy(adam, {"steps": [{"who": "role:ot_supervisor", "quorum": 2}]})
    on_shift(north, olga, "06:00", "14:00")
    ask(vera, filling_hmi, start=timezone.now() + timedelta(hours=1))
    assert rung() == ["Olga", "Otto"]


def test_reminder_and_right(otto, clock, vera, olga, north, filling_hmi):
    """The reminder rings who is on shift by then; whoever may decide still does."""
    on_shift(north, olga, "06:00", "12:30", "Early")
    on_shift(north, otto, "12:30", "22:00", "Late")
    access_request = ask(vera, filling_hmi, start=clock.now + timedelta(hours=1.5))
    clock.forward(minutes=40)
    Delivery.objects.all().delete()
    assert remind_of_pending_requests() == 1
    assert (rung(), mailed()) == (["Otto"], ["Olga", "Otto"])
    # Olga's shift is over; her right is not.
    assert approve(access_request, olga) is not None


def test_a_roster_gives_no_right(otto, vera, adam, north, filling_hmi, browser_of):
    on_shift(north, adam, "06:00", "14:00")
    access_request = ask(vera, filling_hmi, start=timezone.now() + timedelta(hours=1))
    assert rung() == ["Olga", "Otto"]
    path = f"/approvals/{access_request.number}/"
    assert browser_of(adam).get(path).status_code == 403


def test_escalation_rings_the_deputies_on_shift(
    otto, clock, vera, olga, adam, ivan, north, filling_hmi
):
    make_policy(
        adam,
        {
            "steps": [
                {
                    "who": "role:ot_supervisor",
                    "deputy": "role:it_security",
                    "after_minutes": 10,
                }
            ]
        },
    )
    ilse = make_person("Ilse Iden", roles=[(Role.IT_SECURITY, None)])
    for person in (ivan, ilse):
        phone(person)
    on_shift(north, ilse, "06:00", "14:00")
    ask(vera, filling_hmi)
    clock.forward(minutes=11)
    Delivery.objects.all().delete()
    assert escalate_what_waits() == 1
    assert (rung(), mailed()) == (["Ilse"], ["Ilse", "Ivan"])


def test_who_waits_reads_who_has_it(
    otto, clock, vera, olga, north, filling_hmi, browser_of
):
    path = f"/requests/{ask(vera, filling_hmi).number}/"
    hers, olgas = browser_of(vera), browser_of(olga)
    page = hers.get(path).content.decode()
    assert "on shift" not in page

    early = on_shift(north, otto, "06:00", "14:00")
    page = hers.get(path).content.decode()
    here, rest = page.index("on shift now"), page.index("not on shift")
    assert here < rest and "Otto" not in page
    assert "Nobody who can decide" not in page
    early.delete()

    on_shift(north, otto, "06:00", "11:00", days="24")
    page = hers.get(path).content.decode()
    assert "Nobody who can decide is on shift" in page
    assert "Thu 12 Mar, 06:00 CET" in page and "+49 30 1" in page and "Otto" not in page
    # Those who may decide are not kept from it, nor told that nobody may.
    assert "Look and decide" in olgas.get(path).content.decode()


def test_the_plant_reads_who_is_on_shift(
    otto, vera, olga, adam, ivan, north, filling_hmi, browser_of
):
    make_policy(
        adam, {"steps": [{"who": "role:ot_supervisor"}, {"who": "role:it_security"}]}
    )
    on_shift(north, otto, "06:00", "14:00")
    on_shift(north, ivan, "16:00", "20:00", "Security")
    path = f"/requests/{ask(vera, filling_hmi).number}/"
    page = browser_of(ivan).get(path).content.decode()
    assert page.index("Otto Oder</bdi> (on shift)") < page.index("Olga Olsen</bdi>")
    assert "nobody of them is on shift until" in page and "16:00 CET" in page


def test_the_shift_page_says_who_is_there_and_who_comes(otto, olga, north, browser_of):
    page = browser_of(olga).get("/sessions/shift/").content.decode()
    assert "Otto Oder" not in page
    on_shift(north, olga, "06:00", "14:00", "Early")
    on_shift(north, otto, "14:00", "22:00", "Late")
    page = browser_of(olga).get("/sessions/shift/").content.decode()
    assert page.index("Early") < page.index("Late")
    assert "14:00 CET" in page and "Otto Oder" in page


def test_an_emergency_rings_who_is_there(otto, clock, vera, olga, north, filling_hmi):
    on_shift(north, olga, "06:00", "14:00")
    submit_emergency(
        Emergency(
            site=north,
            person=vera,
            endpoint_ids=[filling_hmi.pk],
            permission="control",
            reason="Down since 11:40",
            purpose="Reset the drive",
            minutes=60,
        ),
        acting_user=vera,
        origin=origin(),
        submission_key="6a1c0f4e-0000-4000-8000-000000000001",
    )
    assert (rung(), mailed()) == (["Olga"], ["Olga", "Otto"])
