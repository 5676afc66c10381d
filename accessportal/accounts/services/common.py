"""What the verbs about people and rights share."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import gettext as _

from accessportal.accounts.factor_rules import guard_factor_counts
from accessportal.accounts.models import User
from accessportal.errors import FreshFactorNeeded, NotPossible
from accessportal.origin import Origin

if TYPE_CHECKING:
    from accessportal.plants.models import Site


def guard_fresh_factor(
    origin: Origin, acting_user: User, site: Site | int | None
) -> None:
    """Raises `FreshFactorNeeded` unless a factor was used in `FRESH_FACTOR_SECONDS`, and
    `PasskeyNeeded` unless it counts for this person at the site (None: anywhere)."""
    if (
        not origin.factor
        or time.time() - origin.factor_at > settings.FRESH_FACTOR_SECONDS
    ):
        raise FreshFactorNeeded
    guard_factor_counts(acting_user, origin.factor, site)


def needed_reason(reason: str) -> str:
    """The reason as it is kept. Raises `NotPossible` when there is none."""
    reason = reason.strip()[:500]
    if not reason:
        raise NotPossible(
            _("Please say why: the person and the audit trail will need it."),
            code="reason_missing",
        )
    return reason


def guard_other_person(person: User, acting_user: User) -> None:
    """A right is lent to somebody else, of the plant, whose access goes on."""
    if person.pk == acting_user.pk:
        raise NotPossible(
            _("Nobody gives a right to themselves: ask a colleague."), code="to_oneself"
        )
    if person.vendor_id is not None or not person.is_active:
        raise NotPossible(
            _("Choose somebody of the plant whose access has not ended."),
            code="not_of_the_plant",
        )
