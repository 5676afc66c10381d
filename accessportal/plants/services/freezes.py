"""Production freezes: when nobody from outside should work on a site or a machine."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accessportal.accounts.models import User
from accessportal.audit import record
from accessportal.errors import NotAllowed, NotPossible
from accessportal.origin import Origin
from accessportal.plants.access import may_freeze
from accessportal.plants.models import Asset, ProductionFreeze, Site


@transaction.atomic
def add_freeze(
    site: Site,
    *,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    asset: Asset | None = None,
    acting_user: User,
    origin: Origin,
) -> ProductionFreeze:
    """Freeze a site, or one asset of it. Whoever asks for this time is warned, and so is
    whoever decides; windows that exist already stay: revoke those that must not be."""
    if not may_freeze(acting_user, site):
        raise NotAllowed
    if ends_at <= starts_at:
        raise NotPossible(
            _("The end must be after the start."), code="end_before_start"
        )
    if asset is not None and asset.zone.site_id != site.pk:
        raise NotPossible(
            _("This machine belongs to another site."), code="asset_of_other_site"
        )

    freeze = ProductionFreeze.objects.create(
        site=site, asset=asset, starts_at=starts_at, ends_at=ends_at, reason=reason
    )

    record(
        "production_freeze.changed",
        acting_user=acting_user,
        subject=freeze,
        origin=origin,
        site=site,
        reason=reason,
        starts_at=starts_at.isoformat(),
        ends_at=ends_at.isoformat(),
        asset=str(asset or ""),
        added=True,
    )
    return freeze


@transaction.atomic
def remove_freeze(
    freeze: ProductionFreeze, *, acting_user: User, origin: Origin
) -> None:
    """Lift a freeze; the trail keeps what it was."""
    if not may_freeze(acting_user, freeze.site):
        raise NotAllowed

    pk = freeze.pk
    removed, _rows = ProductionFreeze.objects.filter(pk=pk).delete()

    if removed:
        record(
            "production_freeze.changed",
            acting_user=acting_user,
            subject=freeze,
            origin=origin,
            site=freeze.site,
            reason=freeze.reason,
            starts_at=freeze.starts_at.isoformat(),
            ends_at=freeze.ends_at.isoformat(),
            asset=str(freeze.asset or ""),
            removed=True,
        )
