"""Freezes and stops that come out of a calendar: read, replaced by event, given up.

What was read stays until a later reading is good: a calendar that cannot be had, or is
damaged, changes nothing but the note that it failed. A file replaces the events that are
in it; a feed is the whole truth, so that what it does not name any more goes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accessportal.accounts.authorisation import Action, may, people_who_may
from accessportal.accounts.models import User
from accessportal.audit import record
from accessportal.errors import NotAllowed, NotPossible
from accessportal.news import site_topic, tell_news
from accessportal.notifications import notify
from accessportal.origin import SYSTEM, Origin
from accessportal.plants.access import may_freeze
from accessportal.plants.calendar_feed import fetch_calendar, guard_address
from accessportal.plants.ical_in import Read, read_calendar
from accessportal.plants.models import (
    Asset,
    CalendarSource,
    MaintenanceStop,
    ProductionFreeze,
    Site,
)

HORIZON = timedelta(days=400)
"""So far ahead repeats are written out; a feed moves on with every reading."""

MAX_SOURCES = 20
Kind = CalendarSource.Kind


@dataclass(frozen=True)
class Imported:
    """How many times were written, and how many of before were replaced or dropped."""

    source: CalendarSource
    written: int
    replaced: int


@transaction.atomic
def import_file(
    site: Site,
    *,
    name: str,
    kind: str,
    content: bytes,
    asset: Asset | None = None,
    acting_user: User,
    origin: Origin,
) -> Imported:
    """Read a file into the calendar `name` of a site; the same name again replaces by event.

    Raises `NotAllowed`, and `NotPossible` for a file that cannot be read: nothing changes.
    """
    site = _locked(site)
    if not may_freeze(acting_user, site):
        raise NotAllowed
    now = timezone.now()
    read = read_calendar(
        content, zone=site.time_zone, start=now - timedelta(days=1), end=now + HORIZON
    )

    source = _source(site, name, kind, "", asset, acting_user)
    imported = _write(source, read, whole=False)

    _record_read(imported, acting_user, origin)
    return imported


@transaction.atomic
def add_feed(
    site: Site,
    *,
    name: str,
    kind: str,
    url: str,
    asset: Asset | None = None,
    acting_user: User,
    origin: Origin,
) -> CalendarSource:
    """Have a calendar read from an address again and again; administrators only.

    The worker reads it after the commit. Raises `NotAllowed`, `NotPossible`.
    """
    site = _locked(site)
    if not may(acting_user, Action.PLANT_CHANGE, site):
        raise NotAllowed
    url = guard_address(url)

    source = _source(site, name, kind, url, asset, acting_user)

    record(
        "calendar.source.changed",
        acting_user=acting_user,
        subject=source,
        origin=origin,
        site=site,
        kind=source.kind,
        url=url,
        added=True,
    )
    pk = source.pk
    transaction.on_commit(lambda: _read_soon(pk))
    return source


@transaction.atomic
def remove_source(source: CalendarSource, *, acting_user: User, origin: Origin) -> None:
    """Give a calendar up, with everything that came out of it.

    Raises `NotAllowed`: a feed is the administrators', a file also the supervisors'.
    """
    site = _locked(source.site)  # no import writes into what goes
    allowed = (
        may(acting_user, Action.PLANT_CHANGE, site)
        if source.url
        else may_freeze(acting_user, site)
    )
    if not allowed:
        raise NotAllowed

    pk = source.pk
    removed, _rows = CalendarSource.objects.filter(pk=pk).delete()

    if removed:
        source.pk = pk
        record(
            "calendar.source.changed",
            acting_user=acting_user,
            subject=source,
            origin=origin,
            site=site,
            kind=source.kind,
            url=source.url,
            removed=True,
        )
        _tell(site)


def read_feeds() -> int:
    """Read every feed once; how many could be read. Each is a transaction of its own."""
    pks = CalendarSource.objects.exclude(url="").values_list("pk", flat=True)
    return sum(read_feed(pk) for pk in list(pks))


def read_feed(pk: int) -> bool:
    """Fetch one feed and write what it says; False when it failed, which is noted."""
    source = CalendarSource.objects.select_related("site").filter(pk=pk).first()
    if source is None or not source.url:
        return False
    now = timezone.now()
    try:
        read = read_calendar(
            fetch_calendar(source.url),  # no transaction is open meanwhile
            zone=source.site.time_zone,
            start=now - timedelta(days=1),
            end=now + HORIZON,
        )
    except NotPossible as error:
        _note_failure(pk, str(error.sentence))
        return False
    return _keep(pk, read)


@transaction.atomic
def _keep(pk: int, read: Read) -> bool:
    source = _locked_source(pk)
    if source is None:
        return False
    had_failed = source.failed_at is not None
    before = _facts(source)
    imported = _write(source, read, whole=True)
    if had_failed or _facts(source) != before:
        _record_read(imported, None, SYSTEM)
    return True


@transaction.atomic
def _note_failure(pk: int, sentence: str) -> None:
    """The first failure after a good reading is recorded and told; then it is only shown."""
    source = _locked_source(pk)
    if source is None:
        return
    now, first = timezone.now(), source.failed_at is None
    CalendarSource.objects.filter(pk=pk).update(
        tried_at=now, failed_at=source.failed_at or now, failure=sentence[:500]
    )
    if not first:
        return
    record(
        "calendar.import.failed",
        acting_user=None,
        subject=source,
        origin=SYSTEM,
        site=source.site,
        result="failed",
        reason=sentence,
    )
    notify(
        people_who_may(Action.PLANT_CHANGE, source.site),
        "calendar.failed",
        path=f"/plants/sites/{source.site.slug}/calendars/",
        name=source.name,
        site=source.site.name,
        reason=sentence,
    )


def _write(source: CalendarSource, read: Read, *, whole: bool) -> Imported:
    """Replace what these events said before; `whole`: also drop what is not named."""
    model = _model(source)
    former = model.objects.filter(source=source)
    if not whole:
        former = former.filter(uid__in=read.uids)
    replaced, _rows = former.delete()
    model.objects.bulk_create(
        [
            model(
                site_id=source.site_id,
                asset_id=source.asset_id,
                starts_at=one.start,
                ends_at=one.end,
                reason=one.words,
                source=source,
                uid=one.uid,
            )
            for one in read.occurrences
        ]
    )
    now = timezone.now()
    CalendarSource.objects.filter(pk=source.pk).update(
        read_at=now, tried_at=now, known_until=now + HORIZON, failed_at=None, failure=""
    )
    _tell(source.site)
    return Imported(source, len(read.occurrences), replaced)


def _facts(source: CalendarSource) -> list[tuple[object, ...]]:
    """What is on it, from now on: an event that only went by is no change."""
    model = _model(source)
    rows = model.objects.filter(source=source, starts_at__gt=timezone.now())
    return sorted(rows.values_list("uid", "starts_at", "ends_at", "reason"))


def _model(source: CalendarSource) -> type[Any]:
    return ProductionFreeze if source.kind == Kind.FREEZE else MaintenanceStop


def _source(
    site: Site,
    name: str,
    kind: str,
    url: str,
    asset: Asset | None,
    acting_user: User,
) -> CalendarSource:
    """The calendar of this name: the one that is there, or a new one."""
    name = " ".join(name.split())[:120]
    if not name:
        raise NotPossible(_("Give the calendar a name."), code="name_missing")
    if kind not in Kind.values:
        raise NotPossible(
            _("Say whether it holds freezes or stops."), code="kind_missing"
        )
    if asset is not None and asset.zone.site_id != site.pk:
        raise NotPossible(
            _("This machine belongs to another site."), code="asset_of_other_site"
        )
    there = site.calendar_sources.select_related("site").filter(name=name).first()
    if there is not None:
        if url or there.url or (there.kind, there.asset) != (kind, asset):
            raise NotPossible(
                _("The site has another calendar of this name. Choose another name."),
                code="name_taken",
            )
        return there
    if site.calendar_sources.count() >= MAX_SOURCES:
        raise NotPossible(
            _("A site has at most %(count)s calendars.") % {"count": MAX_SOURCES},
            code="too_many_calendars",
        )
    try:
        with transaction.atomic():
            return CalendarSource.objects.create(
                site=site, asset=asset, name=name, kind=kind, url=url,
                added_by=acting_user,
            )  # fmt: skip
    except IntegrityError as error:
        raise NotPossible(
            _("The site has another calendar of this name. Choose another name."),
            code="name_taken",
        ) from error


def _locked(site: Site) -> Site:
    """One import at a time for a site."""
    return Site.objects.select_for_update(of=("self",)).get(pk=site.pk)


def _locked_source(pk: int) -> CalendarSource | None:
    return (
        CalendarSource.objects.select_for_update(of=("self",))
        .select_related("site")
        .filter(pk=pk)
        .first()
    )


def _record_read(imported: Imported, acting_user: User | None, origin: Origin) -> None:
    source = imported.source
    record(
        "calendar.imported",
        acting_user=acting_user,
        subject=source,
        origin=origin,
        site=source.site,
        kind=source.kind,
        written=imported.written,
        replaced=imported.replaced,
    )


def _tell(site: Site) -> None:
    topic = site_topic(site.pk)
    transaction.on_commit(lambda: tell_news(topic, about="windows"))


def _read_soon(pk: int) -> None:
    from accessportal.plants.tasks import read_calendar_feed

    read_calendar_feed.delay(pk)
