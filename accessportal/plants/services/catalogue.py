"""Sites, zones, assets and endpoints: every change leaves who changed what from what to what.

Five paragraphs each: lock, guard, change, record, announce. Changes of the catalogue are
announced to nobody: pages read it when they need it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import IntegrityError, models, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accessportal.accounts.authorisation import Action, may
from accessportal.accounts.models import User, Vendor
from accessportal.audit import record
from accessportal.errors import NotAllowed, NotPossible, TooLate
from accessportal.origin import Origin
from accessportal.plants.access import may_add_sites
from accessportal.plants.models import Asset, Endpoint, Site, VendorAsset, Zone
from accessportal.plants.signals import endpoint_locked_to_move, endpoint_moves


@transaction.atomic
def add_site(values: Mapping[str, Any], *, acting_user: User, origin: Origin) -> Site:
    """A new plant, with one zone to begin with."""
    if not may_add_sites(acting_user):
        raise NotAllowed

    site = Site(slug=free_slug(Site, values["name"]), **values)
    save_named(site)
    Zone.objects.create(site=site, name=_("Production"))

    record(
        "asset.changed",
        acting_user=acting_user,
        subject=site,
        origin=origin,
        site=site,
        changes=_as_text(values),
        added=True,
    )
    return site


@transaction.atomic
def change_site(
    site: Site, values: Mapping[str, Any], *, acting_user: User, origin: Origin
) -> Site:
    site = Site.objects.select_for_update().get(pk=site.pk)

    _guard(acting_user, site)

    changes = change_row(site, values)

    _record_change(site, site, changes, acting_user=acting_user, origin=origin)
    return site


@transaction.atomic
def add_zone(
    site: Site, *, name: str, description: str = "", acting_user: User, origin: Origin
) -> Zone:
    _guard(acting_user, site)

    zone = Zone(site=site, name=name, description=description)
    save_named(zone)

    record(
        "asset.changed",
        acting_user=acting_user,
        subject=zone,
        origin=origin,
        site=site,
        changes={"name": name},
        added=True,
    )
    return zone


@transaction.atomic
def add_asset(
    site: Site,
    values: Mapping[str, Any],
    *,
    vendors: Iterable[Vendor],
    acting_user: User,
    origin: Origin,
) -> Asset:
    """A new machine; `vendors` may ask for access to it."""
    vendors = list(vendors)

    _guard(acting_user, site)
    _guard_zone(values["zone"], site)
    _guard_vendors(vendors, site)

    asset = Asset(slug=free_slug(Asset, f"{site.slug}-{values['name']}"), **values)
    save_named(asset)
    asset.vendors.set(vendors)

    record(
        "asset.changed",
        acting_user=acting_user,
        subject=asset,
        origin=origin,
        site=site,
        changes={
            **_as_text(values),
            "vendors": sorted(vendor.name for vendor in vendors),
        },
        added=True,
    )
    return asset


@transaction.atomic
def change_asset(
    asset: Asset,
    values: Mapping[str, Any],
    *,
    vendors: Iterable[Vendor],
    acting_user: User,
    origin: Origin,
) -> Asset:
    asset = (
        Asset.objects.select_for_update(of=("self",))
        .select_related("zone__site")
        .get(pk=asset.pk)
    )
    site, vendors = asset.zone.site, list(vendors)

    _guard(acting_user, site)
    _guard_zone(values["zone"], site)
    _guard_vendors(vendors, site)

    changes = change_row(asset, values)
    changes |= _change_vendors(asset, vendors)

    _record_change(asset, site, changes, acting_user=acting_user, origin=origin)
    return asset


@transaction.atomic
def add_endpoint(
    asset: Asset, values: Mapping[str, Any], *, acting_user: User, origin: Origin
) -> Endpoint:
    """A new way to reach a machine."""
    _guard(acting_user, asset.zone.site)

    endpoint = Endpoint(asset=asset, **values)
    save_named(endpoint)

    record(
        "asset.changed",
        acting_user=acting_user,
        subject=endpoint,
        origin=origin,
        site=asset.zone.site,
        changes=_as_text(values),
        added=True,
    )
    return endpoint


@transaction.atomic
def change_endpoint(
    endpoint: Endpoint, values: Mapping[str, Any], *, acting_user: User, origin: Origin
) -> Endpoint:
    """Change how a machine is reached.

    Another address lets go of the pinned host key, and of every yes that was said to the old
    one (decision 120). Raises `NotPossible` while somebody works there.
    """
    known = Endpoint.objects.select_related("asset__zone__site").get(pk=endpoint.pk)
    site = known.asset.zone.site
    _guard(acting_user, site)
    moves = _address(known) != _address(known, values)
    said: dict[str, Any] = {"acting_user": acting_user, "origin": origin}
    if moves:  # requests are locked before endpoints, by every verb
        endpoint_moves.send(Endpoint, endpoint=known, **said)
    endpoint = (
        Endpoint.objects.select_for_update(of=("self",))
        .select_related("asset__zone__site")
        .get(pk=endpoint.pk)
    )

    if _address(endpoint) != _address(known):
        raise TooLate(_("Somebody else has just changed this address. Look again."))
    if moves:
        endpoint_locked_to_move.send(Endpoint, endpoint=endpoint, **said)

    changes = change_row(endpoint, values)
    if moves and endpoint.host_key:
        changes |= change_row(endpoint, {"host_key": ""})

    _record_change(endpoint, site, changes, acting_user=acting_user, origin=origin)
    return endpoint


@transaction.atomic
def pin_host_key(
    endpoint: Endpoint, host_key: str, *, acting_user: User, origin: Origin
) -> Endpoint:
    """Connect from now on only to the SSH server with this key; empty: let go of it.

    `host_key` is `TYPE BASE64`, as learnt by a check and confirmed by the administrator.
    """
    endpoint = (
        Endpoint.objects.select_for_update(of=("self",))
        .select_related("asset__zone__site")
        .get(pk=endpoint.pk)
    )
    site = endpoint.asset.zone.site

    _guard(acting_user, site)
    if endpoint.protocol != Endpoint.Protocol.SSH:
        raise NotPossible(
            _("Only SSH connections have a host key."), code="no_host_key"
        )

    changes = change_row(endpoint, {"host_key": host_key})

    if changes:
        record(
            "asset.hostkey.pinned",
            acting_user=acting_user,
            subject=endpoint,
            origin=origin,
            site=site,
            changes=changes,
        )
    return endpoint


def free_slug(model: type[models.Model], name: str) -> str:
    """A slug of `name` that no row of `model` has; a number is added where one has it."""
    stem = slugify(name)[:50] or model._meta.model_name or "x"
    taken = set(
        model._default_manager.filter(slug__startswith=stem).values_list(
            "slug", flat=True
        )
    )
    slug, number = stem, 2
    while slug in taken:
        slug, number = f"{stem}-{number}", number + 1
    return slug


def _address(
    endpoint: Endpoint, values: Mapping[str, Any] | None = None
) -> tuple[Any, ...]:
    """What is at the other end: protocol, host, port; as they will be by `values`."""
    return tuple(
        (values or {}).get(name, getattr(endpoint, name))
        for name in ("protocol", "host", "port")
    )


def _guard(acting_user: User, site: Site) -> None:
    if not may(acting_user, Action.PLANT_CHANGE, site):
        raise NotAllowed


def _guard_zone(zone: Zone, site: Site) -> None:
    if zone.site_id != site.pk:
        raise NotPossible(
            _("This zone belongs to another site."), code="zone_of_other_site"
        )


def _guard_vendors(vendors: list[Vendor], site: Site) -> None:
    """Only who may work at this site; the vendors are locked, so that it stays so."""
    ids = [vendor.pk for vendor in vendors]
    locked = Vendor.objects.select_for_update(of=("self",)).filter(pk__in=ids)
    list(locked.order_by("pk").values_list("pk", flat=True))
    allowed = set(site.vendors.values_list("pk", flat=True))
    for vendor in vendors:
        if vendor.pk not in allowed:
            raise NotPossible(
                _("%(vendor)s may not work at %(site)s.")
                % {"vendor": vendor, "site": site},
                code="vendor_not_at_site",
            )


def change_row(row: models.Model, values: Mapping[str, Any]) -> dict[str, list[str]]:
    """Set what differs and save it; returns {field: [before, after]} as text."""
    changes = {}
    for name, value in values.items():
        before = getattr(row, name)
        if before != value:
            changes[name] = [_text(before), _text(value)]
            setattr(row, name, value)
    if changes:
        save_named(row)
    return changes


def _change_vendors(asset: Asset, vendors: list[Vendor]) -> dict[str, list[str]]:
    before = {
        link.vendor for link in VendorAsset.objects.filter(asset=asset).select_related()
    }
    if before == set(vendors):
        return {}
    asset.vendors.set(vendors)
    return {
        "vendors": [
            ", ".join(sorted(vendor.name for vendor in before)),
            ", ".join(sorted(vendor.name for vendor in vendors)),
        ]
    }


def save_named(row: models.Model) -> None:
    """Save it. Raises `NotPossible` where another one has its name."""
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise NotPossible(
            _("There is one with this name already. Choose another name."),
            code="name_taken",
        ) from error


def _record_change(
    subject: models.Model,
    site: Site,
    changes: dict[str, list[str]],
    *,
    acting_user: User,
    origin: Origin,
) -> None:
    """A form saved without a change is no event."""
    if changes:
        record(
            "asset.changed",
            acting_user=acting_user,
            subject=subject,
            origin=origin,
            site=site,
            changes=changes,
        )


def _as_text(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: _text(value) for name, value in values.items()}


def _text(value: Any) -> str:
    return "" if value is None else str(value)
