"""Who may do what where: one table (role x action), read by people and by code.

Deny by default. People of the plant hold roles per site; a vendor's people have the
fixed contractor actions and see only what is their company's (SR 2.1 RE2). Beside the
roles somebody holds, two things count for a time: a role that a colleague delegated, and
an override of one action at one site. The page `/permissions/` prints all of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _

from accessportal.accounts.models import (
    PermissionOverride,
    RoleDelegation,
    RoleGrant,
    User,
)
from accessportal.accounts.rights import rights_of

if TYPE_CHECKING:
    from accessportal.plants.models import Site

Role = RoleGrant.Role


class Action(models.TextChoices):
    REQUEST_SUBMIT = "request.submit", _("Ask for access")
    REQUEST_SEE = "request.see", _("See access requests and windows")
    REQUEST_DECIDE = "request.decide", _("Approve or deny requests")
    REQUEST_AGREE = (
        "request.agree",
        _("Agree to requests where the policy asks for IT security, too"),
    )
    EMERGENCY_OPEN = (
        "emergency.open",
        _("Let somebody ask at once, when the line is down"),
    )
    ESCORT_OFFER = (
        "escort.offer",
        _("Escort somebody whose second factor or training has lapsed"),
    )
    EMERGENCY_LOOK = (
        "emergency.look",
        _("Take the second look at an emergency or an escort"),
    )
    POLICY_SEE = "policy.see", _("Read the approval policy")
    POLICY_CHANGE = "policy.change", _("Change the approval policy and its groups")
    WINDOW_REVOKE = "window.revoke", _("Revoke or extend windows")
    SESSION_START = "session.start", _("Start a session in one's own window")
    SESSION_SEE = "session.see", _("See live and past sessions")
    SESSION_WATCH = "session.watch", _("Watch a live session")
    SESSION_FREEZE = "session.freeze", _("Freeze a live session")
    SESSION_END = "session.end", _("End a live session")
    SESSION_CONTROL = "session.control", _("Take control of a live session")
    SESSION_CHARGE = "session.charge", _("Be in charge of a live session")
    RECORDING_SEE = "recording.see", _("See the list of recordings")
    RECORDING_PLAY = "recording.play", _("Play recordings")
    REVIEW_COMPLETE = "review.complete", _("Clear or flag a recording")
    AUDIT_SEE = "audit.see", _("Read the audit trail")
    PLANT_SEE = "plant.see", _("See assets and endpoints")
    PLANT_CHANGE = "plant.change", _("Change and test assets, endpoints, credentials")
    ROSTER_CHANGE = "roster.change", _("Say who is on shift")
    VENDOR_SEE = "vendor.see", _("See vendors and their people")
    VENDOR_INVITE = "vendor.invite", _("Invite a vendor's people")
    VENDOR_SUSPEND = "vendor.suspend", _("Suspend a vendor or disable a person")
    PEOPLE_SEE = "people.see", _("See all people, also of the plant")
    PEOPLE_CHANGE = "people.change", _("Let people of the plant in, move and out")
    VENDOR_CHANGE = "vendor.change", _("Add and change vendors, vouch for their people")
    SITE_ISOLATE = "site.isolate", _("Isolate a site")
    ASSET_LOCK = "asset.lock", _("Lock a machine against outside work")
    RISK_TOLD = "risk.told", _("Be told of unusual starts")
    TOKEN_MANAGE = "token.manage", _("Make and revoke API tokens")
    PERMISSION_SEE = "permission.see", _("Read who may do what")
    ROLE_DELEGATE = "role.delegate", _("Delegate one's own role for a time")
    OVERRIDE_GRANT = "override.grant", _("Grant an override")
    OVERRIDE_SEE = "override.see", _("Be shown overrides in force")
    ALERT_HANDLE = "alert.handle", _("See and acknowledge security alerts")
    DIRECTORY_SEE = "directory.see", _("See how employees sign in")
    DIRECTORY_CHANGE = "directory.change", _("Map groups to roles, mark break-glass")
    FACTOR_RULES = "factor.rules", _("Say which second factors count")


PERMISSIONS: dict[Role, frozenset[Action]] = {
    Role.OT_SUPERVISOR: frozenset(
        {
            Action.REQUEST_SEE,
            Action.REQUEST_DECIDE,
            Action.EMERGENCY_OPEN,
            Action.ESCORT_OFFER,
            Action.POLICY_SEE,
            Action.WINDOW_REVOKE,
            Action.SESSION_SEE,
            Action.SESSION_WATCH,
            Action.SESSION_FREEZE,
            Action.SESSION_END,
            Action.SESSION_CONTROL,
            Action.SESSION_CHARGE,
            Action.RECORDING_SEE,
            Action.PLANT_SEE,
            Action.ROSTER_CHANGE,
            Action.VENDOR_SEE,
            Action.VENDOR_INVITE,
            Action.SITE_ISOLATE,
            Action.ASSET_LOCK,
            Action.ROLE_DELEGATE,
            Action.OVERRIDE_GRANT,
        }
    ),
    Role.IT_SECURITY: frozenset(
        {
            Action.REQUEST_SEE,
            Action.REQUEST_AGREE,
            Action.EMERGENCY_OPEN,
            Action.ESCORT_OFFER,
            Action.EMERGENCY_LOOK,
            Action.POLICY_SEE,
            Action.WINDOW_REVOKE,
            Action.SESSION_SEE,
            Action.SESSION_WATCH,
            Action.SESSION_FREEZE,
            Action.SESSION_END,
            Action.RECORDING_SEE,
            Action.AUDIT_SEE,
            Action.PLANT_SEE,
            Action.VENDOR_SEE,
            Action.VENDOR_SUSPEND,
            Action.PEOPLE_SEE,
            Action.SITE_ISOLATE,
            Action.PERMISSION_SEE,
            Action.ROLE_DELEGATE,
            Action.OVERRIDE_GRANT,
            Action.OVERRIDE_SEE,
            Action.ALERT_HANDLE,
            Action.RISK_TOLD,
            Action.TOKEN_MANAGE,
            Action.DIRECTORY_SEE,
            Action.FACTOR_RULES,
        }
    ),
    Role.COMPLIANCE: frozenset(
        {
            Action.REQUEST_SEE,
            Action.POLICY_SEE,
            Action.SESSION_SEE,
            Action.RECORDING_SEE,
            Action.RECORDING_PLAY,
            Action.REVIEW_COMPLETE,
            Action.AUDIT_SEE,
            Action.PLANT_SEE,
            Action.VENDOR_SEE,
            Action.PERMISSION_SEE,
            Action.ROLE_DELEGATE,
        }
    ),
    Role.ADMINISTRATOR: frozenset(
        {
            Action.REQUEST_SEE,
            Action.POLICY_SEE,
            Action.POLICY_CHANGE,
            Action.SESSION_SEE,
            Action.PLANT_SEE,
            Action.PLANT_CHANGE,
            Action.ROSTER_CHANGE,
            Action.VENDOR_SEE,
            Action.VENDOR_INVITE,
            Action.VENDOR_SUSPEND,
            Action.PEOPLE_SEE,
            Action.PEOPLE_CHANGE,
            Action.VENDOR_CHANGE,
            Action.AUDIT_SEE,
            Action.PERMISSION_SEE,
            Action.ROLE_DELEGATE,
            Action.TOKEN_MANAGE,
            Action.DIRECTORY_SEE,
            Action.DIRECTORY_CHANGE,
            Action.FACTOR_RULES,
        }
    ),
}

CONTRACTOR_ACTIONS: frozenset[Action] = frozenset(
    {
        Action.REQUEST_SUBMIT,
        Action.REQUEST_SEE,
        Action.SESSION_START,
        Action.SESSION_SEE,
        Action.SESSION_END,
    }
)


# Never had through somebody else: what would let a lent right make more rights.
OWN_RIGHT_ONLY: frozenset[Action] = frozenset(
    {
        Action.ROLE_DELEGATE,
        Action.OVERRIDE_GRANT,
        Action.TOKEN_MANAGE,
        Action.DIRECTORY_CHANGE,
        Action.POLICY_CHANGE,
    }
)

# What an override can be about, and the roles that may grant it at their sites. What is not
# here cannot be overridden: judging evidence (SR 2.1 RE3 is about operating the plant), and
# everything that makes more rights.
OVERRIDABLE: dict[Action, frozenset[Role]] = {
    Action.REQUEST_DECIDE: frozenset({Role.OT_SUPERVISOR}),
    Action.WINDOW_REVOKE: frozenset({Role.OT_SUPERVISOR, Role.IT_SECURITY}),
    Action.SESSION_WATCH: frozenset({Role.OT_SUPERVISOR, Role.IT_SECURITY}),
    Action.SESSION_FREEZE: frozenset({Role.OT_SUPERVISOR, Role.IT_SECURITY}),
    Action.SESSION_END: frozenset({Role.OT_SUPERVISOR, Role.IT_SECURITY}),
    Action.SESSION_CONTROL: frozenset({Role.OT_SUPERVISOR}),
    Action.SESSION_CHARGE: frozenset({Role.OT_SUPERVISOR}),
    Action.ASSET_LOCK: frozenset({Role.OT_SUPERVISOR}),
    Action.SITE_ISOLATE: frozenset({Role.OT_SUPERVISOR, Role.IT_SECURITY}),
    Action.PLANT_CHANGE: frozenset({Role.IT_SECURITY}),
}

# Without these nobody finds what the override is about.
SEEN_WITH: dict[Action, frozenset[Action]] = {
    Action.REQUEST_DECIDE: frozenset({Action.REQUEST_SEE}),
    Action.WINDOW_REVOKE: frozenset({Action.REQUEST_SEE}),
    Action.SESSION_WATCH: frozenset({Action.SESSION_SEE}),
    Action.SESSION_FREEZE: frozenset({Action.SESSION_SEE}),
    Action.SESSION_END: frozenset({Action.SESSION_SEE}),
    Action.SESSION_CONTROL: frozenset({Action.SESSION_SEE, Action.SESSION_WATCH}),
    Action.SESSION_CHARGE: frozenset({Action.SESSION_SEE}),
    Action.ASSET_LOCK: frozenset({Action.PLANT_SEE}),
    Action.SITE_ISOLATE: frozenset({Action.PLANT_SEE, Action.SESSION_SEE}),
    Action.PLANT_CHANGE: frozenset({Action.PLANT_SEE}),
}


def roles_allowing(action: Action) -> list[Role]:
    return [role for role, actions in PERMISSIONS.items() if action in actions]


def overrides_allowing(action: Action) -> list[Action]:
    """The overrides that let somebody do `action`: its own, and those it is seen with."""
    return [
        one
        for one in OVERRIDABLE
        if action == one or action in SEEN_WITH.get(one, frozenset())
    ]


def may(user: User, action: Action, site: Site | int | None = None) -> bool:
    """Whether `user` may do `action` at `site` (None: at any site at all).

    For contractors the site is not weighed here: what is theirs is decided by the
    guard that fetches the object (own company, own window).
    """
    if not user.is_active:
        return False
    if user.vendor_id is not None:
        return action in CONTRACTOR_ACTIONS
    return any(
        site is None or where is None or where == _id(site)
        for where, _lent in _ways(user, action)
    )


def may_everywhere(user: User, action: Action) -> bool:
    """Whether a person of the plant may do `action` at every site, those to come too."""
    if not user.is_active or user.vendor_id is not None:
        return False
    return any(where is None for where, _lent in _ways(user, action))


def holds_role(user: User, action: Action, site: Site | int | None = None) -> bool:
    """Whether `user` may do `action` by a role held in their own right, lent by nobody."""
    if not user.is_active or user.vendor_id is not None:
        return False
    return any(
        site is None or where is None or where == _id(site)
        for where in _own_ways(user, action)
    )


def borrowed_right(
    user: User, action: Action, site: Site | int | None = None
) -> RoleDelegation | PermissionOverride | None:
    """The delegation or override without which `user` could not do `action` at `site`.

    None where a role of their own allows it, or nothing does.
    """
    if user.vendor_id is not None:
        return None
    for where, lent in _ways(user, action):
        if site is None or where is None or where == _id(site):
            return lent
    return None


def sites_where(user: User, action: Action) -> models.QuerySet[Site]:
    """The sites at which a person of the plant may do `action`."""
    from django.apps import apps

    sites: models.QuerySet[Site] = apps.get_model("plants", "Site").objects.all()
    everywhere, places = _places(user, action)
    if everywhere:
        return sites
    return sites.filter(pk__in=places) if places else sites.none()


def at_sites_where(user: User, action: Action, site: str) -> models.Q:
    """The rows at the sites at which a person of the plant may do `action`; `site`: the way
    from a row to its site. A row that has none is not among them.

    For lists: it costs no look at the sites, as `sites_where` would in a query of its own.
    """
    everywhere, places = _places(user, action)
    if everywhere:
        return models.Q((f"{site}__isnull", False))
    return models.Q((f"{site}__in", places)) if places else models.Q(pk__in=[])


def people_who_may(
    action: Action, site: Site | None, *, at: datetime | None = None
) -> models.QuerySet[User]:
    """Active people of the plant who may do `action` at `site` (None: at any site at all).

    at: so far as it is known now who will be somebody then, in their own right or a lent one.
    """
    here, at_site = models.Q(), models.Q()
    if site is not None:
        here = models.Q(site=site) | models.Q(site__isnull=True)
        at_site = models.Q(site=site)
    roles = roles_allowing(action)
    named = models.Q(
        pk__in=RoleGrant.objects.filter(here, role__in=roles).values("user")
    )
    if action not in OWN_RIGHT_ONLY:
        named |= models.Q(
            pk__in=RoleDelegation.objects.in_force(at=at)
            .filter(here, role__in=roles)
            .values("delegate")
        )
        named |= models.Q(
            pk__in=PermissionOverride.objects.in_force(at=at)
            .filter(at_site, action=action)
            .values("granted_to")
        )
    people: models.QuerySet[User] = (
        User.objects.active(at=at).plant_people().filter(named)
    )
    return people


def lenders_of(
    action: Action, site: Site, *, at: datetime | None = None
) -> dict[int, User]:
    """Who may do `action` at `site` by a lent role alone (by id), and who lent it."""
    here = models.Q(site=site) | models.Q(site__isnull=True)
    roles = roles_allowing(action)
    own = RoleGrant.objects.filter(here, role__in=roles).values("user")
    lent = RoleDelegation.objects.in_force(at=at).filter(here, role__in=roles)
    return {
        one.delegate_id: one.delegator
        for one in lent.exclude(delegate__in=own).select_related("delegator")
    }


def people_at(site: Site) -> models.QuerySet[User]:
    """Active people of the plant with a role at `site`, own or lent, or with none anywhere (the
    members of a named group). Colleagues of other sites are not among them."""
    here = models.Q(site=site) | models.Q(site__isnull=True)
    lent = RoleDelegation.objects.in_force().filter(here).values("delegate")
    people: models.QuerySet[User] = (
        User.objects.active()
        .plant_people()
        .filter(
            models.Q(role_grants__site=site)
            # At every site, or no role at all.
            | models.Q(role_grants__site__isnull=True)
            | models.Q(pk__in=lent)
        )
        .distinct()
    )
    return people


def actions_anywhere(user: User) -> frozenset[Action]:
    """Everything a person may do at some site. Only to show or hide; the guards decide."""
    if user.vendor_id is not None:
        return CONTRACTOR_ACTIONS
    rights = rights_of(user)
    roles = {role for role, _site in rights.own}
    lent = {one.role for one in rights.delegations} - roles
    allowed = frozenset().union(*(PERMISSIONS[Role(role)] for role in roles))
    for role in lent:
        allowed |= PERMISSIONS[Role(role)] - OWN_RIGHT_ONLY
    overridden = {one.action for one in rights.overrides}
    if overridden:
        allowed |= {
            action for action in Action if overridden & {*overrides_allowing(action)}
        }
    return allowed


def roles_held(user: User) -> list[tuple[str, int | None]]:
    """(role, site's id) of every role a person of the plant has, own or lent; None: at every
    site. For what follows from being somebody; what may be done is `may`."""
    rights = rights_of(user)
    return [*rights.own, *((one.role, one.site_id) for one in rights.delegations)]


def _places(user: User, action: Action) -> tuple[bool, set[int]]:
    """Where a person of the plant may do `action`: at every site, or at those of these ids."""
    if user.vendor_id is not None or not user.is_active:
        return False, set()
    places = set()
    for where, _lent in _ways(user, action):
        if where is None:
            return True, set()  # what may be lent besides is not asked for
        places.add(where)
    return False, places


def _own_ways(user: User, action: Action) -> Iterator[int | None]:
    """The site's id (None: every site) of each own role that lets `user` do `action`."""
    roles = roles_allowing(action)
    yield from (where for role, where in rights_of(user).own if role in roles)


def _ways(
    user: User, action: Action
) -> Iterator[tuple[int | None, RoleDelegation | PermissionOverride | None]]:
    """What lets `user` do `action`, as (site's id or None, the lent right or None): own roles
    first, then delegations, then overrides."""
    yield from ((where, None) for where in _own_ways(user, action))
    if action in OWN_RIGHT_ONLY:
        return
    roles, overrides = roles_allowing(action), overrides_allowing(action)
    rights = rights_of(user)
    yield from ((one.site_id, one) for one in rights.delegations if one.role in roles)
    yield from (
        (one.site_id, one) for one in rights.overrides if one.action in overrides
    )


def _id(site: Site | int) -> int:
    return site if isinstance(site, int) else site.pk
