"""Who calls: a token, its owner as of this very moment, and from where.

A browser's cookie opens nothing here, and a token opens nothing elsewhere. Neither the
token nor its hash is ever logged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from ninja.security.apikey import APIKeyHeader

from accessportal.accounts.authorisation import may
from accessportal.accounts.models import ApiToken, User
from accessportal.accounts.services.api_tokens import NEEDED, note_use, token_of
from accessportal.audit import record
from accessportal.errors import NotAllowed, NotSignedIn
from accessportal.origin import Origin, client_address
from accessportal.plants.models import Site
from accessportal.rate_limits import count_or_refuse, uses

Scope = ApiToken.Scope

MINUTE = 60
FAILURES_PER_MINUTE = 30
"""So many wrong tokens a minute are answered from one address, then 429."""


class NotKnownToken(NotSignedIn):
    """401: no token, or none that is good."""

    code = "token_refused"
    sentence = _(
        "Send a valid API token: “Authorization: Bearer ...”. It may have been revoked, "
        "have expired, or be used from a network that it is not for."
    )


@dataclass(frozen=True)
class Caller:
    """A token that was let in, and its owner, in whose name everything happens."""

    token: ApiToken
    owner: User
    origin: Origin

    def for_scope(self, scope: str) -> Caller:
        """Refuses a token without the scope, and an owner who may not (any more)."""
        if scope not in self.token.scopes:
            raise NotAllowed(
                _("This token has not the scope %(scope)s.") % {"scope": scope},
                code="scope_missing",
            )
        if not may(self.owner, NEEDED[scope]):
            raise NotAllowed(code="owner_may_not")
        return self

    def only_sites(self, rows: models.QuerySet[Any], path: str) -> Any:
        """The rows at the token's sites; `path` leads to the site."""
        sites = self.site_ids
        return rows.filter(**{f"{path}__in": sites}) if sites else rows

    def at_site(self, site: Site) -> None:
        """Refuses a site that the token is not for."""
        if self.site_ids and site.pk not in self.site_ids:
            raise NotAllowed(
                _("This token is not for %(site)s.") % {"site": site},
                code="site_not_of_token",
            )

    @property
    def site_ids(self) -> list[int]:
        return list(self.token.sites.values_list("pk", flat=True))


class BearerToken(APIKeyHeader):
    """`Authorization: Bearer apk_...`; anything else is no token."""

    openapi_type = "http"
    openapi_scheme = "bearer"
    param_name = "Authorization"

    def _get_key(self, request: HttpRequest) -> str | None:
        kind, _space, text = request.headers.get("Authorization", "").partition(" ")
        return text.strip() if kind.lower() == "bearer" else None

    def authenticate(self, request: HttpRequest, key: str | None) -> Caller:
        """The caller. Raises `NotKnownToken` and `TooOften`."""
        address = client_address(request)
        token = token_of(key) if key and len(key) < 200 else None
        if token is None:
            count_or_refuse(
                "api-wrong", address, times=FAILURES_PER_MINUTE, seconds=MINUTE
            )
            raise NotKnownToken
        count_or_refuse(
            "api",
            f"token-{token.pk}",
            times=settings.API_CALLS_PER_MINUTE,
            seconds=MINUTE,
        )
        owner = User.objects.select_related("vendor").get(pk=token.owner_id)
        origin = Origin(
            address=address,
            api_token=token.prefix,
            user_agent=request.headers.get("User-Agent", "")[:200],
        )
        why = _why_not(token, owner, address)
        if why:
            _note_rejected(token, owner, origin, why)
            raise NotKnownToken
        note_use(token, address)
        return Caller(token, owner, origin)


def _why_not(token: ApiToken, owner: User, address: str) -> str:
    phase = token.phase()
    if phase != "in_force":
        return phase
    if not owner.is_active:
        return "owner_has_no_access"
    if not token.lets_in_from(address):
        return "other_network"
    return ""


def _note_rejected(token: ApiToken, owner: User, origin: Origin, why: str) -> None:
    """A token that was good once and is not is worth a line; one a minute is enough."""
    if uses("api-rejected", f"token-{token.pk}-{why}", seconds=MINUTE) <= 1:
        record(
            "auth.token.rejected",
            acting_user=owner,
            subject=token,
            origin=origin,
            result="denied",
            why=why,
        )
