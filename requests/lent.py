"""What the trail says of an act that rests on a lent role of IT security, or on a lent place in
a group: an agreement, a no, a proposal, a later look.

What rests on the right to decide by oneself, `accessportal.audit.borrowed` says.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from accessportal.accounts.authorisation import Action, borrowed_right, may
from accessportal.accounts.models import RoleDelegation, User
from accessportal.plants.models import Site
from requests.approvers import ACTIONS, group_pk, whos_of
from requests.models import (
    ApproverGroupMember,
    AskedPeople,
    EmergencyLook,
    GroupDelegation,
)
from requests.policy.rules import GROUP, IT_SECURITY


def said_of_lent_agreement(
    acting_user: User, places: frozenset[str], steps: Iterable[AskedPeople], site: Site
) -> dict[str, Any]:
    """Details of the event; empty where the right is the person's own, or not asked.

    `places`: those of the steps that the person could fill.
    """
    if places == {IT_SECURITY}:
        right = borrowed_right(acting_user, Action.REQUEST_AGREE, site)
        if isinstance(right, RoleDelegation):
            return {"by_delegation": right.pk, "delegated_by": str(right.delegator)}
    whos = {who for step in steps if step.who in places for who in whos_of(step)}
    return _said_of_lent_place(acting_user, whos, site)


def said_of_lent_look(acting_user: User, look: EmergencyLook) -> dict[str, Any]:
    """The same of a later look: of who takes it as one of a group that was passed over."""
    site = look.access_request.site
    if may(acting_user, Action.EMERGENCY_LOOK, site):
        return {}
    return _said_of_lent_place(
        acting_user, {step.who for step in look.skipped.all()}, site
    )


def _said_of_lent_place(
    acting_user: User, whos: Collection[str], site: Site
) -> dict[str, Any]:
    by_role = (ACTIONS[who] for who in whos if who in ACTIONS)
    if any(may(acting_user, action, site) for action in by_role):
        return {}
    groups = [group_pk(who) for who in whos if who.startswith(GROUP)]
    own = ApproverGroupMember.objects.filter(person=acting_user, group__in=groups)
    lent = GroupDelegation.objects.in_force().filter(
        delegate=acting_user, group__in=groups
    )
    place = lent.select_related("group", "delegator").first()
    if place is None or own.exists():
        return {}
    return {
        "by_group_delegation": place.pk,
        "group": place.group.name,
        "delegated_by": str(place.delegator),
    }
