"""What policy said of a session, as its page shows it: a line for each kept verdict."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accessportal.accounts.models import User
from sessions.models import BrokeredSession, PolicyVerdict
from sessions.policy import RULES, Outcome
from sessions.risk import words_of

Words = str | Promise

SENTENCES: dict[str, Words] = {rule.code: rule.sentence for rule in RULES}

Moment = PolicyVerdict.Moment

LOOKS: dict[str, tuple[Words, str, str]] = {
    Outcome.ALLOW: (_("May go on"), "ok", "circle-check"),
    Outcome.FREEZE: (_("Frozen"), "warn", "snowflake"),
    Outcome.END: (_("Ended"), "bad", "player-stop"),
    Outcome.REFUSE: (_("Refused"), "bad", "ban"),
}
LET_IN: tuple[Words, str, str] = (_("Let in"), "ok", "login")
SHOWN_OUT: tuple[Words, str, str] = (_("Had to leave"), "bad", "logout")
COMPANIONS = (Moment.JOINING, Moment.SHOWN_OUT)


@dataclass(frozen=True)
class VerdictLine:
    at: datetime
    who: str
    """The companion whom it is about; empty where it is about the session."""
    words: Words
    tone: str
    icon: str
    reasons: list[Words]
    waiting: list[Words]
    """What would have ended or frozen it, had no critical step run."""
    facts: list[tuple[str, str]]


def verdict_lines(brokered_session: BrokeredSession, user: User) -> list[VerdictLine]:
    """In order; refused starts on the same machine in the same window come before.

    The facts are for the plant: the contractor reads what was decided and why.
    """
    refused = PolicyVerdict.objects.filter(
        brokered_session__isnull=True,
        window=brokered_session.window_id,
        endpoint=brokered_session.endpoint_id,
        at__lte=brokered_session.requested_at,
    )
    verdicts = [*refused, *brokered_session.verdicts.select_related("person")]
    return [_line(one, user) for one in sorted(verdicts, key=lambda one: one.at)]


def signals_of(brokered_session: BrokeredSession, user: User) -> list[Words]:
    """What was unusual about the start; for the plant."""
    if user.vendor_id is not None:
        return []
    return words_of(list(brokered_session.policy_facts.get("signals", {})))


def _line(verdict: PolicyVerdict, user: User) -> VerdictLine:
    words, tone, icon = LOOKS[verdict.outcome]
    if verdict.outcome == Outcome.ALLOW and verdict.moment != Moment.DURING:
        words, tone, icon = LET_IN
    elif verdict.moment == Moment.SHOWN_OUT:
        words, tone, icon = SHOWN_OUT
    reasons = [SENTENCES.get(code, code) for code in verdict.reasons]
    of_plant = user.vendor_id is None
    if of_plant:
        reasons += _escort_words(verdict.facts)
        reasons += words_of(list(verdict.facts.get("signals", {})))
    return VerdictLine(
        at=verdict.at,
        who=verdict.person.full_name if verdict.moment in COMPANIONS else "",
        words=words,
        tone=tone,
        icon=icon,
        reasons=reasons,
        waiting=[SENTENCES.get(code, code) for code in verdict.waiting],
        facts=[(name, _text(value)) for name, value in sorted(verdict.facts.items())]
        if of_plant
        else [],
    )


def _escort_words(facts: dict[str, object]) -> list[Words]:
    """That the person was escorted, and by whom."""
    by = facts.get("escorted_by")
    if not by:
        return []
    return [gettext("Escorted by %(name)s.") % {"name": by}]


def _text(value: object) -> str:
    if isinstance(value, dict | list):
        return ", ".join(str(one) for one in value) or "–"
    return f"{value:.1f}" if isinstance(value, float) else str(value)
