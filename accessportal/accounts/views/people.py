"""People, for who looks after them: the list, one person, the joiner and the mover."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accessportal.accounts.access import (
    colleague_invitation_revocable_by,
    employees_invitable_by,
    grant_revocable_by,
    people_visible_to,
    person_manageable_by,
    person_movable_by,
    person_visible_to,
)
from accessportal.accounts.authorisation import Action, may
from accessportal.accounts.factors import recovery_codes_left
from accessportal.accounts.forms_people import (
    AccessEndForm,
    GrantRoleForm,
    InviteEmployeeForm,
)
from accessportal.accounts.listing import people_as_wanted
from accessportal.accounts.models import RoleGrant, User
from accessportal.accounts.parking import is_parked, last_use, parks_at
from accessportal.accounts.services.employees import (
    grant_role,
    invite_employee,
    revoke_role,
    set_access_end,
)
from accessportal.accounts.services.invitations import revoke_invitation
from accessportal.accounts.standing import may_grant_at, may_manage
from accessportal.accounts.stepup import require_fresh_factor
from accessportal.audit.events import EVENTS
from accessportal.audit.models import AuditEvent
from accessportal.errors import NotPossible, TooLate
from accessportal.origin import origin_of

PAGE_SIZE = 25
HISTORY_SHOWN = 20


@require_GET
def people_list(request: HttpRequest) -> HttpResponse:
    """Everybody, found and sorted by the URL."""
    user: User = request.user  # type: ignore[assignment]
    now = timezone.now()
    people = people_as_wanted(people_visible_to(user), request.GET, at=now)
    may_invite = may(user, Action.PEOPLE_CHANGE)
    invitations = employees_invitable_by(user) if may_invite else None
    context = {
        "page": Paginator(people, PAGE_SIZE).get_page(request.GET.get("page")),
        "roles": RoleGrant.Role.choices,
        "may_invite": may_invite,
        "invitations": invitations
        and invitations.filter(accepted_at__isnull=True)
        .select_related("invited_by")
        .prefetch_related("roles__site")[:20],
        "now": now,
    }
    return render(request, "accounts/people_list.html", context)


@require_GET
def person_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One person: access, roles, use, and what happened to them here."""
    user: User = request.user  # type: ignore[assignment]
    return show_person(request, person_visible_to(user, pk))


def show_person(
    request: HttpRequest,
    person: User,
    *,
    grant_form: GrantRoleForm | None = None,
    end_form: AccessEndForm | None = None,
    status: int = 200,
) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    oneself = person.pk == user.pk
    moves = may(user, Action.PEOPLE_CHANGE) and person.vendor_id is None and not oneself
    manages = may_manage(user, person) and not oneself
    grants = [
        (grant, moves and may_grant_at(user, grant.site_id))
        for grant in person.role_grants.select_related("site", "granted_by")
    ]
    context: dict[str, Any] = {
        "one": person,
        "oneself": oneself,
        "grants": grants,
        "moves": moves and person.disabled_at is None,
        "manages": manages,
        "pseudonymises": manages and may(user, Action.PEOPLE_CHANGE),
        "grant_form": grant_form or GrantRoleForm(acting_user=user),
        "end_form": end_form
        or AccessEndForm(initial={"expires_at": person.expires_at}),
        "last_use": last_use(person),
        "parks_at": parks_at(person),
        "parked": is_parked(person),
        "codes_left": recovery_codes_left(person),
        "sponsored": person.sponsored_vendors.order_by("name"),
        "history": history_of(person),
        "now": timezone.now(),
    }
    return render(request, "accounts/person_detail.html", context, status=status)


def history_of(person: User) -> list[AuditEvent]:
    """What was done with this account, the newest first; not what the person did."""
    found = list(
        AuditEvent.objects.filter(object_type="user", object_id=str(person.pk))
        .exclude(event__startswith="auth.login")
        .exclude(event__startswith="auth.stepup")
        .exclude(event="auth.logout")
        .order_by("-recorded_at")[:HISTORY_SHOWN]
    )
    for event in found:
        event.sentence = EVENTS[event.event].sentence  # type: ignore[attr-defined]
    return found


@require_http_methods(["GET", "POST"])
@require_fresh_factor
def invite(request: HttpRequest) -> HttpResponse:
    """The joiner: invited by mail, with the roles that the account will have."""
    user: User = request.user  # type: ignore[assignment]
    employees_invitable_by(user)
    form = InviteEmployeeForm(request.POST or None, acting_user=user)
    if request.method == "POST" and form.is_valid():
        try:
            invited = invite_employee(
                acting_user=user, **form.cleaned_data, origin=origin_of(request)
            )
        except NotPossible as error:
            fields = {"account_exists": "email", "end_passed": "access_expires_at"}
            form.add_error(fields.get(error.code), str(error))
        else:
            messages.success(
                request,
                _("The invitation is on its way to %(email)s.")
                % {"email": invited.email},
            )
            return redirect("accounts:people")
    return render(
        request,
        "accounts/employee_invite.html",
        {"form": form},
        status=422 if form.errors else 200,
    )


@require_POST
def take_invitation_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Make the link of a colleague's invitation worthless."""
    user: User = request.user  # type: ignore[assignment]
    invitation = colleague_invitation_revocable_by(user, pk)
    revoke_invitation(
        acting_user=user, invitation=invitation, origin=origin_of(request)
    )
    messages.success(
        request,
        _("The invitation of %(email)s is taken back; its link does not work any more.")
        % {"email": invitation.email},
    )
    return redirect("accounts:people")


@require_POST
@require_fresh_factor
def grant(request: HttpRequest, pk: int) -> HttpResponse:
    """The mover gets a role."""
    user: User = request.user  # type: ignore[assignment]
    person = person_movable_by(user, pk)
    form = GrantRoleForm(request.POST, acting_user=user)
    if form.is_valid():
        try:
            grant_role(
                acting_user=user,
                person=person,
                **form.cleaned_data,
                origin=origin_of(request),
            )
        except (NotPossible, TooLate) as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The role is granted, from now on."))
            return redirect("accounts:person", pk=pk)
    return show_person(request, person, grant_form=form, status=422)


@require_POST
@require_fresh_factor
def revoke(request: HttpRequest, pk: int, grant_pk: int) -> HttpResponse:
    """The mover loses a role."""
    user: User = request.user  # type: ignore[assignment]
    revoke_role(
        acting_user=user,
        grant=grant_revocable_by(user, pk, grant_pk),
        reason=request.POST.get("reason", ""),
        origin=origin_of(request),
    )
    messages.success(request, _("The role is taken away, from now on."))
    return redirect("accounts:person", pk=pk)


@require_POST
@require_fresh_factor
def access_end(request: HttpRequest, pk: int) -> HttpResponse:
    """Until when the access is good."""
    user: User = request.user  # type: ignore[assignment]
    person = person_manageable_by(user, pk)
    form = AccessEndForm(request.POST)
    if form.is_valid():
        try:
            set_access_end(
                acting_user=user,
                person=person,
                **form.cleaned_data,
                origin=origin_of(request),
            )
        except NotPossible as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The last day of access is saved."))
            return redirect("accounts:person", pk=pk)
    return show_person(request, person, end_form=form, status=422)
