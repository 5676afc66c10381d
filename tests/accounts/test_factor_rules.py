"""Which second factors count, for whom and where."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accessportal.accounts.factor_rules import PasskeyNeeded, counts, must_have_passkey
from accessportal.accounts.factors import has_passkey, make_recovery_codes
from accessportal.accounts.models import FactorRule, RoleGrant, User
from accessportal.audit.models import AuditEvent
from requests.facts import hash_of_facts, seen_by_approver
from requests.services.approval import approve_request
from sessions.policy_facts import facts_at_start
from tests.accounts.authenticator import Authenticator, challenge_for, passkey_for
from tests.accounts.steps import (
    CODE,
    code_of,
    is_signed_in,
    refusal,
    sign_in,
    type_code,
    type_password,
)
from tests.cast import Plant, make_request, make_window, origin

pytestmark = pytest.mark.django_db

RULES = "/second-factors/"


def rule(role: str, by: User, site: object = None) -> FactorRule:
    made: FactorRule = FactorRule.objects.create(
        role=role, site=site, set_by=by, reason="CISA"
    )
    return made


def test_without_a_rule_every_factor_counts(plant: Plant) -> None:
    for kind in ("passkey", "totp", "recovery_code"):
        assert counts(plant.olga, kind, plant.north)
    assert not counts(plant.olga, "", plant.north)
    assert not must_have_passkey(plant.olga)


def test_a_rule_holds_for_its_role_and_site_only(plant: Plant) -> None:
    rule("ot_supervisor", plant.adam, plant.north)
    RoleGrant.objects.create(user=plant.olga, role="ot_supervisor", site=plant.south)
    assert counts(plant.olga, "passkey", plant.north)
    assert not counts(plant.olga, "totp", plant.north)
    assert not counts(plant.olga, "recovery_code", plant.north)
    assert counts(plant.olga, "totp", plant.south)
    assert counts(plant.olga, "totp") and must_have_passkey(plant.olga)
    assert counts(plant.omar, "totp", plant.south) and not must_have_passkey(plant.omar)
    assert counts(plant.cora, "totp", plant.north)


def test_a_rule_for_every_site_cannot_be_escaped_at_one(plant: Plant) -> None:
    rule("ot_supervisor", plant.adam)
    assert not counts(plant.olga, "totp", plant.north)
    assert not counts(plant.olga, "totp")


def test_a_contractor_is_held_to_the_rule_of_the_machines_site(plant: Plant) -> None:
    rule("contractor", plant.adam, plant.north)
    window = make_window(plant.vera, plant.filling_plc, decided_by=plant.olga)
    by_app = facts_at_start(window, plant.filling_plc, plant.vera, origin())
    by_passkey = facts_at_start(
        window, plant.filling_plc, plant.vera, origin(factor="passkey")
    )
    assert by_app.factor_age is None
    assert by_passkey.factor_age is not None and by_passkey.factor_age < 60


def test_a_supervisor_approves_there_with_a_passkey_only(plant: Plant) -> None:
    rule("ot_supervisor", plant.adam, plant.north)
    asked = make_request(plant.vera, plant.filling_plc)
    facts_hash = hash_of_facts(seen_by_approver(asked))
    with pytest.raises(PasskeyNeeded):
        approve_request(
            asked, acting_user=plant.olga, origin=origin(), facts_hash=facts_hash
        )
    approve_request(
        asked,
        acting_user=plant.olga,
        origin=origin(factor="passkey"),
        facts_hash=facts_hash,
    )


def test_the_form_is_kept_and_the_passkey_asked_for(
    plant: Plant, browser_of: Callable[..., Client]
) -> None:
    """Signed in a moment ago by app: fresh, but not enough at this site."""
    rule("ot_supervisor", plant.adam, plant.north)
    RoleGrant.objects.create(user=plant.olga, role="ot_supervisor", site=plant.south)
    authenticator = passkey_for(plant.olga)
    asked = make_request(plant.vera, plant.filling_plc)
    browser = browser_of(plant.olga)
    form = {"facts_hash": hash_of_facts(seen_by_approver(asked)), "reason": "Fine"}
    path = f"/approvals/{asked.number}/approve/"
    page = browser.post(path, form)
    assert page.status_code == 403
    assert "only a passkey counts" in page.content.decode()
    assert ("reason", "Fine") in page.context["kept"]
    answer = authenticator.sign(challenge_for(browser))
    assert browser.post(path, {**form, "passkey": answer}).status_code == 302
    asked.refresh_from_db()
    assert asked.state == "approved" and asked.decisions.get().factor == "passkey"


def test_who_has_no_passkey_is_led_to_set_one_up_with_the_factor_at_hand(
    client: Client, adam: User, ivan: User
) -> None:
    rule("administrator", ivan)
    answer = sign_in(client, adam)
    assert answer.url == "/accounts/enrol/passkey/"
    assert not is_signed_in(client)
    options = client.get(answer.url).context["options"]
    made = Authenticator().make(options)
    assert client.post(answer.url, {"name": "Key", "answer": made}).url == "/"
    assert is_signed_in(client) and has_passkey(adam)


def test_who_has_one_signs_in_with_it_or_with_a_recovery_code(
    client: Client, adam: User, ivan: User
) -> None:
    rule("administrator", ivan)
    authenticator = passkey_for(adam)
    code = make_recovery_codes(acting_user=adam, origin=origin())[0]
    type_password(client, adam)
    page = type_code(client, code_of(adam))
    assert page.status_code == 422 and "only a passkey counts" in refusal(page)
    assert (
        client.post(CODE, {"passkey": authenticator.sign(challenge_for(client))}).url
        == "/"
    )

    by_code = Client()
    type_password(by_code, adam)
    assert type_code(by_code, code).url == "/"
    # It signs in, and another passkey can be set up: no weighty act is done with it.
    assert by_code.post(f"{RULES}demand/", {"role": "contractor"}).status_code == 403


def test_a_person_locked_out_of_the_own_phone_sets_up_another_with_a_recovery_code(
    client: Client, adam: User, ivan: User
) -> None:
    rule("administrator", ivan)
    passkey_for(adam, "Lost")
    code = make_recovery_codes(acting_user=adam, origin=origin())[0]
    type_password(client, adam)
    type_code(client, code)
    page = client.get("/account/passkeys/new/")
    assert page.status_code == 200
    made = Authenticator().make(page.context["options"])
    answer = client.post("/account/passkeys/new/", {"name": "New", "answer": made})
    assert answer.url == "/account/"


def test_demanding_passkeys_takes_a_passkey_of_ones_own_and_a_reason(
    browser_of: Callable[..., Client], adam: User
) -> None:
    browser = browser_of(adam)
    form = {"role": "ot_supervisor", "reason": "CISA 2025"}
    page = browser.post(f"{RULES}demand/", form)
    assert page.status_code == 422 and "of your own first" in page.content.decode()
    passkey_for(adam)
    assert browser.post(f"{RULES}demand/", {**form, "reason": ""}).status_code == 422
    assert browser.post(f"{RULES}demand/", form).url == RULES
    event = AuditEvent.objects.get(event="auth.factor_rule.changed")
    assert event.reason == "CISA 2025" and event.detail["only_passkeys"] is True
    made = FactorRule.objects.get()
    assert made.site is None and made.set_by == adam
    assert browser.post(f"{RULES}demand/", form).status_code == 409
    assert browser.post(f"{RULES}{made.pk}/allow/", {"reason": "trial"}).url == RULES
    assert not FactorRule.objects.exists()


def test_who_answers_for_one_site_makes_no_rule_for_every_site(
    browser_of: Callable[..., Client], plant: Plant
) -> None:
    RoleGrant.objects.filter(user=plant.adam).update(site=plant.north)
    passkey_for(plant.adam)
    everywhere = rule("compliance", plant.ivan)
    browser = browser_of(plant.adam)
    form = {"role": "contractor", "reason": "here"}
    assert browser.post(f"{RULES}demand/", form).status_code == 422
    south = browser.post(f"{RULES}demand/", {**form, "site": plant.south.pk})
    assert south.status_code == 422
    north = browser.post(f"{RULES}demand/", {**form, "site": plant.north.pk})
    assert north.status_code == 302
    refused = browser.post(f"{RULES}{everywhere.pk}/allow/", {"reason": "x"})
    assert refused.status_code == 403


def test_the_page_prints_the_limits_of_web_sessions(
    browser_of: Callable[..., Client], ivan: User
) -> None:
    page = browser_of(ivan).get(RULES).content.decode()
    assert "15 min" in page and "8 h" in page and "On a shared computer" in page
