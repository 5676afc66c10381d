"""People of the plant: the joiner, the mover and the leaver."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from accessportal.accounts.access import people_visible_to
from accessportal.accounts.authorisation import Action, may
from accessportal.accounts.models import Invitation, RoleGrant, User, Vendor
from accessportal.accounts.services.employees import (
    grant_role,
    invite_employee,
    revoke_role,
    set_access_end,
)
from accessportal.accounts.services.invitations import revoke_invitation
from accessportal.accounts.services.people import disable_person, reactivate_person
from accessportal.audit.models import AuditEvent
from accessportal.errors import NotAllowed, NotPossible, TooLate
from accessportal.plants.models import Site
from tests.accounts.steps import code_of, is_signed_in
from tests.cast import make_person, origin

pytestmark = pytest.mark.django_db

Browser = Callable[..., Client]
Role = RoleGrant.Role
NORA = "nora@plant.example"


@pytest.fixture
def ada(north: Site) -> User:
    """Administrator of plant North only."""
    return make_person("Ada Nord", roles=[(Role.ADMINISTRATOR, north)])


def link_in_the_mail() -> str:
    found = re.search(r"/accounts/invitation/[\w-]+/", str(mail.outbox[-1].body))
    assert found is not None
    return found.group()


def join(link: str) -> Client:
    """Whoever opens the link chooses a password and sets up a second factor."""
    browser = Client()
    assert browser.get(link).status_code == 200
    answer = browser.post(
        link,
        {
            "email": NORA,
            "full_name": "Nora Nilsen",
            "way": "password",
            "new_password": "a long enough sentence",
            "repeated": "a long enough sentence",
            "language": "en",
            "time_zone": "Europe/Berlin",
        },
    )
    assert answer.url == "/accounts/enrol/"
    browser.get(answer.url)
    nora = User.objects.get(email=NORA)
    browser.post(answer.url, {"code": code_of(nora, confirmed=False)})
    return browser


# --- The joiner -----------------------------------------------------------------------


def test_a_joiner_is_invited_with_her_roles_and_works(
    browser_of: Browser, adam: User, north: Site, south: Site, committed: Callable
) -> None:
    last_day = (timezone.localdate() + timedelta(days=90)).isoformat()
    by_adam = browser_of(adam)
    with committed():
        answer = by_adam.post(
            "/people/invite/",
            {
                "full_name": "Nora Nilsen",
                "email": NORA,
                "language": "en",
                "roles": [f"ot_supervisor:{north.pk}", "compliance:every"],
                "access_expires_at": last_day,
            },
        )
    assert answer.url == "/people/"
    assert "OT supervisor (Plant North)" in str(mail.outbox[-1].body)
    assert NORA in by_adam.get("/people/").content.decode()

    browser = join(link_in_the_mail())
    nora = User.objects.get(email=NORA)
    assert is_signed_in(browser) and nora.vendor is None
    assert nora.expires_at is not None and nora.expires_at > timezone.now()
    assert may(nora, Action.REQUEST_DECIDE, north)
    assert not may(nora, Action.REQUEST_DECIDE, south)
    assert may(nora, Action.RECORDING_PLAY, south)
    assert browser.get("/approvals/").status_code == 200
    granted = AuditEvent.objects.filter(event="role.granted", object_id=str(nora.pk))
    assert {event.actor_name for event in granted} == {"Adam Albers"}
    assert {grant.granted_by for grant in nora.role_grants.all()} == {adam}


def test_the_form_says_what_is_missing(browser_of: Browser, adam: User) -> None:
    page = browser_of(adam).post("/people/invite/", {"email": adam.email})
    assert page.status_code == 422 and Invitation.objects.count() == 0
    page = browser_of(adam).post(
        "/people/invite/",
        {
            "full_name": "N",
            "email": adam.email,
            "language": "en",
            "roles": "compliance:every",
        },
    )
    assert "already has an account" in page.content.decode()
    forged = {"full_name": "N", "email": NORA, "language": "en", "roles": "x:y"}
    assert browser_of(adam).post("/people/invite/", forged).status_code == 422


def test_roles_are_handed_out_only_where_one_administers(
    ada: User, ivan: User, north: Site, south: Site
) -> None:
    def invite(by: User, site: Site | None, **changed: object) -> Invitation:
        wish = {"roles": [(Role.COMPLIANCE, site)], **changed}
        return invite_employee(
            acting_user=by,
            email=NORA,
            full_name="Nora",
            language="en",
            origin=origin(),
            **wish,  # type: ignore[arg-type]
        )

    for by, site in ((ada, south), (ada, None), (ivan, north)):
        with pytest.raises(NotAllowed):
            invite(by, site)
    with pytest.raises(NotPossible, match="at least one role"):
        invite(ada, north, roles=[])
    with pytest.raises(NotPossible, match="has passed"):
        invite(ada, north, access_expires_at=timezone.now())
    first = invite(ada, north)
    invite(ada, north)
    first.refresh_from_db()
    assert first.revoked_at is not None and Invitation.objects.open().count() == 1


def test_an_invitation_of_somebody_who_left_opens_nothing(
    adam: User, ada: User, north: Site, committed: Callable
) -> None:
    with committed():
        invite_employee(
            acting_user=ada,
            email=NORA,
            full_name="Nora",
            language="en",
            roles=[(Role.COMPLIANCE, north)],
            origin=origin(),
        )
    disable_person(acting_user=adam, person=ada, reason="left", origin=origin())
    assert Client().get(link_in_the_mail()).status_code == 409


def test_only_administrators_take_it_back(adam: User, olga: User) -> None:
    invitation = invite_employee(
        acting_user=adam,
        email=NORA,
        full_name="Nora",
        language="en",
        roles=[(Role.COMPLIANCE, None)],
        origin=origin(),
    )
    with pytest.raises(NotAllowed):
        revoke_invitation(acting_user=olga, invitation=invitation, origin=origin())
    revoke_invitation(acting_user=adam, invitation=invitation, origin=origin())
    with pytest.raises(TooLate):
        revoke_invitation(acting_user=adam, invitation=invitation, origin=origin())


# --- The mover ------------------------------------------------------------------------


def test_a_role_is_granted_and_taken_away_at_once(
    browser_of: Browser, adam: User, cora: User, north: Site
) -> None:
    by_adam, by_cora = browser_of(adam), browser_of(cora)
    assert by_cora.get("/approvals/").status_code == 403
    path = f"/people/{cora.pk}/roles/"
    wish = {"role": "ot_supervisor", "site": str(north.pk), "reason": "Covers for Olga"}
    assert by_adam.post(path, wish).url == f"/people/{cora.pk}/"
    assert by_cora.get("/approvals/").status_code == 200
    page = by_adam.post(path, wish)
    assert (
        page.status_code == 422
        and "has this role there already" in page.content.decode()
    )

    grant = cora.role_grants.get(role="ot_supervisor")
    away = f"{path}{grant.pk}/revoke/"
    assert by_adam.post(away, {"reason": " "}).status_code == 422
    assert by_adam.post(away, {"reason": "Olga is back"}).status_code == 302
    assert by_cora.get("/approvals/").status_code == 403
    assert by_adam.post(away, {"reason": "again"}).status_code == 404
    event = AuditEvent.objects.get(event="role.revoked")
    assert (event.reason, event.object_label, event.site_id) == (
        "Olga is back",
        "Cora Chen",
        north.pk,
    )


def test_nobody_changes_their_own_roles(adam: User, ada: User, north: Site) -> None:
    with pytest.raises(NotPossible, match="their own roles"):
        grant_role(
            acting_user=adam,
            person=adam,
            role=Role.OT_SUPERVISOR,
            site=north,
            reason="x",
            origin=origin(),
        )
    with pytest.raises(NotPossible, match="their own roles"):
        revoke_role(
            acting_user=adam,
            grant=adam.role_grants.get(),
            reason="x",
            origin=origin(),
        )
    with pytest.raises(NotPossible):
        set_access_end(
            acting_user=adam, person=adam, expires_at=None, reason="x", origin=origin()
        )


def test_roles_are_for_people_of_the_plant(adam: User, vera: User, north: Site) -> None:
    with pytest.raises(NotPossible, match="people of the plant"):
        grant_role(
            acting_user=adam,
            person=vera,
            role=Role.OT_SUPERVISOR,
            site=north,
            reason="x",
            origin=origin(),
        )


def test_an_administrator_of_one_site_moves_people_there_only(
    ada: User, olga: User, omar: User, cora: User, north: Site, south: Site
) -> None:
    def revoke(person: User) -> None:
        revoke_role(
            acting_user=ada,
            grant=person.role_grants.get(),
            reason="x",
            origin=origin(),
        )

    for person in (omar, cora):
        with pytest.raises(NotAllowed):
            revoke(person)
    found = people_visible_to(ada)
    assert olga in found and cora in found and omar not in found
    revoke(olga)
    with pytest.raises(NotAllowed):
        disable_person(acting_user=ada, person=omar, reason="x", origin=origin())


def test_the_last_administrator_of_every_site_stays(
    adam: User, ada: User, ivan: User
) -> None:
    """Even against a colleague whose grant is being counted the wrong way round."""
    second = make_person("Ann Second", roles=[(Role.ADMINISTRATOR, None)])
    revoke_role(
        acting_user=adam,
        grant=second.role_grants.get(),
        reason="x",
        origin=origin(),
    )
    with pytest.raises(NotAllowed):
        disable_person(acting_user=second, person=adam, reason="x", origin=origin())
    RoleGrant.objects.create(user=second, role=Role.ADMINISTRATOR, site=None)
    User.objects.filter(pk=second.pk).update(expires_at=timezone.now())
    third = make_person("Ben Third", roles=[(Role.ADMINISTRATOR, None)])
    disable_person(acting_user=adam, person=third, reason="x", origin=origin())
    third = User.objects.get(pk=third.pk)
    with pytest.raises(NotPossible, match="last administrator"):
        disable_person(
            acting_user=None,
            person=adam,
            cause=User.Cause.NEVER_USED,
            origin=origin(),
        )


def test_an_access_gets_a_last_day_and_loses_it_again(
    browser_of: Browser, adam: User, olga: User
) -> None:
    by_adam = browser_of(adam)
    path = f"/people/{olga.pk}/until/"
    day = (timezone.localdate() + timedelta(days=5)).isoformat()
    assert (
        by_adam.post(path, {"expires_at": day, "reason": "agency"}).status_code == 302
    )
    olga.refresh_from_db()
    assert olga.expires_at is not None and olga.expires_at.minute == 59
    assert (
        by_adam.post(path, {"expires_at": "2020-01-01", "reason": "x"}).status_code
        == 422
    )
    assert by_adam.post(path, {"expires_at": "", "reason": "stays"}).status_code == 302
    olga.refresh_from_db()
    assert olga.expires_at is None
    assert AuditEvent.objects.filter(event="account.updated").count() == 2


# --- The leaver -----------------------------------------------------------------------


def test_a_leaver_is_out_at_once_and_her_vendors_are_named(
    browser_of: Browser, adam: User, olga: User, fillwerk: Vendor
) -> None:
    by_adam, by_olga = browser_of(adam), browser_of(olga)
    page = by_adam.get(f"/people/{olga.pk}/").content.decode()
    assert "Answers for these vendors" in page and "Fillwerk Service" in page
    answer = by_adam.post(
        f"/people/{olga.pk}/leave/", {"reason": "Left on Friday"}, follow=True
    )
    assert "answered for Fillwerk Service, Nordpack Robotics" in answer.content.decode()
    assert not is_signed_in(by_olga)
    page = by_adam.get(f"/people/{olga.pk}/").content.decode()
    assert "Vendors without somebody who answers for them" in page
    event = AuditEvent.objects.get(event="account.disabled")
    assert event.detail["web_sessions_ended"] == 1 and event.detail["cause"] == "act"

    back = f"/people/{olga.pk}/return/"
    assert by_adam.post(back, {"reason": "Came back"}).status_code == 302
    assert User.objects.get(pk=olga.pk).reactivated_at is not None
    assert not is_signed_in(by_olga)  # what was ended stays ended


def test_nobody_ends_their_own_access(adam: User) -> None:
    make_person("Ann Second", roles=[(Role.ADMINISTRATOR, None)])
    with pytest.raises(NotPossible, match="yourself"):
        disable_person(acting_user=adam, person=adam, reason="x", origin=origin())


def test_it_security_sees_people_and_ends_only_contractors(
    browser_of: Browser, ivan: User, olga: User, vera: User
) -> None:
    by_ivan = browser_of(ivan)
    page = by_ivan.get(f"/people/{olga.pk}/").content.decode()
    assert "OT supervisor" in page and "End access" not in page
    assert by_ivan.post(f"/people/{vera.pk}/leave/", {"reason": "x"}).status_code == 302
    with pytest.raises(NotAllowed):
        reactivate_person(acting_user=olga, person=vera, reason="x", origin=origin())


def test_the_list_finds_filters_and_sorts_by_its_url(
    browser_of: Browser, adam: User, vera: User
) -> None:
    by_adam = browser_of(adam)

    def shown(query: str) -> str:
        page = by_adam.get(f"/people/{query}")
        assert page.status_code == 200
        text = page.content.decode()
        return text[text.index('id="results"') :]

    assert "Olga Olsen" in shown("") and "Vera Vogt" not in shown("")
    assert "Vera Vogt" in shown("?of=vendors&q=fillwerk")
    found = shown("?of=all&role=it_security&sort=-last_login")
    assert "Ivan Ivers" in found and "Cora Chen" not in found
    assert "Nobody here" in shown("?state=ended")
    assert "Olga Olsen" in shown("?state=never_used")
    assert "Nobody here" in shown("?state=parked")
    for query in (
        "?sort=password",
        "?page=99",
        "?state=x",
        "?role=x",
        "?of=x",
        "?q=%00",
    ):
        assert shown(query)
