"""What the audit trail knows of a person that makes a request or a start unusual."""

from __future__ import annotations

from datetime import datetime, timedelta

from accessportal.accounts.models import User
from accessportal.audit.models import AuditEvent
from accessportal.countries import country_of

LATELY = timedelta(hours=1)

# Refusals that say something about the person, not about the hour or the machine.
REFUSED = ("auth.login.failed", "auth.login.locked", "auth.stepup.failed")
DENIED_FOR = frozenset(
    {
        "not_your_window",
        "endpoint_not_in_window",
        "request_not_approved",
        "vendor_suspended",
        "account_disabled",
        "site_isolated",
        "asset_locked",
        "risk_refused",
    }
)
"""Reasons of `session.denied` that count. Being early, or second, is no sign of anything."""


def refusals_lately(user: User, at: datetime) -> int:
    """How often this person was refused in the last hour, at signing in or at a machine."""
    events = AuditEvent.objects.filter(actor_id=user.pk, recorded_at__gt=at - LATELY)
    denied = events.filter(event="session.denied").values_list("detail", flat=True)
    return events.filter(event__in=REFUSED).count() + sum(
        bool(DENIED_FOR & set(detail.get("reasons", ()))) for detail in denied[:50]
    )


def new_country(user: User, address: str) -> str:
    """The country of `address`, where this person worked before but never from there.

    "" where it is known, or nobody knows: without a list, for an address that is not in
    it, and for somebody who has never worked from a country of the list.
    """
    country = country_of(address)
    if not country:
        return ""
    addresses = (
        AuditEvent.objects.filter(actor_id=user.pk, event="session.start.requested")
        .order_by()
        .values_list("source_address", flat=True)
        .distinct()
    )
    known = {country_of(one) for one in addresses} - {""}
    return country if known and country not in known else ""
