"""Can this wish work, and what is unusual about it? Pure functions on facts (`requests.facts`).

`what_stands_against` is shown to the contractor while choosing, judged again on submission and
on approval. What is foreseeable (contract, account, training) is judged against the whole
window here and does not bite in the middle of work (architecture, 2). `what_is_unusual` is
what an approver reads before deciding.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accessportal.plants.hours import within_hours
from accessportal.plants.wording import weekdays_words
from accessportal.words import length_words
from requests.first_use import about_use
from requests.foreseeable import foreseeable
from requests.wishes import Booking, Finding, Level, WishFacts
from requests.wording import moment_words, span_words

PURPOSE_AT_LEAST = 10
PURPOSE_AT_MOST = 2000
SHORT_NOTICE = timedelta(minutes=30)
TRAINING_SOON = timedelta(days=30)
REFUSALS_AT_LEAST = 3
"""So many refusals within an hour are worth a word; one or two are a mistyped code."""


def what_stands_against(facts: WishFacts) -> list[Finding]:
    """Everything that blocks the wish or that the contractor should know; blocks first."""
    found = [
        *_machines(facts),
        *_times(facts),
        *_policy_hours(facts),
        *_purpose(facts),
        *_site(facts),
        *foreseeable(facts),
        *_duplicates(facts),
        *_bookings(facts),
    ]
    return sorted(found, key=lambda finding: not finding.blocks)


def what_is_unusual(facts: WishFacts) -> list[Finding]:
    """What an approver should weigh: everything standing against it, and more."""
    own_words = {finding.code: finding for finding in _said_otherwise(facts)}
    against = [
        own_words.get(finding.code, finding) for finding in what_stands_against(facts)
    ]
    return [*against, *about_use(facts), *_for_the_approver(facts)]


def blocks(findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.blocks]


def is_out_of_hours(facts: WishFacts) -> bool:
    """Whether any part of the wish lies outside the staffed hours, in plant time."""
    if facts.start is None or facts.end is None or facts.end <= facts.start:
        return False
    # Stepping through wall-clock minutes of at most some hours: simple, and right when
    # the staffed hours cross midnight or the clocks change.
    tz = ZoneInfo(facts.zone)
    moment = facts.start
    while moment < facts.end:
        if not _staffed(facts, moment.astimezone(tz)):
            return True
        moment += timedelta(minutes=5)
    return not _staffed(facts, (facts.end - timedelta(minutes=1)).astimezone(tz))


def _length(span: timedelta) -> str:
    return length_words(span.total_seconds())


def _staffed(facts: WishFacts, local: datetime) -> bool:
    return within_hours(
        local, facts.staffed_from, facts.staffed_until, facts.staffed_weekdays
    )


def _machines(facts: WishFacts) -> Iterator[Finding]:
    if facts.unknown_endpoints:
        yield Finding(
            Level.BLOCKS,
            "endpoint_unknown",
            ngettext(
                "A machine you chose is not known at this site, or your company does not "
                "service it.",
                "%(count)s machines you chose are not known at this site, or your company "
                "does not service them.",
                facts.unknown_endpoints,
            )
            % {"count": facts.unknown_endpoints},
            "endpoints",
        )
    elif not facts.endpoints:
        yield Finding(
            Level.BLOCKS,
            "endpoint_missing",
            _("Choose at least one machine."),
            "endpoints",
        )
    for endpoint in facts.endpoints:
        if endpoint.locked_out:
            yield Finding(
                Level.WARNS,
                "asset_locked",
                _("%(machine)s is locked against outside work at the moment.")
                % {"machine": endpoint.name},
                "endpoints",
            )


def _times(facts: WishFacts) -> Iterator[Finding]:
    if facts.start is None or facts.end is None:
        return
    if facts.end <= facts.start:
        yield Finding(
            Level.BLOCKS,
            "end_before_start",
            _("The end must be after the start."),
            "end",
        )
        return
    if not facts.emergency:  # that begins at once
        yield from _start(facts)
    if facts.end - facts.start > facts.limits.longest:
        yield Finding(
            Level.BLOCKS,
            "too_long",
            _("%(length)s is too long: a window may last %(longest)s at most.")
            % {
                "length": _length(facts.end - facts.start),
                "longest": _length(facts.limits.longest),
            },
            "end",
        )
    if facts.start - facts.now > facts.limits.furthest:
        yield Finding(
            Level.BLOCKS,
            "too_far",
            _("The start is too far away: ask at most %(furthest)s ahead.")
            % {"furthest": _length(facts.limits.furthest)},
            "start",
        )
    if is_out_of_hours(facts):
        yield Finding(
            Level.WARNS,
            "out_of_hours",
            _(
                "Out of hours: %(site)s is staffed %(days)s from %(start)s to %(end)s, plant time."
            )
            % {
                "site": facts.site_name,
                "days": weekdays_words(facts.staffed_weekdays),
                "start": f"{facts.staffed_from:%H:%M}",
                "end": f"{facts.staffed_until:%H:%M}",
            },
            "start",
        )


def _start(facts: WishFacts) -> Iterator[Finding]:
    assert facts.start is not None  # only asked once it is chosen
    if facts.start <= facts.now:
        yield Finding(
            Level.BLOCKS,
            "start_passed",
            _("The start has already passed at the plant, where it is now %(now)s.")
            % {"now": moment_words(facts.now, facts.zone)},
            "start",
        )
    elif facts.start - facts.now < facts.limits.notice:
        yield Finding(
            Level.BLOCKS,
            "too_soon",
            _("The plant needs at least %(notice)s to decide. Choose a later start.")
            % {"notice": _length(facts.limits.notice)},
            "start",
        )
    elif facts.start - facts.now < SHORT_NOTICE:
        yield Finding(
            Level.WARNS,
            "short_notice",
            _(
                "That is in %(time)s. If nobody decides by then, the request expires: "
                "call the plant, or choose a later start."
            )
            % {"time": _length(facts.start - facts.now)},
            "start",
        )


def _policy_hours(facts: WishFacts) -> Iterator[Finding]:
    """The hours to which the plant's policy keeps such work."""
    if facts.start is None or facts.end is None or facts.end <= facts.start:
        return
    for hours in facts.demands.hours:
        if not hours.cover(facts.start, facts.end, facts.zone):
            yield Finding(
                Level.BLOCKS,
                "outside_policy_hours",
                _("The plant allows such work %(days)s from %(start)s to %(end)s only.")
                % {
                    "days": weekdays_words(hours.weekdays),
                    "start": f"{hours.start:%H:%M}",
                    "end": f"{hours.until:%H:%M}",
                },
                "start",
            )


def _purpose(facts: WishFacts) -> Iterator[Finding]:
    length = len(facts.purpose.strip())
    if length < PURPOSE_AT_LEAST:
        yield Finding(
            Level.BLOCKS,
            "purpose_short",
            _(
                "Say in a sentence what will be done to the machine "
                "(at least %(least)s characters)."
            )
            % {"least": PURPOSE_AT_LEAST},
            "purpose",
        )
    elif length > PURPOSE_AT_MOST:
        yield Finding(
            Level.BLOCKS,
            "purpose_long",
            _(
                "The purpose has %(length)s characters, and %(most)s fit. Nothing is lost: "
                "shorten it and send it again."
            )
            % {"length": length, "most": PURPOSE_AT_MOST},
            "purpose",
        )


def _site(facts: WishFacts) -> Iterator[Finding]:
    if facts.site_isolated:
        yield Finding(
            Level.BLOCKS,
            "site_isolated",
            _("%(site)s is isolated at the moment: nobody from outside may work there.")
            % {"site": facts.site_name},
            "site",
        )
    for freeze in facts.freezes:
        yield Finding(
            Level.WARNS,
            "production_freeze",
            _("Production freeze at %(where)s, %(span)s: %(reason)s.")
            % {
                "where": freeze.asset or facts.site_name,
                "span": span_words(freeze.start, freeze.end, facts.zone),
                "reason": freeze.reason.rstrip("."),
            },
            "start",
        )


def _duplicates(facts: WishFacts) -> Iterator[Finding]:
    for duplicate in facts.duplicates:
        if duplicate.own:
            yield Finding(
                Level.BLOCKS,
                "duplicate",
                _(
                    "%(name)s has already asked for this machine at this time: %(number)s "
                    "waits for a decision."
                )
                % {"name": facts.person_name, "number": duplicate.number},
                "endpoints",
            )
        else:
            yield Finding(
                Level.WARNS,
                "duplicate_of_colleague",
                _(
                    "A colleague has asked for this machine at this time too: %(number)s."
                )
                % {"number": duplicate.number},
                "endpoints",
            )


def _bookings(facts: WishFacts) -> Iterator[Finding]:
    if facts.start is None or facts.end is None or facts.end <= facts.start:
        return
    for endpoint in facts.endpoints:
        taken = [
            booking
            for booking in endpoint.bookings
            if booking.start < facts.end and booking.end > facts.start
        ]
        if most_at_once(taken, facts.start, facts.end) < endpoint.max_clients:
            continue
        spans = "; ".join(
            span_words(booking.start, booking.end, facts.zone)
            + (f" ({booking.label})" if booking.label else "")
            for booking in taken
        )
        yield Finding(
            Level.BLOCKS,
            "endpoint_taken",
            ngettext(
                "%(machine)s takes one session at a time and is taken: %(spans)s.",
                "%(machine)s takes %(count)s sessions at a time and is taken: %(spans)s.",
                endpoint.max_clients,
            )
            % {"machine": endpoint.name, "count": endpoint.max_clients, "spans": spans},
            "start",
        )


def most_at_once(bookings: list[Booking], start: datetime, end: datetime) -> int:
    """The largest number of bookings that overlap each other between `start` and `end`."""
    moments = [
        start,
        *(booking.start for booking in bookings if start < booking.start < end),
    ]
    return max(
        sum(booking.start <= moment < booking.end for booking in bookings)
        for moment in moments
    )


def _said_otherwise(facts: WishFacts) -> Iterator[Finding]:
    """What is advice to the contractor but a plain fact to the approver."""
    if facts.start is not None:
        yield Finding(
            Level.WARNS,
            "short_notice",
            _(
                "Short notice: it begins in %(time)s, and expires then if nobody decides."
            )
            % {"time": _length(facts.start - facts.now)},
        )


def _for_the_approver(facts: WishFacts) -> Iterator[Finding]:
    for sentence in facts.demands.unusual:
        yield Finding(Level.WARNS, "policy", sentence)
    people = (facts.requester, *facts.companions)
    for person in people:
        for machine in person.new_to:
            yield Finding(
                Level.WARNS,
                "first_visit",
                _("First visit: %(name)s has had no window on %(machine)s before.")
                % {"name": person.name, "machine": machine},
            )
    if facts.refused_lately >= REFUSALS_AT_LEAST:
        yield Finding(
            Level.WARNS,
            "refused_lately",
            _("%(name)s was refused %(count)s times in the last hour.")
            % {"name": facts.person_name, "count": facts.refused_lately},
        )
    if facts.new_country:
        yield Finding(
            Level.WARNS,
            "new_country",
            _("Asked from %(country)s, where %(name)s has never worked from.")
            % {"name": facts.person_name, "country": facts.new_country},
        )
    for endpoint in facts.endpoints:
        if endpoint.takes_local_screen:
            yield Finding(
                Level.WARNS,
                "takes_local_screen",
                _(
                    "Connecting takes the screen away from whoever stands at %(machine)s."
                )
                % {"machine": endpoint.name},
            )
        if endpoint.clear_text:
            yield Finding(
                Level.WARNS,
                "clear_text",
                _("The last hop to %(machine)s is not encrypted.")
                % {"machine": endpoint.name},
            )
    for person in people:
        expires_at = person.training_expires_at
        if (
            expires_at is not None
            and facts.end is not None
            and facts.end <= expires_at < facts.end + TRAINING_SOON
        ):
            yield Finding(
                Level.WARNS,
                "training_expires_soon",
                _("The safety training of %(name)s expires soon: %(end)s.")
                % {"name": person.name, "end": moment_words(expires_at, facts.zone)},
            )
