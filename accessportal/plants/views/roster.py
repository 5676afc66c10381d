"""The roster of a site: who is on shift, shifts and exceptions to change, a file to read in."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accessportal.accounts.authorisation import Action, may
from accessportal.accounts.models import User
from accessportal.clock import plant_time
from accessportal.errors import NotKnown, NotPossible, TooLate
from accessportal.origin import origin_of
from accessportal.plants.access import (
    shift_changeable_by,
    shift_exception_changeable_by,
    site_rosterable_by,
    site_visible_to,
)
from accessportal.plants.models import Shift, ShiftException, Site
from accessportal.plants.roster import people_for_roster, roster_of
from accessportal.plants.roster_csv import EXAMPLE, MAX_BYTES, read_roster
from accessportal.plants.roster_forms import (
    RosterFileForm,
    ShiftExceptionForm,
    ShiftForm,
)
from accessportal.plants.services.roster import (
    add_shift,
    change_shift,
    import_roster,
    remove_exception,
    remove_shift,
    seen_of,
    set_exception,
)
from accessportal.plants.wording import shift_words
from accessportal.rate_limits import rate_limited


@require_GET
def roster(request: HttpRequest, slug: str) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    return _page(request, site_visible_to(user, slug))


@require_http_methods(["GET", "POST"])
def shift_new(request: HttpRequest, slug: str) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    return _shift_form(request, site_rosterable_by(user, slug))


@require_http_methods(["GET", "POST"])
def shift_edit(request: HttpRequest, pk: int) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    try:
        shift = shift_changeable_by(user, pk)
    except NotKnown:
        # The form says of which roster it was: who may change that one may know that it is gone.
        if "site" not in request.POST:
            raise
        return _form_of_what_is_gone(
            request, site_rosterable_by(user, request.POST["site"])
        )
    return _shift_form(request, shift.site, shift)


@require_POST
def shift_remove(request: HttpRequest, pk: int) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    try:
        shift = shift_changeable_by(user, pk)
    except NotKnown:
        if "site" not in request.POST:
            raise
        site = site_rosterable_by(user, request.POST["site"])
        messages.info(request, _("Somebody has removed this shift already."))
        return redirect("plants:roster", site.slug)
    remove_shift(shift, acting_user=user, origin=origin_of(request))
    messages.success(request, _("“%(name)s” is removed.") % {"name": shift.name})
    return redirect("plants:roster", shift.site.slug)


@require_http_methods(["GET", "POST"])
def exception_new(request: HttpRequest, slug: str) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    site = site_rosterable_by(user, slug)
    form = ShiftExceptionForm(request.POST or None, site=site)
    if request.method == "POST" and form.is_valid():
        try:
            set_exception(
                form.cleaned_data["shift"],
                day=form.cleaned_data["day"],
                people=form.cleaned_data["people"],
                acting_user=user,
                origin=origin_of(request),
            )
        except NotPossible as error:
            form.add_error(None, str(error.sentence))
        else:
            messages.success(request, _("The roster knows of that day."))
            return redirect("plants:roster", site.slug)
    context = {"form": form, "site": site}
    status = 422 if form.errors else 200
    return render(request, "plants/roster_exception_form.html", context, status=status)


@require_POST
def exception_remove(request: HttpRequest, pk: int) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    exception = shift_exception_changeable_by(user, pk)
    remove_exception(exception, acting_user=user, origin=origin_of(request))
    messages.success(request, _("That day is as every week again."))
    return redirect("plants:roster", exception.shift.site.slug)


@rate_limited("roster-import", times=30, seconds=3600, methods=("POST",))
@require_POST
def roster_import(request: HttpRequest, slug: str) -> HttpResponse:
    """Show what a file would make (`file`); put what was shown in force (`text`)."""
    user: User = request.user  # type: ignore[assignment]
    site = site_rosterable_by(user, slug)
    text = request.POST.get("text", "")
    if text:
        return _put_in_force(request, site, text[:MAX_BYTES])
    form = RosterFileForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, site, file_form=form)
    return _preview(request, site, form.cleaned_data["file"])


def _put_in_force(request: HttpRequest, site: Site, text: str) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    try:
        shifts = import_roster(site, text, acting_user=user, origin=origin_of(request))
    except NotPossible:  # somebody left the site since it was shown
        return _preview(request, site, text)
    messages.success(
        request,
        ngettext(
            "The roster has %(count)d shift now.",
            "The roster has %(count)d shifts now.",
            len(shifts),
        )
        % {"count": len(shifts)},
    )
    return redirect("plants:roster", site.slug)


def _preview(request: HttpRequest, site: Site, text: str) -> HttpResponse:
    read = read_roster(text, people_for_roster(site))
    context = {
        "site": site,
        "read": read,
        "text": text,
        "shifts": [(one, shift_words(one)) for one in read.shifts],
        "replaced": site.shifts.count(),
        "exceptions": [
            (day, one, people)
            for one in read.shifts
            for day, people in sorted(one.exceptions.items())
        ],
    }
    status = 422 if read.mistakes else 200
    return render(request, "plants/roster_preview.html", context, status=status)


def _form_of_what_is_gone(request: HttpRequest, site: Site) -> HttpResponse:
    """What was typed, to be put on the roster as a shift of its own."""
    form = ShiftForm(request.POST, site=site)
    form.add_error(
        None,
        _(
            "Somebody removed this shift meanwhile. What you typed is still here: saved now, it "
            "is a new shift."
        ),
    )
    context = {"form": form, "site": site, "anew": True}
    status = TooLate.status
    return render(request, "plants/roster_shift_form.html", context, status=status)


def _shift_form(
    request: HttpRequest, site: Site, shift: Shift | None = None
) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    initial = None
    if shift is not None:
        initial = {
            "name": shift.name,
            "weekdays": shift.weekdays,
            "begins": shift.begins,
            "ends": shift.ends,
            "people": shift.people.all(),
        }
    form = ShiftForm(request.POST or None, site=site, initial=initial)
    seen = request.POST.get("seen", "")
    if request.method == "GET" and shift is not None:
        seen = seen_of(shift)
    status, theirs = 422, False
    if request.method == "POST" and form.is_valid():
        origin = origin_of(request)
        try:
            if shift is None:
                add_shift(site, form.facts, acting_user=user, origin=origin)
            else:
                change_shift(
                    shift, form.facts, seen=seen, acting_user=user, origin=origin
                )
        except (NotPossible, TooLate) as error:
            form.add_error(None, str(error.sentence))
            status = error.status
            theirs = error.code == "shift_changed"
            if theirs and shift is not None:
                seen = seen_of(shift_changeable_by(user, shift.pk))
        else:
            messages.success(request, _("The shift is on the roster."))
            return redirect("plants:roster", site.slug)
    context = {
        "form": form,
        "site": site,
        "shift": shift,
        "seen": seen,
        "theirs": theirs,
    }
    status = status if form.errors else 200
    return render(request, "plants/roster_shift_form.html", context, status=status)


def _page(request: HttpRequest, site: Site, **forms: Any) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    may_change = may(user, Action.ROSTER_CHANGE, site)
    today = plant_time(timezone.now(), site.time_zone).date()
    context = {
        "site": site,
        "roster": roster_of(site),
        "shifts": [
            (shift, shift_words(shift))
            for shift in site.shifts.prefetch_related("people")
        ],
        "exceptions": ShiftException.objects.filter(shift__site=site, date__gte=today)
        .select_related("shift")
        .prefetch_related("people"),
        "may_change": may_change,
        "file_form": RosterFileForm() if may_change else None,
        "example": EXAMPLE.format(address=user.email),
        **forms,
    }
    wrong = any(form.errors for form in forms.values())
    return render(request, "plants/roster.html", context, status=422 if wrong else 200)
