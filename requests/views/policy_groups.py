"""The named groups that the approval policy asks: who is in which."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accessportal.accounts.models import User
from accessportal.accounts.stepup import require_fresh_factor
from accessportal.errors import NotPossible, TooLate
from accessportal.origin import origin_of
from requests.access_policy import (
    group_changed_by,
    member_changed_by,
    policy_changed_by,
)
from requests.forms_policy import GroupForm, GroupMemberForm
from requests.models import ApproverGroup
from requests.services.policy import add_group, add_to_group, remove_from_group


@require_GET
def groups(request: HttpRequest) -> HttpResponse:
    """All groups with their people, and what an administrator may do with them."""
    policy_changed_by(request.user)  # type: ignore[arg-type]
    return _page(request)


@require_POST
@require_fresh_factor
def new_group(request: HttpRequest) -> HttpResponse:
    user = policy_changed_by(request.user)  # type: ignore[arg-type]
    form = GroupForm(request.POST)
    if form.is_valid():
        try:
            add_group(acting_user=user, origin=origin_of(request), **form.cleaned_data)
        except NotPossible as problem:
            form.add_error(None, str(problem))
        else:
            return redirect("policy:groups")
    return _page(request, form=form)


@require_POST
@require_fresh_factor
def add_person(request: HttpRequest, pk: int) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    group = group_changed_by(user, pk)
    form = GroupMemberForm(request.POST)
    if form.is_valid():
        try:
            add_to_group(
                group,
                acting_user=user,
                origin=origin_of(request),
                **form.cleaned_data,
            )
        except (NotPossible, TooLate) as problem:
            form.add_error(None, str(problem))
        else:
            return redirect("policy:groups")
    return _page(request, member_form=form, at=group.pk)


@require_POST
def remove_person(request: HttpRequest, pk: int) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    member = member_changed_by(user, pk)
    remove_from_group(
        member,
        acting_user=user,
        origin=origin_of(request),
        reason=request.POST.get("reason", ""),
    )
    messages.success(
        request,
        _("%(name)s is not asked as one of %(group)s any more.")
        % {"name": member.person, "group": member.group},
    )
    return redirect("policy:groups")


def _page(
    request: HttpRequest,
    *,
    form: GroupForm | None = None,
    member_form: GroupMemberForm | None = None,
    at: int | None = None,
) -> HttpResponse:
    rows = [
        {
            "group": group,
            "form": member_form
            if member_form is not None and at == group.pk
            else GroupMemberForm(auto_id=f"id_{group.pk}_%s"),
        }
        for group in ApproverGroup.objects.prefetch_related("members__person")
    ]
    bad = form is not None or member_form is not None
    context = {"rows": rows, "form": form or GroupForm()}
    return render(
        request, "requests/policy_groups.html", context, status=422 if bad else 200
    )
