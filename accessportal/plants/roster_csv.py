"""A roster as a CSV file: one line for each shift, and one for each day on which one differs.

    shift;days;from;until;people
    Early;1-5;06:00;14:00;olga@plant.example omar@plant.example
    Night;12345;22:00;06:00;otto@plant.example
    Early;2026-12-24;;;otto@plant.example

Columns are separated by semicolon, comma or tab; people by blanks, or by commas in quotes.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, time

from django.utils.translation import gettext as _

from accessportal.accounts.models import User

COLUMNS = ("shift", "days", "from", "until", "people")
EXAMPLE = """\
shift;days;from;until;people
Early;1-5;06:00;14:00;{address}
Early;2026-12-24;;;{address}
"""
MAX_BYTES = 64 * 1024
MAX_LINES = 500
MAX_SHIFTS = 40
MAX_MISTAKES = 20
NAME_LENGTH = 60


@dataclass
class ReadShift:
    """A shift of a file, with its exceptions by day. Times are the plant's."""

    name: str
    weekdays: str
    begins: time
    ends: time
    people: list[User]
    exceptions: dict[date, list[User]] = field(default_factory=dict)


@dataclass
class ReadRoster:
    """What a file says, or the sentences about what is wrong with it."""

    shifts: list[ReadShift] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)


class _Mistake(Exception):
    """A sentence about one line."""


def decoded(content: bytes) -> str:
    """As spreadsheets write it: UTF-8, or the Western code page of older ones."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    return text.replace("\x00", "")


def read_roster(text: str, people: Iterable[User]) -> ReadRoster:
    """Read a whole file; people are named by e-mail address and have to be among `people`.

    Every line with a mistake is said, up to `MAX_MISTAKES`, with its number.
    """
    read = ReadRoster()
    known = {person.email.lower(): person for person in people}
    later: list[tuple[int, dict[str, str]]] = []
    for number, row in _rows(text, read):
        with_date = re.fullmatch(r"\d{4}-\d\d-\d\d", row["days"])
        if with_date:
            later.append((number, row))
            continue
        _try(read, number, lambda row=row: _shift(read, row, known))
    for number, row in later:
        _try(read, number, lambda row=row: _exception(read, row, known))
    if not read.shifts and not read.mistakes:
        read.mistakes.append(_("There is no shift in the file."))
    return read


def _try(read: ReadRoster, number: int, line: object) -> None:
    try:
        line()  # type: ignore[operator]
    except _Mistake as mistake:
        if len(read.mistakes) < MAX_MISTAKES:
            read.mistakes.append(
                _("Line %(number)d: %(mistake)s")
                % {"number": number, "mistake": mistake}
            )


def _rows(text: str, read: ReadRoster) -> Iterator[tuple[int, dict[str, str]]]:
    """(number of the line, cells by column), without the head and empty lines."""
    head = text.lstrip().split("\n", 1)[0]
    delimiter = max(";,\t", key=head.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    found: tuple[str, ...] | None = None
    try:
        for cells in lines:
            row = [cell.strip() for cell in cells]
            if not any(row):
                continue
            if found is None:
                found = tuple(cell.lower() for cell in row)
                if set(COLUMNS) - set(found):
                    read.mistakes.append(
                        _("The first line has to name the columns: %(columns)s.")
                        % {"columns": ", ".join(COLUMNS)}
                    )
                    return
                continue
            if lines.line_num > MAX_LINES:
                read.mistakes.append(
                    _("A file has at most %(count)d lines.") % {"count": MAX_LINES}
                )
                return
            row += [""] * (len(found) - len(row))
            yield lines.line_num, dict(zip(found, row, strict=False))
    except csv.Error:
        read.mistakes.append(
            _("Line %(number)d: %(mistake)s")
            % {
                "number": lines.line_num,
                "mistake": _("The quotes on this line do not match."),
            }
        )


def _shift(read: ReadRoster, row: dict[str, str], known: dict[str, User]) -> None:
    name = _name(row)
    if any(one.name == name for one in read.shifts):
        raise _Mistake(_("“%(name)s” is there already.") % {"name": name})
    if len(read.shifts) >= MAX_SHIFTS:
        raise _Mistake(
            _("A site has at most %(count)d shifts.") % {"count": MAX_SHIFTS}
        )
    people = _people(row["people"], known)
    if not people:
        raise _Mistake(_("Nobody is on this shift."))
    read.shifts.append(
        ReadShift(
            name,
            _weekdays(row["days"]),
            _time(row["from"]),
            _time(row["until"]),
            people,
        )
    )


def _exception(read: ReadRoster, row: dict[str, str], known: dict[str, User]) -> None:
    name = _name(row)
    shift = next((one for one in read.shifts if one.name == name), None)
    if shift is None:
        raise _Mistake(_("There is no shift “%(name)s”.") % {"name": name})
    try:
        day = date.fromisoformat(row["days"])
    except ValueError:
        raise _Mistake(_("“%(day)s” is not a day.") % {"day": row["days"]}) from None
    if day in shift.exceptions:
        raise _Mistake(_("This day is there already."))
    if row["from"] or row["until"]:
        raise _Mistake(
            _("On a single day only the people differ: leave the times empty.")
        )
    shift.exceptions[day] = _people(row["people"], known)


def _name(row: dict[str, str]) -> str:
    name = " ".join(row["shift"].split())
    if not name or len(name) > NAME_LENGTH:
        raise _Mistake(
            _("A shift needs a name of at most %(count)d characters.")
            % {"count": NAME_LENGTH}
        )
    return name


def _weekdays(words: str) -> str:
    """`12345`, `1-5`, `1-5,7`."""
    days: set[str] = set()
    for part in re.split(r"[\s,]+", words.strip()):
        span = re.fullmatch(r"([1-7])-([1-7])", part)
        if span and span[1] <= span[2]:
            days |= {str(day) for day in range(int(span[1]), int(span[2]) + 1)}
        elif re.fullmatch(r"[1-7]+", part):
            days |= set(part)
        else:
            raise _Mistake(
                _(
                    "“%(days)s” are no days. Write 1-5 (1 is Monday), or one day like "
                    "2026-12-24."
                )
                % {"days": words}
            )
    return "".join(sorted(days))


def _time(words: str) -> time:
    found = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)(:00)?", words)
    if found is None:
        raise _Mistake(
            _("“%(time)s” is not a time. Write it like 06:00.") % {"time": words}
        )
    return time(int(found[1]), int(found[2]))


def _people(words: str, known: dict[str, User]) -> list[User]:
    people: dict[int, User] = {}
    for address in filter(None, re.split(r"[\s,;]+", words)):
        person = known.get(address.lower())
        if person is None:
            raise _Mistake(
                _("%(address)s is nobody of this site.") % {"address": address}
            )
        people[person.pk] = person
    return list(people.values())
