"""Reading the approval policy: what is in force, its versions, and what would happen."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from accessportal.accounts.models import User
from accessportal.plants.wording import weekdays_words
from requests.access_policy import (
    may_change_policy,
    policy_seen_by,
    version_visible_to,
)
from requests.demanded import policy_in_force
from requests.forms_policy import WouldForm
from requests.models import ApprovalPolicy, ApproverGroup, PolicyDraft
from requests.policy.difference import Difference, differences
from requests.policy.reading import rules_from
from requests.policy.rules import Rule
from requests.policy.trials import Outcome, trials_from
from requests.policy_words import Names, limit_words
from requests.trying import outcomes_of, what_would_happen

VERSIONS_SHOWN = 20


@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    """The rules in force, their examples, what would happen, and who is in which group."""
    user: User = policy_seen_by(request.user)  # type: ignore[arg-type]
    policy = policy_in_force()
    rules = rules_from(policy.rules) if policy else ()
    names = Names(user)
    context: dict[str, Any] = {
        "policy": policy,
        "rules": [names.rule(rule) for rule in rules],
        "outcomes": trial_rows(
            outcomes_of(trials_from(policy.wishes), rules) if policy else [], names
        ),
        "versions": ApprovalPolicy.objects.select_related("made_by")[:VERSIONS_SHOWN],
        "groups": ApproverGroup.objects.prefetch_related("members__person"),
        "may_change": may_change_policy(user),
        "draft": PolicyDraft.objects.select_related("changed_by").first(),
        **what_would(request, rules),
    }
    return render(request, "requests/policy.html", context)


@require_GET
def version(request: HttpRequest, number: int) -> HttpResponse:
    """One version, and what it changed."""
    user: User = request.user  # type: ignore[assignment]
    policy = version_visible_to(user, number)
    before = ApprovalPolicy.objects.filter(version=number - 1).first()
    names = Names(user)
    rules = rules_from(policy.rules)
    context = {
        "policy": policy,
        "rules": [names.rule(rule) for rule in rules],
        "changes": change_rows(
            rules_from(before.rules) if before else (), rules, names
        ),
    }
    return render(request, "requests/policy_version.html", context)


def what_would(request: HttpRequest, rules: tuple[Rule, ...]) -> dict[str, Any]:
    """The form of an imagined wish, and what would come of it once it is filled in."""
    asked = "asset" in request.GET
    form = WouldForm(request.user, request.GET if asked else None)  # type: ignore[arg-type]
    if not asked or not form.is_valid():
        return {"would_form": form, "would": None}
    data = form.cleaned_data
    would = what_would_happen(
        rules,
        asset=data["asset"],
        vendor=data["vendor"],
        permission=data["permission"],
        start=data["start_at"],
        end=data["end_at"],
        emergency=data["emergency"],
    )
    return {
        "would_form": form,
        "would": would,
        "would_limits": limit_words(would.demands),
        "would_site": data["asset"].zone.site,
    }


def change_rows(
    before: tuple[Rule, ...], now: tuple[Rule, ...], names: Names
) -> list[dict[str, Any]]:
    """What is different, in words: lines that went, and lines that came."""
    return [_change_row(change, names) for change in differences(before, now)]


def _change_row(change: Difference, names: Names) -> dict[str, Any]:
    old = _lines(change.before, names)
    new = _lines(change.now, names)
    return {
        "name": change.name,
        "kind": change.kind,
        "gone": [line for line in old if line not in new],
        "come": [line for line in new if line not in old],
    }


def _lines(rule: Rule | None, names: Names) -> list[str]:
    if rule is None:
        return []
    words = names.rule(rule)
    return [*words.when, *words.then]


MISSED = {
    "people": gettext_lazy("another number of people"),
    "in_order": gettext_lazy("in another order"),
    "passkey": gettext_lazy("otherwise with the passkey"),
    "attendance": gettext_lazy("otherwise with attendance"),
}
"""In what an example came out otherwise than was expected."""


def trial_rows(outcomes: list[Outcome], names: Names) -> list[dict[str, Any]]:
    """The test table: each example, what came of it, and what was expected."""
    return [
        {
            "outcome": one,
            "asset": names.assets.get(one.trial.asset, "–"),
            "day": weekdays_words(str(one.trial.weekday)),
            "vendor": names.vendors.get(one.trial.vendor, "–"),
            "asks": ", ".join(sorted(names.who(who) for who in one.asks)),
            "expected": ", ".join(sorted(names.who(who) for who in one.trial.asks)),
            "missed": [MISSED[name] for name in one.missed],
        }
        for one in outcomes
    ]
