"""Which second factors count, for whom and where: the default, and the rules that tighten it.

By default passkeys, authenticator apps and recovery codes count. Where a `FactorRule`
covers a person's role and the site of the act, only a passkey does: it is bound to the
portal's address and cannot be given away to a copy of it (CISA, phishing-resistant MFA).
A recovery code still signs in there, so that the person can set up another passkey.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from accessportal.accounts.authorisation import roles_held
from accessportal.accounts.factors import PASSKEY_KIND, has_passkey
from accessportal.accounts.models import FactorRule, User
from accessportal.errors import FreshFactorNeeded

if TYPE_CHECKING:
    from accessportal.plants.models import Site

PHISHING_RESISTANT = frozenset({PASSKEY_KIND})

ONLY_PASSKEYS = _(
    "For this, only a passkey counts as your second factor. Please confirm with it."
)
PASSKEY_MISSING = _(
    "For this, only a passkey counts as your second factor, and you have none. "
    "Set one up on your account page first."
)


class PasskeyNeeded(FreshFactorNeeded):
    """403: the factor that was used does not count for this act here."""

    code = "passkey_needed"
    sentence = ONLY_PASSKEYS


def only_passkeys_at(user: User, site: Site | int) -> bool:
    """Whether a rule covers one of the person's roles at this site."""
    roles = [
        role
        for role, where in _places(user)
        if where in {None, getattr(site, "pk", site)}
    ]
    rules = FactorRule.objects.filter(role__in=roles)
    return (rules.filter(site=site) | rules.filter(site__isnull=True)).exists()


def only_passkeys_anywhere(user: User) -> bool:
    """Whether no other factor counts for this person, wherever they are somebody."""
    rules = _rules()
    if not rules:
        return False
    places = _places(user)
    return bool(places) and all(
        (role, None) in rules or (site is not None and (role, site) in rules)
        for role, site in places
    )


def must_have_passkey(user: User) -> bool:
    """Whether a rule touches one of the person's roles, so that they need a passkey there."""
    rules = _rules()
    if not rules:
        return False
    anywhere = {role for role, _site in rules}
    return any(
        (role, None) in rules
        or (role, site) in rules
        or (site is None and user.vendor_id is None and role in anywhere)
        for role, site in _places(user)
    )


def counts(user: User, kind: str, site: Site | int | None = None) -> bool:
    """Whether a factor of this kind is enough for an act at `site`; None: for anything."""
    if not kind:
        return False
    if kind in PHISHING_RESISTANT:
        return True
    if site is not None:
        return not only_passkeys_at(user, site)
    return not only_passkeys_anywhere(user)


def guard_factor_counts(user: User, kind: str, site: Site | int | None = None) -> None:
    """Raises `PasskeyNeeded` where the factor that was used is not enough."""
    if counts(user, kind, site):
        return
    raise PasskeyNeeded(ONLY_PASSKEYS if has_passkey(user) else PASSKEY_MISSING)


def _places(user: User) -> list[tuple[str, Any]]:
    """(role, site's id) of everything a person is; None is every site."""
    if user.vendor_id is not None:
        return [(str(FactorRule.Who.CONTRACTOR), None)]
    return roles_held(user)


def _rules() -> set[tuple[str, Any]]:
    return set(FactorRule.objects.values_list("role", "site"))
