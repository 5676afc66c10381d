"""What the policy decision point says, fact by fact."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings

from sessions.endings import CAUSES, Answer, DecidedBy
from sessions.policy import RULES, Facts, Moment, Outcome, decide

NOON = datetime(2026, 3, 10, 11, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def facts(**fields: Any) -> Facts:
    """A session that may begin: its window is open, its factor is fresh."""
    good = Facts(
        moment=Moment.START,
        at=NOON,
        request_approved=True,
        own_window=True,
        endpoint_in_window=True,
        opens_at=NOON - HOUR,
        closes_at=NOON + HOUR,
        window_revoked=False,
        person_disabled=False,
        vendor_suspended=False,
        site_isolated=False,
        signed_out=False,
        person_expires_at=NOON + HOUR,
        contract_ends_at=NOON + HOUR,
        training_expires_at=NOON + HOUR,
        factor_age=10.0,
    )
    return replace(good, **fields)


def test_with_nothing_against_it_a_session_may_begin_and_go_on() -> None:
    assert decide(facts()).allowed
    assert decide(facts(moment=Moment.DURING)).allowed


@pytest.mark.parametrize(
    ("code", "fact"),
    [
        ("not_your_window", {"own_window": False}),
        ("request_not_approved", {"request_approved": False}),
        ("endpoint_not_in_window", {"endpoint_in_window": False}),
        ("site_isolated", {"site_isolated": True}),
        ("vendor_suspended", {"vendor_suspended": True}),
        ("account_disabled", {"person_disabled": True}),
        ("window_revoked", {"window_revoked": True}),
        ("window_closed", {"closes_at": NOON}),
        ("window_not_open", {"opens_at": NOON + HOUR}),
        ("account_expired", {"person_expires_at": NOON}),
        ("contract_ended", {"contract_ends_at": NOON}),
        ("training_expired", {"training_expires_at": NOON}),
        ("person_not_confirmed", {"person_confirmed": False}),
        ("training_missing", {"training_missing": True}),
        ("nda_missing", {"nda_missing": True}),
        ("line_not_given", {"line_given": False}),
        ("production_freeze", {"production_freeze": True}),
        ("asset_not_serviced", {"vendor_services_asset": False}),
        ("recorder_not_ready", {"recorder_runs": False}),
        ("host_key_not_pinned", {"host_identity_known": False}),
        ("endpoint_busy", {"slot_free": False}),
        ("asset_locked", {"asset_locked": True}),
        ("person_limit", {"person_limit": 1, "person_in": ("Filling line 3",)}),
        ("vendor_limit", {"vendor_limit": 2, "vendor_in": ("Vera", "Tom")}),
        ("risk_refused", {"signals": {"new_country": "refuse"}}),
        ("risk_step_up", {"signals": {"new_browser": "step-up"}, "factor_age": 61.0}),
        ("fresh_factor_needed", {"factor_age": 301.0}),
        ("fresh_factor_needed", {"factor_age": None}),
    ],
)
def test_each_fact_alone_refuses_a_start(code: str, fact: dict[str, Any]) -> None:
    verdict = decide(facts(**fact))
    assert verdict.outcome is Outcome.REFUSE
    assert code in verdict.codes


def test_an_escort_stands_in_for_what_it_bridges_and_for_nothing_else() -> None:
    lost = {"factor_age": None, "signals": {"new_browser": "step-up"}}
    untrained = {"training_expires_at": NOON, "training_missing": True}
    by_call = {"escorted_by": "Olga Olsen", "bridged": ("factor", "training")}
    for moment in Moment:
        assert decide(facts(moment=moment, **lost, **untrained, **by_call)).allowed
    over_training = {**by_call, "bridged": ("training",)}
    assert decide(facts(**untrained, **over_training)).allowed
    assert "fresh_factor_needed" in decide(facts(**lost, **over_training)).codes
    over_factor = {**by_call, "bridged": ("factor",)}
    assert decide(facts(**untrained, **over_factor)).codes == [
        "training_expired",
        "training_missing",
    ]
    for code, against in (
        ("person_not_confirmed", {"person_confirmed": False}),
        ("nda_missing", {"nda_missing": True}),
        ("account_expired", {"person_expires_at": NOON}),
        ("risk_refused", {"signals": {"new_country": "refuse"}}),
    ):
        assert decide(facts(**against, **by_call)).codes == [code]
    frozen = {"attended": False, "same_address": False}
    during = decide(facts(moment=Moment.DURING, **frozen, **lost, **by_call))
    assert during.codes == ["address_changed", "not_attended"]


@pytest.mark.parametrize(
    ("reason", "fact"),
    [
        ("window_revoked", {"window_revoked": True}),
        ("account_disabled", {"person_disabled": True}),
        ("vendor_suspended", {"vendor_suspended": True}),
        ("site_isolated", {"site_isolated": True}),
        ("signed_out", {"signed_out": True}),
        ("window_closed", {"closes_at": NOON}),
    ],
)
def test_an_act_of_a_person_ends_a_running_session(
    reason: str, fact: dict[str, Any]
) -> None:
    verdict = decide(facts(moment=Moment.DURING, **fact))
    assert verdict.outcome is Outcome.END
    assert verdict.reasons[0].ends == reason


@pytest.mark.parametrize(
    "fact",
    [
        {"person_expires_at": NOON - HOUR},
        {"contract_ends_at": NOON - HOUR},
        {"training_expires_at": NOON - HOUR},
        {"person_confirmed": False},
        {"nda_missing": True},
        {"line_given": False},
        {"production_freeze": True},
        {"vendor_services_asset": False},
        {"slot_free": False},
        {"factor_age": 3_600.0},
    ],
)
def test_what_was_foreseeable_does_not_bite_in_the_middle_of_work(
    fact: dict[str, Any],
) -> None:
    assert decide(facts(moment=Moment.DURING, **fact)).allowed


@pytest.mark.parametrize(
    ("cause", "fact"),
    [
        ("idle", {"idle_for": 600.0}),
        ("factor", {"factor_age": 50_000.0}),
        ("address", {"same_address": False}),
    ],
)
def test_drift_freezes_and_does_not_end(cause: str, fact: dict[str, Any]) -> None:
    verdict = decide(facts(moment=Moment.DURING, **fact))
    assert verdict.outcome is Outcome.FREEZE
    assert verdict.reasons[0].freezes == cause


def test_a_limit_of_none_and_a_limit_not_reached_let_in() -> None:
    assert decide(facts(person_limit=0, person_in=("a", "b"))).allowed
    assert decide(facts(vendor_limit=3, vendor_in=("a", "b"))).allowed


def test_a_signal_asks_for_no_more_than_the_table_says() -> None:
    for follows in ("allow", "tell"):
        assert decide(facts(signals={"out_of_hours": follows})).allowed
    fresh = facts(signals={"new_browser": "step-up"}, factor_age=59.0)
    assert decide(fresh).allowed


def test_signals_do_nothing_in_the_middle_of_work() -> None:
    on = dict.fromkeys(("new_browser", "new_country", "refused_lately"), "refuse")
    assert decide(facts(moment=Moment.DURING, signals=on, factor_age=4_000.0)).allowed


def test_a_refusal_says_who_is_in() -> None:
    asked = facts(vendor_limit=1, vendor_in=("Vera Vogt (Filling line 3)",))
    said = decide(asked).reasons[0].said_of(asked)
    assert said.endswith("Connected now: Vera Vogt (Filling line 3).")


def test_an_act_outweighs_drift() -> None:
    verdict = decide(facts(moment=Moment.DURING, idle_for=900.0, window_revoked=True))
    assert verdict.outcome is Outcome.END


def test_idleness_can_be_switched_off() -> None:
    assert decide(facts(moment=Moment.DURING, idle_for=9e9, idle_limit=0)).allowed


def test_every_rule_has_a_sentence_and_its_line_in_the_table() -> None:
    for rule in RULES:
        assert rule.sentence
    codes = [rule.code for rule in RULES]
    assert len(set(codes)) == len(codes)
    of_policy = {
        code for code, cause in CAUSES.items() if cause.decided_by is DecidedBy.POLICY
    }
    assert of_policy <= set(codes)
    for code in of_policy:
        cause = CAUSES[code]
        assert bool(cause.reason) == (Answer.END in (cause.normal, cause.critical))


def test_the_facts_can_be_stored_as_evidence() -> None:
    evidence = facts().as_evidence()
    assert evidence["closes_at"] == "2026-03-10T12:00:00+00:00"
    assert evidence["moment"] == "start"


def test_a_person_works_on_one_machine_unless_the_plant_says_otherwise() -> None:
    """The tests' own settings lift it; this is the product's."""
    source = (settings.BASE_DIR / "accessportal" / "settings.py").read_text()
    assert 'PER_PERSON = env_int("MAX_SESSIONS_PER_PERSON", 1)' in source
