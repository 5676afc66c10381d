"""People of the plant: the joiner is invited, the mover gets and loses roles."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accessportal import audit
from accessportal.accounts.authorisation import Action, may
from accessportal.accounts.models import Invitation, InvitedRole, RoleGrant, User
from accessportal.accounts.services.invitations import send_invitation
from accessportal.accounts.services.lost_roles import role_was_lost
from accessportal.accounts.signals import tell_standing
from accessportal.accounts.standing import (
    may_grant_at,
    may_manage,
    refuse_last_administrator,
)
from accessportal.errors import NotAllowed, NotPossible, Sentence, TooLate
from accessportal.origin import Origin

if TYPE_CHECKING:
    from accessportal.plants.models import Site

OWN_ROLES: Sentence = _("Nobody changes their own roles: ask another administrator.")
REASON_MISSING: Sentence = _("Please say why: the audit trail will need it.")


@transaction.atomic
def invite_employee(
    *,
    acting_user: User,
    email: str,
    full_name: str,
    language: str,
    roles: Sequence[tuple[str, Site | None]],
    access_expires_at: datetime | None = None,
    origin: Origin,
) -> Invitation:
    """Mail an invitation to a person of the plant, who gets `roles` on joining.

    Raises `NotAllowed`, and `NotPossible` for no role, an end that has passed, or an address
    that belongs to an account.
    """
    if not may(acting_user, Action.PEOPLE_CHANGE):
        raise NotAllowed
    for _role, site in roles:
        _guard_site(acting_user, site)
    if not roles:
        raise NotPossible(
            _("Choose at least one role: without one nothing can be seen."),
            code="role_missing",
        )
    _refuse_past(access_expires_at)

    return send_invitation(
        "invitation.colleague",
        acting_user=acting_user,
        vendor=None,
        email=email,
        full_name=full_name,
        language=language,
        origin=origin,
        roles=roles,
        access_expires_at=access_expires_at,
        facts={
            "roles": lambda: ", ".join(
                str(InvitedRole(role=role, site=site)) for role, site in roles
            )
        },
    )


@transaction.atomic
def grant_role(
    *,
    acting_user: User,
    person: User,
    role: str,
    site: Site | None,
    reason: str,
    origin: Origin,
) -> RoleGrant:
    """Give a person of the plant a role at a site (None: at every site), at once.

    Raises `NotAllowed`, `NotPossible` (oneself, a vendor's person, no reason) or `TooLate`
    (held already).
    """
    person = User.objects.select_for_update().get(pk=person.pk)

    _guard_person(acting_user, person)
    _guard_site(acting_user, site)
    _refuse_silence(reason)

    try:
        with transaction.atomic():
            grant = RoleGrant.objects.create(
                user=person, role=role, site=site, granted_by=acting_user
            )
    except IntegrityError:
        raise TooLate(
            _("%(person)s has this role there already.") % {"person": person},
            code="role_held",
        ) from None

    audit.record(
        "role.granted",
        acting_user=acting_user,
        subject=person,
        origin=origin,
        site=site,
        reason=reason.strip()[:500],
        role=grant.role,
    )

    tell_standing(person)
    return grant


@transaction.atomic
def revoke_role(
    *, acting_user: User, grant: RoleGrant, reason: str, origin: Origin
) -> None:
    """Take a role away: it is gone at the next click, and in live sessions within seconds.

    Raises `NotAllowed`, `NotPossible` (oneself, no reason, the last administrator) or
    `TooLate` (taken away already).
    """
    person = User.objects.select_for_update().get(pk=grant.user_id)
    site = grant.site

    _guard_person(acting_user, person)
    _guard_site(acting_user, site)
    _refuse_silence(reason)
    if grant.role == RoleGrant.Role.ADMINISTRATOR and site is None:
        refuse_last_administrator(person)

    gone, _rows = RoleGrant.objects.filter(pk=grant.pk).delete()
    if not gone:
        raise TooLate(_("This role was taken away already."), code="role_gone")

    audit.record(
        "role.revoked",
        acting_user=acting_user,
        subject=person,
        origin=origin,
        site=site,
        reason=reason.strip()[:500],
        role=grant.role,
    )

    role_was_lost(person, grant.role, acting_user=acting_user, origin=origin)


@transaction.atomic
def set_access_end(
    *,
    acting_user: User,
    person: User,
    expires_at: datetime | None,
    reason: str,
    origin: Origin,
) -> User:
    """Until when an access is good (None: without an end).

    Raises `NotAllowed` or `NotPossible` (oneself, no reason, a moment that has passed, the
    last administrator).
    """
    person = User.objects.select_for_update().get(pk=person.pk)

    if not may_manage(acting_user, person):
        raise NotAllowed
    if person.pk == acting_user.pk:
        raise NotPossible(_("Somebody else has to say until when your access is good."))
    _refuse_silence(reason)
    _refuse_past(expires_at)
    if expires_at is not None:
        refuse_last_administrator(person)

    before, person.expires_at = person.expires_at, expires_at
    person.save(update_fields=["expires_at"])

    audit.record(
        "account.updated",
        acting_user=acting_user,
        subject=person,
        origin=origin,
        reason=reason.strip()[:500],
        changes={"expires_at": [before, expires_at]},
    )

    tell_standing(person)
    return person


def _guard_person(acting_user: User, person: User) -> None:
    if not may(acting_user, Action.PEOPLE_CHANGE):
        raise NotAllowed
    if person.pk == acting_user.pk:
        raise NotPossible(OWN_ROLES, code="own_roles")
    if person.vendor_id is not None:
        raise NotPossible(
            _("%(person)s works for a vendor; roles are for people of the plant.")
            % {"person": person},
            code="not_of_the_plant",
        )


def _guard_site(acting_user: User, site: Site | None) -> None:
    if not may_grant_at(acting_user, site.pk if site is not None else None):
        raise NotAllowed(_("You hand out roles only at sites that you administer."))


def _refuse_silence(reason: str) -> None:
    if not reason.strip():
        raise NotPossible(REASON_MISSING, code="reason_missing")


def _refuse_past(moment: datetime | None) -> None:
    if moment is not None and moment <= timezone.now():
        raise NotPossible(_("The last day has passed already."), code="end_passed")
