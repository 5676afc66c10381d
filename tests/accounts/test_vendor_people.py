"""The sponsor confirms whom the plant lets in, names coordinators, notes what is on record."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

from accessportal.accounts.models import NoticeAcceptance, User, Vendor
from accessportal.accounts.notice import NOTICE_VERSION
from accessportal.accounts.services.vendor_people import (
    confirm_person,
    dismiss_coordinator,
    name_coordinator,
    note_dates,
    who_vouches_for,
)
from accessportal.audit.models import AuditEvent
from accessportal.errors import NotAllowed, NotPossible, TooLate
from accessportal.notifications.models import Notification
from requests.services.submission import Wish, submit_request
from tests.accounts.steps import is_signed_in, sign_in
from tests.cast import Clock, Plant, make_person, origin

pytestmark = pytest.mark.django_db

Browser = Callable[..., Client]


@pytest.fixture
def nina(fillwerk: Vendor) -> User:
    """Has joined Fillwerk; nobody of the plant has confirmed her."""
    return make_person("Nina Neu", vendor=fillwerk, sponsor_confirmed_at=None)


def test_olga_confirms_nina_once(plant: Plant, nina: User) -> None:
    confirmed = confirm_person(acting_user=plant.olga, person=nina, origin=origin())
    assert confirmed.sponsor_confirmed_by == plant.olga
    assert not confirmed.awaits_sponsor
    event = AuditEvent.objects.get(event="account.confirmed")
    assert event.object_label == "Nina Neu" and event.actor_id == plant.olga.pk
    assert Notification.objects.filter(recipient=nina, kind="person.confirmed").exists()
    with pytest.raises(TooLate):
        confirm_person(acting_user=plant.adam, person=nina, origin=origin())


@pytest.mark.parametrize("who", ["omar", "ivan", "cora", "vera", "nina"])
def test_only_the_sponsor_or_an_administrator_confirms(
    plant: Plant, nina: User, who: str
) -> None:
    person = nina if who == "nina" else getattr(plant, who)
    with pytest.raises(NotAllowed):
        confirm_person(acting_user=person, person=nina, origin=origin())
    assert User.objects.get(pk=nina.pk).awaits_sponsor


def test_a_coordinator_does_not_confirm_colleagues(plant: Plant, nina: User) -> None:
    carla = make_person(
        "Carla Corte", vendor=plant.fillwerk, coordinator_at=timezone.now()
    )
    with pytest.raises(NotAllowed):
        confirm_person(acting_user=carla, person=nina, origin=origin())


def test_nobody_confirms_whose_access_has_ended(plant: Plant, nina: User) -> None:
    User.objects.filter(pk=nina.pk).update(disabled_at=timezone.now())
    with pytest.raises(NotPossible, match="has ended"):
        confirm_person(acting_user=plant.olga, person=nina, origin=origin())


def test_without_a_sponsor_administrators_are_asked(plant: Plant) -> None:
    assert who_vouches_for(plant.fillwerk) == [plant.olga]
    plant.olga.disabled_at = timezone.now()
    plant.olga.save()
    assert who_vouches_for(Vendor.objects.get(pk=plant.fillwerk.pk)) == [plant.adam]


def test_who_is_not_confirmed_sees_what_is_missing_and_cannot_ask(
    plant: Plant, nina: User, browser_of: Browser
) -> None:
    home = browser_of(nina).get("/").content.decode()
    assert "Olga Olsen has to confirm you" in home
    wish = Wish(
        site=plant.north,
        endpoint_ids=[plant.filling_hmi.pk],
        permission="control",
        purpose="Adjust the capper torque",
        wanted_from=timezone.now() + timedelta(hours=2),
        wanted_until=timezone.now() + timedelta(hours=3),
    )
    ask = {"origin": origin(), "submission_key": uuid.uuid4()}
    with pytest.raises(NotPossible, match="Olga Olsen has to confirm Nina Neu first"):
        submit_request(wish, acting_user=nina, **ask)
    confirm_person(acting_user=plant.olga, person=nina, origin=origin())
    confirmed = User.objects.get(pk=nina.pk)
    assert submit_request(wish, acting_user=confirmed, **ask).requested_by == nina


def test_the_sponsor_finds_nina_on_the_start_page_and_confirms_there(
    plant: Plant, nina: User, browser_of: Browser
) -> None:
    browser = browser_of(plant.olga)
    page = f"/vendors/fillwerk-service/people/{nina.pk}/"
    assert page in browser.get("/").content.decode()
    assert "this is who was invited" in browser.get(page).content.decode()
    assert browser.post(f"{page}confirm/").status_code == 302
    assert not User.objects.get(pk=nina.pk).awaits_sponsor
    assert page not in browser.get("/").content.decode()
    stale = browser_of(plant.olga, factor_age=9999)
    assert "one-time-code" in stale.post(f"{page}coordinator/").content.decode()


def test_a_coordinator_is_named_and_dismissed(plant: Plant, nina: User) -> None:
    facts = {"acting_user": plant.olga, "origin": origin()}
    with pytest.raises(NotPossible, match="Confirm"):
        name_coordinator(person=nina, **facts)
    with pytest.raises(NotAllowed):
        name_coordinator(acting_user=plant.ivan, person=plant.vera, origin=origin())
    with pytest.raises(NotPossible, match="no vendor"):
        name_coordinator(person=plant.cora, **facts)
    assert name_coordinator(person=plant.vera, **facts).coordinates
    assert list(User.objects.coordinators()) == [plant.vera]
    with pytest.raises(TooLate):
        name_coordinator(person=plant.vera, **facts)
    assert not dismiss_coordinator(person=plant.vera, **facts).coordinates
    with pytest.raises(TooLate):
        dismiss_coordinator(person=plant.vera, **facts)


def test_dates_are_noted_with_before_and_after(clock: Clock, plant: Plant) -> None:
    dates = {
        "expires_at": clock.now + timedelta(days=90),
        "training_expires_at": plant.vera.training_expires_at,
        "nda_signed_at": clock.now - timedelta(days=1),
        "nda_expires_at": clock.now + timedelta(days=365),
    }
    vera = note_dates(
        acting_user=plant.olga, person=plant.vera, dates=dates, origin=origin()
    )
    assert vera.nda_noted_by == plant.olga
    (event,) = AuditEvent.objects.filter(event="account.updated")
    assert set(event.detail["changes"]) == {
        "expires_at", "nda_signed_at", "nda_expires_at",
    }  # fmt: skip
    # Saved again, nothing changed, nothing is said.
    note_dates(acting_user=plant.olga, person=vera, dates=dates, origin=origin())
    assert AuditEvent.objects.filter(event="account.updated").count() == 1
    with pytest.raises(NotAllowed):
        note_dates(acting_user=plant.ivan, person=vera, dates={}, origin=origin())


@pytest.mark.parametrize(
    ("dates", "says"),
    [
        ({"expires_at": -1}, "report that the person has left"),
        ({"nda_signed_at": 1}, "in the future"),
        ({"nda_expires_at": 5}, "when the agreement was signed"),
        ({"nda_signed_at": -3, "nda_expires_at": -4}, "valid for longer"),
    ],
)
def test_dates_that_cannot_be(
    clock: Clock, plant: Plant, dates: dict[str, int], says: str
) -> None:
    moments = {name: clock.now + timedelta(days=days) for name, days in dates.items()}
    with pytest.raises(NotPossible, match=says):
        note_dates(
            acting_user=plant.olga, person=plant.vera, dates=moments, origin=origin()
        )


def test_days_are_typed_on_the_persons_page(plant: Plant, browser_of: Browser) -> None:
    page = f"/vendors/fillwerk-service/people/{plant.vera.pk}/"
    before = plant.vera.training_expires_at
    browser = browser_of(plant.olga)
    day = before.astimezone(ZoneInfo(plant.olga.time_zone)).strftime("%Y-%m-%d")
    assert f'value="{day}"' in browser.get(page).content.decode()
    typed = {"training_expires_at": day, "nda_signed_at": "2026-01-07"}
    assert browser.post(f"{page}dates/", typed).status_code == 302
    vera = User.objects.get(pk=plant.vera.pk)
    assert vera.training_expires_at == before  # the same day keeps its minute
    assert vera.nda_signed_at is not None
    answer = browser.post(f"{page}dates/", {"expires_at": "2020-01-01"})
    assert answer.status_code == 422 and "has passed" in answer.content.decode()
    assert browser.post(f"{page}dates/", {"expires_at": "soon"}).status_code == 422


# --- The notice of recording --------------------------------------------------------------


def test_a_new_version_of_the_notice_is_asked_at_the_next_sign_in(
    client: Client, vera: User
) -> None:
    NoticeAcceptance.objects.filter(user=vera).update(version="2020-1")
    answer = sign_in(client, vera, next="/requests/new/")
    assert answer.url == "/accounts/notice/"
    assert not is_signed_in(client)
    assert "recorded" in client.get(answer.url).content.decode()
    assert client.post("/accounts/notice/", {"notice": "2020-1"}).status_code == 422
    accepted = client.post("/accounts/notice/", {"notice": NOTICE_VERSION})
    assert accepted.url == "/requests/new/"
    assert client.get("/requests/new/").status_code == 200
    assert vera.notices_accepted.filter(version=NOTICE_VERSION).count() == 1
    (event,) = AuditEvent.objects.filter(event="notice.accepted")
    assert event.detail["version"] == NOTICE_VERSION


def test_who_has_accepted_it_and_people_of_the_plant_are_not_asked(
    client: Client, vera: User, olga: User
) -> None:
    assert sign_in(client, vera).url == "/"
    assert client.get("/").status_code == 200
    other = Client()
    sign_in(other, olga)
    assert other.get("/").status_code == 200
