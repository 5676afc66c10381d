"""Production freezes, when nobody from outside should work on a site or a machine, and their
opposite: maintenance stops, when work is welcome."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accessportal.accounts.models import User
from accessportal.audit import record
from accessportal.errors import NotAllowed, NotPossible
from accessportal.origin import Origin
from accessportal.plants.access import may_freeze
from accessportal.plants.models import (
    Asset,
    MaintenanceStop,
    ProductionFreeze,
    Site,
)


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
    _guard_new(site, starts_at, ends_at, asset, acting_user)

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
    _guard_removal(freeze, acting_user)

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


@transaction.atomic
def add_stop(
    site: Site,
    *,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    asset: Asset | None = None,
    acting_user: User,
    origin: Origin,
) -> MaintenanceStop:
    """Say when a site, or one asset of it, stands still: whoever asks for access is shown it."""
    _guard_new(site, starts_at, ends_at, asset, acting_user)

    stop = MaintenanceStop.objects.create(
        site=site, asset=asset, starts_at=starts_at, ends_at=ends_at, reason=reason
    )

    _record_stop(stop, acting_user, origin, added=True)
    return stop


@transaction.atomic
def remove_stop(stop: MaintenanceStop, *, acting_user: User, origin: Origin) -> None:
    """Take a stop back; the trail keeps what it was."""
    _guard_removal(stop, acting_user)

    pk = stop.pk
    removed, _rows = MaintenanceStop.objects.filter(pk=pk).delete()

    if removed:
        stop.pk = pk
        _record_stop(stop, acting_user, origin, removed=True)


def _guard_new(
    site: Site,
    starts_at: datetime,
    ends_at: datetime,
    asset: Asset | None,
    acting_user: User,
) -> None:
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


def _guard_removal(
    planned: ProductionFreeze | MaintenanceStop, acting_user: User
) -> None:
    """What a feed says comes back with its next reading: it is changed at its source."""
    if not may_freeze(acting_user, planned.site):
        raise NotAllowed
    if planned.source is not None and planned.source.url:
        raise NotPossible(
            _(
                "This comes out of the calendar “%(name)s”, which is read again and again. "
                "Change it there, or remove the calendar."
            )
            % {"name": planned.source},
            code="from_a_feed",
        )


def _record_stop(
    stop: MaintenanceStop, acting_user: User, origin: Origin, **what: Any
) -> None:
    record(
        "maintenance_stop.changed",
        acting_user=acting_user,
        subject=stop,
        origin=origin,
        site=stop.site,
        reason=stop.reason,
        starts_at=stop.starts_at.isoformat(),
        ends_at=stop.ends_at.isoformat(),
        asset=str(stop.asset or ""),
        **what,
    )
