"""Keeping what policy said: at every start, at every change while a session lasts, and of
every companion who comes in or has to leave."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.db import models, transaction

from accessportal.accounts.models import User
from accessportal.plants.models import Endpoint
from requests.models import MaintenanceWindow
from sessions.models import BrokeredSession, PolicyVerdict
from sessions.policy import Facts, Moment, Verdict

MOST_KEPT = 200
"""So many changes of one session are kept. Each is something a person or a day does; what
goes to and fro faster than that is said by the audit trail already."""

OF_THE_SESSION = (Moment.START, Moment.DURING)
"""A companion's own verdicts have moments of their own (`PolicyVerdict.Moment`)."""


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
    kept = brokered_session.verdicts.filter(moment__in=OF_THE_SESSION)
    return _keep_if_new(
        kept, brokered_session, facts, verdict, person_id=brokered_session.hand_id
    )


@transaction.atomic
def note_companion(
    brokered_session: BrokeredSession,
    facts: Facts,
    verdict: Verdict,
    *,
    person: User,
    moment: PolicyVerdict.Moment,
) -> bool:
    """The same of one companion: what policy said when they came, and why they had to leave.

    False where it is what was said of them last: a browser that asks again is no news.
    """
    kept = brokered_session.verdicts.filter(person=person).exclude(
        moment__in=OF_THE_SESSION
    )
    return _keep_if_new(
        kept, brokered_session, facts, verdict, person_id=person.pk, moment=moment
    )


def facts_hash(facts: Facts) -> str:
    """SHA-256 of the facts as canonical JSON: stands in the audit trail, which is sealed."""
    text = json.dumps(facts.as_evidence(), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _keep_if_new(
    kept: models.QuerySet[PolicyVerdict],
    brokered_session: BrokeredSession,
    facts: Facts,
    verdict: Verdict,
    **more: Any,
) -> bool:
    last = kept.order_by("-at", "-pk").first()
    said = _said(verdict, facts) | more
    same = last is not None and all(
        getattr(last, name) == said[name] for name in ("outcome", "reasons", "waiting")
    )
    if same or kept.count() >= MOST_KEPT:
        return False
    PolicyVerdict.objects.create(
        brokered_session=brokered_session,
        window_id=brokered_session.window_id,
        endpoint_id=brokered_session.endpoint_id,
        at=facts.at,
        **said,
    )
    return True


def _said(verdict: Verdict, facts: Facts) -> dict[str, Any]:
    return {
        "moment": facts.moment.value,
        "outcome": verdict.outcome.value,
        "reasons": verdict.codes,
        "waiting": [rule.code for rule in verdict.waiting],
        "facts": facts.as_evidence(),
    }
