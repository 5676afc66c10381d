"""Sites, zones, assets and endpoints: to look at for the plant, to change for administrators."""

from __future__ import annotations

from copy import copy
from typing import Any
from zoneinfo import available_timezones

from django.contrib import messages
from django.db.models import Count, Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accessportal.accounts.authorisation import Action, may
from accessportal.accounts.models import User
from accessportal.accounts.stepup import require_fresh_factor
from accessportal.errors import NotAllowed, NotPossible, TooLate
from accessportal.origin import origin_of
from accessportal.plants.access import (
    asset_changeable_by,
    asset_visible_to,
    endpoint_changeable_by,
    may_add_sites,
    may_freeze,
    site_changeable_by,
    site_visible_to,
    sites_visible_to,
)
from accessportal.plants.forms import (
    AssetForm,
    CredentialForm,
    EndpointForm,
    SiteForm,
    ZoneForm,
)
from accessportal.plants.host_key import fingerprint
from accessportal.plants.models import Asset, Endpoint, EndpointCheck, Site
from accessportal.plants.services.catalogue import (
    add_asset,
    add_endpoint,
    add_site,
    add_zone,
    change_asset,
    change_endpoint,
    change_site,
)
from accessportal.plants.services.credentials import store_credential
from accessportal.plants.wording import staffed_words

PLANNED_SHOWN = 6


@require_GET
def site_list(request: HttpRequest) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    visible = {site.pk for site in sites_visible_to(user)}
    sites = Site.objects.filter(pk__in=visible).annotate(
        asset_count=Count("zones__assets", distinct=True)
    )
    context = {"sites": sites, "may_add": may_add_sites(user)}
    return render(request, "plants/site_list.html", context)


@require_GET
def site_detail(request: HttpRequest, slug: str) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    site = site_visible_to(user, slug)
    context = {
        "site": site,
        "zones": site.zones.prefetch_related(
            Prefetch("assets", Asset.objects.prefetch_related("endpoints", "vendors"))
        ),
        **_planned(site),
        "may_change": may(user, Action.PLANT_CHANGE, site),
        "may_freeze": may_freeze(user, site),
        "may_isolate": may(user, Action.SITE_ISOLATE, site),
        "staffed": staffed_words(site),
    }
    return render(request, "plants/site_detail.html", context)


def _planned(site: Site) -> dict[str, Any]:
    """The freezes and stops to come, the next few of each; and a calendar that failed."""
    shown: dict[str, Any] = {}
    for name, rows in (("freezes", site.freezes.all()), ("stops", site.stops.all())):
        to_come = rows.filter(ends_at__gt=timezone.now())
        next_few = to_come.select_related("asset", "source").order_by("starts_at")
        shown[name] = list(next_few[:PLANNED_SHOWN])
        shown[f"more_{name}"] = max(0, to_come.count() - PLANNED_SHOWN)
    shown["failed_calendars"] = list(
        site.calendar_sources.filter(failed_at__isnull=False)
    )
    return shown


@require_http_methods(["GET", "POST"])
def site_new(request: HttpRequest) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    if not may_add_sites(user):
        raise NotAllowed
    form = SiteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        site = add_site(form.cleaned_data, acting_user=user, origin=origin_of(request))
        return redirect("plants:site_detail", site.slug)
    return _form(
        request,
        form,
        title=_("Add a site"),
        back=("plants:site_list", [], _("Sites and assets")),
        template="plants/site_form.html",
        zones=sorted(available_timezones()),
    )


@require_http_methods(["GET", "POST"])
def site_edit(request: HttpRequest, slug: str) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    site = site_changeable_by(user, slug)
    form = SiteForm(request.POST or None, instance=_copy(site))
    if request.method == "POST" and form.is_valid():
        change_site(
            site, form.cleaned_data, acting_user=user, origin=origin_of(request)
        )
        messages.success(request, _("%(site)s is saved.") % {"site": site})
        return redirect("plants:site_detail", site.slug)
    return _form(
        request,
        form,
        title=_("Change %(name)s") % {"name": site.name},
        back=("plants:site_detail", [site.slug], site.name),
        template="plants/site_form.html",
        zones=sorted(available_timezones()),
    )


@require_http_methods(["GET", "POST"])
def zone_new(request: HttpRequest, slug: str) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    site = site_changeable_by(user, slug)
    form = ZoneForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            add_zone(
                site, **form.cleaned_data, acting_user=user, origin=origin_of(request)
            )
        except NotPossible as error:
            form.add_error("name", str(error))
        else:
            return redirect("plants:site_detail", site.slug)
    return _form(
        request,
        form,
        title=_("Add a zone"),
        back=("plants:site_detail", [site.slug], site.name),
    )


@require_http_methods(["GET", "POST"])
def asset_new(request: HttpRequest, slug: str) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    site = site_changeable_by(user, slug)
    form = AssetForm(request.POST or None, site=site)
    if request.method == "POST" and form.is_valid():
        values = dict(form.cleaned_data)
        vendors = values.pop("vendors")
        try:
            asset = add_asset(
                site,
                values,
                vendors=vendors,
                acting_user=user,
                origin=origin_of(request),
            )
        except NotPossible as error:
            form.add_error("name", str(error))
        else:
            messages.success(
                request,
                _("%(asset)s is added. Say how it is reached.") % {"asset": asset},
            )
            return redirect("plants:asset_detail", asset.slug)
    return _form(
        request,
        form,
        title=_("Add a machine"),
        back=("plants:site_detail", [site.slug], site.name),
    )


@require_GET
def asset_detail(request: HttpRequest, slug: str) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    asset = asset_visible_to(user, slug)
    site = asset.zone.site
    context = {
        "asset": asset,
        "site": site,
        "endpoints": [_endpoint_row(endpoint) for endpoint in _endpoints_of(asset)],
        "may_change": may(user, Action.PLANT_CHANGE, site),
        "may_lock": may(user, Action.ASSET_LOCK, site),
    }
    return render(request, "plants/asset_detail.html", context)


def _endpoints_of(asset: Asset) -> list[Endpoint]:
    checks = EndpointCheck.objects.select_related("started_by").order_by("-started_at")
    return list(
        asset.endpoints.select_related("credential").prefetch_related(
            Prefetch("checks", checks, to_attr="recent_checks")
        )
    )


def _endpoint_row(endpoint: Any) -> dict[str, Any]:
    """What the asset's page says of an endpoint; of a secret only that there is one."""
    credential = getattr(endpoint, "credential", None)
    return {
        "endpoint": endpoint,
        "username": credential.username if credential else "",
        "password_stored": bool(credential and credential.password_envelope),
        "key_stored": bool(credential and credential.private_key_envelope),
        "last_check": next(iter(endpoint.recent_checks), None),
        "fingerprint": fingerprint(endpoint.host_key) if endpoint.host_key else "",
        "pinnable": endpoint.protocol == Endpoint.Protocol.SSH,
    }


@require_http_methods(["GET", "POST"])
def asset_edit(request: HttpRequest, slug: str) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    asset = asset_changeable_by(user, slug)
    form = AssetForm(request.POST or None, instance=_copy(asset), site=asset.zone.site)
    if request.method == "POST" and form.is_valid():
        values = dict(form.cleaned_data)
        vendors = values.pop("vendors")
        try:
            change_asset(
                asset,
                values,
                vendors=vendors,
                acting_user=user,
                origin=origin_of(request),
            )
        except NotPossible as error:
            form.add_error("name", str(error))
        else:
            messages.success(request, _("%(asset)s is saved.") % {"asset": asset})
            return redirect("plants:asset_detail", asset.slug)
    return _form(
        request,
        form,
        title=_("Change %(name)s") % {"name": asset.name},
        back=("plants:asset_detail", [asset.slug], asset.name),
    )


@require_http_methods(["GET", "POST"])
def endpoint_new(request: HttpRequest, slug: str) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    asset = asset_changeable_by(user, slug)
    form = EndpointForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            add_endpoint(
                asset, form.cleaned_data, acting_user=user, origin=origin_of(request)
            )
        except NotPossible as error:
            form.add_error("name", str(error))
        else:
            messages.success(request, _("The connection is added. Test it."))
            return redirect("plants:asset_detail", asset.slug)
    return _form(
        request,
        form,
        title=_("Add a connection"),
        lead=asset.name,
        back=("plants:asset_detail", [asset.slug], asset.name),
        template="plants/endpoint_form.html",
    )


@require_http_methods(["GET", "POST"])
def endpoint_edit(request: HttpRequest, pk: int) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    endpoint = endpoint_changeable_by(user, pk)
    asset = endpoint.asset
    form = EndpointForm(request.POST or None, instance=_copy(endpoint))
    if request.method == "POST" and form.is_valid():
        try:
            change_endpoint(
                endpoint, form.cleaned_data, acting_user=user, origin=origin_of(request)
            )
        except (NotPossible, TooLate) as error:
            in_use = error.code == "in_use"
            form.add_error("host" if in_use else "name", str(error))
        else:
            messages.success(request, _("%(name)s is saved.") % {"name": endpoint})
            return redirect("plants:asset_detail", asset.slug)
    return _form(
        request,
        form,
        title=_("Change %(name)s") % {"name": endpoint.name},
        lead=asset.name,
        back=("plants:asset_detail", [asset.slug], asset.name),
        template="plants/endpoint_form.html",
    )


@require_GET
def credential_form(request: HttpRequest, pk: int) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    endpoint = endpoint_changeable_by(user, pk)
    return _credential_page(request, endpoint, CredentialForm(endpoint=endpoint))


@require_POST
@require_fresh_factor
def credential_store(request: HttpRequest, pk: int) -> HttpResponse:
    """Write-only: what is stored is replaced or removed, never sent back."""
    user: User = request.user  # type: ignore[assignment]
    endpoint = endpoint_changeable_by(user, pk)
    form = CredentialForm(request.POST, endpoint=endpoint)
    if form.is_valid():
        try:
            store_credential(
                endpoint, acting_user=user, origin=origin_of(request), **form.secrets()
            )
        except NotPossible as error:
            form.add_error(
                "private_key" if "private_key" in form.fields else None, str(error)
            )
        else:
            messages.success(
                request, _("The sign-in of %(name)s is stored.") % {"name": endpoint}
            )
            return redirect("plants:asset_detail", endpoint.asset.slug)
    return _credential_page(request, endpoint, form)


def _credential_page(
    request: HttpRequest, endpoint: Endpoint, form: CredentialForm
) -> HttpResponse:
    context = {"form": form, "endpoint": endpoint, "asset": endpoint.asset}
    status = 422 if form.errors else 200
    return render(request, "plants/credential_form.html", context, status=status)


def _form(
    request: HttpRequest,
    form: Any,
    *,
    title: str,
    back: tuple[str, list[Any], str],
    template: str = "plants/form.html",
    **context: Any,
) -> HttpResponse:
    name, args, label = back
    context |= {
        "form": form,
        "title": title,
        "back_path": reverse(name, args=args),
        "back_label": label,
    }
    return render(request, template, context, status=422 if form.errors else 200)


def _copy(row: Any) -> Any:
    """A copy for the form to write into: the verb compares it with the row itself."""
    return copy(row)
