"""Keeping what policy said: at every start, and at every change while a session lasts."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.db import transaction

from accessportal.accounts.models import User
from accessportal.plants.models import Endpoint
from requests.models import MaintenanceWindow
from sessions.models import BrokeredSession, PolicyVerdict
from sessions.policy import Facts, Verdict

MOST_KEPT = 200
"""So many changes of one session are kept. Each is something a person or a day does; what
goes to and fro faster than that is said by the audit trail already."""


def keep_start(
    verdict: Verdict,
    facts: Facts,
    *,
    window: MaintenanceWindow,
    endpoint: Endpoint,
    person: User,
    brokered_session: BrokeredSession | None = None,
) -> PolicyVerdict:
    """The verdict on a start, allowed or refused, inside the caller's transaction."""
    return PolicyVerdict.objects.create(
        brokered_session=brokered_session,
        window=window,
        endpoint=endpoint,
        person=person,
        at=facts.at,
        **_said(verdict, facts),
    )


@transaction.atomic
def note_verdict(
    brokered_session: BrokeredSession, facts: Facts, verdict: Verdict
) -> bool:
    """Keep a verdict that differs from the last one in outcome or reasons; False: it does not.

    Only the session's actor calls it, so nobody comes in between.
    """
    kept = brokered_session.verdicts.order_by("-at", "-pk")
    last = kept.first()
    said = _said(verdict, facts)
    same = last is not None and all(
        getattr(last, name) == said[name] for name in ("outcome", "reasons", "waiting")
    )
    if same or kept.count() >= MOST_KEPT:
        return False
    PolicyVerdict.objects.create(
        brokered_session=brokered_session,
        window_id=brokered_session.window_id,
        endpoint_id=brokered_session.endpoint_id,
        person_id=brokered_session.hand_id,
        at=facts.at,
        **said,
    )
    return True


def facts_hash(facts: Facts) -> str:
    """SHA-256 of the facts as canonical JSON: stands in the audit trail, which is sealed."""
    text = json.dumps(facts.as_evidence(), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _said(verdict: Verdict, facts: Facts) -> dict[str, Any]:
    return {
        "moment": facts.moment.value,
        "outcome": verdict.outcome.value,
        "reasons": verdict.codes,
        "waiting": [rule.code for rule in verdict.waiting],
        "facts": facts.as_evidence(),
    }
