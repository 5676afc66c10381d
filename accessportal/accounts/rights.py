"""What one person of the plant has: roles of their own, and what others lent for a time.

What each of it allows stands in `accounts.authorisation`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property
from typing import Any, TypeVar

from django.db.models import Model
from django.db.models.signals import post_delete, post_save

from accessportal.accounts.models import (
    PermissionOverride,
    RoleDelegation,
    RoleGrant,
    User,
)

T = TypeVar("T")


class Rights:
    """Each part is read when it is first asked for: most people have only roles."""

    def __init__(self, user: User) -> None:
        self._user = user
        self._further: dict[Callable[[User], Any], Any] = {}

    def further(self, read: Callable[[User], T]) -> T:
        """What an app up the arrow knows that the person has; see `forgotten_with`."""
        if read not in self._further:
            self._further[read] = read(self._user)
        found: T = self._further[read]
        return found

    @cached_property
    def own(self) -> list[tuple[str, int | None]]:
        """(role, site's id) of each role that nobody lent; None: at every site."""
        return list(self._user.role_grants.order_by("role").values_list("role", "site"))

    @cached_property
    def delegations(self) -> list[RoleDelegation]:
        """Roles that a colleague lent, in force now."""
        if not self._borrows:
            return []
        return list(RoleDelegation.objects.in_force().filter(delegate=self._user))

    @cached_property
    def overrides(self) -> list[PermissionOverride]:
        """Single actions that somebody granted, in force now."""
        if not self._borrows:
            return []
        return list(PermissionOverride.objects.in_force().filter(granted_to=self._user))

    @cached_property
    def _borrows(self) -> bool:
        """Whether anything may be lent to the person, now or later. Nearly always nothing is,
        and then nobody is asked what it is and whether the lender still has it."""
        person = self._user.pk
        roles = RoleDelegation.objects.not_over().filter(delegate_id=person)
        actions = PermissionOverride.objects.not_over().filter(granted_to_id=person)
        lent = roles.order_by().values_list("pk")
        return bool(lent.union(actions.order_by().values_list("pk"), all=True))


_remembered: ContextVar[dict[int, Rights] | None] = ContextVar(
    "remembered_rights", default=None
)


@contextmanager
def rights_remembered() -> Iterator[None]:
    """For the time of a request that only reads: a page asks for the same rights a hundred
    times. An act never uses this: its guards look at what is true once it has its lock.
    What this very request changes (a sign-in by the directory does) is read again."""
    if _remembered.get() is not None:
        yield
        return
    token = _remembered.set({})
    try:
        yield
    finally:
        _remembered.reset(token)


def rights_of(user: User) -> Rights:
    """What `user` has now."""
    remembered = _remembered.get()
    if remembered is None or user.pk is None:
        return Rights(user)
    return remembered.setdefault(user.pk, Rights(user))


def forgotten_with(*kinds: type[Model]) -> None:
    """Whoever changes a row of these in a request reads the rights again."""
    for kind in kinds:
        post_save.connect(_forget, sender=kind)
        post_delete.connect(_forget, sender=kind)


def _forget(**_facts: Any) -> None:
    if (remembered := _remembered.get()) is not None:
        remembered.clear()


forgotten_with(RoleGrant, RoleDelegation, PermissionOverride)
