"""Changing the approval policy: the draft, its rules and examples, and putting it in force."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accessportal.accounts.models import User
from accessportal.accounts.stepup import require_fresh_factor
from accessportal.errors import NotKnown, NotPossible, TooLate
from accessportal.origin import origin_of
from requests.access_policy import policy_changed_by
from requests.demanded import policy_in_force
from requests.forms_policy import (
    RuleForm,
    StepForms,
    TrialForm,
    initial_of_rule,
    initial_of_steps,
)
from requests.policy.reading import BadRule, rules_from
from requests.policy.rules import Rule
from requests.policy_words import Names
from requests.services.policy import (
    change_draft,
    discard_draft,
    draft_now,
    put_in_force,
    read_draft,
)
from requests.trying import outcomes_of
from requests.views.policy import change_rows, trial_rows, what_would


@require_GET
def draft(request: HttpRequest) -> HttpResponse:
    """The draft: its rules, what it changes, its examples, and what would happen under it."""
    policy_changed_by(request.user)  # type: ignore[arg-type]
    return _page(request)


@require_http_methods(["GET", "POST"])
def rule(request: HttpRequest, index: int | None = None) -> HttpResponse:
    """Add a rule to the draft, or change the one at `index`."""
    user = policy_changed_by(request.user)  # type: ignore[arg-type]
    rules, _trials = read_draft(draft_now())
    known = _at(rules, index) if index is not None else None
    form = RuleForm(
        request.POST or None, initial=initial_of_rule(known) if known else {}
    )
    steps = StepForms(
        request.POST or None,
        initial=initial_of_steps(known.then.steps) if known else [],
        prefix="steps",
    )
    if request.method == "POST" and form.is_valid() and steps.is_valid():
        try:
            made = form.rule([one for part in steps if (one := part.step())])
            changed = (
                [*rules[:index], made, *rules[index + 1 :]]
                if known and (index is not None)
                else [*rules, made]
            )
            change_draft(acting_user=user, rules=changed)
        except (BadRule, NotPossible) as problem:
            form.add_error(None, str(problem))
        else:
            return redirect("policy:draft")
    context = {"form": form, "steps": steps, "known": known, "index": index}
    status = 422 if request.method == "POST" else 200
    return render(request, "requests/policy_rule.html", context, status=status)


@require_POST
def remove_rule(request: HttpRequest, index: int) -> HttpResponse:
    user = policy_changed_by(request.user)  # type: ignore[arg-type]
    rules, _trials = read_draft(draft_now())
    gone = _at(rules, index)
    change_draft(acting_user=user, rules=[one for one in rules if one is not gone])
    return redirect("policy:draft")


@require_http_methods(["GET", "POST"])
def trial(request: HttpRequest) -> HttpResponse:
    """Add an example to the draft's test table."""
    user = policy_changed_by(request.user)  # type: ignore[arg-type]
    form = TrialForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        _rules, trials = read_draft(draft_now())
        try:
            change_draft(acting_user=user, trials=[*trials, form.trial()])
        except (BadRule, NotPossible) as problem:
            form.add_error(None, str(problem))
        else:
            return redirect("policy:draft")
    status = 422 if request.method == "POST" else 200
    return render(request, "requests/policy_trial.html", {"form": form}, status=status)


@require_POST
def remove_trial(request: HttpRequest, index: int) -> HttpResponse:
    user = policy_changed_by(request.user)  # type: ignore[arg-type]
    _rules, trials = read_draft(draft_now())
    if not 0 <= index < len(trials):
        raise NotKnown
    change_draft(acting_user=user, trials=[*trials[:index], *trials[index + 1 :]])
    return redirect("policy:draft")


@require_POST
def discard(request: HttpRequest) -> HttpResponse:
    discard_draft(acting_user=policy_changed_by(request.user))  # type: ignore[arg-type]
    messages.success(request, _("The draft is discarded. What is in force stays."))
    return redirect("policy:overview")


@require_POST
@require_fresh_factor
def enforce(request: HttpRequest) -> HttpResponse:
    """Put the draft in force."""
    user = policy_changed_by(request.user)  # type: ignore[arg-type]
    try:
        policy = put_in_force(
            acting_user=user,
            origin=origin_of(request),
            reason=request.POST.get("reason", ""),
            acknowledged="acknowledged" in request.POST,
        )
    except (NotPossible, TooLate) as problem:
        return _page(request, problem=problem)
    messages.success(
        request,
        _("%(version)s is in force. It holds for requests that are sent from now on.")
        % {"version": policy},
    )
    return redirect("policy:overview")


def _page(
    request: HttpRequest, *, problem: NotPossible | TooLate | None = None
) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    policy_changed_by(user)
    shown = draft_now()
    rules, trials = read_draft(shown)
    in_force = policy_in_force()
    names = Names(user)
    outcomes = outcomes_of(trials, rules)
    context: dict[str, Any] = {
        "draft": shown,
        "begun": shown.pk is not None,
        "outdated": shown.based_on != (in_force.version if in_force else 0),
        "rules": [names.rule(one) for one in rules],
        "changes": change_rows(
            rules_from(in_force.rules) if in_force else (), rules, names
        ),
        "outcomes": trial_rows(outcomes, names),
        "failing": any(not one.passed for one in outcomes),
        "problem": problem,
        "typed_reason": request.POST.get("reason", ""),
        **what_would(request, rules),
    }
    status = problem.status if problem is not None else 200
    return render(request, "requests/policy_draft.html", context, status=status)


def _at(rules: tuple[Rule, ...], index: int) -> Rule:
    if not 0 <= index < len(rules):
        raise NotKnown
    return rules[index]
