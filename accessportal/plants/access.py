"""The guards of the plant: 404 for what a person may not know, 403 for what not to do."""

from __future__ import annotations

from accessportal.accounts.authorisation import (
    Action,
    at_sites_where,
    may,
    may_everywhere,
    sites_where,
)
from accessportal.accounts.models import User
from accessportal.errors import NotAllowed
from accessportal.known import known
from accessportal.plants.models import (
    Asset,
    CalendarSource,
    ChecklistItem,
    Endpoint,
    EndpointCheck,
    MaintenanceStop,
    ProductionFreeze,
    Shift,
    ShiftException,
    Site,
)


def sites_visible_to(user: User) -> list[Site]:
    """The sites whose plant this person may see. Vendors see none of it: 403."""
    if not may(user, Action.PLANT_SEE):
        raise NotAllowed
    return list(sites_where(user, Action.PLANT_SEE))


def site_visible_to(user: User, slug: str) -> Site:
    return known(sites_where(user, Action.PLANT_SEE).filter(slug=slug))


def site_changeable_by(user: User, slug: str) -> Site:
    site = site_visible_to(user, slug)
    if not may(user, Action.PLANT_CHANGE, site):
        raise NotAllowed
    return site


def site_isolatable_by(user: User, slug: str) -> Site:
    """A site that this person may isolate, and let people in to again."""
    site = site_visible_to(user, slug)
    if not may(user, Action.SITE_ISOLATE, site):
        raise NotAllowed
    return site


def may_add_sites(user: User) -> bool:
    """Only an administrator of every site may add one."""
    return may_everywhere(user, Action.PLANT_CHANGE)


def may_freeze(user: User, site: Site) -> bool:
    """Production freezes are the supervisors' and the administrators' business."""
    return may(user, Action.REQUEST_DECIDE, site) or may(
        user, Action.PLANT_CHANGE, site
    )


def site_freezable_by(user: User, slug: str) -> Site:
    site = site_visible_to(user, slug)
    if not may_freeze(user, site):
        raise NotAllowed
    return site


def freeze_changeable_by(user: User, pk: int) -> ProductionFreeze:
    freeze = known(
        ProductionFreeze.objects.filter(at_sites_where(user, Action.PLANT_SEE, "site"))
        .select_related("site", "asset", "source")
        .filter(pk=pk)
    )
    if not may_freeze(user, freeze.site):
        raise NotAllowed
    return freeze


def stop_changeable_by(user: User, pk: int) -> MaintenanceStop:
    stop = known(
        MaintenanceStop.objects.filter(at_sites_where(user, Action.PLANT_SEE, "site"))
        .select_related("site", "asset", "source")
        .filter(pk=pk)
    )
    if not may_freeze(user, stop.site):
        raise NotAllowed
    return stop


def site_rosterable_by(user: User, slug: str) -> Site:
    """A site for which this person says who is on shift."""
    site = site_visible_to(user, slug)
    if not may(user, Action.ROSTER_CHANGE, site):
        raise NotAllowed
    return site


def shift_changeable_by(user: User, pk: int) -> Shift:
    shift = known(
        Shift.objects.filter(at_sites_where(user, Action.PLANT_SEE, "site"))
        .select_related("site")
        .filter(pk=pk)
    )
    if not may(user, Action.ROSTER_CHANGE, shift.site):
        raise NotAllowed
    return shift


def shift_exception_changeable_by(user: User, pk: int) -> ShiftException:
    exception = known(
        ShiftException.objects.filter(
            at_sites_where(user, Action.PLANT_SEE, "shift__site")
        )
        .select_related("shift__site")
        .filter(pk=pk)
    )
    if not may(user, Action.ROSTER_CHANGE, exception.shift.site):
        raise NotAllowed
    return exception


def checklist_item_changeable_by(user: User, pk: int) -> ChecklistItem:
    item = known(
        ChecklistItem.objects.filter(at_sites_where(user, Action.PLANT_SEE, "site"))
        .select_related("site", "asset")
        .filter(pk=pk)
    )
    if not may_freeze(user, item.site):
        raise NotAllowed
    return item


def calendar_visible_to(user: User, pk: int) -> CalendarSource:
    """A site's calendar; who may give it up is for the verb to say."""
    return known(
        CalendarSource.objects.filter(at_sites_where(user, Action.PLANT_SEE, "site"))
        .select_related("site")
        .filter(pk=pk)
    )


def asset_visible_to(user: User, slug: str) -> Asset:
    return known(
        Asset.objects.visible_to(user).select_related("zone__site").filter(slug=slug)
    )


def asset_changeable_by(user: User, slug: str) -> Asset:
    asset = asset_visible_to(user, slug)
    if not may(user, Action.PLANT_CHANGE, asset.zone.site):
        raise NotAllowed
    return asset


def asset_lockable_by(user: User, slug: str) -> Asset:
    """A machine that this person may lock against outside work, and unlock."""
    asset = asset_visible_to(user, slug)
    if not may(user, Action.ASSET_LOCK, asset.zone.site):
        raise NotAllowed
    return asset


def endpoint_changeable_by(user: User, pk: int) -> Endpoint:
    """An endpoint that `user` may change, give a credential to, and test."""
    endpoint = known(
        Endpoint.objects.filter(asset__in=Asset.objects.visible_to(user))
        .select_related("asset__zone__site", "credential")
        .filter(pk=pk)
    )
    if not may(user, Action.PLANT_CHANGE, endpoint.asset.zone.site):
        raise NotAllowed
    return endpoint


def check_visible_to(user: User, pk: int) -> EndpointCheck:
    """A finished or running check of an endpoint that `user` may change."""
    check = known(
        EndpointCheck.objects.filter(endpoint__asset__in=Asset.objects.visible_to(user))
        .select_related("endpoint__asset__zone__site", "started_by")
        .filter(pk=pk)
    )
    if not may(user, Action.PLANT_CHANGE, check.endpoint.asset.zone.site):
        raise NotAllowed
    return check
