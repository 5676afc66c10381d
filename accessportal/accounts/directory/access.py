"""Who may see the directory's page, and what of it they may change."""

from __future__ import annotations

from accessportal.accounts.authorisation import Action, may, may_everywhere
from accessportal.accounts.models import (
    BreakGlassAccount,
    DirectoryIdentity,
    GroupMapping,
    User,
)
from accessportal.errors import NotAllowed
from accessportal.known import known


def may_change_directory(user: User) -> bool:
    """Groups give roles at any site: only an administrator of every site minds them."""
    return may_everywhere(user, Action.DIRECTORY_CHANGE)


def check_may_see(user: User) -> None:
    """Raises `NotAllowed` for who may not see how employees come in."""
    if not may(user, Action.DIRECTORY_SEE):
        raise NotAllowed


def check_may_change(user: User) -> None:
    check_may_see(user)
    if not may_change_directory(user):
        raise NotAllowed


def mapping_removable_by(user: User, pk: int) -> GroupMapping:
    check_may_change(user)
    return known(GroupMapping.objects.select_related("site").filter(pk=pk))


def identity_unlinkable_by(user: User, pk: int) -> DirectoryIdentity:
    check_may_change(user)
    return known(DirectoryIdentity.objects.select_related("user").filter(pk=pk))


def break_glass_removable_by(user: User, pk: int) -> BreakGlassAccount:
    check_may_change(user)
    return known(BreakGlassAccount.objects.select_related("user").filter(pk=pk))
