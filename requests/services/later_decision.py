"""Deciding on a window after its first approval: what each of these verbs shares.

What only narrows (shorter, called back, given back) is one person's act. What widens (longer,
earlier, again) counts when everybody whom the kept policy names has said yes to exactly that,
by the same places, quorum and order as at first. With a policy of one step it is one tap.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accessportal.accounts.authorisation import Action
from accessportal.accounts.models import User
from accessportal.audit import record
from accessportal.errors import NotAllowed, TooLate
from accessportal.notifications import notify
from accessportal.origin import Origin
from accessportal.transitions import transition
from requests.approvers import people_asked_by
from requests.facts import hash_of_facts, seen_by_approver
from requests.later_wishes import (
    demands_later,
    is_for_one_alone,
    standing_of_wish,
    steps_of_wish,
    yeses_to,
)
from requests.lent import said_of_lent_agreement
from requests.models import (
    AccessRequest,
    ApprovalDecision,
    ExtensionRequest,
    LaterStep,
    LaterWish,
    MaintenanceWindow,
)
from requests.policy.reading import demands_as_json, demands_from
from requests.policy.rules import Demands
from requests.services.common import (
    guard_factor,
    guard_may,
    later_path_of,
    said_of,
    tell_pages,
)
from requests.steps import note_progress_among, standing_among, step_rows

State = LaterWish.State


@dataclass(frozen=True)
class Widening:
    """What exactly is asked: `opens_at` and `closes_at` are the window's as it would be."""

    kind: LaterWish.Kind
    opens_at: datetime
    closes_at: datetime
    minutes: int | None = None
    extension: ExtensionRequest | None = None


@dataclass(frozen=True)
class LaterYes:
    """A yes to a widening, once everything allows it. `wish`: the one that is open; None: there
    is none yet, or none is needed (`alone`). `places`: what this yes can fill; empty: it is not
    their turn. `lent`: what the trail says where the place is somebody else's."""

    demands: Demands
    wish: LaterWish | None
    places: frozenset[str]
    facts: dict[str, Any]
    lent: dict[str, Any]

    @property
    def alone(self) -> bool:
        return is_for_one_alone(self.demands)


def seen_of_window(window: MaintenanceWindow) -> dict[str, Any]:
    """What a later decision rests on: the facts of the first one, and the window as it is."""
    return {
        **seen_by_approver(window.access_request),
        "window": {
            "from": window.opens_at.isoformat(),
            "until": window.closes_at.isoformat(),
        },
    }


def guard_seen(facts: dict[str, Any], facts_hash: str | None) -> None:
    """`facts_hash`: of what the person saw; None: of a screen that shows the work itself."""
    if facts_hash is not None and hash_of_facts(facts) != facts_hash:
        raise TooLate(
            _("What this decision rests on has changed since you opened the page."),
            code="facts_changed",
        )


def guard_widening(
    window: MaintenanceWindow,
    widening: Widening,
    *,
    acting_user: User,
    origin: Origin,
    facts_hash: str | None,
) -> LaterYes:
    """What the yes rests on, once everything allows it; called under the lock of the request.

    Whoever decides at the site may begin it, also where others have to agree before them.
    Raises `NotAllowed`; `TooLate` when it is not their turn, or something else is being
    decided on; `FreshFactorNeeded`.
    """
    access_request = window.access_request
    site, wish = access_request.site, _open_wish(window)
    if wish is None:
        guard_may(acting_user, Action.REQUEST_DECIDE, site)
        demands = demands_later(access_request, widening.opens_at, widening.closes_at)
        steps = step_rows(LaterStep, demands, now=timezone.now())
        places = standing_among(steps, [], site, acting_user, waits=False).places_now
    else:
        steps = steps_of_wish(wish)
        standing = standing_of_wish(wish, acting_user)
        if not standing.places:
            raise NotAllowed
        if (wish.kind, wish.minutes) != (widening.kind, widening.minutes):
            raise TooLate(
                _("The plant is deciding on this window already: %(what)s.")
                % {"what": wish.get_kind_display()},
                code="other_wish",
            )
        if not standing.asked:
            raise TooLate(standing.why_not(), code="not_asked")
        demands = demands_from(wish.demands)
        places = standing.places_now
    guard_factor(access_request, acting_user, origin)
    facts = seen_of_window(window)
    guard_seen(facts, facts_hash)
    lent = said_of_lent_agreement(acting_user, places, steps, site)
    return LaterYes(demands, wish, places, facts, lent)


def everybody_agrees(
    window: MaintenanceWindow,
    widening: Widening,
    later_yes: LaterYes,
    *,
    said: dict[str, Any],
    reason: str,
    acting_user: User,
    origin: Origin,
) -> bool:
    """Keep this yes; whether it was the last one that is needed. If not, the others are asked.

    said: what is agreed to, beside the facts that were seen.
    """
    access_request, facts = window.access_request, {**later_yes.facts, **said}
    if later_yes.alone:
        keep_decision(access_request, facts, reason, acting_user, origin)
        return True
    wish = later_yes.wish or open_wish(
        window, widening, later_yes.demands, reason=reason, opened_by=acting_user
    )
    if later_yes.places:
        keep_decision(
            access_request,
            facts,
            reason,
            acting_user,
            origin,
            wish=wish,
            places=later_yes.places,
        )
    now = timezone.now()
    if note_progress_among(steps_of_wish(wish), yeses_to(wish), now=now).complete:
        transition(
            wish,
            expected=State.PENDING,
            to=State.AGREED,
            closed_at=now,
            closed_by=acting_user,
        )
        return True
    record(
        "window.wish.agreed" if later_yes.places else "window.wish.opened",
        acting_user=acting_user,
        subject=window,
        origin=origin,
        access_request=access_request,
        reason=reason,
        kind=wish.kind,
        minutes=wish.minutes,
        facts_hash=hash_of_facts(facts),
        places=sorted(later_yes.places),
        **later_yes.lent,
    )
    ask_others(wish, by=acting_user)
    return False


def open_wish(
    window: MaintenanceWindow,
    widening: Widening,
    demands: Demands,
    *,
    reason: str,
    opened_by: User,
) -> LaterWish:
    """The row to which yeses are tied, with its steps. Raises `TooLate` when another one is
    open."""
    try:
        with transaction.atomic():
            wish = LaterWish.objects.create(
                window=window,
                kind=widening.kind,
                minutes=widening.minutes,
                extension=widening.extension,
                reason=reason,
                demands=demands_as_json(demands),
                opened_by=opened_by,
            )
    except IntegrityError as error:
        raise TooLate(
            _("The plant is deciding on this window already."), code="other_wish"
        ) from error
    LaterStep.objects.bulk_create(
        step_rows(LaterStep, demands, now=wish.opened_at, wish=wish)
    )
    return wish


def ask_others(wish: LaterWish, *, by: User) -> None:
    """Tell those whose yes would help now, with where to say it."""
    access_request = wish.window.access_request
    given = {yes.decided_by_id for yes in yeses_to(wish)}
    notify(
        people_asked_by(
            wish.steps.filter(asked=True),
            access_request.site,
            given | {access_request.emergency_by_id},
        ),
        "window.wish.asked",
        path=later_path_of(wish),
        by=by.full_name,
        what=wish.get_kind_display,
        reason=wish.reason,
        **said_of(access_request),
    )
    tell_pages(access_request, about=("requests", "windows"))


def end_wish(
    window: MaintenanceWindow,
    to: LaterWish.State,
    *,
    acting_user: User | None,
    reason: str,
) -> None:
    """End what is being decided on for a window that is another one now, or was refused."""
    for wish in window.later_wishes.filter(state=State.PENDING):
        transition(
            wish,
            expected=State.PENDING,
            to=to,
            closed_at=timezone.now(),
            closed_by=acting_user,
            close_reason=reason,
        )


def keep_decision(
    access_request: AccessRequest,
    facts: dict[str, Any],
    reason: str,
    acting_user: User,
    origin: Origin,
    *,
    wish: LaterWish | None = None,
    places: frozenset[str] = frozenset(),
) -> ApprovalDecision:
    """The row of one later yes, with what was seen. Its constraints say four eyes again."""
    try:
        with transaction.atomic():
            return ApprovalDecision.objects.create(
                access_request=access_request,
                step=access_request.decisions.count() + 1,
                verdict=ApprovalDecision.Verdict.APPROVED,
                later_wish=wish,
                places=sorted(places),
                decided_by=acting_user,
                requested_by=access_request.requested_by,
                decider_vendor=acting_user.vendor,
                reason=reason,
                facts=facts,
                facts_hash=hash_of_facts(facts),
                factor=origin.factor,
                source_address=origin.address,
                user_agent=origin.user_agent,
            )
    except IntegrityError as error:
        raise TooLate from error


def _open_wish(window: MaintenanceWindow) -> LaterWish | None:
    """The one that is being decided on; what only the clock has ended is outdated now."""
    wish = window.later_wishes.filter(state=State.PENDING).first()
    if wish is None:
        return None
    if LaterWish.objects.live().filter(pk=wish.pk).exists():
        wish.window = window
        return wish
    end_wish(window, State.OUTDATED, acting_user=None, reason="")
    return None
