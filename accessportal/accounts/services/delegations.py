"""Lending a role to a colleague for a time, and taking it back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accessportal.accounts.models import RoleDelegation, RoleGrant, User
from accessportal.accounts.services.common import (
    guard_fresh_factor,
    guard_other_person,
    needed_reason,
)
from accessportal.accounts.services.lost_roles import end_what_rested_on_a_role
from accessportal.accounts.signals import tell_standing
from accessportal.audit import record
from accessportal.errors import NotAllowed, NotPossible, TooLate
from accessportal.news import tell_news, user_topic
from accessportal.notifications import notify
from accessportal.origin import Origin
from accessportal.words import moment_words

if TYPE_CHECKING:
    from accessportal.plants.models import Site


@transaction.atomic
def delegate_role(
    *,
    role: str,
    site: Site | None,
    to: User,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    acting_user: User,
    origin: Origin,
) -> RoleDelegation:
    """Lend one's own role at a site (None: at every site) until `ends_at`.

    Raises `NotAllowed` where the role is not held in one's own right, `NotPossible` for a
    person or a time that cannot be, `FreshFactorNeeded`.
    """
    to = User.objects.select_related("vendor").get(pk=to.pk)

    if not acting_user.is_active or not _holds(acting_user, role, site):
        raise NotAllowed(
            _("You can only delegate a role that you hold there yourself."),
            code="not_your_role",
        )
    guard_fresh_factor(origin, acting_user, site)
    guard_other_person(to, acting_user)
    if _holds(to, role, site):
        raise NotPossible(
            _("%(name)s holds this role there already.") % {"name": to},
            code="holds_it_already",
        )
    guard_span(starts_at, ends_at)
    reason = needed_reason(reason)

    delegation = RoleDelegation.objects.create(
        delegator=acting_user,
        delegate=to,
        role=role,
        site=site,
        starts_at=starts_at,
        ends_at=ends_at,
        reason=reason,
    )

    record(
        "delegation.made",
        acting_user=acting_user,
        subject=delegation,
        origin=origin,
        site=site,
        reason=reason,
        role=role,
        to=str(to),
        starts_at=starts_at.isoformat(),
        ends_at=ends_at.isoformat(),
    )

    notify(
        [to],
        "delegation.made",
        path="/delegations/",
        by=acting_user.full_name,
        role=lambda: str(delegation.get_role_display()),
        site=lambda: site.name if site else _("every site"),
        starts=lambda: moment_words(starts_at, to.time_zone),
        ends=lambda: moment_words(ends_at, to.time_zone),
        reason=reason,
    )
    tell_both(delegation.delegator, delegation.delegate)
    return delegation


@transaction.atomic
def end_delegation(
    delegation: RoleDelegation, *, acting_user: User, origin: Origin
) -> None:
    """Take a delegation back, or give it back, before its time. Needs no fresh factor.

    Raises `NotAllowed` for anybody but the two, and `TooLate` when it is over.
    """
    delegation = RoleDelegation.objects.select_related(
        "delegator", "delegate", "site"
    ).get(pk=delegation.pk)

    if acting_user.pk not in (delegation.delegator_id, delegation.delegate_id):
        raise NotAllowed

    now = timezone.now()
    ended = (
        RoleDelegation.objects.not_over(at=now)
        .filter(pk=delegation.pk)
        .update(ended_at=now, ended_by=acting_user)
    )
    if not ended:
        raise TooLate(_("This delegation is over already."), code="already_over")

    record(
        "delegation.ended",
        acting_user=acting_user,
        subject=delegation,
        origin=origin,
        site=delegation.site,
        role=delegation.role,
    )

    tell_both(delegation.delegator, delegation.delegate)
    end_what_rested_on_a_role(
        delegation.delegate, acting_user=acting_user, origin=origin
    )


def own_roles(user: User) -> list[RoleGrant]:
    """The roles that a person holds in their own right, and so may lend."""
    if user.vendor_id is not None:
        return []
    return list(user.role_grants.select_related("site"))


def _holds(user: User, role: str, site: Site | None) -> bool:
    places = set(user.role_grants.filter(role=role).values_list("site", flat=True))
    return None in places or (site is not None and site.pk in places)


def guard_span(starts_at: datetime, ends_at: datetime) -> None:
    """For how long anything is lent. Raises `NotPossible`."""
    if ends_at <= starts_at or ends_at <= timezone.now():
        raise NotPossible(
            _("The end must be after the start, and still to come."),
            code="end_before_start",
        )
    if ends_at - starts_at > timedelta(days=settings.DELEGATION_MAX_DAYS):
        raise NotPossible(
            _("A role is delegated for at most %(days)s days.")
            % {"days": settings.DELEGATION_MAX_DAYS},
            code="too_long",
        )


def tell_both(lender: User, borrower: User) -> None:
    """After the commit, have their pages show what was lent or taken back."""
    topics = [user_topic(lender.pk), user_topic(borrower.pk)]
    transaction.on_commit(lambda: tell_news(*topics, about="permissions"))
    tell_standing(borrower)
