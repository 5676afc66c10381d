"""Which second factors count, for whom and where; and how long people stay signed in."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accessportal.accounts.access import (
    factor_rule_changeable_by,
    factor_rules_visible_to,
)
from accessportal.accounts.factors import has_passkey
from accessportal.accounts.forms import FactorRuleForm
from accessportal.accounts.limits import SHARED_COMPUTER, limits_table
from accessportal.accounts.models import FactorRule, User
from accessportal.accounts.passkeys import passkeys_possible
from accessportal.accounts.services.factor_rules import (
    allow_other_factors,
    demand_passkeys,
    may_change_rules,
)
from accessportal.accounts.stepup import require_fresh_factor
from accessportal.errors import NotPossible, TooLate
from accessportal.origin import origin_of


@require_GET
def rules(request: HttpRequest) -> HttpResponse:
    """The rules, who needs a passkey by them, and the limits of web sessions."""
    user: User = request.user  # type: ignore[assignment]
    return show_rules(request, FactorRuleForm(user=user))


@require_POST
@require_fresh_factor
def demand(request: HttpRequest) -> HttpResponse:
    """From now on only passkeys count for a role."""
    user: User = request.user  # type: ignore[assignment]
    factor_rules_visible_to(user)
    form = FactorRuleForm(request.POST, user=user)
    if not form.is_valid():
        return show_rules(request, form, status=422)
    try:
        rule = demand_passkeys(
            acting_user=user, **form.cleaned_data, origin=origin_of(request)
        )
    except (NotPossible, TooLate) as error:
        form.add_error(None, str(error.sentence))
        return show_rules(request, form, status=error.status)
    messages.success(
        request,
        _("Only passkeys count now: %(rule)s. Who has none is led to set one up.")
        % {"rule": rule},
    )
    return redirect("accounts:factor_rules")


@require_POST
@require_fresh_factor
def allow(request: HttpRequest, pk: int) -> HttpResponse:
    """Authenticator apps count again for a role."""
    user: User = request.user  # type: ignore[assignment]
    rule = factor_rule_changeable_by(user, pk)
    allow_other_factors(
        acting_user=user,
        rule=rule,
        reason=request.POST.get("reason", ""),
        origin=origin_of(request),
    )
    messages.success(
        request, _("Authenticator apps count again: %(rule)s.") % {"rule": rule}
    )
    return redirect("accounts:factor_rules")


def show_rules(
    request: HttpRequest, form: FactorRuleForm, status: int = 200
) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    rules = [
        {"rule": rule, "mine": may_change_rules(user, rule.site)}
        for rule in factor_rules_visible_to(user)
    ]
    words = {**dict(FactorRule.Who.choices), SHARED_COMPUTER: _("On a shared computer")}
    context = {
        "rules": rules,
        "form": form,
        "has_passkey": has_passkey(user),
        "passkeys_possible": passkeys_possible(),
        "limits": [
            {
                "who": words[role],
                "idle": int(limits.idle.total_seconds() // 60),
                "absolute": int(limits.absolute.total_seconds() // 3600),
            }
            for role, limits in limits_table().items()
        ],
    }
    return render(request, "accounts/factor_rules.html", context, status=status)
