"""The table of endings, line by line, in normal times and in an accepted critical step."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings

from sessions.endings import CAUSES, TABLE, Answer, DecidedBy, Weight
from sessions.management.commands.print_endings import endings_as_markdown
from sessions.models import BrokeredSession
from sessions.policy import Moment, Outcome, decide
from sessions.sentences import END, FROZEN, WHAT_NOW
from tests.unit.test_policy import HOUR, NOON, facts

# The one fact that brings each cause about, for those that the policy decision point judges.
FACT: dict[str, dict[str, Any]] = {
    "site_isolated": {"site_isolated": True},
    "asset_locked": {"asset_locked": True},
    "vendor_suspended": {"vendor_suspended": True},
    "account_disabled": {"person_disabled": True},
    "window_revoked": {"window_revoked": True},
    "request_not_approved": {"request_approved": False},
    "not_your_window": {"own_window": False},
    "endpoint_not_in_window": {"endpoint_in_window": False},
    "signed_out": {"signed_out": True},
    "window_closed": {"closes_at": NOON - timedelta(seconds=1)},
    "held_too_long": {"held_for": 61.0, "hold_limit": 60.0},
    "account_expired": {"person_expires_at": NOON - HOUR},
    "contract_ended": {"contract_ends_at": NOON - HOUR},
    "training_expired": {"training_expires_at": NOON - HOUR},
    "production_freeze": {"production_freeze": True},
    "asset_not_serviced": {"vendor_services_asset": False},
    "factor_too_old": {"factor_age": 50_000.0},
    "address_changed": {"same_address": False},
    "idle": {"idle_for": 700.0},
    "not_attended": {"attended": False},
    "recording_grace_over": {"recording_grace_until": NOON - timedelta(seconds=1)},
}
OUTCOME = {
    Answer.END: Outcome.END,
    Answer.FREEZE: Outcome.FREEZE,
    Answer.WAIT: Outcome.ALLOW,
}
IN_STEP = {"critical_step_until": NOON + timedelta(minutes=5)}
OF_POLICY = [cause for cause in TABLE if cause.decided_by is DecidedBy.POLICY]


def test_every_cause_of_policy_has_its_fact_here() -> None:
    assert set(FACT) == {cause.code for cause in OF_POLICY}
    assert len(CAUSES) == len(TABLE)


@pytest.mark.parametrize("critical", [False, True], ids=["normal", "critical-step"])
@pytest.mark.parametrize("code", sorted(FACT))
def test_policy_answers_as_the_table_says(code: str, critical: bool) -> None:
    cause = CAUSES[code]
    verdict = decide(
        facts(moment=Moment.DURING, **FACT[code], **(IN_STEP if critical else {}))
    )
    answer = cause.critical if critical else cause.normal
    assert verdict.outcome is OUTCOME[answer]
    if answer is Answer.END:
        assert verdict.reasons[0].ends == cause.reason
    if answer is Answer.FREEZE:
        assert verdict.reasons[0].freezes == cause.freeze
    waits = (
        critical and cause.critical is Answer.WAIT and cause.normal is not Answer.WAIT
    )
    assert [rule.code for rule in verdict.waiting] == ([code] if waits else [])


@pytest.mark.parametrize("code", sorted(FACT))
def test_a_critical_step_that_is_over_protects_nothing(code: str) -> None:
    normal = decide(facts(moment=Moment.DURING, **FACT[code]))
    over = decide(facts(moment=Moment.DURING, **FACT[code], critical_step_until=NOON))
    assert (over.outcome, over.codes) == (normal.outcome, normal.codes)


@pytest.mark.parametrize("cause", TABLE, ids=lambda cause: cause.code)
def test_the_classes_keep_their_promises(cause: Any) -> None:
    """Promises 1 and 6: what each class may do at all."""
    if cause.weight is Weight.ACT:
        assert cause.normal is cause.critical
        assert cause.normal is not Answer.WAIT
    elif cause.weight is Weight.FORESEEABLE:
        assert cause.critical is Answer.WAIT
    elif cause.weight is Weight.DRIFT:
        assert cause.normal is Answer.FREEZE
        assert cause.critical is Answer.WAIT or cause.code == "away"
    if cause.critical is Answer.END:
        gone = {"asset_closed", "connection_lost", "not_connected", "interrupted"}
        assert cause.weight is Weight.ACT or cause.code in gone


def test_a_window_and_a_critical_step_give_the_end() -> None:
    assert facts(**IN_STEP).ends_at == NOON + HOUR
    late = facts(critical_step_until=NOON + 2 * HOUR)
    assert late.ends_at == NOON + 2 * HOUR


def test_every_reason_and_every_freeze_has_its_sentence() -> None:
    for reason in BrokeredSession.EndReason:
        assert str(END[reason])
        assert str(WHAT_NOW[reason])
    for cause in BrokeredSession.FreezeCause:
        assert str(FROZEN[cause])
    reasons = {cause.reason for cause in TABLE if cause.reason}
    assert reasons == set(BrokeredSession.EndReason)


def test_the_docs_print_this_table() -> None:
    page = (settings.BASE_DIR / "docs" / "endings.md").read_text()
    assert endings_as_markdown() in page, "run: manage.py print_endings"
