"""Adding and changing a vendor: who answers for it, until when, and where it may work.

A vendor works at its sites, and there on the assets it services; both lists are here, so
that neither can name what the other does not allow.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accessportal.accounts.authorisation import Action, may
from accessportal.accounts.models import User, Vendor
from accessportal.accounts.signals import last_day_moved
from accessportal.audit import record
from accessportal.errors import NotAllowed, NotPossible
from accessportal.news import tell_news, user_topic, vendor_topic
from accessportal.origin import Origin
from accessportal.plants.models import Asset, Site
from accessportal.plants.services.catalogue import change_row, free_slug, save_named

RESERVED_SLUGS = frozenset({"new"})  # /vendors/new/ is the form


@transaction.atomic
def add_vendor(
    values: Mapping[str, Any],
    *,
    sites: Iterable[Site],
    assets: Iterable[Asset],
    acting_user: User,
    origin: Origin,
) -> Vendor:
    """A new company. Raises `NotAllowed`, or `NotPossible` with the reason."""
    sites, assets = list(sites), list(assets)

    if not may(acting_user, Action.VENDOR_CHANGE):
        raise NotAllowed
    _guard(values, sites, assets, vendor=None)

    slug = free_slug(Vendor, values["name"])
    vendor = Vendor(slug=f"{slug}-2" if slug in RESERVED_SLUGS else slug, **values)
    save_named(vendor)
    vendor.sites.set(sites)
    vendor.assets.set(assets)

    record(
        "vendor.changed",
        acting_user=acting_user,
        subject=vendor,
        origin=origin,
        added=True,
        changes={
            **{name: str(value or "") for name, value in values.items()},
            "sites": _names(sites),
            "assets": _names(assets),
        },
    )

    _tell(vendor)
    return vendor


@transaction.atomic
def change_vendor(
    vendor: Vendor,
    values: Mapping[str, Any],
    *,
    sites: Iterable[Site],
    assets: Iterable[Asset],
    acting_user: User,
    origin: Origin,
) -> Vendor:
    """Change a company's record; the trail keeps before and after. Raises as the above."""
    vendor = Vendor.objects.select_for_update(of=("self",)).get(pk=vendor.pk)
    sites, assets = list(sites), list(assets)

    if not may(acting_user, Action.VENDOR_CHANGE):
        raise NotAllowed
    _guard(values, sites, assets, vendor=vendor)

    changes: dict[str, Any] = change_row(vendor, values)
    changes |= _change_list(vendor, "sites", sites)
    changes |= _change_list(vendor, "assets", assets)

    if changes:
        record(
            "vendor.changed",
            acting_user=acting_user,
            subject=vendor,
            origin=origin,
            changes=changes,
        )

    if "contract_ends_at" in changes:
        last_day_moved.send(
            Vendor,
            of=vendor,
            last=vendor.contract_ends_at,
            acting_user=acting_user,
            origin=origin,
        )
    _tell(vendor)
    return vendor


def _guard(
    values: Mapping[str, Any],
    sites: list[Site],
    assets: list[Asset],
    *,
    vendor: Vendor | None,
) -> None:
    sponsor = values.get("sponsor")
    if sponsor is not None and (sponsor.vendor_id is not None or not sponsor.is_active):
        raise NotPossible(
            _("The sponsor must be somebody of the plant who has access."),
            code="sponsor_not_of_plant",
        )
    ends_at = values["contract_ends_at"]
    before = vendor.contract_ends_at if vendor is not None else None
    if ends_at != before and ends_at <= timezone.now():
        raise NotPossible(
            _("This day has passed. To keep the company out now, suspend it."),
            code="contract_ended",
        )
    allowed = {site.pk for site in sites}
    for asset in assets:
        if asset.zone.site_id not in allowed:
            raise NotPossible(
                _("%(asset)s is at %(site)s, where the company may not work.")
                % {"asset": asset, "site": asset.zone.site},
                code="asset_elsewhere",
            )


def _change_list(vendor: Vendor, name: str, wanted: list[Any]) -> dict[str, list[str]]:
    related = getattr(vendor, name)
    before = list(related.all())
    if {one.pk for one in before} == {one.pk for one in wanted}:
        return {}
    related.set(wanted)
    return {name: [_names(before), _names(wanted)]}


def _names(rows: Iterable[Any]) -> str:
    return ", ".join(sorted(str(row) for row in rows))


def _tell(vendor: Vendor) -> None:
    topics = [vendor_topic(vendor.pk)]
    if vendor.sponsor_id is not None:
        topics.append(user_topic(vendor.sponsor_id))
    transaction.on_commit(lambda: tell_news(*topics, about="account"))
