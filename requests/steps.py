"""The steps of a request: made from what the policy demands, and how far they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

from django.utils.translation import gettext as _

from accessportal.accounts.models import User
from accessportal.plants.models import Site
from accessportal.plants.roster import Roster, roster_of
from requests.approvers import people_who_are, places_for, who_words, whos_of
from requests.models import (
    AccessRequest,
    ApprovalDecision,
    ApprovalStep,
    AskedPeople,
)
from requests.policy import rules as policy_rules
from requests.policy.places import Progress, progress_of
from requests.policy.reading import demands_as_json
from requests.policy.rules import Demands

Row = TypeVar("Row", bound=AskedPeople)


def ask_steps(
    access_request: AccessRequest, demands: Demands, *, now: datetime
) -> None:
    """Keep what is demanded with the request, and ask the first steps; replaces earlier ones."""
    access_request.demands = demands_as_json(demands)
    access_request.attendance_required |= demands.attendance
    AccessRequest.objects.filter(pk=access_request.pk).update(
        demands=access_request.demands,
        attendance_required=access_request.attendance_required,
    )
    access_request.steps.all().delete()
    rows = step_rows(ApprovalStep, demands, now=now, access_request=access_request)
    ApprovalStep.objects.bulk_create(rows)


def step_rows(
    of: type[Row], demands: Demands, *, now: datetime, **about: Any
) -> list[Row]:
    """The steps demanded, as rows that are not saved; the first are asked from `now` on."""
    first = min(step.order for step in demands.steps)
    return [
        of(
            who=step.who,
            name=step.name,
            quorum=step.quorum,
            order=step.order,
            deputy=step.deputy,
            after_minutes=step.after_minutes,
            asked=step.order == first,
            asked_at=now if step.order == first else None,
            **about,
        )
        for step in demands.steps
    ]


def yeses_of(access_request: AccessRequest) -> list[ApprovalDecision]:
    """Who has agreed to the request as it is now, in the order of their saying so."""
    return list(
        access_request.decisions.filter(
            round=access_request.round, verdict=ApprovalDecision.Verdict.APPROVED
        )
        .select_related("decided_by")
        .order_by("step")
    )


def progress_now(
    steps: Sequence[AskedPeople], yeses: Sequence[ApprovalDecision]
) -> Progress:
    return progress_of(
        [
            policy_rules.Step(step.who, quorum=step.quorum, order=step.order)
            for step in steps
        ],
        [frozenset(yes.places) for yes in yeses],
    )


def note_progress(access_request: AccessRequest, *, now: datetime) -> Progress:
    """Bring up to date which steps are asked; called by every act that changes it."""
    return note_progress_among(
        list(access_request.steps.all()), yeses_of(access_request), now=now
    )


def note_progress_among(
    steps: Sequence[AskedPeople], yeses: Sequence[ApprovalDecision], *, now: datetime
) -> Progress:
    """The same for any rows and the yeses to them."""
    progress = progress_now(steps, yeses)
    for step in steps:
        asked = step.who in progress.asked
        if asked != step.asked:
            step.asked = asked
            step.asked_at = step.asked_at or (now if asked else None)
            step.save(update_fields=["asked", "asked_at"])
    return progress


@dataclass(frozen=True)
class StepStanding:
    """One step as a page shows it: who has agreed, who could (those on shift first), and
    whether it is their turn. `off_shift`: it is, and nobody of them is on shift."""

    who: str
    words: str
    quorum: int
    agreed: tuple[ApprovalDecision, ...]
    candidates: tuple[User, ...]
    asked: bool
    asked_at: datetime | None
    called: str = ""
    # Of the candidates, where the site has a roster; and when the next of them comes.
    on_shift: tuple[User, ...] = ()
    off_shift: bool = False
    back_at: datetime | None = None

    @property
    def done(self) -> bool:
        return len(self.agreed) >= self.quorum

    @property
    def missing(self) -> int:
        return self.quorum - len(self.agreed)

    @property
    def nobody(self) -> bool:
        """Asked, and too few people are there who could agree."""
        return self.asked and len(self.candidates) < self.missing


@dataclass(frozen=True)
class Standing:
    """Who has a request now: its steps, and what one person may do about it.

    Who could agree, and who of them is on shift, is read when it is first asked for: an act
    asks only whether it is somebody's turn.
    """

    site: Site
    waits: bool
    rows: Sequence[AskedPeople]
    yeses: Sequence[ApprovalDecision]
    progress: Progress
    given: ApprovalDecision | None
    places: frozenset[str]
    places_now: frozenset[str]
    asked: bool

    @cached_property
    def roster(self) -> Roster | None:
        """Of the site, while somebody is asked; None where it has none."""
        return roster_of(self.site) if self.waits else None

    @cached_property
    def steps(self) -> tuple[StepStanding, ...]:
        return tuple(
            _step_standing(row, self.site, self.progress, self.yeses, self.roster)
            for row in self.rows
        )

    def why_not(self) -> str:
        """Why this person's yes would not help now, though the request asks their like."""
        waiting = ", ".join(step.words for step in self.steps if step.asked)
        if self.given is not None:
            return _("You have agreed already. It waits for: %(who)s.") % {
                "who": waiting
            }
        return _("It is not your turn now. It waits for: %(who)s.") % {"who": waiting}

    @property
    def several(self) -> bool:
        """More than one person is needed, so that it is worth saying who."""
        return sum(step.quorum for step in self.steps) > 1

    @property
    def nobody(self) -> bool:
        return any(step.nobody for step in self.steps)

    @property
    def off_shift(self) -> bool:
        """By the roster, nobody of those whom a step asks is on shift now."""
        return any(step.off_shift for step in self.steps)

    @property
    def back_at(self) -> datetime | None:
        """When somebody of each such step is on shift; None: not within the next weeks."""
        times = [step.back_at for step in self.steps if step.off_shift]
        known = [time for time in times if time is not None]
        return max(known) if known and len(known) == len(times) else None


def standing_of(access_request: AccessRequest, viewer: User | None) -> Standing:
    """How far a request is, and whether `viewer`'s yes would help now (`asked`); None: of
    nobody in particular."""
    return standing_among(
        list(access_request.steps.all()),
        yeses_of(access_request),
        access_request.site,
        viewer,
        waits=access_request.state == AccessRequest.State.PENDING,
    )


def standing_among(
    steps: Sequence[AskedPeople],
    yeses: Sequence[ApprovalDecision],
    site: Site,
    viewer: User | None,
    *,
    waits: bool,
) -> Standing:
    """The same for any steps and the yeses to them; `waits`: somebody is still asked."""
    progress = progress_now(steps, yeses)
    own = viewer.pk if viewer is not None else None
    given = next((yes for yes in yeses if own and yes.decided_by_id == own), None)
    places = places_for(viewer, steps, site) if viewer else frozenset()
    return Standing(
        site=site,
        waits=waits,
        rows=steps,
        yeses=yeses,
        progress=progress,
        given=given,
        places=places,
        places_now=places
        & frozenset(step.who for step in steps if step.order == progress.order),
        asked=given is None and bool(places & progress.asked),
    )


def steps_waiting(
    access_request: AccessRequest, roster: Roster | None
) -> list[StepStanding]:
    """The steps that are asked now: who could still agree, and who of them is on shift."""
    steps = list(access_request.steps.all())
    yeses = yeses_of(access_request)
    progress = progress_now(steps, yeses)
    return [
        _step_standing(step, access_request.site, progress, yeses, roster)
        for step in steps
        if step.who in progress.asked
    ]


def _step_standing(
    step: AskedPeople,
    site: Site,
    progress: Progress,
    yeses: Sequence[ApprovalDecision],
    roster: Roster | None,
) -> StepStanding:
    asked = step.who in progress.asked
    here = roster.people_now if roster else frozenset()
    said_yes = {yes.decided_by_id for yes in yeses}
    candidates = {
        person.pk: person
        for who in whos_of(step)
        for person in people_who_are(who, site)
        if person.pk not in said_yes
    }
    return StepStanding(
        who=step.who,
        words=step.name or who_words(step.who),
        quorum=step.quorum,
        agreed=tuple(yeses[index] for index in progress.filled[step.who]),
        candidates=tuple(
            sorted(candidates.values(), key=lambda person: person.pk not in here)
        ),
        asked=asked,
        asked_at=step.asked_at,
        called=who_words(step.deputy) if step.escalated_at and step.deputy else "",
        on_shift=tuple(one for pk, one in candidates.items() if pk in here),
        off_shift=bool(roster and asked and candidates)
        and not here & candidates.keys(),
        back_at=roster.next_with(candidates) if roster else None,
    )
