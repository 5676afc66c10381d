"""What a liar between the portal and the directory can send, and what comes of it: nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth import SESSION_KEY
from django.test import Client
from joserfc.jwk import RSAKey
from pytest_django.fixtures import Settings

from accessportal.accounts.directory import bounded_http, status
from accessportal.accounts.models import DirectoryIdentity, GroupMapping, User
from accessportal.audit.models import AuditEvent
from tests.accounts.steps import CODE, SIGN_IN, refusal, type_password
from tests.directory.openid import BACK, START, Provider
from tests.directory.rogue import Rogue, lying_provider

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": "one", "use": "sig"}, auto_kid=False)


@pytest.fixture
def rogue(
    key: RSAKey, settings: Settings, group_north: GroupMapping, olga: User
) -> Iterator[Rogue]:
    with lying_provider(key) as made:
        settings.DIRECTORY = made.settings()
        yield made


def comes_back(client: Client, rogue: Rogue, **changed: Any) -> Any:
    """Begin, and come back with whatever the provider says next."""
    begun = client.get(START)
    asked = parse_qs(urlsplit(begun.url).query)
    rogue.nonce = rogue.nonce or asked["nonce"][0]
    return client.get(BACK, {"code": "c", "state": asked["state"][0]} | changed)


def last_refusal() -> str:
    return AuditEvent.objects.filter(event="auth.login.failed").latest("pk").reason


def test_an_honest_answer_is_taken(rogue: Rogue, client: Client) -> None:
    """The allowed case beside all that follow."""
    assert comes_back(client, rogue).url == CODE


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"iss": "https://elsewhere.example"}, "another issuer"),
        ({"aud": "another-application"}, "meant for another application"),
        ({"aud": "another-application", "azp": "access-portal"}, "by way of azp"),
        ({"aud": ["access-portal", "other"], "azp": "other"}, "given to another"),
        ({"aud": None}, "for nobody"),
        ({"nonce": "of another sign-in"}, "of another sign-in"),
        ({"nonce": None}, "without a nonce"),
        ({"exp": 1_000_000_000}, "expired"),
        ({"exp": None}, "without an end"),
        ({"iat": 4_000_000_000}, "from the future"),
        ({"sub": None}, "of nobody"),
        ({"sub": ""}, "of nobody"),
        ({"sub": 7}, "of a number"),
        ({"sub": "x" * 256}, "of a subject without end"),
    ],
)
def test_a_token_that_is_not_for_this_sign_in_opens_nothing(
    rogue: Rogue, client: Client, claims: dict[str, Any], why: str
) -> None:
    rogue.claims = claims
    answer = comes_back(client, rogue)
    assert answer.status_code == 422, why
    assert "could not be trusted" in refusal(answer)
    assert SESSION_KEY not in client.session and "sign_in" not in client.session
    assert not DirectoryIdentity.objects.exists()


def test_a_token_without_a_signature_opens_nothing(
    rogue: Rogue, client: Client
) -> None:
    rogue.algorithm = "none"
    assert "could not be trusted" in refusal(comes_back(client, rogue))


def test_a_public_key_is_no_password(rogue: Rogue, client: Client) -> None:
    """The old confusion: HS256 with what everybody may read as the key."""
    rogue.algorithm = "HS256"
    assert "could not be trusted" in refusal(comes_back(client, rogue))


def test_a_signature_by_another_key_opens_nothing(rogue: Rogue, client: Client) -> None:
    rogue.sign_with = RSAKey.generate_key(2048, {"kid": "one"}, auto_kid=False)
    assert "could not be trusted" in refusal(comes_back(client, rogue))


def test_a_changed_key_is_fetched_anew(rogue: Rogue, client: Client) -> None:
    """The provider rotates: the keys known are an hour old, the new one signs."""
    comes_back(client, rogue)
    rogue.key = RSAKey.generate_key(2048, {"kid": "two"}, auto_kid=False)
    rogue.nonce = ""
    assert comes_back(Client(), rogue).url == CODE
    assert rogue.asked.count("/keys") == 2


def test_keys_and_discovery_are_not_asked_for_each_time(rogue: Rogue) -> None:
    for _number in range(3):
        rogue.nonce = ""
        comes_back(Client(), rogue)
    assert rogue.asked.count("/keys") == 1
    assert rogue.asked.count("/.well-known/openid-configuration") == 1


@pytest.mark.parametrize("state", ["", "wrong", "ü", None])
def test_a_wrong_state_is_refused_and_the_right_one_is_spent(
    rogue: Rogue, client: Client, state: str | None
) -> None:
    right = parse_qs(urlsplit(client.get(START).url).query)["state"][0]
    wrong = {"code": "c"} | ({} if state is None else {"state": state})
    answer = client.get(BACK, wrong)
    assert "not begun in this browser" in refusal(answer)
    again = client.get(BACK, {"code": "c", "state": right})
    assert "not begun in this browser" in refusal(again)
    assert "/token" not in rogue.asked


def test_another_browser_cannot_finish_what_this_one_began(
    rogue: Rogue, client: Client
) -> None:
    """Login CSRF: a link with somebody else's code and state."""
    state = parse_qs(urlsplit(client.get(START).url).query)["state"][0]
    answer = Client().get(BACK, {"code": "c", "state": state})
    assert "not begun in this browser" in refusal(answer)


def test_the_way_back_works_once(rogue: Rogue, client: Client) -> None:
    begun = client.get(START)
    asked = parse_qs(urlsplit(begun.url).query)
    rogue.nonce = asked["nonce"][0]
    answer = {"code": "c", "state": asked["state"][0]}
    assert client.get(BACK, answer).url == CODE
    assert "not begun in this browser" in refusal(client.get(BACK, answer))


def test_a_code_that_was_used_is_refused_by_the_real_provider(
    provider: Provider, group_north: GroupMapping, olga: User
) -> None:
    """A stolen code in the thief's own sign-in: PKCE and the provider say no."""
    victim, thief = Client(), Client()
    back = provider.comes_back(victim.get(START).url, "olga")
    code = parse_qs(urlsplit(back).query)["code"][0]
    state = thief.get(START)
    thiefs = parse_qs(urlsplit(state.url).query)["state"][0]
    answer = thief.get(BACK, {"code": code, "state": thiefs, "iss": provider.url})
    assert answer.status_code == 422 and "did not sign you in" in refusal(answer)
    assert "invalid_grant" in last_refusal()


def test_the_real_providers_token_for_another_application_is_refused(
    provider: Provider, group_north: GroupMapping, olga: User, settings: Settings
) -> None:
    """The same provider, the same person: a token with another audience."""
    client = Client()
    settings.DIRECTORY = provider.settings(
        client_id="another-application",
        client_secret="another-application-secret-of-the-tests",
    )
    back = provider.comes_back(client.get(START).url, "olga")
    real = parse_qs(urlsplit(back).query)
    settings.DIRECTORY = provider.settings()
    answer = client.get(BACK, {name: value[0] for name, value in real.items()})
    assert answer.status_code == 422


@pytest.mark.parametrize("issuer", ["https://elsewhere.example", None])
def test_an_answer_of_another_provider_is_refused(
    rogue: Rogue, client: Client, issuer: str | None
) -> None:
    """RFC 9207: mixed-up providers."""
    rogue.metadata = {"authorization_response_iss_parameter_supported": True}
    changed = {} if issuer is None else {"iss": issuer}
    assert "could not be trusted" in refusal(comes_back(client, rogue, **changed))
    rogue.nonce = ""
    assert comes_back(Client(), rogue, iss=rogue.url).url == CODE


def test_userinfo_of_somebody_else_is_refused(rogue: Rogue, client: Client) -> None:
    rogue.claims = {"groups": None}
    rogue.userinfo = {"sub": "omar-1", "groups": ["ot-north"]}
    assert "could not be trusted" in refusal(comes_back(client, rogue))
    rogue.nonce = ""
    rogue.userinfo = {"sub": "olga-1", "groups": ["ot-north"]}
    assert comes_back(Client(), rogue).url == CODE


def test_too_many_groups_are_said_in_a_sentence(rogue: Rogue, client: Client) -> None:
    """Entra ID leaves more than 200 groups out and says where they could be fetched."""
    rogue.claims = {"groups": None, "_claim_names": {"groups": "src1"}}
    rogue.userinfo = {"sub": "olga-1"}
    assert "so many groups" in refusal(comes_back(client, rogue))


# --- A provider that is down, slow or endless ------------------------------------------


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/.well-known/openid-configuration", b"hang"),
        ("/.well-known/openid-configuration", b"drip"),
        ("/.well-known/openid-configuration", b"flood"),
        ("/.well-known/openid-configuration", b"<html>"),
        ("/.well-known/openid-configuration", b"[]"),
        (
            "/.well-known/openid-configuration",
            b'{"issuer": "https://elsewhere.example"}',
        ),
        ("/token", b"hang"),
        ("/token", b"flood"),
        ("/token", b"[]"),
        ("/keys", b"hang"),
        ("/keys", b"flood"),
    ],
)
def test_whatever_the_provider_does_it_ends_soon_and_is_said(
    rogue: Rogue,
    client: Client,
    path: str,
    answer: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bounded_http, "PIECE_SECONDS", 0.3)
    monkeypatch.setattr(bounded_http, "WHOLE_SECONDS", 0.4)
    rogue.answers[path] = answer
    began = time.monotonic()
    if path.startswith("/.well-known"):
        said = client.get(START)
    else:
        said = comes_back(client, rogue)
    assert time.monotonic() - began < 60
    assert said.status_code == 302 and said.url.startswith(SIGN_IN), said.content
    page = client.get(SIGN_IN).content.decode()
    assert "directory of the plant does not answer" in page
    assert AuditEvent.objects.filter(event="directory.lost").count() == 1


def test_who_comes_while_it_is_down_does_not_wait_for_it_again(
    rogue: Rogue, client: Client
) -> None:
    rogue.answers["/.well-known/openid-configuration"] = b"<html>"
    for _number in range(3):
        client.get(START)
    assert len(rogue.asked) == 1
    assert AuditEvent.objects.filter(event="directory.lost").count() == 1


def test_a_directory_that_is_back_is_noticed(
    rogue: Rogue, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    rogue.answers["/.well-known/openid-configuration"] = b"<html>"
    client.get(START)
    del rogue.answers["/.well-known/openid-configuration"]
    status.cache.delete(f"{status.KEY}.just_now")  # ten seconds later
    assert comes_back(client, rogue).url == CODE
    assert AuditEvent.objects.filter(event="directory.reached").count() == 1
    assert "does not answer" not in Client().get(SIGN_IN).content.decode()


def test_local_vendors_come_in_while_it_is_down(
    rogue: Rogue, client: Client, vera: User
) -> None:
    rogue.answers["/.well-known/openid-configuration"] = b"<html>"
    client.get(START)
    assert type_password(client, vera).url == CODE


def test_an_endpoint_in_clear_text_elsewhere_is_not_called(
    rogue: Rogue, client: Client
) -> None:
    rogue.metadata = {"token_endpoint": "http://192.0.2.1/token"}
    assert client.get(START).url.startswith(SIGN_IN)


def test_a_redirect_of_the_provider_is_not_followed(
    rogue: Rogue, client: Client
) -> None:
    assert (
        bounded_http.client_options(ca_file="", proxy="")["follow_redirects"] is False
    )
    assert bounded_http.client_options(ca_file="", proxy="")["trust_env"] is False
