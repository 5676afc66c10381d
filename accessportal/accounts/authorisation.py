"""Who may do what where: one table (role x action), read by people and by code.

Deny by default. People of the plant hold roles per site; a vendor's people have the
fixed contractor actions and see only what is their company's (SR 2.1 RE2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _

from accessportal.accounts.models import RoleGrant, User

if TYPE_CHECKING:
    from accessportal.plants.models import Site

Role = RoleGrant.Role


class Action(models.TextChoices):
    REQUEST_SUBMIT = "request.submit", _("Ask for access")
    REQUEST_SEE = "request.see", _("See access requests and windows")
    REQUEST_DECIDE = "request.decide", _("Approve or deny requests")
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
    VENDOR_SEE = "vendor.see", _("See vendors and their people")
    VENDOR_INVITE = "vendor.invite", _("Invite a vendor's people")
    VENDOR_SUSPEND = "vendor.suspend", _("Suspend a vendor or disable a person")
    SITE_ISOLATE = "site.isolate", _("Isolate a site")


PERMISSIONS: dict[Role, frozenset[Action]] = {
    Role.OT_SUPERVISOR: frozenset(
        {
            Action.REQUEST_SEE,
            Action.REQUEST_DECIDE,
            Action.WINDOW_REVOKE,
            Action.SESSION_SEE,
            Action.SESSION_WATCH,
            Action.SESSION_FREEZE,
            Action.SESSION_END,
            Action.SESSION_CONTROL,
            Action.SESSION_CHARGE,
            Action.RECORDING_SEE,
            Action.PLANT_SEE,
            Action.VENDOR_SEE,
            Action.VENDOR_INVITE,
            Action.SITE_ISOLATE,
        }
    ),
    Role.IT_SECURITY: frozenset(
        {
            Action.REQUEST_SEE,
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
            Action.SITE_ISOLATE,
        }
    ),
    Role.COMPLIANCE: frozenset(
        {
            Action.REQUEST_SEE,
            Action.SESSION_SEE,
            Action.RECORDING_SEE,
            Action.RECORDING_PLAY,
            Action.REVIEW_COMPLETE,
            Action.AUDIT_SEE,
            Action.PLANT_SEE,
            Action.VENDOR_SEE,
        }
    ),
    Role.ADMINISTRATOR: frozenset(
        {
            Action.REQUEST_SEE,
            Action.SESSION_SEE,
            Action.PLANT_SEE,
            Action.PLANT_CHANGE,
            Action.VENDOR_SEE,
            Action.VENDOR_INVITE,
            Action.VENDOR_SUSPEND,
            Action.AUDIT_SEE,
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


def roles_allowing(action: Action) -> list[Role]:
    return [role for role, actions in PERMISSIONS.items() if action in actions]


def may(user: User, action: Action, site: Site | int | None = None) -> bool:
    """Whether `user` may do `action` at `site` (None: at any site at all).

    For contractors the site is not weighed here: what is theirs is decided by the
    guard that fetches the object (own company, own window).
    """
    if not user.is_active:
        return False
    if user.vendor_id is not None:
        return action in CONTRACTOR_ACTIONS
    grants = user.role_grants.filter(role__in=roles_allowing(action))
    if site is not None:
        grants = grants.filter(models.Q(site=site) | models.Q(site__isnull=True))
    return grants.exists()


def sites_where(user: User, action: Action) -> models.QuerySet[Site]:
    """The sites at which a person of the plant may do `action`."""
    from django.apps import apps

    site_model = apps.get_model("plants", "Site")
    if user.vendor_id is not None or not user.is_active:
        return site_model.objects.none()
    grants = user.role_grants.filter(role__in=roles_allowing(action))
    if grants.filter(site__isnull=True).exists():
        return site_model.objects.all()
    return site_model.objects.filter(pk__in=grants.values("site"))


def people_who_may(action: Action, site: Site) -> models.QuerySet[User]:
    """Active people of the plant who may do `action` at `site`."""
    people: models.QuerySet[User] = (
        User.objects.active()
        .plant_people()
        .filter(
            models.Q(role_grants__site=site) | models.Q(role_grants__site__isnull=True),
            role_grants__role__in=roles_allowing(action),
        )
        .distinct()
    )
    return people
