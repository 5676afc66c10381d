"""One person of a vendor, as the plant sees them: confirm, name coordinator, note dates."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accessportal.accounts.access import person_vouchable_by, vendor_person_visible_to
from accessportal.accounts.forms import PersonDatesForm
from accessportal.accounts.models import User
from accessportal.accounts.services.vendor_people import (
    confirm_person,
    dismiss_coordinator,
    name_coordinator,
    note_callback_number,
    note_dates,
)
from accessportal.accounts.stepup import require_fresh_factor
from accessportal.accounts.vendor_rights import (
    may_report_leaver,
    may_suspend,
    may_vouch,
)
from accessportal.errors import NotPossible
from accessportal.origin import origin_of


@require_GET
def person(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Who it is, what is on record, and what may be done about it."""
    user: User = request.user  # type: ignore[assignment]
    found = vendor_person_visible_to(user, slug, pk)
    return _page(request, found, PersonDatesForm(person=found))


@require_POST
@require_fresh_factor
def dates(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Note until when access, training and agreement are good."""
    user: User = request.user  # type: ignore[assignment]
    found = person_vouchable_by(user, slug, pk)
    form = PersonDatesForm(request.POST, person=found)
    if form.is_valid():
        try:
            note_dates(
                acting_user=user,
                person=found,
                dates=form.dates(),
                origin=origin_of(request),
            )
        except NotPossible as error:
            about = {"expires_in_the_past": "expires_at", "nda_dates": "nda_expires_at"}
            form.add_error(about.get(error.code, "nda_signed_at"), str(error))
        else:
            messages.success(request, _("The dates are saved."))
            return redirect("accounts:vendor_person", slug=slug, pk=pk)
    return _page(request, found, form, status=422)


@require_POST
@require_fresh_factor
def callback_number(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """At which number the plant calls this person back; never theirs to say."""
    user: User = request.user  # type: ignore[assignment]
    note_callback_number(
        acting_user=user,
        person=person_vouchable_by(user, slug, pk),
        number=request.POST.get("number", "")[:80],
        origin=origin_of(request),
    )
    messages.success(request, _("The number is noted. It counts in 24 hours."))
    return redirect("accounts:vendor_person", slug=slug, pk=pk)


@require_POST
@require_fresh_factor
def confirm(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """This is the person who was invited."""
    user: User = request.user  # type: ignore[assignment]
    found = confirm_person(
        acting_user=user,
        person=person_vouchable_by(user, slug, pk),
        origin=origin_of(request),
    )
    messages.success(
        request,
        _("%(person)s is confirmed and can ask for access.") % {"person": found},
    )
    return redirect("accounts:vendor_person", slug=slug, pk=pk)


@require_POST
@require_fresh_factor
def coordinator(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Let this person look after the company's own people."""
    user: User = request.user  # type: ignore[assignment]
    found = name_coordinator(
        acting_user=user,
        person=person_vouchable_by(user, slug, pk),
        origin=origin_of(request),
    )
    messages.success(
        request,
        _("%(person)s is coordinator of %(vendor)s now.")
        % {"person": found, "vendor": found.vendor},
    )
    return redirect("accounts:vendor_person", slug=slug, pk=pk)


@require_POST
def no_coordinator(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Take the company's page away again. No fresh factor: taking away is fast."""
    user: User = request.user  # type: ignore[assignment]
    found = dismiss_coordinator(
        acting_user=user,
        person=person_vouchable_by(user, slug, pk),
        origin=origin_of(request),
    )
    messages.success(
        request, _("%(person)s is no coordinator any more.") % {"person": found}
    )
    return redirect("accounts:vendor_person", slug=slug, pk=pk)


def _page(
    request: HttpRequest, found: User, form: PersonDatesForm, status: int = 200
) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    vendor = found.vendor
    assert vendor is not None  # the guards fetch a vendor's people only
    now = timezone.now()
    context = {
        "person": found,
        "vendor": vendor,
        "form": form,
        "may_vouch": may_vouch(user, vendor),
        "may_report": may_report_leaver(user, vendor),
        "may_disable": may_suspend(user, vendor),
        "nda_missing": found.nda_missing_at(now),
        "invitation": getattr(found, "invitation", None),
        "now": now,
    }
    return render(request, "accounts/vendor_person.html", context, status=status)
