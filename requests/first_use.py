"""What whoever decides should know of the use of an account: a pure function on facts."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import ngettext

from requests.wishes import Finding, Level, PersonFacts, WishFacts
from requests.wording import moment_words


def about_use(facts: WishFacts) -> Iterator[Finding]:
    """Of everybody who would work."""
    for person in (facts.requester, *facts.companions):
        yield from _about_use(person, facts.zone)


def _about_use(person: PersonFacts, zone: str) -> Iterator[Finding]:
    """Whoever comes back after a long time may be somebody else by now: look twice."""
    if person.back_at is not None:
        yield Finding(
            Level.WARNS,
            "first_use_in_long",
            ngettext(
                "First use in %(days)s day: the account of %(name)s was parked until %(when)s, "
                "when the code to the company's mailbox was right.",
                "First use in %(days)s days: the account of %(name)s was parked until %(when)s, "
                "when the code to the company's mailbox was right.",
                person.back_after_days,
            )
            % {
                "days": person.back_after_days,
                "name": person.name,
                "when": moment_words(person.back_at, zone),
            },
        )
    elif person.parked_for_days:
        yield Finding(
            Level.WARNS,
            "companion_parked",
            ngettext(
                "%(name)s has not used the account for %(days)s day; it is parked.",
                "%(name)s has not used the account for %(days)s days; it is parked.",
                person.parked_for_days,
            )
            % {"name": person.name, "days": person.parked_for_days},
        )
