"""One's own account, and ending somebody's access."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accessportal.accounts.factors import (
    has_factor,
)
from accessportal.accounts.models import Invitation, User, Vendor
from accessportal.accounts.services.people import (
    disable_person,
    reactivate_person,
)
from accessportal.audit.models import AuditEvent
from accessportal.errors import NotAllowed, NotPossible, TooLate
from tests.accounts.steps import is_signed_in
from tests.cast import PASSWORD, origin

pytestmark = pytest.mark.django_db

Browser = Callable[..., Client]


def test_ivan_ends_veras_access_and_gives_it_back(
    browser_of: Browser, ivan: User, vera: User
) -> None:
    browser = browser_of(vera)
    disable_person(
        acting_user=ivan, person=vera, reason="left the company", origin=origin()
    )
    assert not is_signed_in(browser)
    event = AuditEvent.objects.get(event="account.disabled")
    assert event.reason == "left the company" and event.object_label == "Vera Vogt"
    reactivate_person(
        acting_user=ivan, person=vera, reason="a mistake", origin=origin()
    )
    assert is_signed_in(browser_of(User.objects.get(pk=vera.pk)))


def test_disabling_needs_a_reason_and_the_right(
    ivan: User, olga: User, vera: User
) -> None:
    with pytest.raises(NotPossible):
        disable_person(acting_user=ivan, person=vera, reason="  ", origin=origin())
    with pytest.raises(NotAllowed):
        disable_person(acting_user=olga, person=vera, reason="x", origin=origin())
    with pytest.raises(NotPossible):
        disable_person(acting_user=ivan, person=ivan, reason="x", origin=origin())


def test_disabling_twice_is_too_late(ivan: User, vera: User) -> None:
    disable_person(acting_user=ivan, person=vera, reason="x", origin=origin())
    with pytest.raises(TooLate):
        disable_person(acting_user=ivan, person=vera, reason="x", origin=origin())
    reactivate_person(acting_user=ivan, person=vera, reason="x", origin=origin())
    with pytest.raises(TooLate):
        reactivate_person(acting_user=ivan, person=vera, reason="x", origin=origin())


def test_vendors_are_the_plants_business(
    browser_of: Browser, vera: User, olga: User, cora: User, fillwerk: Vendor
) -> None:
    for path in (
        "/vendors/",
        f"/vendors/{fillwerk.slug}/",
        f"/vendors/{fillwerk.slug}/invite/",
    ):
        assert browser_of(vera).get(path).status_code == 404
        assert browser_of(olga).get(path).status_code == 200
    assert browser_of(cora).get(f"/vendors/{fillwerk.slug}/").status_code == 200
    assert browser_of(cora).get(f"/vendors/{fillwerk.slug}/invite/").status_code == 403
    assert browser_of(olga).get("/vendors/nobody/").status_code == 404


def test_the_vendors_page_shows_people_machines_and_what_may_be_done(
    browser_of: Browser, ivan: User, cora: User, vera: User, fillwerk: Vendor
) -> None:
    page = browser_of(ivan).get(f"/vendors/{fillwerk.slug}/").content.decode()
    assert "Vera Vogt" in page and "Filling line 3" in page
    assert "Report as left" in page and "Devices, phone lost" in page
    page = browser_of(cora).get(f"/vendors/{fillwerk.slug}/").content.decode()
    assert "Report as left" not in page and "Devices, phone lost" not in page


def test_the_pages_do_what_the_verbs_do(
    browser_of: Browser,
    ivan: User,
    olga: User,
    vera: User,
    victor: User,
    fillwerk: Vendor,
) -> None:
    by_olga, by_ivan = browser_of(olga), browser_of(ivan)
    invite = f"/vendors/{fillwerk.slug}/invite/"
    answer = by_olga.post(
        invite, {"email": "n@f.example", "full_name": "", "language": "en"}
    )
    assert answer.url == f"/vendors/{fillwerk.slug}/"
    invitation = Invitation.objects.get()
    assert (
        by_olga.post(invite, {"email": vera.email, "language": "en"}).status_code == 422
    )
    revoke = f"/vendors/{fillwerk.slug}/invitations/{invitation.pk}/revoke/"
    assert by_olga.post(revoke).status_code == 302
    assert by_olga.post(revoke).status_code == 409

    people = f"/vendors/{fillwerk.slug}/people"
    assert (
        by_olga.post(f"{people}/{vera.pk}/disable/", {"reason": "x"}).status_code == 403
    )
    # A person of another vendor is not found under this one.
    assert (
        by_ivan.post(f"{people}/{victor.pk}/disable/", {"reason": "x"}).status_code
        == 404
    )
    assert (
        by_ivan.post(f"{people}/{vera.pk}/disable/", {"reason": ""}).status_code == 422
    )
    assert (
        by_ivan.post(f"{people}/{vera.pk}/disable/", {"reason": "x"}).status_code == 302
    )
    assert (
        by_ivan.post(f"{people}/{vera.pk}/reactivate/", {"reason": "x"}).status_code
        == 302
    )
    vera.refresh_from_db()
    assert vera.disabled_at is None


def test_the_vendor_list_filters_sorts_and_pages_by_url(
    browser_of: Browser, olga: User, fillwerk: Vendor, nordpack: Vendor
) -> None:
    browser = browser_of(olga)
    page = browser.get("/vendors/?q=fill&sort=-name&state=active").content.decode()
    assert "Fillwerk Service" in page and "Nordpack Robotics" not in page
    for query in ("?sort=password", "?page=99", "?page=x", "?state=nonsense", "?q=%00"):
        assert browser.get("/vendors/" + query).status_code == 200
    assert "No vendor here" in browser.get("/vendors/?q=zzz").content.decode()


def test_vera_changes_her_details(browser_of: Browser, vera: User) -> None:
    browser = browser_of(vera)
    facts = {
        "full_name": "Vera Vogt-Öz 😀",
        "phone": "+49 1",
        "language": "de",
        "time_zone": "Europe/Vienna",
    }
    assert browser.post("/account/details/", facts).url == "/account/"
    vera.refresh_from_db()
    assert (vera.full_name, vera.language) == ("Vera Vogt-Öz 😀", "de")
    event = AuditEvent.objects.get(event="account.updated")
    assert event.detail["changes"]["language"] == ["en", "de"]


def test_details_that_do_not_fit_are_shown_again(
    browser_of: Browser, vera: User
) -> None:
    page = browser_of(vera).post(
        "/account/details/",
        {
            "full_name": "",
            "phone": "9" * 60,
            "language": "xx",
            "time_zone": "Nowhere/No",
        },
    )
    assert page.status_code == 422
    assert "9" * 60 in page.content.decode()
    vera.refresh_from_db()
    assert vera.full_name == "Vera Vogt"


def test_the_same_details_again_are_no_event(browser_of: Browser, vera: User) -> None:
    facts = {
        "full_name": vera.full_name,
        "phone": vera.phone,
        "language": vera.language,
        "time_zone": vera.time_zone,
    }
    browser_of(vera).post("/account/details/", facts)
    assert not AuditEvent.objects.filter(event="account.updated").exists()


@pytest.mark.parametrize(
    ("old", "new", "again"),
    [
        ("wrong", "a long enough sentence", "a long enough sentence"),
        (PASSWORD, "short", "short"),
        (PASSWORD, "a long enough sentence", "another long sentence"),
        (PASSWORD, "vera.vogt@example.test", "vera.vogt@example.test"),
    ],
)
def test_a_password_that_does_not_fit_changes_nothing(
    browser_of: Browser, vera: User, old: str, new: str, again: str
) -> None:
    page = browser_of(vera).post(
        "/account/password/",
        {"old_password": old, "new_password": new, "repeated": again},
    )
    assert page.status_code == 422
    vera.refresh_from_db()
    assert vera.check_password(PASSWORD)
    assert f'value="{new}"' not in page.content.decode()


def test_the_command_line_helps_when_nobody_else_can(adam: User) -> None:
    call_command("reset_second_factor", email=adam.email, reason="lost", verbosity=0)
    assert not has_factor(adam)
    with pytest.raises(CommandError, match="new second factor already"):
        call_command("reset_second_factor", email=adam.email, reason="lost")
    with pytest.raises(CommandError, match="Nobody has the address"):
        call_command("reset_second_factor", email="nobody@example.test", reason="lost")
