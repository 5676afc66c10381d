"""What the trail says of an agreement that rests on a lent role of IT security, or on a lent
place in a group.

What rests on the right to decide by oneself, `accessportal.audit.borrowed` says.
"""

from __future__ import annotations

from typing import Any

from accessportal.accounts.authorisation import Action, borrowed_right, may
from accessportal.accounts.models import RoleDelegation, User
from requests.approvers import ACTIONS, group_pk, whos_of
from requests.models import AccessRequest, ApproverGroupMember, GroupDelegation
from requests.policy.rules import GROUP, IT_SECURITY


def said_of_lent_agreement(
    acting_user: User, places: frozenset[str], access_request: AccessRequest
) -> dict[str, Any]:
    """Details of the event; empty where the right is the person's own, or not asked."""
    if places == {IT_SECURITY}:
        right = borrowed_right(acting_user, Action.REQUEST_AGREE, access_request.site)
        if isinstance(right, RoleDelegation):
            return {"by_delegation": right.pk, "delegated_by": str(right.delegator)}
    whos = {
        who
        for step in access_request.steps.filter(who__in=places)
        for who in whos_of(step)
    }
    by_role = (ACTIONS[who] for who in whos if who in ACTIONS)
    if any(may(acting_user, action, access_request.site) for action in by_role):
        return {}
    return _said_of_lent_place(
        acting_user, [group_pk(who) for who in whos if who.startswith(GROUP)]
    )


def _said_of_lent_place(acting_user: User, groups: list[int]) -> dict[str, Any]:
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
