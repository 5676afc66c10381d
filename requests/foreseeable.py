"""What is foreseeable about a wish: contract, access, training, agreement, confirmation.

Judged against the whole window, so that none of it bites in the middle of work
(architecture, 2). Pure functions on facts; `requests.feasibility` asks them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.utils.translation import gettext as _

from requests.wishes import Finding, Level, PersonFacts, WishFacts
from requests.wording import moment_words

COMPANIONS_AT_MOST = 8


def foreseeable(facts: WishFacts) -> Iterator[Finding]:
    """What of the company, the person and the companions ends before the work would."""
    until = facts.end or facts.now
    vendor = {"vendor": facts.vendor_name}
    if facts.vendor_suspended:
        yield Finding(
            Level.BLOCKS,
            "vendor_suspended",
            _("%(vendor)s is suspended by the plant.") % vendor,
        )
    if facts.contract_ends_at < until:
        yield Finding(
            Level.BLOCKS,
            "contract_ends",
            _("The contract of %(vendor)s ends before the work would: %(end)s.")
            % {**vendor, "end": moment_words(facts.contract_ends_at, facts.zone)},
            "end",
        )
    yield from _about_person(
        facts.requester, until, facts.zone, escortable=facts.emergency
    )
    if facts.unknown_companions:
        yield Finding(
            Level.BLOCKS,
            "companion_unknown",
            _("Only other people of your own company can take part."),
            "companions",
        )
    elif len(facts.companions) > COMPANIONS_AT_MOST:
        yield Finding(
            Level.BLOCKS,
            "too_many_companions",
            _("At most %(most)s colleagues can be named on one request.")
            % {"most": COMPANIONS_AT_MOST},
            "companions",
        )
    for companion in facts.companions:
        yield from _about_person(companion, until, facts.zone, about="companions")


def _about_person(
    person: PersonFacts,
    until: datetime,
    zone: str,
    *,
    about: str = "",
    escortable: bool = False,
) -> Iterator[Finding]:
    """What is foreseeable about the one who asks, or a companion (`about` their field).

    `escortable`: a lapsed training keeps nobody from being asked for, since the plant may
    escort them; who is not escorted is refused at the start (decision 89).
    """
    name = {"name": person.name}
    if person.disabled:
        yield Finding(
            Level.BLOCKS,
            "person_disabled",
            _("The access of %(name)s is switched off.") % name,
            about,
        )
    if not person.standing.confirmed:
        yield Finding(
            Level.BLOCKS,
            "person_not_confirmed",
            _("%(sponsor)s has to confirm %(name)s first.")
            % {**name, "sponsor": person.standing.sponsor or _("The plant")},
            about,
        )
    if person.expires_at is not None and person.expires_at < until:
        yield Finding(
            Level.BLOCKS,
            "person_expires",
            _("The access of %(name)s expires before the work would end: %(end)s.")
            % {**name, "end": moment_words(person.expires_at, zone)},
            about or "end",
        )
    for finding in _about_training(person, until, zone, about):
        yield _with_an_escort(finding, person) if escortable else finding
    yield from _about_nda(person, until, zone, about)


def _about_training(
    person: PersonFacts, until: datetime, zone: str, about: str
) -> Iterator[Finding]:
    name = {"name": person.name}
    if person.training_expires_at is None:
        yield Finding(
            Level.BLOCKS if person.standing.training_required else Level.WARNS,
            "training_unknown",
            _("No safety training of %(name)s is on record.") % name,
            about,
        )
    elif person.training_expires_at < until:
        yield Finding(
            Level.BLOCKS,
            "training_expires",
            _(
                "The safety training of %(name)s expires before the work would end: %(end)s."
            )
            % {**name, "end": moment_words(person.training_expires_at, zone)},
            about or "end",
        )


def _with_an_escort(finding: Finding, person: PersonFacts) -> Finding:
    if not finding.blocks:
        return finding
    return Finding(
        Level.WARNS,
        "escort_needed",
        finding.sentence
        + " "
        + _("Somebody of the plant has to escort %(name)s.") % {"name": person.name},
    )


def _about_nda(
    person: PersonFacts, until: datetime, zone: str, about: str
) -> Iterator[Finding]:
    standing = person.standing
    if not standing.nda_required:
        return
    if not standing.nda_signed:
        yield Finding(
            Level.BLOCKS,
            "nda_missing",
            _("No non-disclosure agreement of %(name)s is on record.")
            % {"name": person.name},
            about,
        )
    elif standing.nda_expires_at is not None and standing.nda_expires_at < until:
        yield Finding(
            Level.BLOCKS,
            "nda_expires",
            _(
                "The non-disclosure agreement of %(name)s expires before the work would "
                "end: %(end)s."
            )
            % {
                "name": person.name,
                "end": moment_words(standing.nda_expires_at, zone),
            },
            about or "end",
        )
