"""The calendars of a site: what came out of them, a file or an address to add, giving one up."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from accessportal.accounts.authorisation import Action, may
from accessportal.accounts.models import User
from accessportal.errors import NotPossible
from accessportal.origin import origin_of
from accessportal.plants.access import (
    calendar_visible_to,
    may_freeze,
    site_changeable_by,
    site_freezable_by,
    site_visible_to,
)
from accessportal.plants.calendar_forms import CalendarFeedForm, CalendarFileForm
from accessportal.plants.models import Site
from accessportal.plants.services.calendars import (
    add_feed,
    import_file,
    remove_source,
)
from accessportal.rate_limits import rate_limited


@require_GET
def calendar_list(request: HttpRequest, slug: str) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    return _page(request, site_visible_to(user, slug))


@rate_limited("calendar-import", times=30, seconds=3600, methods=("POST",))
@require_POST
def calendar_import(request: HttpRequest, slug: str) -> HttpResponse:
    """Read a file now; a bad one changes nothing."""
    user: User = request.user  # type: ignore[assignment]
    site = site_freezable_by(user, slug)
    form = CalendarFileForm(request.POST, request.FILES, site=site)
    if not form.is_valid():
        return _page(request, site, file_form=form)
    data = form.cleaned_data
    try:
        imported = import_file(
            site,
            name=data["name"],
            kind=data["kind"],
            content=data["file"],
            asset=data["asset"],
            acting_user=user,
            origin=origin_of(request),
        )
    except NotPossible as error:
        form.add_error("file", str(error.sentence))
        return _page(request, site, file_form=form)
    messages.success(
        request,
        ngettext(
            "%(count)s time was read from “%(name)s”.",
            "%(count)s times were read from “%(name)s”.",
            imported.written,
        )
        % {"count": imported.written, "name": imported.source},
    )
    return redirect("plants:calendars", site.slug)


@require_POST
def calendar_add(request: HttpRequest, slug: str) -> HttpResponse:
    """An address that is read again and again; the first time at once, in the background."""
    user: User = request.user  # type: ignore[assignment]
    site = site_changeable_by(user, slug)
    form = CalendarFeedForm(request.POST, site=site)
    if not form.is_valid():
        return _page(request, site, feed_form=form)
    data = form.cleaned_data
    try:
        source = add_feed(
            site,
            name=data["name"],
            kind=data["kind"],
            url=data["url"],
            asset=data["asset"],
            acting_user=user,
            origin=origin_of(request),
        )
    except NotPossible as error:
        form.add_error(None, str(error.sentence))
        return _page(request, site, feed_form=form)
    messages.success(request, _("“%(name)s” is being read.") % {"name": source.name})
    return redirect("plants:calendars", site.slug)


@require_POST
def calendar_remove(request: HttpRequest, pk: int) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    source = calendar_visible_to(user, pk)
    remove_source(source, acting_user=user, origin=origin_of(request))
    messages.success(request, _("“%(name)s” is removed.") % {"name": source.name})
    return redirect("plants:calendars", source.site.slug)


def _page(request: HttpRequest, site: Site, **forms: Any) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    now = timezone.now()
    may_change = may(user, Action.PLANT_CHANGE, site)
    sources = site.calendar_sources.select_related("asset", "added_by").annotate(
        freeze_count=Count(
            "freezes", filter=Q(freezes__ends_at__gt=now), distinct=True
        ),
        stop_count=Count("stops", filter=Q(stops__ends_at__gt=now), distinct=True),
    )
    context = {
        "site": site,
        "sources": sources,
        "may_freeze": may_freeze(user, site),
        "may_change": may_change,
        "file_form": CalendarFileForm(site=site),
        "feed_form": CalendarFeedForm(site=site) if may_change else None,
        "hosts": settings.CALENDAR_HOSTS,
        **forms,
    }
    wrong = any(form.errors for form in forms.values())
    return render(
        request, "plants/calendars.html", context, status=422 if wrong else 200
    )
