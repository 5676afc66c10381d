"""Gathers from the database what `requests.feasibility` judges and an approver sees."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from accessportal.accounts.models import User
from accessportal.accounts.parking import idle_days, is_parked
from accessportal.audit.models import AuditEvent
from accessportal.plants.models import Asset, Endpoint, ProductionFreeze, Site
from accessportal.risk_facts import new_country, refusals_lately
from requests.demanded import demands_on_request
from requests.models import AccessRequest, MaintenanceWindow
from requests.policy.rules import Demands
from requests.wishes import (
    Booking,
    Duplicate,
    EndpointFacts,
    Freeze,
    Limits,
    PersonFacts,
    Standing,
    WishFacts,
)

NO_RULE = Demands()
EMERGENCY_LIMITS = Limits(
    longest=timedelta(hours=4), notice=timedelta(0), furthest=timedelta(hours=4)
)
REVIVAL_TOLD_FOR = timedelta(days=14)
"""For so long a decision page says that somebody came back to a parked account."""


def policy_limits(demands: Demands) -> Limits:
    """The figures of the settings as time spans, tightened by what the policy demands."""
    longest = timedelta(hours=settings.MAX_WINDOW_HOURS)
    notice = timedelta(minutes=settings.MIN_NOTICE_MINUTES)
    return Limits(
        longest=min(longest, demands.longest or longest),
        notice=max(notice, demands.notice or notice),
        furthest=timedelta(days=settings.MAX_ADVANCE_DAYS),
    )


def facts_of_wish(
    *,
    person: User,
    site: Site,
    endpoints: Iterable[Endpoint],
    start: datetime | None,
    end: datetime | None,
    purpose: str,
    unknown_endpoints: int = 0,
    companions: Iterable[User] = (),
    unknown_companions: int = 0,
    own_request: AccessRequest | None = None,
    asked_from: str = "",
    viewer: User | None = None,
    now: datetime | None = None,
    demands: Demands = NO_RULE,
    emergency: bool = False,
) -> WishFacts:
    """The facts about a wish of `person`, a vendor's; `own_request` is left out of overlaps.

    Numbers of other companies' requests are named only to a `viewer` of the plant.
    """
    assert person.vendor is not None  # only a vendor's people have wishes
    endpoints = list(endpoints)
    timed = start is not None and end is not None and end > start
    now = now or timezone.now()
    back_at, back_after_days = _back(person, now)
    return WishFacts(
        now=now,
        limits=EMERGENCY_LIMITS if emergency else policy_limits(demands),
        zone=site.time_zone,
        site_name=site.name,
        staffed_from=site.staffed_from,
        staffed_until=site.staffed_until,
        staffed_weekdays=site.staffed_weekdays,
        site_isolated=site.isolated_at is not None,
        start=start,
        end=end,
        purpose=purpose,
        endpoints=tuple(
            _endpoint_facts(endpoint, person, start, end, own_request, viewer)
            for endpoint in endpoints
        ),
        unknown_endpoints=unknown_endpoints,
        person_name=person.full_name,
        person_disabled=person.disabled_at is not None,
        person_expires_at=person.expires_at,
        training_expires_at=person.training_expires_at,
        vendor_name=person.vendor.name,
        vendor_suspended=person.vendor.suspended_at is not None,
        contract_ends_at=person.vendor.contract_ends_at,
        freezes=tuple(
            Freeze(
                freeze.starts_at,
                freeze.ends_at,
                freeze.reason,
                freeze.asset.name if freeze.asset else "",
            )
            for freeze in _freezes(site, endpoints, start, end)
        ),
        duplicates=_duplicates(
            person, endpoints, start, end, own_request, emergency=emergency
        )
        if timed
        else (),
        companions=tuple(_person_facts(one, endpoints, now) for one in companions),
        unknown_companions=unknown_companions,
        refused_lately=refusals_lately(person, now or timezone.now()),
        new_country=new_country(person, asked_from) if asked_from else "",
        person_back_at=back_at,
        person_back_after_days=back_after_days,
        standing=_standing(person),
        demands=demands,
        emergency=emergency,
    )


def facts_of_request(
    access_request: AccessRequest,
    *,
    viewer: User | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
) -> WishFacts:
    """The facts about a request, for its own time or for another one."""
    endpoints = requested_endpoints(access_request)
    serviced = set(
        Asset.objects.serviced_by(access_request.vendor).values_list("pk", flat=True)
    )
    companions = companions_of(access_request)
    still_theirs = [
        one for one in companions if one.vendor_id == access_request.vendor_id
    ]
    return facts_of_wish(
        person=access_request.requested_by,
        site=access_request.site,
        endpoints=endpoints,
        unknown_endpoints=sum(
            endpoint.asset_id not in serviced for endpoint in endpoints
        ),
        companions=still_theirs,
        unknown_companions=len(companions) - len(still_theirs),
        asked_from=_asked_from(access_request),
        start=start or access_request.wanted_from,
        end=end or access_request.wanted_until,
        purpose=access_request.purpose,
        own_request=access_request,
        viewer=viewer,
        demands=demands_on_request(access_request, start=start, end=end),
        emergency=access_request.emergency_at is not None,
    )


def _asked_from(access_request: AccessRequest) -> str:
    """The network address from which a request was submitted."""
    return (
        AuditEvent.objects.filter(
            request_number=access_request.number, event="request.submitted"
        )
        .values_list("source_address", flat=True)
        .first()
        or ""
    )


def requested_endpoints(access_request: AccessRequest) -> list[Endpoint]:
    return list(
        access_request.endpoints.select_related("asset__zone__site").order_by(
            "asset__name", "name"
        )
    )


def companions_of(access_request: AccessRequest) -> list[User]:
    """The named colleagues, by name."""
    return list(
        access_request.companions.select_related("vendor").order_by("full_name", "pk")
    )


def seen_by_approver(access_request: AccessRequest) -> dict[str, Any]:
    """What a decision rests on, as JSON: the same for everybody, and stable over time.

    Sentences that change with the clock are left out: only a changed fact makes a
    decision page stale.
    """
    endpoints = requested_endpoints(access_request)
    person, site = access_request.requested_by, access_request.site
    vendor = access_request.vendor
    start, end = access_request.wanted_from, access_request.wanted_until
    return {
        "number": access_request.number,
        "state": access_request.state,
        "person": _seen_of_person(person),
        "companions": [
            _seen_of_person(companion) for companion in companions_of(access_request)
        ],
        "vendor": {
            "name": vendor.name,
            "suspended": vendor.suspended_at is not None,
            "contract_ends_at": _iso(vendor.contract_ends_at),
        },
        "site": {"name": site.name, "isolated": site.isolated_at is not None},
        "machines": [
            {
                "asset": endpoint.asset.name,
                "endpoint": endpoint.name,
                "protocol": endpoint.protocol,
                "address": f"{endpoint.host}:{endpoint.port}",
                "criticality": endpoint.asset.criticality,
                "max_clients": endpoint.max_clients,
                "takes_local_screen": endpoint.takes_local_screen,
                "serviced_by_vendor": Asset.objects.serviced_by(vendor)
                .filter(pk=endpoint.asset_id)
                .exists(),
            }
            for endpoint in endpoints
        ],
        "permission": access_request.permission,
        "clipboard_in": access_request.clipboard_in,
        "clipboard_out": access_request.clipboard_out,
        "purpose": access_request.purpose,
        "work_order": access_request.work_order,
        "attendance": access_request.attendance_required,
        "wanted_from": _iso(start),
        "wanted_until": _iso(end),
        "freezes": [
            {
                "from": _iso(freeze.starts_at),
                "until": _iso(freeze.ends_at),
                "reason": freeze.reason,
            }
            for freeze in _freezes(site, endpoints, start, end)
        ],
        "on_release_minutes": access_request.on_release_minutes,
        "tolerance_minutes": access_request.tolerance_minutes,
        "occurrences": [
            {"from": _iso(row.starts_at), "until": _iso(row.ends_at)}
            for row in access_request.occurrences.all()
        ],
        **_seen_of_emergency(access_request),
        "bookings": sorted(
            f"{window.access_request.number} {_iso(window.opens_at)} {_iso(window.closes_at)}"
            for window in _windows_on(endpoints, start, end, access_request)
        ),
    }


def _seen_of_emergency(access_request: AccessRequest) -> dict[str, Any]:
    if access_request.emergency_at is None:
        return {}
    return {
        "emergency": {
            "by": str(access_request.emergency_by),
            "reason": access_request.emergency_reason,
        }
    }


def _seen_of_person(person: User) -> dict[str, Any]:
    return {
        "name": person.full_name,
        "email": person.email,
        "disabled": person.disabled_at is not None,
        "expires_at": _iso(person.expires_at),
        "training_expires_at": _iso(person.training_expires_at),
        "revived_at": _iso(person.revived_at),
        "confirmed": not person.awaits_sponsor,
        "nda_signed_at": _iso(person.nda_signed_at),
        "nda_expires_at": _iso(person.nda_expires_at),
    }


def hash_of_facts(facts: dict[str, Any]) -> str:
    """SHA-256 of the facts as canonical JSON."""
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _endpoint_facts(
    endpoint: Endpoint,
    person: User,
    start: datetime | None,
    end: datetime | None,
    own_request: AccessRequest | None,
    viewer: User | None,
) -> EndpointFacts:
    bookings: list[Booking] = []
    if start is not None and end is not None and end > start:
        bookings = [
            Booking(
                window.opens_at,
                window.closes_at,
                _label(window.access_request, person, viewer),
            )
            for window in _windows_on([endpoint], start, end, own_request)
        ]
    return EndpointFacts(
        name=_machine(endpoint),
        max_clients=endpoint.max_clients,
        takes_local_screen=endpoint.takes_local_screen,
        clear_text=endpoint.clear_text,
        first_visit=not _worked_on(person, endpoint),
        locked_out=endpoint.asset.locked_out_at is not None,
        bookings=tuple(bookings),
    )


def _back(person: User, now: datetime) -> tuple[datetime | None, int]:
    """(when, after how many days) a person lately took a parked account into use again."""
    at = person.revived_at
    if at is None or at < now - REVIVAL_TOLD_FOR:
        return None, 0
    return at, person.revived_after_days or 0


def _person_facts(
    person: User, endpoints: Iterable[Endpoint], now: datetime
) -> PersonFacts:
    back_at, back_after_days = _back(person, now)
    return PersonFacts(
        person.full_name,
        person.disabled_at is not None,
        person.expires_at,
        person.training_expires_at,
        tuple(
            _machine(endpoint)
            for endpoint in endpoints
            if not _worked_on(person, endpoint)
        ),
        back_at,
        back_after_days,
        idle_days(person, at=now) if is_parked(person, at=now) else 0,
        _standing(person),
    )


def _standing(person: User) -> Standing:
    vendor = person.vendor
    assert vendor is not None  # only a vendor's people ask, and are named
    return Standing(
        confirmed=not person.awaits_sponsor,
        sponsor=vendor.sponsor.full_name if vendor.sponsor else "",
        training_required=vendor.training_required,
        nda_required=vendor.nda_required,
        nda_signed=person.nda_signed_at is not None,
        nda_expires_at=person.nda_expires_at,
    )


def _machine(endpoint: Endpoint) -> str:
    return f"{endpoint.asset.name} – {endpoint.name}"


def _freezes(
    site: Site,
    endpoints: Iterable[Endpoint],
    start: datetime | None,
    end: datetime | None,
) -> list[ProductionFreeze]:
    """Freezes of the whole site or of one of the assets, in this time."""
    if start is None or end is None or end <= start:
        return []
    assets = {endpoint.asset_id for endpoint in endpoints}
    return list(
        ProductionFreeze.objects.overlapping(start, end)
        .filter(Q(asset__isnull=True) | Q(asset__in=assets), site=site)
        .select_related("asset")
    )


def _windows_on(
    endpoints: Iterable[Endpoint],
    start: datetime,
    end: datetime,
    own_request: AccessRequest | None,
) -> list[MaintenanceWindow]:
    windows = MaintenanceWindow.objects.overlapping(start, end).filter(
        access_request__endpoints__in=list(endpoints)
    )
    if own_request is not None:
        windows = windows.exclude(access_request=own_request)
    return list(
        windows.select_related("access_request").order_by("opens_at").distinct()
    )


def _worked_on(person: User, endpoint: Endpoint) -> bool:
    """Whether an earlier window of this person on the endpoint was ever open."""
    return MaintenanceWindow.objects.filter(
        Q(access_request__requested_by=person) | Q(access_request__companions=person),
        access_request__endpoints=endpoint,
        opens_at__lte=timezone.now(),
    ).exists()


def _label(access_request: AccessRequest, person: User, viewer: User | None) -> str:
    of_the_plant = viewer is not None and viewer.vendor_id is None
    if of_the_plant or access_request.vendor_id == person.vendor_id:
        return access_request.number
    return ""


def _duplicates(
    person: User,
    endpoints: list[Endpoint],
    start: datetime | None,
    end: datetime | None,
    own_request: AccessRequest | None,
    *,
    emergency: bool,
) -> tuple[Duplicate, ...]:
    """emergency: what was asked for in the ordinary way before is none of it."""
    pending = AccessRequest.objects.awaiting_decision().filter(
        vendor=person.vendor_id,
        endpoints__in=endpoints,
        wanted_from__lt=end,
        wanted_until__gt=start,
    )
    if emergency:
        pending = pending.emergencies()
    if own_request is not None:
        pending = pending.exclude(pk=own_request.pk)
    return tuple(
        Duplicate(request.number, own=request.requested_by_id == person.pk)
        for request in pending.order_by("number").distinct()
    )


def _iso(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment is not None else None
