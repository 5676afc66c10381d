"""How long a web session lasts: the table by role is `settings.WEB_SESSION_LIMITS`.

idle: since the last request that a person made (ASVS 7.3.1). absolute: since the sign-in,
whatever is done (ASVS 7.3.2). Who holds several roles has the shortest limits of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings

from accessportal.accounts.authorisation import roles_held
from accessportal.accounts.models import User

CONTRACTOR = "contractor"
SHARED_COMPUTER = "shared_computer"


@dataclass(frozen=True)
class Limits:
    idle: timedelta
    absolute: timedelta


def limits_table() -> dict[str, Limits]:
    """The limits by role, and those on a shared computer."""
    return {
        role: Limits(timedelta(minutes=idle), timedelta(hours=absolute))
        for role, (idle, absolute) in settings.WEB_SESSION_LIMITS.items()
    }


def roles_of(user: User) -> frozenset[str]:
    """The names of a person's roles at any site, own and delegated; a vendor's people are
    contractors."""
    if user.vendor_id is not None:
        return frozenset({CONTRACTOR})
    return frozenset(role for role, _site in roles_held(user))


def limits_of(user: User, *, shared: bool = False) -> Limits:
    """The limits of a person's web sessions; somebody without a role has the shortest."""
    table = limits_table()
    counted = [table[role] for role in roles_of(user)] or list(table.values())
    if shared:
        counted.append(table[SHARED_COMPUTER])
    return Limits(
        idle=min(limits.idle for limits in counted),
        absolute=min(limits.absolute for limits in counted),
    )
