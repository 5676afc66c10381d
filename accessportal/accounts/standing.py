"""Who may change what another person may do (four eyes: never one's own)."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accessportal.accounts import authorisation
from accessportal.accounts.authorisation import (
    Action,
    may,
    people_who_may,
    roles_allowing,
)
from accessportal.accounts.models import RoleGrant, User
from accessportal.accounts.vendor_rights import may_suspend
from accessportal.errors import NotPossible


def may_everywhere(user: User, action: Action) -> bool:
    """Whether `user` may do `action` at every site, also at those still to come."""
    return (
        user.is_active
        and user.vendor_id is None
        and user.role_grants.filter(
            role__in=roles_allowing(action), site__isnull=True
        ).exists()
    )


def may_grant_at(user: User, site_id: int | None) -> bool:
    """Whether `user` may grant and revoke roles at this site (None: at every site)."""
    if site_id is None:
        return may_everywhere(user, Action.PEOPLE_CHANGE)
    return may(user, Action.PEOPLE_CHANGE, site_id)


def may_manage(user: User, person: User) -> bool:
    """Whether `user` may end, give back or help with the access of `person`.

    Of somebody of the plant, whoever administers every site at which the person has a role.
    """
    if person.vendor is not None:
        return may_suspend(user, person.vendor)
    sites = set(person.role_grants.values_list("site_id", flat=True))
    return may(user, Action.PEOPLE_CHANGE) and all(
        may_grant_at(user, site) for site in sites
    )


def who_manages(person: User) -> list[User]:
    """Everybody else who may end, give back or renew the access of somebody of the plant."""
    administrators = people_who_may(Action.PEOPLE_CHANGE, None).exclude(pk=person.pk)
    return [one for one in administrators if may_manage(one, person)]


def may_mind(user: User, person: User) -> bool:
    """Whether `user` may end devices and take away second factors of `person`.

    Of somebody of the plant, whoever minds people at every site at which the person has a role.
    """
    if person.vendor is not None:
        return may_suspend(user, person.vendor)
    sites = set(person.role_grants.values_list("site_id", flat=True))
    return may(user, Action.VENDOR_SUSPEND) and all(
        may(user, Action.VENDOR_SUSPEND, site)
        if site is not None
        else authorisation.may_everywhere(user, Action.VENDOR_SUSPEND)
        for site in sites
    )


def administrators() -> QuerySet[RoleGrant]:
    """The grants by which somebody administers every site."""
    return RoleGrant.objects.filter(
        role__in=roles_allowing(Action.PEOPLE_CHANGE), site__isnull=True
    )


def refuse_last_administrator(person: User) -> None:
    """Raises `NotPossible` when nobody else would administer every site.

    Call it in the transaction of the act: it locks the grants, so that of two administrators
    who take each other's role away only one succeeds.
    """
    grants = list(administrators().select_for_update().order_by("pk"))
    holders = {grant.user_id for grant in grants}
    if person.pk not in holders:
        return
    others = User.objects.active().filter(pk__in=holders - {person.pk})
    if not others.exists():
        raise NotPossible(
            _(
                "%(person)s is the last administrator of every site. Make somebody else one "
                "first."
            )
            % {"person": person},
            code="last_administrator",
        )
