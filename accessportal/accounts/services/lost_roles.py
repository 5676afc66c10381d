"""A role is lost: open pages look again at once, and a web session that rested on it ends.

What may be done is asked at each request, so a lost role opens nothing any more. How long a
web session lasts was decided at the sign-in, by the roles of that day (decision 0061).
"""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from accessportal.accounts.limits import limits_of, roles_of
from accessportal.accounts.models import RoleDelegation, User, WebSession
from accessportal.accounts.signals import tell_standing
from accessportal.accounts.web_sessions import Ended, end_web_session
from accessportal.origin import SYSTEM, Origin


def role_was_lost(
    person: User, role: str, *, acting_user: User | None, origin: Origin
) -> None:
    """Call it in the transaction of the act. Whom the person had lent the role to loses it
    as well. `acting_user` None: the directory."""
    tell_standing(person)
    end_what_rested_on_a_role(person, acting_user=acting_user, origin=origin)
    lent_roles_were_lost(person, role, acting_user=acting_user, origin=origin)


def lent_roles_were_lost(
    lender: User, *roles: str, acting_user: User | None, origin: Origin
) -> None:
    """What `lender` had lent counts no more: these `roles`, or, with the access, all of them."""
    lent = RoleDelegation.objects.running().filter(delegator=lender)
    if roles:
        lent = lent.filter(role__in=roles)
    for one in User.objects.filter(pk__in=lent.values("delegate")):
        tell_standing(one)
        end_what_rested_on_a_role(one, acting_user=acting_user, origin=origin)


@transaction.atomic
def end_what_rested_on_a_role(
    person: User, *, acting_user: User | None, origin: Origin = SYSTEM
) -> int:
    """End the web sessions that are longer than somebody without a role would have; how many.

    Only where no role is left: of several roles the shortest limits count already.
    """
    if person.vendor_id is not None or roles_of(person):
        return 0
    return sum(
        end_web_session(
            web_session, reason=Ended.ROLE, acting_user=acting_user, origin=origin
        )
        for web_session in person.web_sessions.open()
        if _is_longer_than_now(web_session, person)
    )


def _is_longer_than_now(web_session: WebSession, person: User) -> bool:
    limits = limits_of(person, shared=web_session.shared)
    return web_session.expires_at - web_session.begun_at > limits.absolute


def note_delegations_that_ran_out() -> int:
    """Those who have no role any more since the clock ended a delegation: it is an end like
    another. How many web sessions ended."""
    over = RoleDelegation.objects.filter(
        ends_at__lte=timezone.now(), ended_at__isnull=True
    )
    people = User.objects.filter(
        pk__in=over.values("delegate"), web_sessions__in=WebSession.objects.alive()
    )
    return sum(
        end_what_rested_on_a_role(one, acting_user=None) for one in people.distinct()
    )
