"""Isolate a site, suspend a vendor, and lift either by name.

One act ends every session, blocks new ones and revokes the windows. Stopping needs no
fresh factor; letting in again does. What fell stays down until each window is confirmed
again (`requests.services.reconfirmation`).
"""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accessportal.accounts.authorisation import Action, may, people_who_may
from accessportal.accounts.models import User, Vendor
from accessportal.accounts.vendor_rights import may_suspend
from accessportal.audit import record
from accessportal.errors import NotAllowed, NotPossible, TooLate
from accessportal.notifications import notify
from accessportal.origin import Origin
from accessportal.plants.models import Site
from requests.models import MaintenanceWindow
from requests.services.common import guard_fresh_factor
from requests.services.reconfirmation import let_windows_fall
from sessions.models import BrokeredSession, StopOrder
from sessions.reentry import ReentryAnswer, checked_answers
from sessions.services.stop_orders import (
    give_order,
    live_sessions_of,
    lock_starts,
    needed_reason,
    tell_order,
)

Kind = StopOrder.Kind


def isolate_site(
    site: Site, *, acting_user: User, origin: Origin, reason: str
) -> StopOrder:
    """End all sessions of a site, block new ones, revoke its windows. Needs no fresh factor.

    Stopping comes first, in a transaction of its own: however many windows there are, the
    sessions do not wait for them. Raises `TooLate` when the site is isolated already.
    """
    order = _isolate(site, acting_user=acting_user, origin=origin, reason=reason)
    _revoke_windows(order, acting_user=acting_user, origin=origin)
    return order


@transaction.atomic
def _isolate(
    site: Site, *, acting_user: User, origin: Origin, reason: str
) -> StopOrder:
    site = Site.objects.select_for_update(of=("self",), no_key=True).get(pk=site.pk)
    lock_starts(site=site)

    if not may(acting_user, Action.SITE_ISOLATE, site):
        raise NotAllowed(_("You are not allowed to isolate this site."))
    reason = needed_reason(reason)
    if site.isolated_at is not None:
        raise TooLate(
            _("%(name)s has isolated this site already.")
            % {"name": site.isolated_by or "Access Portal"},
            code="already_isolated",
        )

    site.isolated_at = timezone.now()
    site.isolated_by = acting_user
    site.isolated_reason = reason
    site.save(update_fields=["isolated_at", "isolated_by", "isolated_reason"])
    sessions = list(_with_request(live_sessions_of(site=site)))
    order = give_order(
        Kind.ISOLATION,
        site=site,
        acting_user=acting_user,
        origin=origin,
        reason=reason,
        sessions=sessions,
    )

    record(
        "site.isolated",
        acting_user=acting_user,
        subject=site,
        site=site,
        origin=origin,
        reason=reason,
        order=order.number,
        sessions=[one.number for one in sessions],
    )
    return order


@transaction.atomic
def lift_isolation(
    site: Site, *, acting_user: User, origin: Origin, reason: str, name: str
) -> StopOrder | None:
    """Let people in again; `name` is the site's, typed by who lifts. The windows stay revoked.

    Returns the order that is over now. Raises `FreshFactorNeeded`, `NotPossible`, `TooLate`.
    """
    site = Site.objects.select_for_update(of=("self",), no_key=True).get(pk=site.pk)
    order = StopOrder.objects.in_force().filter(site=site).first()

    if not may(acting_user, Action.SITE_ISOLATE, site):
        raise NotAllowed(_("You are not allowed to lift the isolation of this site."))
    if site.isolated_at is None:
        raise TooLate(_("This site is not isolated any more."), code="not_isolated")
    guard_fresh_factor(origin, acting_user, site)
    _guard_name(name, site.name)
    reason = needed_reason(reason)

    if order is not None:
        # What was approved in the very moment of isolating falls now at the latest.
        _revoke_windows(order, acting_user=acting_user, origin=origin)
        _note_lifted(order, acting_user, reason)
    site.isolated_at = None
    site.isolated_by = None
    site.isolated_reason = ""
    site.save(update_fields=["isolated_at", "isolated_by", "isolated_reason"])

    record(
        "site.isolation.lifted",
        acting_user=acting_user,
        subject=site,
        site=site,
        origin=origin,
        reason=reason,
        order=order.number if order is not None else "",
    )

    if order is not None:
        _tell_deciders(order, acting_user, reason)
        tell_order(order)
    return order


def suspend_vendor(
    vendor: Vendor, *, acting_user: User, origin: Origin, reason: str
) -> StopOrder:
    """End all sessions of a vendor, keep its people out, revoke its windows, at every site.

    Needs no fresh factor. Raises `TooLate` when the vendor is suspended already.
    """
    order = _suspend(vendor, acting_user=acting_user, origin=origin, reason=reason)
    _revoke_windows(order, acting_user=acting_user, origin=origin)
    return order


@transaction.atomic
def _suspend(
    vendor: Vendor, *, acting_user: User, origin: Origin, reason: str
) -> StopOrder:
    vendor = Vendor.objects.select_for_update(of=("self",), no_key=True).get(
        pk=vendor.pk
    )
    lock_starts(vendor=vendor)

    if not may_suspend(acting_user, vendor):
        raise NotAllowed(_("You are not allowed to suspend vendors."))
    reason = needed_reason(reason)
    if vendor.suspended_at is not None:
        raise TooLate(
            _("%(name)s has suspended this vendor already.")
            % {"name": vendor.suspended_by or "Access Portal"},
            code="already_suspended",
        )

    vendor.suspended_at = timezone.now()
    vendor.suspended_by = acting_user
    vendor.suspended_reason = reason
    vendor.save(update_fields=["suspended_at", "suspended_by", "suspended_reason"])
    sessions = list(_with_request(live_sessions_of(vendor=vendor)))
    order = give_order(
        Kind.SUSPENSION,
        vendor=vendor,
        acting_user=acting_user,
        origin=origin,
        reason=reason,
        sessions=sessions,
    )

    record(
        "vendor.suspended",
        acting_user=acting_user,
        subject=vendor,
        origin=origin,
        reason=reason,
        order=order.number,
        sessions=[one.number for one in sessions],
    )
    return order


@transaction.atomic
def reinstate_vendor(
    vendor: Vendor,
    *,
    acting_user: User,
    origin: Origin,
    reason: str,
    name: str,
    answers: list[ReentryAnswer],
) -> StopOrder | None:
    """Lift a suspension; `name` is the vendor's, typed by who lifts. The windows stay revoked.

    `answers` are those of the re-entry checklist; they are kept with the order. Returns the
    order that is over now. Raises `FreshFactorNeeded`, `NotPossible`, `TooLate`.
    """
    vendor = Vendor.objects.select_for_update(of=("self",), no_key=True).get(
        pk=vendor.pk
    )
    order = StopOrder.objects.in_force().filter(vendor=vendor).first()

    if not may_suspend(acting_user, vendor):
        raise NotAllowed(_("You are not allowed to lift the suspension of a vendor."))
    if vendor.suspended_at is None:
        raise TooLate(_("This vendor is not suspended any more."), code="not_suspended")
    guard_fresh_factor(origin, acting_user, None)
    reentry = checked_answers(answers)
    _guard_name(name, vendor.name)
    reason = needed_reason(reason)

    if order is not None:
        _revoke_windows(order, acting_user=acting_user, origin=origin)
        order.reentry = reentry
        _note_lifted(order, acting_user, reason)
    vendor.suspended_at = None
    vendor.suspended_by = None
    vendor.suspended_reason = ""
    vendor.save(update_fields=["suspended_at", "suspended_by", "suspended_reason"])

    record(
        "vendor.reinstated",
        acting_user=acting_user,
        subject=vendor,
        origin=origin,
        reason=reason,
        order=order.number if order is not None else "",
        reentry=reentry,
    )

    if order is not None:
        _tell_deciders(order, acting_user, reason)
        tell_order(order)
    return order


def fallen_windows(order: StopOrder) -> list[MaintenanceWindow]:
    """The windows of an order that are still to come and wait to be confirmed again."""
    return list(MaintenanceWindow.objects.fallen().filter(stop_orders=order))


def _revoke_windows(order: StopOrder, *, acting_user: User, origin: Origin) -> None:
    windows = let_windows_fall(
        site=order.site,
        vendor=order.vendor,
        acting_user=acting_user,
        origin=origin,
        reason=order.reason,
    )
    order.windows.add(*windows)


def _note_lifted(order: StopOrder, acting_user: User, reason: str) -> None:
    order.lifted_at = timezone.now()
    order.lifted_by = acting_user
    order.lift_reason = reason
    order.save(update_fields=["lifted_at", "lifted_by", "lift_reason", "reentry"])


def _tell_deciders(order: StopOrder, acting_user: User, reason: str) -> None:
    """Who decides at a site hears how many of its windows wait."""
    waiting: dict[int, list[MaintenanceWindow]] = {}
    for window in (
        MaintenanceWindow.objects.fallen()
        .filter(stop_orders=order)
        .select_related("access_request__site")
    ):
        waiting.setdefault(window.access_request.site_id, []).append(window)
    for windows in waiting.values():
        site = windows[0].access_request.site
        notify(
            people_who_may(Action.REQUEST_DECIDE, site),
            "windows.fallen",
            path=f"/isolation/{order.number}/",
            name=order.of,
            lifter=acting_user.full_name,
            reason=reason,
            count=len(windows),
        )


def _guard_name(typed: str, name: str) -> None:
    if typed.strip().casefold() != name.casefold():
        raise NotPossible(
            _("Type the name exactly: %(name)s.") % {"name": name}, code="other_name"
        )


def _with_request(
    sessions: QuerySet[BrokeredSession],
) -> QuerySet[BrokeredSession]:
    return sessions.select_related(
        "window__access_request__site", "started_by", "endpoint__asset"
    )
