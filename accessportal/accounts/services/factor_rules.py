"""Saying for which role, and where, only a phishing-resistant second factor counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accessportal import audit
from accessportal.accounts.authorisation import Action, may, may_everywhere
from accessportal.accounts.factors import has_passkey
from accessportal.accounts.models import FactorRule, User
from accessportal.errors import NotAllowed, NotPossible, TooLate
from accessportal.origin import Origin

if TYPE_CHECKING:
    from accessportal.plants.models import Site


@transaction.atomic
def demand_passkeys(
    *, acting_user: User, role: str, site: Site | None, reason: str, origin: Origin
) -> FactorRule:
    """From now on only passkeys count for `role` at `site` (None: at every site).

    Whoever has none sets one up at the next sign-in, or is told so at the next step-up.
    Raises `NotAllowed`, `NotPossible` (no reason, no passkey of one's own) or `TooLate`.
    """
    _guard(acting_user, site, reason)
    if not has_passkey(acting_user):
        # It proves that passkeys work at this address, before others depend on them.
        raise NotPossible(
            _("Set up and try a passkey of your own first."), code="no_passkey"
        )
    if FactorRule.objects.filter(role=role, site=site).exists():
        raise TooLate(_("This is so already."))

    try:
        with transaction.atomic():
            rule: FactorRule = FactorRule.objects.create(
                role=role, site=site, set_by=acting_user, reason=reason.strip()[:500]
            )
    except IntegrityError:
        raise TooLate(_("This is so already.")) from None

    _record(rule, acting_user, reason, origin, only_passkeys=True)
    return rule


@transaction.atomic
def allow_other_factors(
    *, acting_user: User, rule: FactorRule, reason: str, origin: Origin
) -> None:
    """Let authenticator apps count again. Raises `NotAllowed`, `NotPossible`, `TooLate`."""
    _guard(acting_user, rule.site, reason)

    gone, _of_what = FactorRule.objects.filter(pk=rule.pk).delete()
    if not gone:
        raise TooLate

    _record(rule, acting_user, reason, origin, only_passkeys=False)


def may_change_rules(user: User, site: Site | None) -> bool:
    """A rule for every site is for who answers for every site."""
    if site is None:
        return may_everywhere(user, Action.FACTOR_RULES)
    return may(user, Action.FACTOR_RULES, site)


def _guard(acting_user: User, site: Site | None, reason: str) -> None:
    if not may_change_rules(acting_user, site):
        raise NotAllowed
    if not reason.strip():
        raise NotPossible(_("Please say why: the audit trail will need it."))


def _record(
    rule: FactorRule,
    acting_user: User,
    reason: str,
    origin: Origin,
    *,
    only_passkeys: bool,
) -> None:
    audit.record(
        "auth.factor_rule.changed",
        acting_user=acting_user,
        origin=origin,
        site=rule.site,
        reason=reason.strip()[:500],
        role=rule.role,
        only_passkeys=only_passkeys,
    )
