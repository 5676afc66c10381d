"""Making, checking and revoking API tokens."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accessportal.accounts.authorisation import Action, may, sites_where
from accessportal.accounts.models import ApiToken, User
from accessportal.accounts.services.common import guard_fresh_factor
from accessportal.audit import record
from accessportal.errors import NotAllowed, NotPossible, TooLate
from accessportal.origin import Origin

if TYPE_CHECKING:
    from accessportal.plants.models import Site

MARK = "apk"
"""Every token begins with it, so that a leaked one is found by searching."""

TEXT = re.compile(rf"{MARK}_(?P<prefix>[0-9a-f]{{8}})_[A-Za-z0-9_-]{{43}}")

USE_NOTED_EVERY = timedelta(minutes=1)

NEEDED: dict[str, Action] = {
    ApiToken.Scope.SESSIONS_READ: Action.SESSION_SEE,
    ApiToken.Scope.REQUESTS_READ: Action.REQUEST_SEE,
    ApiToken.Scope.AUDIT_READ: Action.AUDIT_SEE,
    ApiToken.Scope.SESSIONS_END: Action.SESSION_END,
    ApiToken.Scope.SITES_ISOLATE: Action.SITE_ISOLATE,
}
"""What the owner must be allowed for each scope, at every call anew."""


@transaction.atomic
def make_token(
    *,
    name: str,
    scopes: Collection[str],
    sites: Collection[Site],
    networks: Collection[str],
    expires_at: datetime,
    acting_user: User,
    origin: Origin,
) -> tuple[ApiToken, str]:
    """A token of one's own, and its text: the only time that anybody sees it.

    It never does more than who made it. Raises `NotAllowed`, `NotPossible`,
    `FreshFactorNeeded`.
    """
    if not may(acting_user, Action.TOKEN_MANAGE):
        raise NotAllowed
    guard_fresh_factor(origin, acting_user, None)
    name = name.strip()
    if not name:
        raise NotPossible(_("Say what the token is for."), code="name_missing")
    scopes = [scope for scope in ApiToken.Scope.values if scope in set(scopes)]
    if not scopes:
        raise NotPossible(_("Choose at least one scope."), code="scope_missing")
    _guard_own(acting_user, scopes, sites)
    now = timezone.now()
    longest = timedelta(days=settings.API_TOKEN_MAX_DAYS)
    if not now < expires_at <= now + longest:
        raise NotPossible(
            _("A token is good for at most %(days)s days.")
            % {"days": settings.API_TOKEN_MAX_DAYS},
            code="too_long",
        )
    networks = [_network(network) for network in networks]

    prefix = secrets.token_hex(4)
    text = f"{MARK}_{prefix}_{secrets.token_urlsafe(32)}"
    token = ApiToken.objects.create(
        name=name[:120],
        owner=acting_user,
        scopes=scopes,
        networks=networks,
        prefix=prefix,
        secret_hash=_hash(text),
        expires_at=expires_at,
    )
    token.sites.set(sites)

    record(
        "token.created",
        acting_user=acting_user,
        subject=token,
        origin=origin,
        scopes=scopes,
        sites=sorted(site.name for site in sites),
        networks=networks,
        expires_at=expires_at.isoformat(),
    )
    return token, text


@transaction.atomic
def revoke_token(token: ApiToken, *, acting_user: User, origin: Origin) -> None:
    """Make a token worthless at once. Needs no fresh factor.

    Raises `NotAllowed`, and `TooLate` when it is revoked already.
    """
    if token.owner_id != acting_user.pk and not may(acting_user, Action.TOKEN_MANAGE):
        raise NotAllowed

    revoked = ApiToken.objects.filter(pk=token.pk, revoked_at__isnull=True).update(
        revoked_at=timezone.now(), revoked_by=acting_user
    )
    if not revoked:
        raise TooLate(_("This token is revoked already."), code="already_revoked")

    record(
        "token.revoked",
        acting_user=acting_user,
        subject=token,
        origin=origin,
        owner=str(token.owner),
    )


def token_of(text: str) -> ApiToken | None:
    """The token with this text, whatever became of it; compared in constant time."""
    written = TEXT.fullmatch(text)
    prefix = written["prefix"] if written is not None else ""
    token: ApiToken | None = (
        ApiToken.objects.select_related("owner").filter(prefix=prefix).first()
    )
    stored = token.secret_hash if token is not None else "0" * 64
    same = hmac.compare_digest(_hash(text), stored)
    return token if same else None


def note_use(token: ApiToken, address: str) -> None:
    """When and from where it was used last; at most once a minute, to stay cheap."""
    now = timezone.now()
    ApiToken.objects.filter(
        Q(last_used_at__isnull=True)
        | Q(last_used_at__lte=now - USE_NOTED_EVERY)
        | ~Q(last_used_address=address),
        pk=token.pk,
    ).update(last_used_at=now, last_used_address=address)


def _guard_own(user: User, scopes: Collection[str], sites: Collection[Site]) -> None:
    """Refuses a scope that the owner has not, at one of the sites or at all."""
    for scope in scopes:
        allowed = set(sites_where(user, NEEDED[scope]).values_list("pk", flat=True))
        if not allowed or any(site.pk not in allowed for site in sites):
            raise NotPossible(
                _("You may not do this there yourself: %(scope)s.")
                % {"scope": ApiToken.Scope(scope).label},
                code="more_than_own",
            )


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text.strip()))
    except ValueError as error:
        raise NotPossible(
            _("“%(text)s” is not a network. Write it like 192.0.2.0/24.")
            % {"text": text[:60]},
            code="network_malformed",
        ) from error


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
