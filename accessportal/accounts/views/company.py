"""A vendor's coordinator looks after the company's own people, and nobody else's."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accessportal.accounts.access import company_of, own_invitation_revocable_by
from accessportal.accounts.forms import InvitePersonForm
from accessportal.accounts.models import User
from accessportal.accounts.services.attestation import (
    attest_staff,
    attestation_state,
    people_to_attest,
)
from accessportal.accounts.services.invitations import invite_person, revoke_invitation
from accessportal.accounts.stepup import require_fresh_factor
from accessportal.accounts.to_renew import to_renew
from accessportal.errors import NotPossible
from accessportal.origin import origin_of


@require_GET
def company(request: HttpRequest) -> HttpResponse:
    """Who of us has access, who must renew, what waits, and the list of the month."""
    user: User = request.user  # type: ignore[assignment]
    vendor = company_of(user)
    now = timezone.now()
    people = people_to_attest(vendor)
    for person in people:
        person.vendor = vendor  # one row for all of them: no query for each
        person.renew = to_renew(person, at=now)  # type: ignore[attr-defined]
    context = {
        "vendor": vendor,
        "people": people,
        "former": vendor.people.filter(disabled_at__isnull=False).order_by(
            "-disabled_at"
        )[:10],
        "invitations": vendor.invitations.select_related("invited_by").filter(
            accepted_at__isnull=True
        )[:20],
        "attestation": attestation_state(vendor, at=now),
        "now": now,
    }
    return render(request, "accounts/company.html", context)


@require_http_methods(["GET", "POST"])
def invite(request: HttpRequest) -> HttpResponse:
    """Invite a colleague; the sponsor at the plant confirms them."""
    user: User = request.user  # type: ignore[assignment]
    vendor = company_of(user)
    form = InvitePersonForm(request.POST or None, initial={"language": user.language})
    if request.method == "POST" and form.is_valid():
        try:
            invited = invite_person(
                acting_user=user,
                vendor=vendor,
                **form.cleaned_data,
                origin=origin_of(request),
            )
        except NotPossible as error:
            form.add_error("email", str(error))
        else:
            messages.success(
                request,
                _("The invitation is on its way to %(email)s.")
                % {"email": invited.email},
            )
            return redirect("accounts:company")
    context = {"vendor": vendor, "form": form}
    return render(
        request,
        "accounts/company_invite.html",
        context,
        status=422 if form.errors else 200,
    )


@require_POST
def take_invitation_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Make an open invitation's link worthless."""
    user: User = request.user  # type: ignore[assignment]
    invitation = own_invitation_revocable_by(user, pk)
    revoke_invitation(
        acting_user=user, invitation=invitation, origin=origin_of(request)
    )
    messages.success(
        request,
        _("The invitation of %(email)s is taken back; its link does not work any more.")
        % {"email": invitation.email},
    )
    return redirect("accounts:company")


@require_POST
@require_fresh_factor
def attest(request: HttpRequest) -> HttpResponse:
    """Everybody on the list still works for us."""
    user: User = request.user  # type: ignore[assignment]
    vendor = company_of(user)
    seen = [int(pk) for pk in request.POST.getlist("person") if pk.isdecimal()]
    attest_staff(acting_user=user, vendor=vendor, seen=seen, origin=origin_of(request))
    messages.success(request, _("Thank you. The plant sees the list as it is now."))
    return redirect("accounts:company")
