"""The roster of a site: shifts and the days on which they differ, one by one or from a file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accessportal.accounts.authorisation import Action, may
from accessportal.accounts.models import User
from accessportal.audit import record
from accessportal.errors import NotAllowed, NotPossible, TooLate
from accessportal.news import site_topic, tell_news
from accessportal.origin import Origin
from accessportal.plants.models import Shift, ShiftException, Site
from accessportal.plants.roster import people_for_roster
from accessportal.plants.roster_csv import (
    MAX_SHIFTS,
    NAME_LENGTH,
    ReadShift,
    read_roster,
)
from accessportal.plants.wording import shift_words

MAX_EXCEPTIONS = 400


@dataclass(frozen=True, kw_only=True)
class ShiftFacts:
    """What a shift is. `ends` not after `begins`: on the next day; times are the plant's."""

    name: str
    weekdays: str
    begins: time
    ends: time
    people: Iterable[User]


@transaction.atomic
def add_shift(
    site: Site, facts: ShiftFacts, *, acting_user: User, origin: Origin
) -> Shift:
    """From now on these people are told first, in these hours of the week.

    Raises `NotAllowed`, `NotPossible`.
    """
    site = _locked(site)

    _guard(acting_user, site)
    people = _guard_facts(site, facts)
    if site.shifts.count() >= MAX_SHIFTS:
        raise NotPossible(
            _("A site has at most %(count)d shifts.") % {"count": MAX_SHIFTS},
            code="too_many_shifts",
        )

    shift = Shift(site=site)
    _write(shift, facts, people)

    _record(site, shift, acting_user, origin, **_said(facts, people), added=True)
    _tell(site)
    return shift


def seen_of(shift: Shift) -> str:
    """A short hash of all that a shift is, as whoever changes it had it before them."""
    people = sorted(shift.people.values_list("pk", flat=True))
    said = (shift.name, shift.weekdays, f"{shift.begins}", f"{shift.ends}", people)
    return hashlib.sha256(repr(said).encode()).hexdigest()[:16]


@transaction.atomic
def change_shift(
    shift: Shift, facts: ShiftFacts, *, seen: str, acting_user: User, origin: Origin
) -> Shift:
    """`seen`: what `seen_of` said when they began. Raises `NotAllowed`, `NotPossible`, and
    `TooLate` where somebody else has changed it since."""
    site = _locked(shift.site)

    _guard(acting_user, site)
    people = _guard_facts(site, facts, own=shift)
    there = Shift.objects.filter(pk=shift.pk).first()
    if there is None:
        raise NotPossible(_("This shift is gone."), code="shift_gone")
    if seen != seen_of(there):
        names = ", ".join(person.full_name for person in there.people.all())
        raise TooLate(
            _(
                "Somebody has changed this shift while you did. It is now: %(shift)s, %(hours)s, "
                "%(people)s. Nothing of yours is saved yet."
            )
            % {"shift": there.name, "hours": shift_words(there), "people": names},
            code="shift_changed",
        )

    _write(shift, facts, people)

    _record(site, shift, acting_user, origin, **_said(facts, people))
    _tell(site)
    return shift


@transaction.atomic
def remove_shift(shift: Shift, *, acting_user: User, origin: Origin) -> None:
    """Its exceptions go with it; with the last one everything is as without a roster.

    Raises `NotAllowed`.
    """
    site = _locked(shift.site)

    _guard(acting_user, site)

    pk = shift.pk
    removed, _rows = Shift.objects.filter(pk=pk).delete()

    if removed:
        shift.pk = pk
        _record(site, shift, acting_user, origin, removed=True)
        _tell(site)


@transaction.atomic
def set_exception(
    shift: Shift,
    *,
    day: date,
    people: Iterable[User],
    acting_user: User,
    origin: Origin,
) -> ShiftException:
    """Who is on the shift that begins on this day; nobody: it does not take place. Said
    again, it replaces what was said. Raises `NotAllowed`, `NotPossible`."""
    site = _locked(shift.site)

    _guard(acting_user, site)
    chosen = _guard_people(site, people)
    if not Shift.objects.filter(pk=shift.pk).exists():
        raise NotPossible(_("This shift is gone."), code="shift_gone")
    there = ShiftException.objects.filter(shift__site=site).count()
    if there >= MAX_EXCEPTIONS:
        raise NotPossible(
            _("A roster has at most %(count)d exceptions.") % {"count": MAX_EXCEPTIONS},
            code="too_many_exceptions",
        )

    exception, _created = ShiftException.objects.get_or_create(shift=shift, date=day)
    exception.people.set(chosen)

    _record(
        site,
        shift,
        acting_user,
        origin,
        date=day.isoformat(),
        people=[person.full_name for person in chosen],
        exception=True,
    )
    _tell(site)
    return exception


@transaction.atomic
def remove_exception(
    exception: ShiftException, *, acting_user: User, origin: Origin
) -> None:
    """The day is as every week again. Raises `NotAllowed`."""
    site = _locked(exception.shift.site)

    _guard(acting_user, site)

    removed, _rows = ShiftException.objects.filter(pk=exception.pk).delete()

    if removed:
        _record(
            site,
            exception.shift,
            acting_user,
            origin,
            date=exception.date.isoformat(),
            exception=True,
            removed=True,
        )
        _tell(site)


@transaction.atomic
def import_roster(
    site: Site, text: str, *, acting_user: User, origin: Origin
) -> list[Shift]:
    """Put a file in the place of the whole roster. Raises `NotAllowed`, and `NotPossible` for
    a file with a mistake: nothing changes."""
    site = _locked(site)

    _guard(acting_user, site)
    read = read_roster(text, people_for_roster(site))
    if read.mistakes:
        raise NotPossible(read.mistakes[0], code="roster_file_wrong")

    replaced = site.shifts.count()
    site.shifts.all().delete()
    shifts = [_keep(site, one) for one in read.shifts]

    record(
        "roster.changed",
        acting_user=acting_user,
        subject=site,
        origin=origin,
        site=site,
        from_file=True,
        shifts=[one.name for one in read.shifts],
        exceptions=sum(len(one.exceptions) for one in read.shifts),
        replaced=replaced,
    )
    _tell(site)
    return shifts


def _keep(site: Site, read: ReadShift) -> Shift:
    shift = Shift.objects.create(
        site=site,
        name=read.name,
        weekdays=read.weekdays,
        begins=read.begins,
        ends=read.ends,
    )
    shift.people.set(read.people)
    for day, people in read.exceptions.items():
        ShiftException.objects.create(shift=shift, date=day).people.set(people)
    return shift


def _write(shift: Shift, facts: ShiftFacts, people: list[User]) -> None:
    shift.name = " ".join(facts.name.split())
    shift.weekdays = "".join(sorted(set(facts.weekdays)))
    shift.begins, shift.ends = facts.begins, facts.ends
    shift.save()
    shift.people.set(people)


def _locked(site: Site) -> Site:
    """One change at a time for a site's roster."""
    return Site.objects.select_for_update(of=("self",)).get(pk=site.pk)


def _guard(acting_user: User, site: Site) -> None:
    if not may(acting_user, Action.ROSTER_CHANGE, site):
        raise NotAllowed


def _guard_facts(
    site: Site, facts: ShiftFacts, *, own: Shift | None = None
) -> list[User]:
    name = " ".join(facts.name.split())
    if not 1 <= len(name) <= NAME_LENGTH:
        raise NotPossible(
            _("A shift needs a name of at most %(count)d characters.")
            % {"count": NAME_LENGTH},
            code="name_missing",
        )
    others = site.shifts.exclude(pk=own.pk) if own else site.shifts.all()
    if others.filter(name=name).exists():
        raise NotPossible(
            _("The site has another shift of this name."), code="name_taken"
        )
    if not facts.weekdays or set(facts.weekdays) - set("1234567"):
        raise NotPossible(_("Choose the days on which it begins."), code="days_missing")
    people = _guard_people(site, facts.people)
    if not people:
        raise NotPossible(_("Nobody is on this shift."), code="nobody")
    return people


def _guard_people(site: Site, people: Iterable[User]) -> list[User]:
    chosen = list(people)
    known = set(people_for_roster(site).values_list("pk", flat=True))
    if any(person.pk not in known for person in chosen):
        raise NotPossible(
            _("Only people of this site can be on its shifts."), code="not_of_site"
        )
    return chosen


def _said(facts: ShiftFacts, people: list[User]) -> dict[str, Any]:
    return {
        "weekdays": facts.weekdays,
        "begins": f"{facts.begins:%H:%M}",
        "ends": f"{facts.ends:%H:%M}",
        "people": [person.full_name for person in people],
    }


def _record(
    site: Site, shift: Shift, acting_user: User, origin: Origin, **what: Any
) -> None:
    record(
        "roster.changed",
        acting_user=acting_user,
        subject=shift,
        origin=origin,
        site=site,
        shift=shift.name,
        **what,
    )


def _tell(site: Site) -> None:
    """Pages say who is on shift, and who waits reads whether anybody is."""
    topic = site_topic(site.pk)

    def tell() -> None:
        for subject in ("windows", "requests"):
            tell_news(topic, about=subject)

    transaction.on_commit(tell)
