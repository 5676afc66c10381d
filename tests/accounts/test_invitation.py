"""An invitation works once, in time, for one address; then the second factor is set up."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from accessportal.accounts.models import Invitation, User, Vendor
from accessportal.accounts.notice import NOTICE_VERSION
from accessportal.accounts.services.invitations import (
    accept_invitation,
    invite_person,
    revoke_invitation,
)
from accessportal.audit.models import AuditEvent
from accessportal.errors import NotAllowed, NotPossible, TooLate
from tests.accounts.steps import code_of, is_signed_in
from tests.cast import Clock, origin

pytestmark = pytest.mark.django_db

PASSWORD = "a sentence that is long enough"
NINA = "nina@fillwerk.example"


@pytest.fixture
def invited(
    olga: User, fillwerk: Vendor, committed: Callable[[], AbstractContextManager[None]]
) -> Invitation:
    """Olga has invited Nina of Fillwerk; the mail is in the outbox."""
    with committed():
        return invite_person(
            acting_user=olga,
            vendor=fillwerk,
            email="Nina@Fillwerk.example",
            full_name="Nina Neu",
            language="en",
            origin=origin(),
        )


def link_in_the_mail() -> str:
    found = re.search(r"/accounts/invitation/[\w-]+/", str(mail.outbox[-1].body))
    assert found is not None
    return found[0]


def answers(**changed: Any) -> dict[str, Any]:
    return {
        "email": NINA,
        "full_name": "Nina Neu",
        "way": "password",
        "new_password": PASSWORD,
        "repeated": PASSWORD,
        "language": "de",
        "time_zone": "Europe/Vienna",
        "notice": "on",
        "notice_version": NOTICE_VERSION,
        **changed,
    }


def test_nina_follows_the_link_and_is_in_with_a_second_factor(
    client: Client, invited: Invitation
) -> None:
    assert mail.outbox[-1].to == [NINA]
    link = link_in_the_mail()
    assert client.get(link).status_code == 200
    answer = client.post(link, answers())
    assert answer.url == "/accounts/enrol/"
    nina = User.objects.get(email=NINA)
    assert nina.vendor == invited.vendor and nina.language == "de"
    assert not is_signed_in(client)
    client.get("/accounts/enrol/")
    client.post("/accounts/enrol/", {"code": code_of(nina, confirmed=False)})
    assert is_signed_in(client)
    invited.refresh_from_db()
    assert invited.accepted_by == nina
    assert AuditEvent.objects.filter(event="account.created", actor_id=nina.pk).exists()


def test_the_link_is_not_in_the_database(invited: Invitation) -> None:
    token = link_in_the_mail().split("/")[-2]
    assert token != invited.token_hash
    assert token not in str(list(AuditEvent.objects.values_list("detail", flat=True)))


def test_the_link_works_once(client: Client, invited: Invitation) -> None:
    link = link_in_the_mail()
    client.post(link, answers())
    again = Client().get(link)
    assert again.status_code == 409
    assert "already been used" in again.content.decode()
    assert Client().post(link, answers(full_name="Second")).status_code == 409
    assert User.objects.filter(email=NINA).count() == 1


def test_two_at_once_make_one_account(invited: Invitation) -> None:
    """Both read the invitation while it was open; the second finds it used."""
    facts = {
        "invitation": invited,
        "email": NINA,
        "full_name": "Nina",
        "password": PASSWORD,
        "language": "en",
        "time_zone": "UTC",
        "notice_version": NOTICE_VERSION,
        "origin": origin(),
    }
    accept_invitation(**facts)
    with pytest.raises(TooLate):
        accept_invitation(**facts)
    assert User.objects.filter(email=NINA).count() == 1


def test_the_link_expires(clock: Clock, client: Client, invited: Invitation) -> None:
    link = link_in_the_mail()
    clock.forward(hours=73)
    answer = client.get(link)
    assert answer.status_code == 409
    assert "expired" in answer.content.decode()
    assert AuditEvent.objects.filter(event="auth.token.rejected").exists()


def test_another_address_is_not_taken(client: Client, invited: Invitation) -> None:
    """A forwarded mail does not make somebody else a member."""
    typed = answers(email="mallory@evil.example", language="en")
    answer = client.post(link_in_the_mail(), typed)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "not the address the invitation was sent to" in text
    assert NINA not in text
    assert 'value="Nina Neu"' in text
    assert not User.objects.filter(email__in=[NINA, "mallory@evil.example"]).exists()


def test_a_revoked_link_does_not_work(
    client: Client, invited: Invitation, olga: User
) -> None:
    revoke_invitation(acting_user=olga, invitation=invited, origin=origin())
    answer = client.get(link_in_the_mail())
    assert answer.status_code == 409 and "taken back" in answer.content.decode()
    with pytest.raises(TooLate):
        revoke_invitation(acting_user=olga, invitation=invited, origin=origin())


def test_a_link_nobody_made_is_not_known(client: Client) -> None:
    answer = client.get("/accounts/invitation/made-up-token/")
    assert answer.status_code == 404
    assert "not valid" in answer.content.decode()


def test_a_suspended_vendor_gains_nobody(
    clock: Clock, client: Client, invited: Invitation
) -> None:
    invited.vendor.suspended_at = clock.now
    invited.vendor.save()
    assert client.get(link_in_the_mail()).status_code == 409


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"new_password": "short", "repeated": "short"}, "at least 15"),
        ({"way": ""}, "required"),
        ({"repeated": "something else altogether"}, "not the same"),
        ({"full_name": " "}, "required"),
        ({"time_zone": "Mars/Olympus"}, "valid choice"),
        ({"new_password": NINA, "repeated": NINA}, "similar"),
        ({"notice": ""}, "nobody may work here"),
        ({"notice_version": "2020-1"}, "accept the notice"),
    ],
)
def test_what_does_not_fit_is_said_and_nothing_is_lost(
    client: Client, invited: Invitation, changed: dict[str, str], says: str
) -> None:
    answer = client.post(link_in_the_mail(), answers(**{"language": "en"} | changed))
    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert not User.objects.filter(email=NINA).exists()
    assert client.post(link_in_the_mail(), answers()).status_code == 302


def test_somebody_signed_in_does_not_use_it_up(
    browser_of: Callable[..., Client], invited: Invitation, vera: User
) -> None:
    page = browser_of(vera).post(link_in_the_mail(), answers())
    assert "for somebody else" in page.content.decode()
    assert not User.objects.filter(email=NINA).exists()


def test_a_second_invitation_replaces_the_first(
    client: Client, invited: Invitation, olga: User, fillwerk: Vendor
) -> None:
    first = link_in_the_mail()
    invite_person(
        acting_user=olga,
        vendor=fillwerk,
        email=NINA,
        full_name="Nina",
        language="en",
        origin=origin(),
    )
    assert client.get(first).status_code == 409
    assert Invitation.objects.open().filter(email=NINA).count() == 1


def test_who_has_an_account_cannot_be_invited_again(
    olga: User, fillwerk: Vendor, vera: User
) -> None:
    with pytest.raises(NotPossible, match="already has an account"):
        invite_person(
            acting_user=olga,
            vendor=fillwerk,
            email=vera.email,
            full_name="",
            language="en",
            origin=origin(),
        )


@pytest.mark.parametrize("name", ["vera", "cora", "ivan"])
def test_who_may_not_invite_cannot(
    request: pytest.FixtureRequest, fillwerk: Vendor, name: str
) -> None:
    person = request.getfixturevalue(name)
    with pytest.raises(NotAllowed):
        invite_person(
            acting_user=person,
            vendor=fillwerk,
            email=NINA,
            full_name="",
            language="en",
            origin=origin(),
        )
    assert not mail.outbox


def test_the_mail_is_in_the_invited_persons_language(
    olga: User, fillwerk: Vendor, committed: Callable[[], AbstractContextManager[None]]
) -> None:
    with committed():
        invite_person(
            acting_user=olga,
            vendor=fillwerk,
            email=NINA,
            full_name="",
            language="de",
            origin=origin(),
        )
    client = Client()
    assert '<html lang="de"' in client.get(link_in_the_mail()).content.decode()
