"""OpenID Connect: authlib's client on httpx2, and what a relying party has to insist on.

Code flow with PKCE (S256), state and nonce, bound to the browser's web session and good
once. What the provider says of itself is asked again each minute, its keys each ten.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.base_client import BaseApp, OAuth2Mixin, OpenIDMixin
from authlib.integrations.httpx_client import OAuth2Client
from django.conf import settings
from django.core.cache import cache
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from joserfc.errors import JoseError

from accessportal.accounts.directory.bounded_http import client_options
from accessportal.accounts.directory.configuration import OpenIdSettings
from accessportal.accounts.directory.people import (
    DirectoryDown,
    DirectoryPerson,
    DirectoryRefused,
)

METADATA_SECONDS = 60
KEYS_SECONDS = 600
BEGUN_SECONDS = 600
LEEWAY_SECONDS = 60
# Signatures by the provider's private key only: `none` is no signature, and HS256 would make
# a key out of what everybody may read.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
              "ES256", "ES384", "ES512", "EdDSA")  # fmt: skip
NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")
MAX_GROUPS = 2000

NOT_BEGUN = _(
    "This sign-in was not begun in this browser, or too long ago. Please begin again."
)
REFUSED = _("The plant's directory did not sign you in. You can try again.")
NOT_TRUSTED = _(
    "The answer of the plant's directory could not be trusted, so nobody was signed in. "
    "Please begin again; if it happens twice, tell IT security."
)
TOO_MANY_GROUPS = _(
    "You are in so many groups that the directory sends none of them. Whoever looks after "
    "the directory has to let it send only the groups that are meant for Access Portal."
)


class Provider(OAuth2Mixin, OpenIDMixin, BaseApp):
    """authlib's client without its Django glue, which needs the HTTP library `requests`."""

    client_cls = OAuth2Client


def provider(of: OpenIdSettings) -> Provider:
    """The provider with what it says of itself. Raises `DirectoryDown`."""
    key = f"directory.oidc.{of.issuer}"
    known = cache.get(key)
    made = _provider(of, known or {})
    if known is None:
        metadata = _asked(made.load_server_metadata)
        _check_metadata(of, metadata)
        # What authlib would take from the provider is cut down to what we allow.
        offered = metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
        metadata["id_token_signing_alg_values_supported"] = [
            algorithm for algorithm in ALGORITHMS if algorithm in offered
        ]
        metadata.pop("jwks", None)
        cache.set(key, dict(metadata), METADATA_SECONDS)
    keys = cache.get(f"{key}.keys")
    if keys is not None:
        made.server_metadata["jwks"] = keys
    return made


def _provider(of: OpenIdSettings, metadata: dict[str, Any]) -> Provider:
    options: dict[str, Any] = {
        "scope": of.scopes,
        "code_challenge_method": "S256",
        "leeway": 0,  # the access token is used at once, however short it lives
        **client_options(ca_file=of.ca_file, proxy=of.proxy),
    }
    methods = metadata.get("token_endpoint_auth_methods_supported")
    if of.client_secret and methods and "client_secret_basic" not in methods:
        options["token_endpoint_auth_method"] = "client_secret_post"  # noqa: S105 - a word of the standard
    return Provider(
        None,
        "directory",
        client_id=of.client_id,
        client_secret=of.client_secret or None,
        client_kwargs=options,
        server_metadata_url=of.issuer.rstrip("/") + "/.well-known/openid-configuration",
        **metadata,
    )


def _check_metadata(of: OpenIdSettings, metadata: Any) -> None:
    """Raises `DirectoryDown`: what is configured and what answers are not the same."""
    if not isinstance(metadata, dict) or metadata.get("issuer") != of.issuer:
        raise DirectoryDown(f"The discovery document is not that of {of.issuer}.")
    for name in NEEDED:
        if not may_be_called(str(metadata.get(name, ""))):
            raise DirectoryDown(f"The discovery document has no safe {name}.")


def may_be_called(url: str) -> bool:
    """https, or http on this machine (tests, a provider beside the portal)."""
    parts = urlsplit(url)
    loopback = parts.hostname in {"127.0.0.1", "::1", "localhost"}
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and loopback)
    )


def redirect_uri() -> str:
    """Fixed by PORTAL_PUBLIC_URL; the Host of a request has no part in it."""
    return f"{settings.PUBLIC_URL}{reverse('accounts:directory_back')}"


def begin(of: OpenIdSettings, **hints: str) -> tuple[str, dict[str, Any]]:
    """Where to send the browser, and what its web session keeps until it comes back."""
    made = _asked(provider(of).create_authorization_url, redirect_uri(), **hints)
    begun = {name: made[name] for name in ("state", "nonce", "code_verifier")}
    return made["url"], {**begun, "at": time.time()}


def complete(
    of: OpenIdSettings, answer: Mapping[str, str], begun: dict[str, Any] | None
) -> DirectoryPerson:
    """Who came back from the provider. Raises `DirectoryRefused` or `DirectoryDown`.

    begun: what `begin` gave to this web session, taken out of it, so that it works once.
    """
    if (
        not begun
        or time.time() - begun["at"] > BEGUN_SECONDS
        or not hmac.compare_digest(
            answer.get("state", "").encode(), begun["state"].encode()
        )
    ):
        raise DirectoryRefused(NOT_BEGUN, "state")
    there = provider(of)
    _check_issuer_of_answer(of, there, answer)
    if "error" in answer or not answer.get("code"):
        raise DirectoryRefused(REFUSED, f"provider: {answer.get('error', 'no code')}")
    try:
        token = _asked(
            there.fetch_access_token,
            redirect_uri(),
            code=answer["code"],
            code_verifier=begun["code_verifier"],
            grant_type="authorization_code",
        )
    except AuthlibBaseError as error:
        raise DirectoryRefused(REFUSED, f"token endpoint: {error.error}") from None
    claims = _claims(of, there, token, begun["nonce"])
    return person_of(of, _with_userinfo(of, there, token, claims))


def _check_issuer_of_answer(
    of: OpenIdSettings, there: Provider, answer: Mapping[str, str]
) -> None:
    """RFC 9207: whose answer this is, where the provider says so."""
    said = "authorization_response_iss_parameter_supported"
    told = there.server_metadata.get(said) or "iss" in answer
    if told and answer.get("iss") != of.issuer:
        raise DirectoryRefused(NOT_TRUSTED, "iss of the answer")


def _claims(
    of: OpenIdSettings, there: Provider, token: Any, nonce: str
) -> dict[str, Any]:
    """The id token's claims: signature, issuer, audience, times and nonce are right."""
    wanted = {
        "iss": {"essential": True, "value": of.issuer},
        "aud": {"essential": True, "value": of.client_id},
        "sub": {"essential": True},
    }
    try:
        claims = there.parse_id_token(
            token, nonce, claims_options=wanted, leeway=LEEWAY_SECONDS
        )
    except httpx2.HTTPError as error:  # its keys
        raise DirectoryDown(f"{type(error).__name__}: {error}") from error
    except (JoseError, AuthlibBaseError, ValueError, KeyError, TypeError) as error:
        raise DirectoryRefused(NOT_TRUSTED, f"id token: {type(error).__name__}") from (
            None
        )
    finally:
        if there.server_metadata.get("jwks"):
            key = f"directory.oidc.{of.issuer}.keys"
            cache.set(key, there.server_metadata["jwks"], KEYS_SECONDS)
    if not claims:
        raise DirectoryRefused(NOT_TRUSTED, "no id token")
    return dict(claims)


def _with_userinfo(
    of: OpenIdSettings, there: Provider, token: Any, claims: dict[str, Any]
) -> dict[str, Any]:
    """What the id token leaves out, from the userinfo endpoint; it must be of the same person."""
    endpoint = there.server_metadata.get("userinfo_endpoint", "")
    wanted = (of.mail_claim, of.groups_claim)
    if all(claim_at(claims, name) is not None for name in wanted) or (
        not may_be_called(endpoint)
    ):
        return claims
    try:
        more = _asked(there.userinfo, token=token)
    except AuthlibBaseError as error:
        raise DirectoryRefused(NOT_TRUSTED, f"userinfo: {error.error}") from None
    if more.get("sub") != claims["sub"]:
        raise DirectoryRefused(NOT_TRUSTED, "userinfo of somebody else")
    return {**more, **claims}


def person_of(of: OpenIdSettings, claims: Mapping[str, Any]) -> DirectoryPerson:
    """The claims in the portal's words. Raises `DirectoryRefused` for groups left out."""
    groups = claim_at(claims, of.groups_claim)
    # Entra ID names what it left out because there were more than 200.
    if groups is None and of.groups_claim in (claims.get("_claim_names") or {}):
        raise DirectoryRefused(TOO_MANY_GROUPS, "groups overage")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= 255:
        raise DirectoryRefused(NOT_TRUSTED, "sub")
    return DirectoryPerson(
        namespace=of.namespace,
        subject=subject,
        name=str(claims.get("preferred_username") or claims.get("upn") or ""),
        email=str(claim_at(claims, of.mail_claim) or ""),
        email_verified=of.mail_trusted or claims.get("email_verified") is True,
        full_name=str(claim_at(claims, of.name_claim) or ""),
        groups=_words(groups),
    )


def claim_at(claims: Mapping[str, Any], path: str) -> Any:
    """A claim by its name or, where there is none of that name, by a path with dots."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for step in path.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


def _words(value: Any) -> tuple[str, ...]:
    """A claim with one group is often a text, not a list (ADFS)."""
    values = value if isinstance(value, list) else [value]
    return tuple(one for one in values[:MAX_GROUPS] if isinstance(one, str) and one)


def facts(of: OpenIdSettings) -> dict[str, Any]:
    """Asks now, past every cache, what the provider says of itself. Raises `DirectoryDown`."""
    cache.delete_many(
        [f"directory.oidc.{of.issuer}", f"directory.oidc.{of.issuer}.keys"]
    )
    there = provider(of)
    keys = _asked(there.fetch_jwk_set, force=True)
    algorithms = there.server_metadata["id_token_signing_alg_values_supported"]
    return {
        "endpoint": there.server_metadata["authorization_endpoint"],
        "algorithms": ", ".join(algorithms),
        "keys": len(keys.get("keys", [])) if isinstance(keys, dict) else 0,
    }


def _asked(call: Any, *args: Any, **named: Any) -> Any:
    """Call something that talks to the provider; what goes wrong on the way is `DirectoryDown`."""
    try:
        return call(*args, **named)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise DirectoryDown(f"{type(error).__name__}: {error}") from error
    except (AttributeError, RuntimeError, TypeError, ValueError) as error:
        # Not JSON, or not what such an answer is.
        raise DirectoryDown(f"{type(error).__name__}: {error}") from error
