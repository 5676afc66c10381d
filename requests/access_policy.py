"""The guards of the approval policy, its draft and its groups."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from accessportal.accounts.access import minds_delegations
from accessportal.accounts.authorisation import Action, may, may_everywhere
from accessportal.accounts.models import User
from accessportal.errors import NotAllowed
from accessportal.known import known
from requests.models import (
    ApprovalPolicy,
    ApproverGroup,
    ApproverGroupMember,
    GroupDelegation,
)


def policy_seen_by(user: User) -> User:
    """Refuses who may not read the policy."""
    if not may(user, Action.POLICY_SEE):
        raise NotAllowed
    return user


def may_change_policy(user: User) -> bool:
    """It holds at every site, so it takes the role at every site."""
    return may_everywhere(user, Action.POLICY_CHANGE)


def policy_changed_by(user: User) -> User:
    """Refuses who may not change the policy."""
    if not may_everywhere(user, Action.POLICY_CHANGE):
        raise NotAllowed
    return user


def version_visible_to(user: User, version: int) -> ApprovalPolicy:
    policy_seen_by(user)
    return known(
        ApprovalPolicy.objects.filter(version=version).select_related("made_by")
    )


def group_changed_by(user: User, pk: int) -> ApproverGroup:
    policy_changed_by(user)
    return known(ApproverGroup.objects.filter(pk=pk))


def member_changed_by(user: User, pk: int) -> ApproverGroupMember:
    policy_changed_by(user)
    return known(
        ApproverGroupMember.objects.filter(pk=pk).select_related("group", "person")
    )


def lent_places_of(user: User) -> QuerySet[GroupDelegation]:
    """Places in groups that a person lent or was lent, the newest first."""
    minds_delegations(user)
    return GroupDelegation.objects.filter(
        Q(delegator=user) | Q(delegate=user)
    ).select_related("group", "delegator", "delegate", "ended_by")


def lent_place_endable_by(user: User, pk: int) -> GroupDelegation:
    """One's own, given or received; whether it is over is for the verb to say."""
    return known(lent_places_of(user).filter(pk=pk))
