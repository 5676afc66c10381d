"""Loads the facts that `policy.decide` looks at: before a session, and while it lasts."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from accessportal.accounts.factor_rules import counts
from accessportal.accounts.models import User
from accessportal.accounts.web_sessions import is_in_force
from accessportal.origin import Origin
from accessportal.plants.models import Asset, Endpoint, ProductionFreeze
from requests.escortable import escort_in_force
from requests.line import waits_for_line
from requests.models import AccessRequest, Escort, MaintenanceWindow
from sessions.attended import is_attended
from sessions.endings import CRITICAL_STEP_MOST
from sessions.limits import limit_facts
from sessions.models import BrokeredSession, CriticalStep
from sessions.policy import Facts, Moment
from sessions.risk_facts import signals_at_start
from sessions.services.left_desktops import left_over_for
from sessions.services.web_sessions import on_shared_computer

if TYPE_CHECKING:
    from django.db import models

FreezeCause = BrokeredSession.FreezeCause

LEAST_FREE_BYTES = 64 * 1024 * 1024
"""Less room than this for recordings means that the recorder cannot run."""


def facts_at_start(
    window: MaintenanceWindow, endpoint: Endpoint, user: User, origin: Origin
) -> Facts:
    """The facts before a session: fetched anew, whatever the caller's objects hold."""
    window = MaintenanceWindow.objects.select_related("access_request").get(
        pk=window.pk
    )
    endpoint = Endpoint.objects.select_related("asset__zone__site").get(pk=endpoint.pk)
    user = User.objects.select_related("vendor").get(pk=user.pk)
    now = timezone.now()
    return Facts(
        moment=Moment.START,
        at=now,
        **escort_facts(escort_in_force(window, user, origin.web_session_ref)),
        **_facts_of(window, endpoint, user),
        **standing_of(user, now),
        endpoint_in_window=window.access_request.endpoints.filter(
            pk=endpoint.pk
        ).exists(),
        production_freeze=_freezes(endpoint, now).exists(),
        line_given=not waits_for_line(window),
        vendor_services_asset=user.vendor is None
        or Asset.objects.serviced_by(user.vendor).filter(pk=endpoint.asset_id).exists(),
        recorder_runs=recorder_has_room(),
        # guacd takes any SSH host when it is told no key, and signs in there.
        host_identity_known=endpoint.protocol != Endpoint.Protocol.SSH
        or bool(endpoint.host_key.strip()),
        slot_free=free_slot(endpoint) is not None,
        **limit_facts(user, endpoint, window.access_request.permission),
        signals=signals_at_start(user, endpoint.asset.zone.site, origin, now),
        risk_fresh_for=settings.RISK_FACTOR_SECONDS,
        desktop_left_over=left_over_for(endpoint, user.vendor_id) is not None,
        signed_out=False,
        factor_age=_factor_age(user, origin, endpoint, now),
        factor_fresh_for=settings.FRESH_FACTOR_SECONDS,
        factor_max_age=settings.FACTOR_MAX_AGE_SECONDS,
        idle_limit=settings.IDLE_FREEZE_SECONDS,
    )


def facts_during(
    brokered_session: BrokeredSession,
    *,
    idle_for: float = 0.0,
    address: str = "",
    web_session_key: str = "",
    steps: Mapping[UUID, datetime] | None = None,
    ended: Collection[str] | None = None,
) -> Facts:
    """The facts of a session that lasts; its relations should be freshly loaded.

    `idle_for`: seconds since the contractor did something. `address` and
    `web_session_key`: those of the contractor's present socket, where there is one.
    Asked here where they were not read before: `steps`, until when critical steps protect
    sessions, and `ended`, the keys of web sessions that somebody ended.
    """
    now = timezone.now()
    if steps is None:
        steps = critical_steps_until([brokered_session], now)
    factor_at = brokered_session.factor_at
    return Facts(
        moment=Moment.DURING,
        at=now,
        **escort_facts(brokered_session.escort),
        **_facts_of(
            brokered_session.window,
            brokered_session.endpoint,
            brokered_session.started_by,
        ),
        endpoint_in_window=True,
        signed_out=_signed_out(brokered_session, web_session_key, ended),
        factor_age=(now - factor_at).total_seconds() if factor_at else None,
        factor_max_age=settings.FACTOR_MAX_AGE_SECONDS,
        idle_for=idle_for,
        idle_limit=_idle_limit(idle_for, web_session_key),
        same_address=not address or address == brokered_session.source_address,
        attended=is_attended(brokered_session, now),
        held_for=_held_for(brokered_session, now),
        hold_limit=None
        if brokered_session.hold_kept
        else hold_limit(brokered_session.endpoint),
        recording_grace_until=_recording_grace(brokered_session),
        critical_step_until=steps.get(brokered_session.pk),
    )


def standing_of(user: User, at: datetime) -> dict[str, Any]:
    """What is asked of a vendor's person before work, and does not bite in the middle of it."""
    return {
        "person_confirmed": not user.awaits_sponsor,
        "training_expires_at": user.training_expires_at,
        "training_missing": user.training_missing,
        "nda_missing": user.nda_missing_at(at),
    }


def escort_facts(escort: Escort | None) -> dict[str, Any]:
    """Who of the plant escorts, and what their call stands in for; nothing without one."""
    if escort is None:
        return {}
    return {
        "escorted_by": escort.offered_by.full_name,
        "bridged": tuple(
            what
            for what, bridged in (
                ("factor", escort.bridges_factor),
                ("training", escort.bridges_training),
            )
            if bridged
        ),
    }


def critical_step_until(
    brokered_session: BrokeredSession, at: datetime
) -> datetime | None:
    """Until when the accepted critical step protects the session, capped; None without one."""
    return critical_steps_until([brokered_session], at).get(brokered_session.pk)


def critical_steps_until(
    sessions: Sequence[BrokeredSession], at: datetime
) -> dict[UUID, datetime]:
    """The same of many sessions, by their keys; those without a running step are left out."""
    running = CriticalStep.objects.running(at=at).filter(
        brokered_session__in=sessions, accepted_at__isnull=False
    )
    return {
        step.brokered_session_id: min(step.until, step.accepted_at + CRITICAL_STEP_MOST)
        for step in running.only("brokered_session", "until", "accepted_at")
        if step.until is not None and step.accepted_at is not None
    }


def hold_limit(endpoint: Endpoint) -> float | None:
    """For how many seconds a session is held for an absent contractor; None: to the end."""
    return endpoint.hold_minutes * 60.0 if endpoint.hold_minutes is not None else None


def free_slot(endpoint: Endpoint) -> int | None:
    """The lowest free place on an endpoint, or None when all are taken: also by numbers that
    it has no more."""
    taken = set(
        BrokeredSession.objects.holding_a_slot()
        .filter(endpoint=endpoint)
        .values_list("slot", flat=True)
    )
    if len(taken) >= endpoint.max_clients:
        return None
    return next(slot for slot in range(endpoint.max_clients) if slot not in taken)


def recorder_has_room() -> bool:
    """Whether there is room to record; the recorder asks again before the first picture."""
    place = settings.RECORDINGS_DIR
    while not place.exists():
        place = place.parent
    return shutil.disk_usage(place).free >= LEAST_FREE_BYTES


def _factor_age(
    user: User, origin: Origin, endpoint: Endpoint, at: datetime
) -> float | None:
    """A factor that does not count at the machine's site was none."""
    if not origin.factor_at:
        return None
    if not counts(user, origin.factor, endpoint.asset.zone.site):
        return None
    return at.timestamp() - origin.factor_at


def _signed_out(
    brokered_session: BrokeredSession, present: str, ended: Collection[str] | None
) -> bool:
    """`present`: the web session of the contractor's socket. A session that was left by "not
    you?" hangs on no web session while it waits for its person."""
    key = present or brokered_session.web_session_key
    if not key:
        return False
    return key in ended if ended is not None else not is_in_force(key)


def _idle_limit(idle_for: float, web_session_key: str) -> float:
    """After how many seconds without input somebody has to show that it is still them."""
    limit: float = settings.IDLE_FREEZE_SECONDS
    short: float = min(limit, settings.SHARED_BREAK_SECONDS)
    if idle_for >= short and on_shared_computer(web_session_key):
        return short
    return limit


def factor_moment(origin: Origin) -> datetime | None:
    """When the second factor of a web session was last used."""
    return datetime.fromtimestamp(origin.factor_at, UTC) if origin.factor_at else None


def _facts_of(
    window: MaintenanceWindow, endpoint: Endpoint, user: User
) -> dict[str, Any]:
    """What is asked at every moment."""
    vendor = user.vendor
    return {
        "own_window": window.access_request.requested_by_id == user.pk,
        "request_approved": window.access_request.state == AccessRequest.State.APPROVED,
        "opens_at": window.opens_at,
        "closes_at": window.closes_at,
        "window_revoked": window.revoked_at is not None,
        "person_disabled": user.disabled_at is not None,
        "person_expires_at": user.expires_at,
        "vendor_suspended": vendor is not None and vendor.suspended_at is not None,
        "contract_ends_at": vendor.contract_ends_at if vendor is not None else None,
        "site_isolated": endpoint.asset.zone.site.isolated_at is not None,
        "asset_locked": endpoint.asset.locked_out_at is not None,
    }


def _held_for(brokered_session: BrokeredSession, at: datetime) -> float:
    since = brokered_session.frozen_at
    if since is None or brokered_session.frozen_cause != FreezeCause.AWAY:
        return 0.0
    return (at - since).total_seconds()


def _recording_grace(brokered_session: BrokeredSession) -> datetime | None:
    """Set while recording fails and nobody of the plant let it go on without."""
    row = brokered_session
    if row.recording_failed_at is None or row.unrecorded_at is not None:
        return None
    return row.recording_grace_until


def _freezes(endpoint: Endpoint, at: datetime) -> models.QuerySet[ProductionFreeze]:
    site_wide_or_here = ProductionFreeze.objects.filter(
        site=endpoint.asset.zone.site_id, starts_at__lte=at, ends_at__gt=at
    )
    return site_wide_or_here.filter(asset__isnull=True) | site_wide_or_here.filter(
        asset=endpoint.asset
    )
