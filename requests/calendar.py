"""The week of a site in plant time: windows, wishes, freezes and stops, by day and by machine.

A day is what the plant's clock calls one: 23 or 25 hours long when the clocks change.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import F, Q
from django.utils import dateformat

from accessportal.accounts.models import User
from accessportal.clock import plant_time
from accessportal.plants.models import (
    Asset,
    MaintenanceStop,
    ProductionFreeze,
    Site,
    Zone,
)
from requests.listing import search_words
from requests.models import AccessRequest, MaintenanceWindow, RequestedOccurrence

DAYS = 7
BAR_HEIGHT = 12


@dataclass(frozen=True)
class Entry:
    """One thing on the calendar. `assets`: ids; empty means the whole site.

    `thing` is a window, a request (kind `pending`), a freeze or a stop.
    """

    kind: str
    start: datetime
    end: datetime
    thing: Any
    assets: frozenset[int]

    @property
    def access_request(self) -> AccessRequest | None:
        return getattr(self.thing, "access_request", None) or (
            self.thing if self.kind == "pending" else None
        )


@dataclass(frozen=True)
class Day:
    """A day of the plant, from its midnight to the next; `length` in minutes."""

    date: date
    start: datetime
    end: datetime

    @property
    def length(self) -> int:
        return round((self.end - self.start).total_seconds() / 60)

    def touches(self, entry: Entry) -> bool:
        return entry.start < self.end and entry.end > self.start

    def bar(self, entry: Entry) -> dict[str, Any]:
        """Where the entry lies in the day, in minutes since its midnight."""
        first = max(entry.start, self.start) - self.start
        last = min(entry.end, self.end) - self.start
        return {
            "x": round(first.total_seconds() / 60),
            "width": max(6, round((last - first).total_seconds() / 60)),
            "kind": entry.kind,
        }


@dataclass(frozen=True)
class Filters:
    """What the URL narrows the calendar to: `q`, `zone`, `asset`."""

    words: str = ""
    zone: Zone | None = None
    asset: Asset | None = None

    @property
    def any(self) -> bool:
        return bool(self.words or self.zone or self.asset)


def week_name(day: date) -> str:
    """`2026-W11`"""
    year, week, _weekday = day.isocalendar()
    return f"{year}-W{week:02d}"


def monday_of(name: str, today: date) -> date:
    """The Monday of `2026-W11`; of this week when the name is not one."""
    try:
        year, week = name.split("-W")
        monday = date.fromisocalendar(int(year), int(week), 1)
    except ValueError:
        monday = date.min
    if not 2000 <= monday.year <= 2200:
        return today - timedelta(days=today.weekday())
    return monday


def days_from(site: Site, monday: date) -> list[Day]:
    starts = [
        datetime(day.year, day.month, day.day, tzinfo=site.tz)
        for day in (monday + timedelta(days=number) for number in range(DAYS + 1))
    ]
    # Compared and subtracted across a change of the clocks: that is done in UTC.
    moments = [plant_time(start, "UTC") for start in starts]
    return [
        Day(start.date(), first, last)
        for start, first, last in zip(
            starts[:-1], moments[:-1], moments[1:], strict=True
        )
    ]


def assets_on_calendar(user: User, site: Site) -> list[Asset]:
    """The site's machines that this person may know of: a vendor's people know theirs."""
    assets = Asset.objects.filter(zone__site=site)
    if user.vendor is not None:
        assets = assets.filter(pk__in=Asset.objects.serviced_by(user.vendor))
    return list(assets.select_related("zone").order_by("zone__name", "name"))


def filters_of(query: Mapping[str, str], assets: list[Asset]) -> Filters:
    """Values that mean nothing filter nothing."""
    return Filters(
        query.get("q", "").strip()[:200],
        next(
            (one.zone for one in assets if str(one.zone_id) == query.get("zone")), None
        ),
        next((one for one in assets if one.slug == query.get("asset")), None),
    )


def entries_of(
    user: User,
    site: Site,
    start: datetime,
    end: datetime,
    assets: list[Asset],
    filters: Filters | None = None,
) -> list[Entry]:
    """Everything of `site` that touches the time, and that this person may see."""
    filters = filters or Filters()
    shown = {one.pk for one in assets}
    if filters.zone is not None:
        shown &= {one.pk for one in assets if one.zone_id == filters.zone.pk}
    if filters.asset is not None:
        shown &= {filters.asset.pk}
    found = [
        *_windows(user, site, start, end, filters),
        *_pending(user, site, start, end, filters),
        *_planned("freeze", ProductionFreeze, site, start, end, filters, assets),
        *_planned("stop", MaintenanceStop, site, start, end, filters, assets),
    ]
    if filters.zone is not None or filters.asset is not None:
        found = [one for one in found if not one.assets or one.assets & shown]
    return sorted(found, key=lambda one: (one.start, one.end))


def by_day(days: list[Day], entries: list[Entry], site: Site) -> list[dict[str, Any]]:
    """For each day: its date, and the entries that touch it with their span on it."""
    return [
        {
            "date": day.date,
            "odd_hours": day.length // 60 if day.length != 24 * 60 else 0,
            "entries": [
                {"entry": one, "span": span_of_day(one.start, one.end, site, day.date)}
                for one in entries
                if day.touches(one)
            ],
        }
        for day in days
    ]


def by_machine(
    days: list[Day], entries: list[Entry], assets: Iterable[Asset], site: Site
) -> list[dict[str, Any]]:
    """Rows by zone and machine, each with a cell for every day; the whole site comes first."""
    rows: list[dict[str, Any]] = []
    everywhere = [one for one in entries if not one.assets]
    if everywhere:
        rows.append(_row(None, days, everywhere, site))
    for asset in assets:
        own = [one for one in entries if asset.pk in one.assets]
        rows.append(_row(asset, days, own, site))
    return rows


def span_of_day(start: datetime, end: datetime, site: Site, day: date) -> str:
    """`07:45 – 09:45` in plant time; another day's end is said with its day."""
    words = []
    for moment in (start, end):
        local = plant_time(moment, site.time_zone)
        words.append(
            dateformat.format(local, "H:i" if local.date() == day else "D H:i")
        )
    return " – ".join(words)


def _row(
    asset: Asset | None, days: list[Day], entries: list[Entry], site: Site
) -> dict[str, Any]:
    cells = []
    for day in days:
        here = [one for one in entries if day.touches(one)]
        cells.append(
            {
                "date": day.date,
                "length": day.length,
                "bars": [day.bar(one) for one in here],
                "entries": [
                    {
                        "entry": one,
                        "span": span_of_day(one.start, one.end, site, day.date),
                    }
                    for one in here
                ],
            }
        )
    return {"asset": asset, "cells": cells}


def _windows(
    user: User, site: Site, start: datetime, end: datetime, filters: Filters
) -> list[Entry]:
    rows = (
        MaintenanceWindow.objects.visible_to(user)
        .filter(
            search_words(filters.words, of="access_request__"),
            access_request__site=site,
            opens_at__lt=end,
            closes_at__gt=start,
        )
        .select_related("access_request__vendor", "access_request__requested_by")
        .prefetch_related("access_request__endpoints__asset")
    )
    return [
        Entry(
            str(row.phase().value),
            row.opens_at,
            row.closes_at,
            row,
            _assets_of(row.access_request),
        )
        for row in rows
    ]


def _pending(
    user: User, site: Site, start: datetime, end: datetime, filters: Filters
) -> list[Entry]:
    """Wishes that wait, and the later times of those that repeat."""
    waiting = AccessRequest.objects.visible_to(user).awaiting_decision()
    rows = (
        waiting.filter(
            search_words(filters.words),
            site=site,
            wanted_from__lt=end,
            wanted_until__gt=start,
        )
        .select_related("vendor", "requested_by")
        .prefetch_related("endpoints__asset")
    )
    once = [
        Entry("pending", row.wanted_from, row.wanted_until, row, _assets_of(row))
        for row in rows
    ]
    repeats = RequestedOccurrence.objects.filter(
        search_words(filters.words, of="access_request__"),
        access_request__in=waiting.filter(site=site),
        starts_at__lt=end,
        ends_at__gt=start,
    ).exclude(starts_at=F("access_request__wanted_from"))
    later = repeats.select_related(
        "access_request__vendor", "access_request__requested_by"
    ).prefetch_related("access_request__endpoints__asset")
    return once + [
        Entry(
            "pending",
            row.starts_at,
            row.ends_at,
            row.access_request,
            _assets_of(row.access_request),
        )
        for row in later
    ]


def _planned(
    kind: str,
    model: type[ProductionFreeze | MaintenanceStop],
    site: Site,
    start: datetime,
    end: datetime,
    filters: Filters,
    known: list[Asset],
) -> list[Entry]:
    """What is planned for a machine that somebody may not know of is not shown to them."""
    rows = model.objects.overlapping(start, end).filter(
        Q(asset__isnull=True) | Q(asset__in=known), site=site
    )
    for word in filters.words.split():
        rows = rows.filter(Q(reason__icontains=word) | Q(asset__name__icontains=word))
    return [
        Entry(kind, row.starts_at, row.ends_at, row, _asset_of(row.asset_id))
        for row in rows.select_related("asset")
    ]


def _asset_of(pk: int | None) -> frozenset[int]:
    return frozenset() if pk is None else frozenset({pk})


def _assets_of(access_request: AccessRequest) -> frozenset[int]:
    return frozenset(one.asset_id for one in access_request.endpoints.all())
