"""The stations of a site: to enrol, and to revoke."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accessportal.accounts.models import User
from accessportal.accounts.stepup import require_fresh_factor
from accessportal.errors import NotPossible
from accessportal.origin import origin_of
from accessportal.plants.access import site_changeable_by
from accessportal.plants.models import Site
from sessions.at_stations import station_changeable_by
from sessions.models import Station
from sessions.services.stations import enrol_station, revoke_station


@never_cache
@require_GET
def station_list(request: HttpRequest, slug: str) -> HttpResponse:
    return _page(request, site_changeable_by(request.user, slug))  # type: ignore[arg-type]


@require_POST
@never_cache
@require_fresh_factor
def enrol(request: HttpRequest, slug: str) -> HttpResponse:
    """The answer holds the code, once."""
    user: User = request.user  # type: ignore[assignment]
    site = site_changeable_by(user, slug)
    try:
        station, code = enrol_station(
            site,
            place=request.POST.get("place", ""),
            acting_user=user,
            origin=origin_of(request),
        )
    except NotPossible as error:
        return _page(request, site, refusal=str(error.sentence), status=422)
    return _page(request, site, made=station, code=code)


@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """No fresh factor: stopping must be fast."""
    user: User = request.user  # type: ignore[assignment]
    station = station_changeable_by(user, pk)
    revoke_station(station, acting_user=user, origin=origin_of(request))
    messages.success(
        request, _("%(station)s shows nothing more.") % {"station": station}
    )
    return redirect("stations:list", station.site.slug)


def _page(
    request: HttpRequest, site: Site, *, status: int = 200, **more: object
) -> HttpResponse:
    stations = (
        Station.objects.filter(site=site)
        .select_related("enrolled_by")
        .order_by("revoked_at", "place")
    )
    context = {"site": site, "stations": stations, **more}
    return render(request, "sessions/station_list.html", context, status=status)
