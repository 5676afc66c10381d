"""A role is lost: the pages look again at once, and what rested on it ends."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accessportal.accounts.directory.admission import unlink_identity
from accessportal.accounts.models import (
    DirectoryIdentity,
    RoleDelegation,
    RoleGrant,
    User,
    WebSession,
)
from accessportal.accounts.services.delegations import end_delegation
from accessportal.accounts.services.employees import revoke_role
from accessportal.accounts.services.people import disable_person
from accessportal.accounts.tasks import close_expired_web_sessions
from tests.accounts.steps import is_signed_in
from tests.cast import Clock, make_person, origin

pytestmark = pytest.mark.django_db

Heard = list[tuple[str, str]]


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Heard:
    """(group, type) of what open sockets are told."""
    said: Heard = []
    monkeypatch.setattr(
        "accessportal.accounts.signals.announce",
        lambda group, type, **data: said.append((group, type)),
    )
    return said


def take_role(adam: User, grant: RoleGrant) -> None:
    revoke_role(acting_user=adam, grant=grant, reason="other work", origin=origin())


def lent(olga: User, to: User, *, hours: float = 5) -> RoleDelegation:
    now = timezone.now()
    return RoleDelegation.objects.create(
        delegator=olga,
        delegate=to,
        role="ot_supervisor",
        site=olga.role_grants.get().site,
        starts_at=now,
        ends_at=now + timedelta(hours=hours),
        reason="holidays",
    )


def ended_for() -> list[str]:
    ended = WebSession.objects.filter(ended_at__isnull=False)
    return list(ended.values_list("ended_reason", flat=True))


def test_who_has_no_role_any_more_is_signed_out_and_told_why(
    browser_of: Callable[..., Client],
    heard: Heard,
    olga: User,
    adam: User,
    committed: Callable[[], object],
) -> None:
    browser = browser_of(olga)
    with committed():  # type: ignore[attr-defined]
        take_role(adam, olga.role_grants.get())
    assert (f"news.user.{olga.pk}", "news.standing") in heard
    turned_away = browser.get("/account/")
    assert "your role was changed" in browser.get(turned_away.url).content.decode()
    row = WebSession.objects.get(user=olga)
    assert (row.ended_reason, row.ended_by) == ("role", adam)


def test_who_keeps_a_role_stays_signed_in_and_the_pages_look_again(
    browser_of: Callable[..., Client],
    heard: Heard,
    olga: User,
    adam: User,
    committed: Callable[[], object],
) -> None:
    RoleGrant.objects.create(user=olga, role="compliance", site=None)
    browser = browser_of(olga)
    with committed():  # type: ignore[attr-defined]
        take_role(adam, olga.role_grants.get(role="ot_supervisor"))
    assert (f"news.user.{olga.pk}", "news.standing") in heard
    assert is_signed_in(browser) and not ended_for()


def test_a_web_session_that_never_rested_on_a_role_goes_on(
    browser_of: Callable[..., Client], olga: User, adam: User
) -> None:
    grant = olga.role_grants.get()
    browser = browser_of(olga)
    WebSession.objects.update(expires_at=timezone.now() + timedelta(hours=1))
    take_role(adam, grant)
    assert is_signed_in(browser)


def test_a_group_that_is_lost_in_the_directory_is_a_role_lost(
    browser_of: Callable[..., Client],
    heard: Heard,
    olga: User,
    adam: User,
    committed: Callable[[], object],
) -> None:
    olga.role_grants.update(source=RoleGrant.Source.DIRECTORY)
    identity = DirectoryIdentity.objects.create(
        user=olga, namespace="ldap", subject="1", name="olga", groups=["shift"]
    )
    browser = browser_of(olga)
    with committed():  # type: ignore[attr-defined]
        unlink_identity(
            acting_user=adam, identity=identity, reason="moved", origin=origin()
        )
    assert not olga.role_grants.exists() and not is_signed_in(browser)
    assert ended_for() == ["role"]
    assert (f"news.user.{olga.pk}", "news.standing") in heard


@pytest.mark.parametrize(
    "how", ["taken back", "the lender lost it", "the lender has left", "by the clock"]
)
def test_a_delegation_that_ends_ends_what_rested_on_it(
    how: str,
    clock: Clock,
    browser_of: Callable[..., Client],
    heard: Heard,
    olga: User,
    adam: User,
    committed: Callable[[], object],
) -> None:
    tina = make_person("Tina Trap")
    delegation = lent(olga, tina, hours=0.25)
    browser, others = browser_of(tina), browser_of(olga)
    close_expired_web_sessions()
    assert is_signed_in(browser)
    with committed():  # type: ignore[attr-defined]
        if how == "taken back":
            end_delegation(delegation, acting_user=olga, origin=origin())
        elif how == "the lender lost it":
            take_role(adam, olga.role_grants.get())
        elif how == "the lender has left":
            disable_person(
                acting_user=adam, person=olga, reason="left", origin=origin()
            )
        else:
            clock.forward(minutes=16)
            close_expired_web_sessions()
    assert not is_signed_in(browser)
    assert WebSession.objects.get(user=tina).ended_reason == "role"
    assert is_signed_in(others) != how.startswith("the lender")
    if how != "by the clock":
        assert (f"news.user.{tina.pk}", "news.standing") in heard
