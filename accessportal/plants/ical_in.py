"""Reads an iCalendar file (RFC 5545) of a plant: what is on it between two moments.

Pure: no database, no clock, no network. Everything is bounded, since the file may come from
anywhere, and whatever is wrong with it is one `NotPossible` with a sentence. Repeats are
expanded on the wall clock of their own zone, as RFC 5545 wants: an event at 06:00 stays at
06:00 when the clocks change. A time that the clocks skip is read with the offset before the
change, one that happens twice is the first (RFC 5545, 3.3.5); lengths are exact (3.8.5.3).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr
from django.utils.translation import gettext as _
from icalendar import Calendar

from accessportal.errors import NotPossible

MAX_BYTES = 524_288
MAX_EVENTS = 1_000
MAX_OCCURRENCES = 2_000
MAX_EXCEPTIONS = 1_000
EARLIEST = 1970
Event = Any
"""A VEVENT of the library: what stands in it has the type that the file gave it."""
FREQUENCIES = frozenset({"DAILY", "WEEKLY", "MONTHLY", "YEARLY"})
UID_LENGTH = 255
WORDS_LENGTH = 500


@dataclass(frozen=True)
class Occurrence:
    """One time of one event. Moments are in UTC."""

    uid: str
    start: datetime
    end: datetime
    words: str


@dataclass(frozen=True)
class Read:
    """What a calendar says. `uids`: of every event in it, cancelled and past ones too."""

    uids: frozenset[str]
    occurrences: tuple[Occurrence, ...]


def read_calendar(content: bytes, *, zone: str, start: datetime, end: datetime) -> Read:
    """What is between `start` and `end`. `zone`: of the plant, for times without one.

    Raises `NotPossible`.
    """
    if len(content) > MAX_BYTES:
        raise NotPossible(
            _("The calendar is larger than %(size)s kB.") % {"size": MAX_BYTES // 1024},
            code="calendar_too_large",
        )
    events = _events(content)
    own = ZoneInfo(zone)
    by_uid: dict[str, list[Event]] = {}
    for event in events:
        by_uid.setdefault(_uid(event), []).append(event)
    found: list[Occurrence] = []
    for uid, group in by_uid.items():
        try:
            found.extend(_occurrences(uid, group, own, start, end))
        except NotPossible:
            raise
        except Exception as error:  # noqa: BLE001 - values of a stranger, parsed lazily
            raise _unreadable(_words(group[0])) from error
        if len(found) > MAX_OCCURRENCES:
            raise NotPossible(
                _("The calendar has more than %(count)s times in it.")
                % {"count": MAX_OCCURRENCES},
                code="calendar_too_many",
            )
    return Read(
        frozenset(by_uid), tuple(sorted(found, key=lambda one: (one.start, one.uid)))
    )


def _events(content: bytes) -> list[Event]:
    try:
        calendars = Calendar.from_ical(content, multiple=True)
    except Exception as error:  # noqa: BLE001 - whatever a parser says of a stranger's file
        raise _no_calendar() from error
    calendars = [one for one in calendars if one.name == "VCALENDAR"]
    if not calendars:
        raise _no_calendar()
    events = [event for one in calendars for event in one.walk("VEVENT")]
    if len(events) > MAX_EVENTS:
        raise NotPossible(
            _("The calendar has more than %(count)s events in it.")
            % {"count": MAX_EVENTS},
            code="calendar_too_many",
        )
    return events


def _no_calendar() -> NotPossible:
    return NotPossible(
        _(
            "This is not an iCalendar file (.ics), or it is damaged. Nothing was changed."
        ),
        code="no_calendar",
    )


def _unreadable(words: str) -> NotPossible:
    return NotPossible(
        _("The event “%(event)s” cannot be read. Nothing was changed.")
        % {"event": words},
        code="event_unreadable",
    )


def _uid(event: Event) -> str:
    uid = str(event.get("UID", "")).strip()
    if not uid or len(uid) > UID_LENGTH:
        raise NotPossible(
            _(
                "The event “%(event)s” has no UID, so it could not be found again. "
                "Nothing was changed."
            )
            % {"event": _words(event)},
            code="event_without_uid",
        )
    return uid


def _words(event: Event) -> str:
    words = " ".join(str(event.get("SUMMARY", "")).split())
    return "".join(each for each in words if each.isprintable())[:WORDS_LENGTH] or "–"


def _occurrences(
    uid: str, group: list[Event], own: ZoneInfo, start: datetime, end: datetime
) -> Iterator[Occurrence]:
    """The master's times, less those that were moved or cancelled, and the moved ones."""
    masters = [one for one in group if "RECURRENCE-ID" not in one]
    moved = [one for one in group if "RECURRENCE-ID" in one]
    if len(masters) > 1:
        masters = [max(masters, key=lambda one: int(one.get("SEQUENCE", 0)))]
    for one in moved:
        if one["RECURRENCE-ID"].params.get("RANGE"):
            raise NotPossible(
                _(
                    "“%(event)s” changes a time and all that follow (RANGE), which is not "
                    "understood here. Nothing was changed."
                )
                % {"event": _words(one)},
                code="range_not_understood",
            )
    gone = {_moment(one["RECURRENCE-ID"].dt, own) for one in moved}
    for master in masters:
        if _cancelled(master):
            continue
        for first, last in _times_of(master, own, start, end):
            if first not in gone and first < end and last > start:
                yield Occurrence(uid, first, last, _words(master))
    for one in moved:
        first, length = _span(one, own)
        last = first + length
        if not _cancelled(one) and first < end and last > start and last > first:
            yield Occurrence(uid, first, last, _words(one))


def _times_of(
    master: Event, own: ZoneInfo, start: datetime, end: datetime
) -> Iterator[tuple[datetime, datetime]]:
    value = master["DTSTART"].dt
    wall, zone = _wall(value, own)
    if wall.year < EARLIEST:
        raise _unreadable(_words(master))
    _first, length = _span(master, own)
    if length <= timedelta(0):
        return
    walls: set[datetime] = {wall}
    for rule in _several(master.get("RRULE")):
        walls.update(_repeated(rule, wall, zone, end))
    walls.update(_listed(master.get("RDATE"), zone, own))
    walls -= _listed(master.get("EXDATE"), zone, own, all_day_of=walls)
    whole_days = not isinstance(value, datetime)
    for one in sorted(walls):
        first = _utc(one, zone)
        # A whole day ends at the midnight of the plant, however long it is.
        last = _utc(one + length, zone) if whole_days else first + length
        if last > start:
            yield first, last


def _repeated(
    rule: Any, wall: datetime, zone: tzinfo, end: datetime
) -> Iterable[datetime]:
    """The wall times of a rule up to `end`. It always stops: the rule gets that end too."""
    parts = {name.upper(): value for name, value in dict(rule).items()}
    frequency = str((parts.get("FREQ") or [""])[0]).upper()
    if frequency not in FREQUENCIES or any(
        name in parts for name in ("BYHOUR", "BYMINUTE", "BYSECOND")
    ):
        raise NotPossible(
            _("Only what repeats by days, weeks, months or years can be read."),
            code="rule_not_understood",
        )
    until = (end + timedelta(days=1)).astimezone(zone).replace(tzinfo=None)
    given = (parts.pop("UNTIL", None) or [None])[0]
    if given is not None:
        until = min(until, _until(given, zone))
    count = (parts.pop("COUNT", None) or [None])[0]
    text = type(rule)({name: parts[name] for name in parts}).to_ical().decode()
    times = rrulestr(text, dtstart=wall).replace(until=until)
    most = MAX_OCCURRENCES * 12 if count is None else int(count)
    return islice(times, most)


def _until(value: date, zone: tzinfo) -> datetime:
    if not isinstance(value, datetime):
        return datetime.combine(value, time.max)
    return (
        value if value.tzinfo is None else value.astimezone(zone).replace(tzinfo=None)
    )


def _listed(
    entry: Any,
    zone: tzinfo,
    own: ZoneInfo,
    *,
    all_day_of: Iterable[datetime] = (),
) -> set[datetime]:
    """The wall times of RDATE or EXDATE, in the zone of the event.

    A date alone means each of `all_day_of` on that day, or its midnight.
    """
    found: set[datetime] = set()
    for one in _several(entry):
        if len(one.dts) > MAX_EXCEPTIONS:
            raise NotPossible(
                _("An event has more than %(count)s exceptions.")
                % {"count": MAX_EXCEPTIONS},
                code="calendar_too_many",
            )
        for listed in one.dts:
            value = listed.dt[0] if isinstance(listed.dt, tuple) else listed.dt
            if isinstance(value, datetime):
                moment = _moment(value, own)
                found.add(moment.astimezone(zone).replace(tzinfo=None))
            else:
                same_day = {wall for wall in all_day_of if wall.date() == value}
                found |= same_day or {datetime.combine(value, time.min)}
    return found


def _several(entry: Any) -> list[Any]:
    if entry is None:
        return []
    return entry if isinstance(entry, list) else [entry]


def _span(event: Event, own: ZoneInfo) -> tuple[datetime, timedelta]:
    """When an event begins, and how long it is; a date without an end is one day."""
    value = event["DTSTART"].dt
    first = _moment(value, own)
    if "DTEND" in event:
        last = event["DTEND"].dt
        if not isinstance(value, datetime) and not isinstance(last, datetime):
            return first, last - value
        return first, _moment(last, own) - first
    if "DURATION" in event:
        return first, event["DURATION"].dt
    return first, timedelta(0) if isinstance(value, datetime) else timedelta(days=1)


def _wall(value: date, own: ZoneInfo) -> tuple[datetime, tzinfo]:
    """The wall time and the zone that it is of."""
    if not isinstance(value, datetime):
        return datetime.combine(value, time.min), own
    return value.replace(tzinfo=None), value.tzinfo or own


def _moment(value: date, own: ZoneInfo) -> datetime:
    return _utc(*_wall(value, own))


def _utc(wall: datetime, zone: tzinfo) -> datetime:
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)


def _cancelled(event: Event) -> bool:
    return str(event.get("STATUS", "")).upper() == "CANCELLED"
