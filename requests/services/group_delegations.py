"""Lending one's place in a group of approvers for a time, and taking it back.

Roles are lent by `accessportal.accounts.services.delegations`, with the same limits.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accessportal.accounts.models import User
from accessportal.accounts.services.common import (
    guard_fresh_factor,
    guard_other_person,
    needed_reason,
)
from accessportal.accounts.services.delegations import guard_span, tell_both
from accessportal.audit import record
from accessportal.errors import NotAllowed, NotPossible, TooLate
from accessportal.notifications import notify
from accessportal.origin import Origin
from accessportal.words import moment_words
from requests.models import ApproverGroup, GroupDelegation


@transaction.atomic
def lend_place(
    group: ApproverGroup,
    *,
    to: User,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    acting_user: User,
    origin: Origin,
) -> GroupDelegation:
    """Somebody else is one of the group for the lender until `ends_at`.

    Raises `NotAllowed` for who is no member in their own right, `NotPossible` for a person or
    a time that cannot be, `FreshFactorNeeded`.
    """
    to = User.objects.select_related("vendor").get(pk=to.pk)

    members = group.members.values_list("person", flat=True)
    if not acting_user.is_active or acting_user.pk not in members:
        raise NotAllowed(
            _("You can only lend a place in a group that you have yourself."),
            code="not_your_place",
        )
    guard_fresh_factor(origin, acting_user, None)
    guard_other_person(to, acting_user)
    if to.pk in members:
        raise NotPossible(
            _("%(name)s is one of this group already.") % {"name": to},
            code="holds_it_already",
        )
    guard_span(starts_at, ends_at)
    reason = needed_reason(reason)

    delegation = GroupDelegation.objects.create(
        group=group,
        delegator=acting_user,
        delegate=to,
        starts_at=starts_at,
        ends_at=ends_at,
        reason=reason,
    )

    record(
        "delegation.made",
        acting_user=acting_user,
        subject=delegation,
        origin=origin,
        reason=reason,
        group=group.name,
        to=str(to),
        starts_at=starts_at.isoformat(),
        ends_at=ends_at.isoformat(),
    )

    notify(
        [to],
        "delegation.made",
        path="/approvals/lent/",
        by=acting_user.full_name,
        role=group.name,
        site=lambda: _("every site"),
        starts=lambda: moment_words(starts_at, to.time_zone),
        ends=lambda: moment_words(ends_at, to.time_zone),
        reason=reason,
    )
    tell_both(delegation.delegator, delegation.delegate)
    return delegation


@transaction.atomic
def end_lent_place(
    delegation: GroupDelegation, *, acting_user: User, origin: Origin
) -> None:
    """Take a place back, or give it back, before its time. Needs no fresh factor.

    Raises `NotAllowed` for anybody but the two, and `TooLate` when it is over.
    """
    if acting_user.pk not in (delegation.delegator_id, delegation.delegate_id):
        raise NotAllowed

    now = timezone.now()
    running = GroupDelegation.objects.not_over(at=now).filter(pk=delegation.pk)
    if running.update(ended_at=now, ended_by=acting_user) != 1:
        raise TooLate(_("This delegation is over already."), code="already_over")

    record(
        "delegation.ended",
        acting_user=acting_user,
        subject=delegation,
        origin=origin,
        group=delegation.group.name,
    )
    tell_both(delegation.delegator, delegation.delegate)
