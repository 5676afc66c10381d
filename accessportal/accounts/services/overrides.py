"""Granting a named person one permission at one site for at most an hour (SR 2.1 RE3).

For the hour in which nobody who may is there. Never self-granted, never for judging
evidence, and four eyes stand: an override lets somebody decide, not decide on their own.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accessportal.accounts.authorisation import (
    OVERRIDABLE,
    Action,
    holds_role,
    may,
    people_who_may,
)
from accessportal.accounts.models import PermissionOverride, User
from accessportal.accounts.services.common import (
    guard_fresh_factor,
    guard_other_person,
    needed_reason,
)
from accessportal.audit import record
from accessportal.errors import NotAllowed, NotPossible, TooLate
from accessportal.news import site_topic, tell_news, user_topic
from accessportal.notifications import notify
from accessportal.origin import Origin
from accessportal.words import moment_words

if TYPE_CHECKING:
    from accessportal.plants.models import Site


@transaction.atomic
def grant_override(
    *,
    to: User,
    action: Action,
    site: Site,
    minutes: int,
    reason: str,
    acting_user: User,
    origin: Origin,
) -> PermissionOverride:
    """Let `to` do `action` at `site` for `minutes` from now.

    Raises `NotAllowed` for who may not grant this, `NotPossible` for a person, a permission
    or a length that cannot be, `FreshFactorNeeded`.
    """
    to = User.objects.select_related("vendor").get(pk=to.pk)

    if not may_grant(acting_user, action, site):
        raise NotAllowed(
            _("You cannot grant this permission at this site."), code="not_to_grant"
        )
    guard_fresh_factor(origin, acting_user, site)
    guard_other_person(to, acting_user)
    if may(to, action, site):
        raise NotPossible(
            _("%(name)s may do this already.") % {"name": to}, code="may_already"
        )
    if not 1 <= minutes <= settings.OVERRIDE_MAX_MINUTES:
        raise NotPossible(
            _("An override lasts at most %(minutes)s minutes.")
            % {"minutes": settings.OVERRIDE_MAX_MINUTES},
            code="too_long",
        )
    reason = needed_reason(reason)

    now = timezone.now()
    override = PermissionOverride.objects.create(
        granted_by=acting_user,
        granted_to=to,
        action=action,
        site=site,
        starts_at=now,
        ends_at=now + timedelta(minutes=minutes),
        reason=reason,
    )

    record(
        "override.granted",
        acting_user=acting_user,
        subject=override,
        origin=origin,
        site=site,
        reason=reason,
        action=str(action),
        to=str(to),
        ends_at=override.ends_at.isoformat(),
    )

    notify(
        [to, *people_who_may(Action.OVERRIDE_SEE, site)],
        "override.granted",
        path="/overrides/",
        by=acting_user.full_name,
        name=to.full_name,
        action=lambda: str(action.label),
        site=site,
        ends=lambda: moment_words(override.ends_at, site.time_zone),
        reason=reason,
    )
    _tell(override)
    return override


@transaction.atomic
def end_override(
    override: PermissionOverride, *, acting_user: User, origin: Origin
) -> None:
    """End an override before its time. Needs no fresh factor: stopping must be fast.

    Raises `NotAllowed` for anybody but who has it, who granted it, or who could have.
    """
    override = PermissionOverride.objects.select_related("granted_to", "site").get(
        pk=override.pk
    )

    if not may_end(acting_user, override):
        raise NotAllowed

    now = timezone.now()
    ended = (
        PermissionOverride.objects.in_force(at=now)
        .filter(pk=override.pk)
        .update(ended_at=now, ended_by=acting_user)
    )
    if not ended:
        raise TooLate(_("This override is over already."), code="already_over")

    record(
        "override.ended",
        acting_user=acting_user,
        subject=override,
        origin=origin,
        site=override.site,
        action=override.action,
        used=override.used_count,
    )

    _tell(override)


def note_expired_overrides() -> int:
    """Say in the trail of which overrides the clock ended; how many."""
    noted = 0
    for override in PermissionOverride.objects.run_out().select_related(
        "granted_to", "site"
    ):
        noted += _note_expired(override)
    return noted


@transaction.atomic
def _note_expired(override: PermissionOverride) -> bool:
    """It ended at its time, whenever this runs; noted once, whoever else looks."""
    ended = (
        PermissionOverride.objects.run_out()
        .filter(pk=override.pk)
        .update(ended_at=override.ends_at)
    )
    if not ended:
        return False
    record(
        "override.expired",
        subject=override,
        site=override.site,
        action=override.action,
        ended_at=override.ends_at.isoformat(),
        used=override.used_count,
    )
    _tell(override)
    return True


def may_grant(user: User, action: Action, site: Site) -> bool:
    """Whether `user` may grant `action` at `site`: by a role of their own, never a lent one."""
    roles = OVERRIDABLE.get(action, frozenset())
    if not holds_role(user, Action.OVERRIDE_GRANT, site):
        return False
    return any(
        grant.role in roles and grant.site_id in (None, site.pk)
        for grant in user.role_grants.all()
    )


def may_end(user: User, override: PermissionOverride) -> bool:
    if user.pk in (override.granted_to_id, override.granted_by_id):
        return True
    return holds_role(user, Action.OVERRIDE_GRANT, override.site)


def _tell(override: PermissionOverride) -> None:
    topics = (site_topic(override.site_id), user_topic(override.granted_to_id))
    transaction.on_commit(lambda: tell_news(*topics, about="permissions"))
