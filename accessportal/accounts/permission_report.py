"""The table of permissions and who has them, for a page, a print-out and a CSV file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from accessportal.accounts.authorisation import (
    CONTRACTOR_ACTIONS,
    OVERRIDABLE,
    PERMISSIONS,
    Action,
    Role,
    at_sites_where,
    may_everywhere,
)
from accessportal.accounts.models import (
    PermissionOverride,
    RoleDelegation,
    RoleGrant,
    User,
)
from accessportal.csv_cells import cell

CONTRACTOR = "contractor"


@dataclass(frozen=True)
class ActionRow:
    """One action: which roles may do it, and who may grant an override of it."""

    action: Action
    allowed: tuple[tuple[str, bool], ...]
    """(the role's name, whether it may), in the order of `role_columns`."""
    granted_by: tuple[str, ...]


def role_columns() -> list[tuple[str, str]]:
    """The roles, and the contractor, by name."""
    return [*((role.value, str(role.label)) for role in Role), _contractor()]


def action_rows() -> list[ActionRow]:
    """The whole table, one line an action."""
    contractor = _contractor()[1]
    return [
        ActionRow(
            action,
            (
                *((str(role.label), action in PERMISSIONS[role]) for role in Role),
                (contractor, action in CONTRACTOR_ACTIONS),
            ),
            tuple(
                sorted(str(role.label) for role in OVERRIDABLE.get(action, frozenset()))
            ),
        )
        for action in Action
    ]


def grants_seen_by(user: User) -> list[RoleGrant]:
    """Who holds which role at the sites whose permissions `user` may read."""
    grants = RoleGrant.objects.select_related("user", "site", "granted_by")
    return list(
        grants.filter(_where(user)).order_by("role", "site__name", "user__full_name")
    )


def delegations_seen_by(user: User) -> list[RoleDelegation]:
    """Delegations that run or are to come."""
    delegations = RoleDelegation.objects.not_over().select_related(
        "delegator", "delegate", "site"
    )
    return list(delegations.filter(_where(user)).order_by("starts_at", "pk"))


def overrides_seen_by(user: User) -> list[PermissionOverride]:
    """Overrides in force."""
    overrides = PermissionOverride.objects.in_force().select_related(
        "granted_by", "granted_to", "site"
    )
    return list(overrides.filter(_where(user)).order_by("ends_at", "pk"))


def as_csv(user: User) -> str:
    """The table and the people in one file: `what` says which a line is.

    Times are ISO 8601 in UTC; no cell is taken for a formula by a spreadsheet.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for line in _lines(user):
        writer.writerow([cell(line.get(name, "")) for name in COLUMNS])
    return text.getvalue()


COLUMNS = (
    "what", "role", "action", "person", "email", "site", "from", "until", "by",
    "reason", "state",
)  # fmt: skip


def _lines(user: User) -> Iterator[dict[str, Any]]:
    for role, actions in PERMISSIONS.items():
        for action in Action:
            if action in actions:
                yield {"what": "permission", "role": role.value, "action": action.value}
    for action in Action:
        if action in CONTRACTOR_ACTIONS:
            yield {"what": "permission", "role": CONTRACTOR, "action": action.value}
    for action, roles in OVERRIDABLE.items():
        for role in sorted(roles):
            yield {"what": "may override", "role": role, "action": action.value}
    for grant in grants_seen_by(user):
        yield {
            "what": "grant",
            "role": grant.role,
            **_person(grant.user),
            "site": _place(grant.site),
            "from": grant.granted_at.isoformat(timespec="seconds"),
            "by": grant.granted_by or "",
            "state": "active" if grant.user.is_active else "access ended",
        }
    for delegation in delegations_seen_by(user):
        yield {
            "what": "delegation",
            "role": delegation.role,
            **_person(delegation.delegate),
            **_time_and_reason(delegation),
            "by": delegation.delegator,
        }
    for override in overrides_seen_by(user):
        yield {
            "what": "override",
            "action": override.action,
            **_person(override.granted_to),
            **_time_and_reason(override),
            "by": override.granted_by,
        }


def _person(person: User) -> dict[str, str]:
    return {"person": person.full_name, "email": person.email}


def _time_and_reason(lent: RoleDelegation | PermissionOverride) -> dict[str, str]:
    return {
        "site": _place(lent.site),
        "from": lent.starts_at.isoformat(timespec="seconds"),
        "until": lent.ends_at.isoformat(timespec="seconds"),
        "reason": lent.reason,
        "state": lent.phase(),
    }


def _place(site: Any) -> str:
    return site.name if site is not None else "every site"


def _contractor() -> tuple[str, str]:
    return CONTRACTOR, _("Contractor")


def _where(user: User) -> Q:
    """What concerns every site concerns each: it is shown to all who may read this."""
    if may_everywhere(user, Action.PERMISSION_SEE):
        return Q()
    return Q(site__isnull=True) | at_sites_where(user, Action.PERMISSION_SEE, "site")
