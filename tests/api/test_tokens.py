"""Tokens: made by who may, shown once, never more than their owner, dead at once."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone

from accessportal.accounts.models import ApiToken, User
from accessportal.accounts.services.api_tokens import make_token, revoke_token, token_of
from accessportal.audit.models import AuditEvent
from accessportal.errors import FreshFactorNeeded, NotAllowed, NotPossible, TooLate
from tests.cast import Clock, Plant, make_person, origin

pytestmark = pytest.mark.django_db

LIVE = "/api/v1/sessions/live"


def make(plant: Plant, **fields: Any) -> tuple[ApiToken, str]:
    values: dict[str, Any] = {
        "name": "Display",
        "scopes": ["sessions:read"],
        "sites": [],
        "networks": [],
        "expires_at": timezone.now() + timedelta(days=30),
        "acting_user": plant.ivan,
        "origin": origin(),
    }
    return make_token(**{**values, **fields})


def call(text: str, path: str = LIVE, **headers: str) -> Any:
    return Client().get(path, headers={"Authorization": f"Bearer {text}", **headers})


def test_a_token_lets_its_machine_read_and_is_nowhere_in_plain_text(
    plant: Plant,
) -> None:
    token, text = make(plant)
    assert call(text).status_code == 200
    token.refresh_from_db()
    assert token.last_used_address == "127.0.0.1" and token.last_used_at is not None
    secret = text.split("_", 2)[2]
    assert secret not in str(ApiToken.objects.values().get())
    for event in AuditEvent.objects.all():
        assert secret not in str(event.detail)
    assert token_of(text) == token
    assert token_of(text[:-1] + "x") is None


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Bearer apk_00000000_",
        "Bearer apk__x",
        "Basic dTpw",
        "Bearer " + "a" * 5_000,
        "Bearer apk_\x00_x",
    ],
)
def test_without_a_good_token_there_is_a_sentence_and_nothing_else(
    plant: Plant, sent: str
) -> None:
    make(plant)
    answer = Client().get(LIVE, headers={"Authorization": sent} if sent else {})
    assert answer.status_code == 401
    assert answer.json()["code"] == "token_refused"
    assert "API token" in answer.json()["sentence"]
    assert answer["WWW-Authenticate"] == "Bearer"


def test_a_browsers_sign_in_opens_nothing(plant: Plant, browser_of: Any) -> None:
    assert browser_of(plant.ivan).get(LIVE).status_code == 401


def test_a_token_dies_with_its_time_its_owner_and_its_revocation(
    clock: Clock, plant: Plant
) -> None:
    token, text = make(plant)
    assert call(text).status_code == 200
    User.objects.filter(pk=plant.ivan.pk).update(disabled_at=clock.now)
    assert call(text).status_code == 401
    User.objects.filter(pk=plant.ivan.pk).update(disabled_at=None)
    assert call(text).status_code == 200
    clock.forward(days=31)
    assert call(text).status_code == 401

    token, text = make(plant)
    revoke_token(token, acting_user=plant.adam, origin=origin(factor_age=9_999))
    assert call(text).status_code == 401
    with pytest.raises(TooLate):
        revoke_token(token, acting_user=plant.adam, origin=origin())
    rejected = AuditEvent.objects.filter(event="auth.token.rejected").order_by("pk")
    assert [event.detail["why"] for event in rejected] == [
        "owner_has_no_access",
        "expired",
        "revoked",
    ]
    assert {event.actor_type for event in rejected} == {"api"}


def test_it_is_good_only_from_its_networks(plant: Plant) -> None:
    _token, text = make(plant, networks=["192.0.2.0/24", "2001:db8::/32"])
    assert call(text).status_code == 401
    _token, text = make(plant, networks=["127.0.0.0/8"])
    assert call(text).status_code == 200


def test_a_scope_and_the_owners_own_right_are_both_needed(plant: Plant) -> None:
    _token, text = make(plant)
    answer = call(text, "/api/v1/requests")
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")

    _token, text = make(plant, acting_user=plant.adam, scopes=["audit:read"])
    assert call(text, "/api/v1/audit/events").status_code == 200
    plant.adam.role_grants.all().delete()
    answer = call(text, "/api/v1/audit/events")
    assert (answer.status_code, answer.json()["code"]) == (403, "owner_may_not")


@pytest.mark.parametrize(
    ("code", "fields"),
    [
        ("more_than_own", {"acting_user": "adam", "scopes": ["sites:isolate"]}),
        ("more_than_own", {"acting_user": "local", "sites": ["south"]}),
        ("scope_missing", {"scopes": ["nonsense"]}),
        ("name_missing", {"name": " "}),
        ("network_malformed", {"networks": ["192.0.2.7/24"]}),
        ("too_long", {"expires_at": timedelta(days=366)}),
        ("too_long", {"expires_at": timedelta(days=-1)}),
    ],
)
def test_what_no_token_can_be(plant: Plant, code: str, fields: dict[str, Any]) -> None:
    local = make_person("Lars Local", roles=[("it_security", plant.north)])
    if isinstance(fields.get("expires_at"), timedelta):
        fields = {"expires_at": timezone.now() + fields["expires_at"]}
    if "acting_user" in fields:
        who = local if fields["acting_user"] == "local" else plant.adam
        fields = {**fields, "acting_user": who}
    if "sites" in fields:
        fields = {**fields, "sites": [plant.south]}
    with pytest.raises(NotPossible) as refused:
        make(plant, **fields)
    assert refused.value.code == code
    assert not ApiToken.objects.exists()


def test_who_may_make_one(plant: Plant) -> None:
    for person in (plant.olga, plant.cora, plant.vera):
        with pytest.raises(NotAllowed):
            make(plant, acting_user=person)
    with pytest.raises(FreshFactorNeeded):
        make(plant, origin=origin(factor_age=400))


def test_too_many_calls_are_told_to_wait(plant: Plant, settings: LazySettings) -> None:
    settings.API_CALLS_PER_MINUTE = 3
    _token, text = make(plant)
    codes = [call(text).status_code for _ in range(3)]
    assert codes == [200] * 3
    answer = call(text)
    assert answer.status_code == 429
    # The same limiter as for people: one code, one sentence, one header.
    assert answer["Retry-After"] == "60" and answer.json()["code"] == "too_often"
    assert "Wait 1 minute" in answer.json()["sentence"]
    _other, fresh = make(plant)
    assert call(fresh).status_code == 200


def test_guessing_is_slowed_down(plant: Plant) -> None:
    answers = [call("apk_00000000_x").status_code for _ in range(70)]
    assert answers[:30] == [401] * 30 and 429 in answers[30:]


def test_the_pages_make_show_once_and_revoke(plant: Plant, browser_of: Any) -> None:
    browser = browser_of(plant.ivan)
    form = {
        "name": "Collector",
        "scopes": ["audit:read"],
        "sites": [plant.north.pk],
        "days": "90",
        "networks": "127.0.0.1/32, 192.0.2.0/24",
    }
    bad = browser.post("/api-tokens/new/", {**form, "networks": "the office"})
    assert bad.status_code == 422 and "the office" in bad.content.decode()
    page = browser.post("/api-tokens/new/", form).content.decode()
    token = ApiToken.objects.get()
    text = re.findall(rf"apk_{token.prefix}_[\w-]+", page)[0]
    assert call(text, "/api/v1/audit/events").status_code == 200
    assert f"apk_{token.prefix}_" not in browser.get("/api-tokens/").content.decode()
    assert browser.post(f"/api-tokens/{token.pk}/revoke/").status_code == 302
    assert call(text, "/api/v1/audit/events").status_code == 401
