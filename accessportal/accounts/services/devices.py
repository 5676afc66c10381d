"""Signing out browsers from elsewhere: one's own, or, for a stolen one, another person's."""

from __future__ import annotations

from django.db import transaction

from accessportal.accounts.models import User, WebSession
from accessportal.accounts.standing import may_mind
from accessportal.accounts.web_sessions import (
    Ended,
    end_web_session,
    end_web_sessions_of,
)
from accessportal.errors import NotAllowed, TooLate
from accessportal.origin import Origin


@transaction.atomic
def revoke_device(
    *, acting_user: User, web_session: WebSession, origin: Origin
) -> None:
    """Sign one browser out: its pages and tunnels close within seconds.

    Raises `NotAllowed` (somebody else's, without the right) or `TooLate` (it had ended).
    """
    _guard(acting_user, web_session.user)
    if not end_web_session(
        web_session, reason=Ended.REVOKED, acting_user=acting_user, origin=origin
    ):
        raise TooLate


@transaction.atomic
def revoke_all_devices(
    *, acting_user: User, person: User, origin: Origin, except_key: str = ""
) -> int:
    """Sign out every browser of a person but one; returns how many there were."""
    _guard(acting_user, person)
    return end_web_sessions_of(
        person,
        reason=Ended.REVOKED,
        acting_user=acting_user,
        origin=origin,
        except_key=except_key,
    )


def _guard(acting_user: User, person: User) -> None:
    own = acting_user.pk == person.pk
    if not own and not may_mind(acting_user, person):
        raise NotAllowed
