"""The plant calls somebody back whose factor or training has lapsed, and reads out a code."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from accessportal.accounts.limits import limits_of
from accessportal.accounts.models import AuthenticatorApp, User, WebSession
from accessportal.accounts.services.vendor_people import note_callback_number
from accessportal.audit.models import AuditEvent
from accessportal.errors import FreshFactorNeeded, NotAllowed, NotPossible, TooLate
from accessportal.notifications.models import Notification
from requests.models import Escort, MaintenanceWindow
from requests.services.emergency import Emergency, submit_emergency
from requests.services.escort import LENGTH, SIGNS, enter_by_code, offer_escort
from requests.services.extension import grant_extension, request_extension
from requests.services.later_look import take_look
from requests.services.moving import recall_window
from requests.tasks import chase_emergency_looks
from tests.accounts.steps import type_password
from tests.cast import make_window, origin
from tests.request_flow.conftest import approve, refused

pytestmark = pytest.mark.django_db

REF = "f" * 16


@pytest.fixture
def window(clock, plant, vera, olga, adam, filling_hmi):
    """Vera's open window; the plant has held her number since last week."""
    vera.callback_number = "+49 40 5550123"
    vera.callback_number_at = timezone.now() - timedelta(days=7)
    vera.callback_number_by = adam
    vera.save()
    return make_window(vera, filling_hmi, decided_by=olga)


def lapse(person: User) -> None:
    User.objects.filter(pk=person.pk).update(
        training_expires_at=timezone.now() - timedelta(days=1)
    )


def call(window, by, **fields):
    """Olga calls, and makes the code; without more the factor is lost."""
    fields = {"factor_lost": True, "spoken": True, "reason": "Line 3 stands", **fields}
    fields.setdefault("origin", origin())
    return offer_escort(window.access_request, acting_user=by, **fields)


def enter(person, code, **fields):
    fields = {"web_session_ref": REF, "factor_used": False, **fields}
    return enter_by_code(acting_user=person, code=code, origin=origin(), **fields)


def test_from_the_call_to_the_own_request_over_http(
    committed, window, vera, olga, ivan, filling_hmi, browser_of, django_db_blocker
):
    number = window.access_request.number
    plant = browser_of(olga)
    assert "Call back and escort" in plant.get(f"/requests/{number}/").text
    page = plant.get(f"/escorts/{number}/offer/").text
    assert "+49 40 5550123" in page
    form = {"factor_lost": "yes", "reason": "Line 3 stands since 02:40"}
    unspoken = plant.post(f"/escorts/{number}/offer/", form)
    assert (unspoken.status_code, Escort.objects.count()) == (422, 0)
    assert "Line 3 stands since 02:40" in unspoken.text, "what was typed is kept"
    with committed():
        made = plant.post(f"/escorts/{number}/offer/", {**form, "spoken": "yes"})
    code = re.search(r"data-code>([A-Z0-9]{4} [A-Z0-9]{4})<", made.text)[1]
    escort = Escort.objects.get()
    assert set(code.replace(" ", "")) <= set(SIGNS)
    assert len(code.replace(" ", "")) == LENGTH
    assert code.replace(" ", "") not in str(vars(escort))
    assert (escort.bridges, escort.called_number) == ("factor", "+49 40 5550123")
    told = Notification.objects.filter(kind="escort.offered")
    assert {one.recipient for one in told} == {vera, ivan}, "Olga approved, and called"
    assert not [one for one in told if code in f"{one.subject}{one.body}"]

    browser = Client()
    assert browser.get("/escorts/code/").status_code == 302, "the password comes first"
    led = type_password(browser, vera)
    assert "/escorts/code/" in browser.get(led.url).text
    assert "bare" in browser.get("/escorts/code/").text
    with committed():
        inside = browser.post(
            "/escorts/code/", {"code": code.lower().replace(" ", "-")}
        )
    assert inside.url == f"/escorts/{number}/"
    own = browser.get(inside.url).text
    assert f"/sessions/start/{window.pk}/{filling_hmi.pk}/" in own
    web_session = WebSession.objects.get(bound_to=number)
    assert web_session.expires_at == window.closes_at
    start = browser.get(f"/sessions/start/{window.pk}/{filling_hmi.pk}/").text
    assert "Olga Olsen escorts you" in start
    assert "otp_code" not in start
    assert "side-nav" not in start + own
    for path in ("/requests/", f"/requests/{number}/", "/account/", "/windows/"):
        answer = browser.get(path)
        assert (answer.status_code, "escorted for" in answer.text) == (403, True), path
    assert browser.get("/").url == f"/escorts/{number}/"
    assert browser.post("/account/authenticator/").status_code == 403

    # Nothing about Vera has changed, and the code is used up.
    again = Client()
    type_password(again, vera)
    assert again.post("/escorts/code/", {"code": code}).status_code == 422
    assert AuthenticatorApp.objects.filter(user=vera).count() == 1
    assert User.objects.get(pk=vera.pk).training_expires_at == vera.training_expires_at
    assert set(
        Notification.objects.filter(kind="escort.entered").values_list(
            "recipient", flat=True
        )
    ) == {olga.pk, ivan.pk}
    events = set(AuditEvent.objects.values_list("event", flat=True))
    assert {"escort.offered", "escort.entered", "escort.code.refused"} <= events

    # It ends with the window.
    window.closes_at = timezone.now()
    window.save()
    WebSession.objects.filter(pk=web_session.pk).update(expires_at=timezone.now())
    assert browser.get(f"/escorts/{number}/").url.startswith("/accounts/login/")


def test_the_sign_in_ends_with_the_window_wherever_that_is_moved(
    clock, window, vera, olga
):
    number, browser = window.access_request.number, Client()
    ends = timezone.now() + timedelta(minutes=20)
    MaintenanceWindow.objects.update(closes_at=ends)
    type_password(browser, vera)
    browser.post("/escorts/code/", {"code": call(window, olga).code})

    def given(minutes):
        asked = request_extension(
            window, acting_user=vera, origin=origin(), minutes=minutes, reason="Jammed"
        )
        grant_extension(asked, acting_user=olga, origin=origin())
        return WebSession.objects.get(bound_to=number)

    assert given(30).expires_at == ends + timedelta(minutes=30)
    clock.forward(minutes=25)
    assert browser.get(f"/escorts/{number}/").status_code == 200
    recall_window(window, acting_user=olga, origin=origin(), minutes=10)
    held = WebSession.objects.get(bound_to=number)
    window.refresh_from_db()
    assert held.expires_at == window.closes_at < ends + timedelta(minutes=30)

    # No longer than any sign-in of hers, and what is over does not come back.
    longest = limits_of(vera).absolute
    held.begun_at = window.closes_at - longest + timedelta(minutes=5)
    held.save()
    assert given(60).expires_at == held.begun_at + longest
    clock.forward(minutes=20)
    assert browser.get(f"/escorts/{number}/").status_code == 302
    assert given(30).expires_at < timezone.now()


def test_over_a_training_alone_the_second_factor_stays(window, vera, olga, browser_of):
    lapse(vera)
    number, browser = window.access_request.number, browser_of(vera)
    page = browser.get(f"/requests/{number}/").text
    assert "Type the code" in page and "Connect to" not in page
    code = call(window, olga, factor_lost=False).code
    with refused(NotPossible, "factor_needed"):
        enter(vera, code)
    answer = browser.post("/escorts/code/", {"code": code})
    assert answer.url == f"/requests/{number}/"
    page = browser.get(answer.url).text
    assert "Olga Olsen escorts you" in page and "Connect to" in page
    assert not WebSession.objects.exclude(bound_to="").exists()
    assert User.objects.get(pk=vera.pk).training_expires_at < timezone.now()


def test_where_nobody_can_be_escorted_the_page_leads_on(
    window, vera, olga, ivan, browser_of
):
    """To who notes a number, for the next time, and to letting in somebody else, for now."""
    User.objects.filter(pk=vera.pk).update(
        callback_number="", callback_number_at=None, callback_number_by=None
    )
    path = f"/escorts/{window.access_request.number}/offer/"
    of_person = f"/vendors/{vera.vendor.slug}/people/{vera.pk}/"
    assert vera.vendor.sponsor == olga
    page = browser_of(olga).get(path).text
    assert of_person in page and "/emergencies/new/" in page
    page = browser_of(ivan).get(path).text
    assert of_person not in page and "/emergencies/new/" in page

    window.revoked_at, window.revoke_reason = timezone.now(), "Stop"
    window.save()
    page = browser_of(olga).get(path).text
    assert "is not open" in page and of_person not in page


def test_who_may_not_escort_and_who_cannot_be(
    committed, window, vera, victor, olga, omar, ivan, cora, adam, fillwerk, filling_plc
):
    coordinator = User.objects.get(pk=victor.pk)
    User.objects.filter(pk=victor.pk).update(
        vendor=fillwerk, coordinator_at=timezone.now(), coordinator_by=adam
    )
    coordinator.refresh_from_db()
    for somebody in (vera, coordinator, omar, cora, adam):
        with refused(NotAllowed, "not_allowed"):
            call(window, somebody)
    with pytest.raises(FreshFactorNeeded):
        call(window, olga, origin=origin(factor_age=301))
    for fields, code in (
        ({"spoken": False}, "not_spoken"),
        ({"reason": "  "}, "reason_missing"),
        ({"factor_lost": False}, "nothing_lapsed"),
    ):
        with refused(NotPossible, code):
            call(window, olga, **fields)

    now = timezone.now()
    ago = now - timedelta(days=200)
    row = User.objects.filter(pk=vera.pk)
    before = row.values().get()
    for change, code in (
        ({"callback_number": "", "callback_number_at": None}, "no_number"),
        ({"callback_number_at": now - timedelta(hours=23)}, "number_too_new"),
        ({"disabled_at": now}, "access_ended"),
        ({"expires_at": now}, "access_ended"),
        ({"sponsor_confirmed_at": None}, "not_confirmed"),
        ({"created_at": ago, "last_login": ago}, "parked"),
        ({"password": "!"}, "no_first_factor"),
    ):
        row.update(**change)
        with refused(NotPossible, code):
            call(window, olga)
        row.update(**before)
    fillwerk.suspended_at = now
    fillwerk.save()
    with refused(NotPossible, "access_ended"):
        call(window, olga)
    fillwerk.suspended_at = None
    fillwerk.save()

    opened = make_window(
        vera, filling_plc, decided_by=olga, emergency_at=now,
        emergency_by=ivan, emergency_reason="The line is down",
    )  # fmt: skip
    with refused(NotAllowed, "four_eyes"):
        call(opened, ivan)
    for moved, code in (
        ({"opens_at": now + timedelta(minutes=5)}, "window_not_open"),
        ({"revoked_at": now, "revoke_reason": "Stop"}, "window_not_open"),
    ):
        for name, value in moved.items():
            setattr(opened, name, value)
        opened.save()
        with refused(TooLate, code):
            call(opened, olga)
    assert not Escort.objects.exists()
    assert call(window, ivan).escort.offered_by == ivan, "IT security may, too"

    escort = Escort.objects.get()
    for change in (
        {"offered_by": vera},
        {"offered_by": coordinator},
        {"person": victor},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Escort.objects.filter(pk=escort.pk).update(**change)


def test_a_code_is_good_once_for_minutes_for_one_request_and_five_tries(
    clock, committed, window, vera, victor, olga, filling_plc
):
    first = call(window, olga).code
    with refused(TooLate, "code_over"):
        enter(victor, first)
    second = call(window, olga).code
    with refused(NotPossible, "code_refused"):
        enter(vera, first)  # replaced by the second
    enter(vera, second)
    with refused(TooLate, "code_over"):
        enter(vera, second)

    late = call(window, olga).code
    clock.forward(minutes=10, seconds=1)
    with refused(TooLate, "code_over"):
        enter(vera, late)

    other = make_window(vera, filling_plc, decided_by=olga)
    elsewhere = call(other, olga).code
    # In a browser that is bound to the one request, the code of another is none.
    with refused(TooLate, "code_over"):
        enter(vera, elsewhere, bound_to=window.access_request.number)
    assert enter(vera, elsewhere).access_request == other.access_request

    guessed = call(window, olga)
    for left in (4, 3, 2, 1):
        with refused(NotPossible, "code_refused"):
            enter(vera, "AAAA AAAA")
        guessed.escort.refresh_from_db()
        assert guessed.escort.attempts == 5 - left
    with committed(), refused(TooLate, "code_void"):
        enter(vera, "AAAA AAAA")
    with refused(TooLate, "code_over"):
        enter(vera, guessed.code)
    assert Notification.objects.filter(kind="escort.voided", recipient=olga).exists()
    refusals = AuditEvent.objects.filter(event="escort.code.refused")
    assert refusals.filter(result="refused").count() == refusals.count() >= 10


def test_what_changes_between_call_and_code_counts(window, vera, olga, fillwerk):
    code = call(window, olga).code
    User.objects.filter(pk=vera.pk).update(disabled_at=timezone.now())
    with refused(NotPossible, "access_ended"):
        enter(vera, code)
    User.objects.filter(pk=vera.pk).update(disabled_at=None)
    window.revoked_at, window.revoke_reason = timezone.now(), "Stop"
    window.save()
    with refused(TooLate, "window_not_open"):
        enter(vera, code)


@pytest.mark.django_db(transaction=True)
def test_two_browsers_with_the_same_code_at_once(
    at_once, vera, olga, adam, filling_hmi
):
    now = timezone.now()
    User.objects.filter(pk=vera.pk).update(
        callback_number="+49 40 5550123",
        callback_number_at=now - timedelta(days=7),
        callback_number_by=adam,
    )
    window = make_window(vera, filling_hmi, decided_by=olga)
    code = call(window, olga).code
    results = at_once(
        lambda: enter(vera, code, web_session_ref="a" * 16),
        lambda: enter(vera, code, web_session_ref="b" * 16),
    )
    won = [one for one in results if isinstance(one, Escort)]
    lost = [one for one in results if isinstance(one, TooLate)]
    assert (len(won), len(lost)) == (1, 1), results
    assert Escort.objects.get().web_session_ref == won[0].web_session_ref


def test_the_later_look_is_somebody_elses_and_is_chased(
    clock, window, vera, olga, ivan, cora, browser_of
):
    offered = call(window, olga)
    page = browser_of(ivan).get("/escorts/").text
    assert "Not used" in page
    assert not Escort.objects.owed_by(ivan).exists(), "nobody was let in yet"
    escort = enter(vera, offered.code)
    assert list(Escort.objects.owed_by(ivan)) == [escort]
    assert escort.look_due_at - escort.used_at == timedelta(hours=24)
    judged = {"origin": origin(), "verdict": "justified", "note": "Seen"}
    for somebody in (olga, cora, vera):
        assert not Escort.objects.owed_by(somebody).exists()
        with refused(NotAllowed, "second_eyes"):
            take_look(escort, acting_user=somebody, **judged)
    assert chase_emergency_looks() == 0
    clock.forward(hours=19)
    assert (chase_emergency_looks(), chase_emergency_looks()) == (1, 0)
    clock.forward(hours=6)
    assert (chase_emergency_looks(), chase_emergency_looks()) == (1, 0)
    kinds = Notification.objects.filter(recipient=ivan, kind__startswith="escort.look")
    assert {one.kind for one in kinds} == {"escort.look.due", "escort.look.late"}
    assert AuditEvent.objects.filter(event="escort.look.late").count() == 1

    browser = browser_of(ivan)
    for path in ("/", "/escorts/", f"/requests/{window.access_request.number}/"):
        assert "Late" in browser.get(path).text, path
    done = browser.post(
        f"/escorts/{escort.pk}/look/", {"verdict": "not_justified", "reason": "By day"}
    )
    assert done.status_code == 302
    escort.refresh_from_db()
    assert (escort.looked_by, escort.verdict) == (ivan, "not_justified")
    told = Notification.objects.get(kind="escort.not_justified")
    assert told.recipient == olga
    with refused(TooLate, "already_looked"):
        take_look(escort, acting_user=ivan, **{**judged, "origin": origin()})
    found = browser.get("/escorts/?look=not_justified&q=vera").text
    assert window.access_request.number in found
    assert "No escort is like that" in browser.get("/escorts/?q=nobody").text
    with pytest.raises(IntegrityError), transaction.atomic():
        Escort.objects.filter(pk=escort.pk).update(looked_by=olga)


def test_the_number_is_the_plants_alone(
    committed, plant, vera, olga, adam, omar, fillwerk, browser_of
):
    """Never the person's, and not before everybody has heard of it."""
    own = browser_of(vera)
    profile = {
        "full_name": "Vera Vogt", "phone": "+1 1", "language": "en",
        "time_zone": "Europe/Berlin", "callback_number": "+1 2",
    }  # fmt: skip
    assert own.post("/account/details/", profile).status_code == 302
    path = f"/vendors/{fillwerk.slug}/people/{vera.pk}/callback-number/"
    assert own.post(path, {"number": "+1 2 3456"}).status_code in {403, 404}
    vera.refresh_from_db()
    assert (vera.phone, vera.callback_number) == ("+1 1", "")
    with refused(NotAllowed, "not_allowed"):
        note_callback_number(
            acting_user=omar, person=vera, number="+49 1 23456", origin=origin()
        )
    with refused(NotPossible, "number_unclear"):
        note_callback_number(
            acting_user=adam, person=vera, number="ask Vera", origin=origin()
        )
    with committed():
        assert (
            browser_of(adam).post(path, {"number": "+49 40 5550123"}).status_code == 302
        )
    vera.refresh_from_db()
    assert (vera.callback_number, vera.callback_number_by) == ("+49 40 5550123", adam)
    told = Notification.objects.filter(kind="person.callback_noted")
    assert {one.recipient for one in told} == {vera, olga}
    assert "5550123" not in own.get("/account/").text


def test_a_lapsed_training_keeps_nobody_from_an_emergency_but_from_the_machine(
    clock, plant, vera, olga, filling_hmi
):
    """The plant is asked, sees that somebody has to escort, and decides with that."""
    lapse(vera)
    vera.refresh_from_db()
    asked = submit_emergency(
        Emergency(
            site=plant.north,
            person=vera,
            endpoint_ids=[filling_hmi.pk],
            permission="control",
            reason="The filler stands",
            purpose="Look why the filler stands",
            minutes=60,
        ),
        acting_user=vera,
        origin=origin(),
        submission_key=uuid.uuid4(),
    )
    window = approve(asked, olga)
    assert window.phase() == "open"
