"""What somebody is told after signing in: when this account was used before (NIST 800-53 AC-9)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest

from accessportal.accounts.models import User
from accessportal.audit.models import AuditEvent

KEY = "used_before"  # in the web session
FAILURES = ("auth.login.failed", "auth.login.locked")


@dataclass(frozen=True)
class UsedBefore:
    """address: from where, empty where unknown; failures: failed sign-ins since then."""

    at: datetime
    address: str
    failures: int


def look_back(user: User) -> dict[str, Any]:
    """The facts, to be read before this sign-in counts as the last one."""
    if user.last_login is None:
        return {}
    last = (
        AuditEvent.objects.filter(actor_id=user.pk, event="auth.login.succeeded")
        .order_by("-recorded_at")
        .only("source_address")
        .first()
    )
    failures = AuditEvent.objects.filter(
        actor_id=user.pk, event__in=FAILURES, recorded_at__gt=user.last_login
    )
    return {
        "at": user.last_login.isoformat(),
        "address": last.source_address if last is not None else "",
        "failures": failures.count(),
    }


def used_before(request: HttpRequest) -> UsedBefore | None:
    """Of this web session; None where the account had never been used."""
    facts: dict[str, Any] = request.session.get(KEY) or {}
    if not facts:
        return None
    return UsedBefore(
        datetime.fromisoformat(facts["at"]), facts["address"], facts["failures"]
    )
