"""Vendors and their people, for the plant."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accessportal.accounts.access import (
    assets_visible_to,
    invitation_revocable_by,
    person_disablable_by,
    vendor_invitable_by,
    vendor_suspendable_by,
    vendor_visible_to,
    vendors_visible_to,
)
from accessportal.accounts.authorisation import Action, may
from accessportal.accounts.forms import InvitePersonForm
from accessportal.accounts.models import User
from accessportal.accounts.services.attestation import attestation_state
from accessportal.accounts.services.invitations import invite_person, revoke_invitation
from accessportal.accounts.services.people import disable_person, reactivate_person
from accessportal.accounts.services.vendor_limits import change_session_limit
from accessportal.accounts.stepup import require_fresh_factor
from accessportal.accounts.to_renew import to_renew
from accessportal.accounts.vendor_rights import (
    may_invite,
    may_report_leaver,
    may_suspend,
    may_vouch,
)
from accessportal.errors import NotPossible
from accessportal.origin import origin_of
from accessportal.rate_limits import rate_limited

PAGE_SIZE = 25
SORTED_BY = ("name", "contract_ends_at", "active_people")
SORTS = {*SORTED_BY, *(f"-{name}" for name in SORTED_BY)}


@require_GET
def vendor_list(request: HttpRequest) -> HttpResponse:
    """All vendors: search `q`, `state` (active, not_active), `sort`, `page`."""
    user: User = request.user  # type: ignore[assignment]
    vendors = vendors_visible_to(user)
    # PostgreSQL refuses NUL in a text; nobody types one on purpose.
    search = request.GET.get("q", "").replace("\x00", "").strip()[:200]
    if search:
        vendors = vendors.filter(name__icontains=search)
    now = timezone.now()
    if request.GET.get("state") == "active":
        vendors = vendors.filter(suspended_at__isnull=True, contract_ends_at__gt=now)
    elif request.GET.get("state") == "not_active":
        vendors = vendors.exclude(suspended_at__isnull=True, contract_ends_at__gt=now)
    sort = request.GET.get("sort", "")
    vendors = vendors.order_by(sort if sort in SORTS else "name", "pk")
    page = Paginator(vendors, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(
        request,
        "accounts/vendor_list.html",
        {"page": page, "may_add": may(user, Action.VENDOR_CHANGE)},
    )


@require_GET
def vendor_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """One vendor: its people, open and past invitations, the machines it services."""
    user: User = request.user  # type: ignore[assignment]
    vendor = vendor_visible_to(user, slug)
    now = timezone.now()
    people = list(
        vendor.people.select_related("vendor", "disabled_by").order_by("full_name")
    )
    for one in people:
        one.renew = to_renew(one, at=now)  # type: ignore[attr-defined]
    context = {
        "vendor": vendor,
        "people": people,
        "sites": vendor.sites.all(),
        "attestation": attestation_state(vendor, at=now),
        "invitations": vendor.invitations.select_related("invited_by").filter(
            accepted_at__isnull=True
        )[:20],
        "assets": assets_visible_to(user, vendor),
        "may_invite": may_invite(user, vendor) and vendor.active,
        "may_report": may_report_leaver(user, vendor),
        "may_disable": may_suspend(user, vendor),
        "may_change": may(user, Action.VENDOR_CHANGE),
        "may_vouch": may_vouch(user, vendor),
        "now": now,
    }
    return render(request, "accounts/vendor_detail.html", context)


@rate_limited("invite", times=60, seconds=3600, methods=("POST",))
@require_http_methods(["GET", "POST"])
def invite(request: HttpRequest, slug: str) -> HttpResponse:
    """Invite one person of the vendor by mail."""
    user: User = request.user  # type: ignore[assignment]
    vendor = vendor_invitable_by(user, slug)
    form = InvitePersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            invited = invite_person(
                acting_user=user,
                vendor=vendor,
                **form.cleaned_data,
                origin=origin_of(request),
            )
        except NotPossible as error:
            form.add_error(
                None if error.code == "vendor_not_active" else "email", str(error)
            )
        else:
            messages.success(
                request,
                _("The invitation is on its way to %(email)s.")
                % {"email": invited.email},
            )
            return redirect("accounts:vendor", slug=vendor.slug)
    context = {"vendor": vendor, "form": form}
    return render(
        request,
        "accounts/vendor_invite.html",
        context,
        status=422 if form.errors else 200,
    )


@require_POST
@require_fresh_factor
def session_limit(request: HttpRequest, slug: str) -> HttpResponse:
    """How many of the vendor's people may be connected at a time."""
    user: User = request.user  # type: ignore[assignment]
    vendor = vendor_suspendable_by(user, slug)
    typed = request.POST.get("most", "")
    vendor = change_session_limit(
        vendor,
        most=int(typed) if typed.isdecimal() and len(typed) < 6 else 0,
        acting_user=user,
        origin=origin_of(request),
    )
    messages.success(
        request,
        _("%(vendor)s: at most %(most)s sessions at a time.")
        % {"vendor": vendor, "most": vendor.max_sessions},
    )
    return redirect("accounts:vendor", slug=slug)


@require_POST
def take_invitation_back(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Make an open invitation's link worthless."""
    user: User = request.user  # type: ignore[assignment]
    invitation = invitation_revocable_by(user, slug, pk)
    revoke_invitation(
        acting_user=user, invitation=invitation, origin=origin_of(request)
    )
    messages.success(
        request,
        _("The invitation of %(email)s is taken back; its link does not work any more.")
        % {"email": invitation.email},
    )
    return redirect("accounts:vendor", slug=slug)


@require_POST
def disable(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """End a person's access. No fresh factor: stopping must be fast."""
    user: User = request.user  # type: ignore[assignment]
    person = person_disablable_by(user, slug, pk)
    disable_person(
        acting_user=user,
        person=person,
        reason=request.POST.get("reason", ""),
        origin=origin_of(request),
    )
    messages.success(
        request, _("The access of %(person)s has ended.") % {"person": person.full_name}
    )
    return redirect("accounts:vendor", slug=slug)


@require_POST
@require_fresh_factor
def reactivate(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Give a person access again."""
    user: User = request.user  # type: ignore[assignment]
    person = person_disablable_by(user, slug, pk)
    reactivate_person(
        acting_user=user,
        person=person,
        reason=request.POST.get("reason", ""),
        origin=origin_of(request),
    )
    messages.success(
        request, _("%(person)s has access again.") % {"person": person.full_name}
    )
    return redirect("accounts:vendor", slug=slug)
