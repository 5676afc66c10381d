"""Nobody is deleted; on request a name goes, and the evidence stays."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client

from accessportal.accounts.models import (
    ApiToken,
    AuthenticatorApp,
    BreakGlassAccount,
    DirectoryIdentity,
    Passkey,
    PasswordReset,
    User,
)
from accessportal.accounts.services.people import disable_person, reactivate_person
from accessportal.accounts.services.pseudonyms import pseudonymise_person
from accessportal.audit.chain import content_hash
from accessportal.audit.models import AuditEvent
from accessportal.errors import NotAllowed, NotPossible, TooLate
from accessportal.notifications import notify
from accessportal.plants.models import Endpoint
from tests.accounts.authenticator import passkey_for
from tests.cast import Clock, make_window, origin

pytestmark = pytest.mark.django_db

Browser = Callable[..., Client]


@pytest.fixture
def gone(ivan: User, vera: User, olga: User, filling_hmi: Endpoint) -> User:
    """Vera worked here, and has left."""
    make_window(vera, filling_hmi, decided_by=olga)
    vera.phone = "+49 1"
    vera.save(update_fields=["phone"])
    notify([vera], "account.lapsed", cause="x")
    disable_person(acting_user=ivan, person=vera, reason="left", origin=origin())
    return User.objects.get(pk=vera.pk)


def pseudonymise(by: User, person: User, **changed: str) -> User:
    wish = {"typed": "Vera Vogt", "reason": "asked for it (GDPR 17)", **changed}
    return pseudonymise_person(acting_user=by, person=person, origin=origin(), **wish)


def test_the_name_goes_and_the_evidence_stays(adam: User, gone: User) -> None:
    before = list(AuditEvent.objects.order_by("pk").values_list("pk", "content_hash"))
    person = pseudonymise(adam, gone)
    person.refresh_from_db()
    assert person.full_name == f"Person {person.pk:05d}" and person.phone == ""
    assert person.email.endswith("@removed.invalid")
    assert not person.has_usable_password()
    assert not AuthenticatorApp.objects.filter(user=person).exists()
    assert not person.notifications.exists()
    window = person.requests_made.get() if hasattr(person, "requests_made") else None
    assert window is None or window.requested_by == person

    # The trail is what it was, with the name of then; the act itself says the pseudonym.
    events = {event.pk: event for event in AuditEvent.objects.all()}
    assert [(pk, content_hash(events[pk])) for pk, _hash in before] == before
    said = AuditEvent.objects.get(event="account.disabled")
    assert said.object_label == "Vera Vogt" and said.object_id == str(person.pk)
    done = AuditEvent.objects.get(event="account.pseudonymised")
    assert done.object_label == person.full_name and done.object_id == str(person.pk)


def test_no_way_in_is_left(
    clock: Clock, client: Client, olga: User, ivan: User, adam: User, victor: User
) -> None:
    """Passkeys, API tokens, the link to the directory, a mark as break-glass account."""

    def ways_in(person: User) -> list[int]:
        return [
            Passkey.objects.filter(user=person).count(),
            ApiToken.objects.filter(owner=person).count(),
            DirectoryIdentity.objects.filter(user=person).count(),
            BreakGlassAccount.objects.filter(user=person).count(),
            PasswordReset.objects.filter(user=person).count(),
        ]

    until = clock.now + timedelta(days=1)
    for person in (olga, ivan):
        passkey_for(person)
        ApiToken.objects.create(
            name="scada", owner=person, prefix=f"ap_{person.pk}", expires_at=until
        )
        DirectoryIdentity.objects.create(
            user=person, namespace="ldap", subject=str(person.pk), name=person.email,
            groups=[],
        )  # fmt: skip
        BreakGlassAccount.objects.create(user=person, reason="storms")
        PasswordReset.objects.create(user=person, expires_at=until)
    disable_person(acting_user=adam, person=olga, reason="left", origin=origin())
    pseudonymise(adam, olga, typed="Olga Olsen")
    assert ways_in(olga) == [0] * 5
    assert ways_in(ivan) == [1] * 5  # of nobody else


def test_it_needs_an_ended_access_the_name_a_reason_and_the_right(
    adam: User, ivan: User, olga: User, victor: User, gone: User
) -> None:
    for by in (ivan, olga):
        with pytest.raises(NotAllowed):
            pseudonymise(by, gone)
    with pytest.raises(NotPossible, match="End the access"):
        pseudonymise(adam, victor, typed="Victor Varga")
    with pytest.raises(NotPossible, match="Type the name"):
        pseudonymise(adam, gone, typed="Vera")
    with pytest.raises(NotPossible):
        pseudonymise(adam, gone, reason=" ")
    pseudonymise(adam, gone)
    with pytest.raises(TooLate):
        pseudonymise(adam, gone)
    with pytest.raises(NotPossible, match="invite the person anew"):
        reactivate_person(acting_user=adam, person=gone, reason="x", origin=origin())


def test_the_page_asks_for_a_fresh_factor(
    browser_of: Browser, adam: User, gone: User
) -> None:
    path = f"/people/{gone.pk}/pseudonym/"
    wish = {"typed": "Vera Vogt", "reason": "asked for it"}
    assert browser_of(adam, factor_age=301).post(path, wish).status_code == 403
    browser = browser_of(adam)
    assert "Take the name out" in browser.get(f"/people/{gone.pk}/").content.decode()
    assert browser.post(path, wish).status_code == 302
    page = browser.get(f"/people/{gone.pk}/").content.decode()
    assert "has no name here any more" in page and "Vera Vogt" not in page


@pytest.mark.parametrize("way", ["model", "queryset", "sql"])
def test_nobody_is_deleted(vera: User, way: str) -> None:
    """Neither by the ORM nor past it, with evidence about the person or without."""
    loner = User.objects.create_user("loner@example.test", full_name="Lone Loner")
    for person in (vera, loner):
        with pytest.raises((TypeError, DatabaseError)), transaction.atomic():
            if way == "model":
                person.delete()
            elif way == "queryset":
                User.objects.filter(pk=person.pk)._raw_delete("default")
            else:
                with connection.cursor() as cursor:
                    cursor.execute(
                        "DELETE FROM accounts_user WHERE id = %s", [person.pk]
                    )
        assert User.objects.filter(pk=person.pk).exists()


def test_no_page_deletes_a_person() -> None:
    from django.urls import get_resolver

    from tests.guards.test_permission_matrix import named_urls

    names = set(named_urls(get_resolver()))
    assert not [name for name in names if "delete" in name and "accounts" in name]
