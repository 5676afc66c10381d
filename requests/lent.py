"""What the trail says of an agreement of IT security that rests on a lent role.

What rests on the right to decide by oneself, `accessportal.audit.borrowed` says.
"""

from __future__ import annotations

from typing import Any

from accessportal.accounts.authorisation import Action, borrowed_right
from accessportal.accounts.models import RoleDelegation, User
from accessportal.plants.models import Site
from requests.policy.rules import IT_SECURITY


def said_of_lent_agreement(
    acting_user: User, places: frozenset[str], site: Site
) -> dict[str, Any]:
    """Details of the event; empty where the role is the person's own, or not asked."""
    if places != {IT_SECURITY}:
        return {}
    right = borrowed_right(acting_user, Action.REQUEST_AGREE, site)
    if not isinstance(right, RoleDelegation):
        return {}
    return {"by_delegation": right.pk, "delegated_by": str(right.delegator)}
