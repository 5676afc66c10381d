"""What happened to a request, in order: the timeline of its page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from accessportal.accounts.models import User
from requests.approvers import who_words
from requests.happening import Happening
from requests.later_story import last_yeses, later_story
from requests.models import (
    AccessRequest,
    ApprovalDecision,
    EmergencyLook,
    Escort,
    ExtensionRequest,
    MaintenanceWindow,
    ProposedChange,
)
from requests.wording import moment_words, span_words


def story_of(
    access_request: AccessRequest, window: MaintenanceWindow | None, reader: User
) -> list[Happening]:
    """Everything that is known, oldest first, with what the clock alone did. What a later
    look said is for the plant's people."""
    told = [_asking(access_request)]
    zone = access_request.site.time_zone
    if access_request.reminded_at:
        told.append(
            Happening(
                access_request.reminded_at, _("The supervisors were reminded"), "bell"
            )
        )
    last = last_yeses(window) if window is not None else {}
    for decision in access_request.decisions.select_related("decided_by"):
        wish = decision.later_wish_id
        if wish is not None and last.get(wish) != decision.pk:
            continue  # what it would have done, it has not: told with the wish
        if decision.round:
            told.append(_decision(decision, access_request, window, zone))
        elif "reconfirmed" in decision.facts:
            told += _reconfirmation(decision)
        elif "moved" in decision.facts:
            told.append(_move(decision, zone))
        elif "substitution" in decision.facts:
            told.append(_substitution(decision))
    told += _of_proposals(access_request)
    told += [
        Happening(
            step.escalated_at,
            _("A deputy was called: %(who)s") % {"who": who_words(step.deputy)},
            "bell",
            "warn",
        )
        for step in access_request.steps.all()
        if step.escalated_at is not None
    ]
    if (
        access_request.state == AccessRequest.State.WITHDRAWN
        and access_request.closed_at
    ):
        told.append(
            Happening(
                access_request.closed_at,
                _("Withdrawn"),
                "arrow-back-up",
                "quiet",
                access_request.closed_by,
                access_request.close_reason,
            )
        )
    if access_request.state == AccessRequest.State.EXPIRED and access_request.closed_at:
        told.append(
            Happening(
                access_request.closed_at,
                _("Expired: nobody decided before it began"),
                "clock",
            )
        )
    escorts = access_request.escorts.select_related("offered_by", "person", "looked_by")
    for escort in escorts:
        told += _escort(escort)
    if reader.vendor_id is None:
        told += _looks(access_request, escorts)
    if window is not None:
        told += [*_of_window(window), *_of_the_line(window)]
        told += later_story(window, reader)
    return sorted(told, key=lambda happening: happening.at)


def _of_proposals(access_request: AccessRequest) -> list[Happening]:
    """Changes that were proposed, and what the contractor said to them."""
    answers = {
        ProposedChange.State.ACCEPTED: _("Accepted the changes"),
        ProposedChange.State.DECLINED: _("Declined the changes"),
    }
    told = []
    for proposal in access_request.proposals.select_related("proposed_by"):
        told.append(
            Happening(
                proposal.proposed_at,
                _("Would approve it with changes"),
                "edit",
                "info",
                proposal.proposed_by,
                proposal.reason,
            )
        )
        answer = answers.get(ProposedChange.State(proposal.state))
        if answer and proposal.answered_at is not None:
            told.append(
                Happening(
                    proposal.answered_at,
                    answer,
                    "edit",
                    "quiet",
                    access_request.requested_by,
                )
            )
    return told


def _asking(access_request: AccessRequest) -> Happening:
    if access_request.emergency_at is not None:
        return Happening(
            access_request.emergency_at,
            _("Emergency: asked to be let in at once"),
            "alert-octagon",
            "bad",
            access_request.emergency_by,
            access_request.emergency_reason,
        )
    return Happening(
        access_request.submitted_at,
        _("Asked for access"),
        "send",
        "info",
        access_request.requested_by,
    )


def _looks(
    access_request: AccessRequest, escorts: Iterable[Escort]
) -> Iterator[Happening]:
    """The verdicts; their words stand with the look itself."""
    second: EmergencyLook | None = getattr(access_request, "emergency_look", None)
    titles: list[tuple[EmergencyLook | Escort, str]] = [
        (escort, _("Look at the escort: %(verdict)s")) for escort in escorts
    ]
    if second is not None:
        titles.append((second, _("Second look: %(verdict)s")))
    for look, title in titles:
        if look.looked_at is not None:
            good = look.verdict == look.Verdict.JUSTIFIED
            yield Happening(
                look.looked_at,
                title % {"verdict": look.get_verdict_display()},
                "eye",
                "ok" if good else "bad",
                look.looked_by,
            )


def _escort(escort: Escort) -> Iterator[Happening]:
    """Called back, let in, looked at; why is for the plant, and stands with the escort."""
    yield Happening(
        escort.offered_at,
        _("Called back, to be escorted over %(lapsed)s")
        % {"lapsed": escort.get_bridges_display()},
        "phone",
        "warn",
        escort.offered_by,
    )
    if escort.used_at is not None:
        yield Happening(
            escort.used_at,
            _("Was let in with the code that was read out"),
            "login",
            "warn",
            escort.person,
        )
    if escort.void_cause == Escort.Voided.GUESSED and escort.voided_at is not None:
        yield Happening(
            escort.voided_at,
            _("The code was mistyped five times and counts no more"),
            "ban",
            "bad",
        )


def _decision(
    decision: ApprovalDecision,
    access_request: AccessRequest,
    window: MaintenanceWindow | None,
    zone: str,
) -> Happening:
    if decision.verdict == ApprovalDecision.Verdict.DENIED:
        return Happening(
            decision.decided_at,
            _("Denied"),
            "circle-x",
            "bad",
            decision.decided_by,
            decision.reason,
        )
    if access_request.closed_by_id != decision.decided_by_id or window is None:
        title = (
            _("Agreed")
            if decision.round == access_request.round
            else _("Agreed, before it was changed")
        )
        return Happening(
            decision.decided_at,
            title,
            "circle-check",
            "ok" if decision.round == access_request.round else "quiet",
            decision.decided_by,
            decision.reason,
        )
    title = _("Approved")
    if (
        access_request.emergency_at is None  # its window opens at the yes, as asked for
        and _first_opening(window) != access_request.wanted_from
    ):
        title = _("Approved, for another time than asked for: %(span)s") % {
            "span": span_words(
                access_request.wanted_from, access_request.wanted_until, zone
            )
        }
    return Happening(
        decision.decided_at,
        title,
        "circle-check",
        "ok",
        decision.decided_by,
        decision.reason,
    )


def _first_opening(window: MaintenanceWindow) -> datetime:
    """When it was to open at first, before it was moved or its line was given."""
    last = last_yeses(window)
    moved = (
        decision.facts["moved"]["from"][0]
        for decision in window.access_request.decisions.filter(round=0).order_by("pk")
        if "moved" in decision.facts
        and (decision.later_wish_id is None or decision.later_wish_id in last)
    )
    first = next(moved, None)
    if first is not None:
        return datetime.fromisoformat(first)
    return window.access_request.wanted_from if window.released_at else window.opens_at


def _move(decision: ApprovalDecision, zone: str) -> Happening:
    start, end = (
        datetime.fromisoformat(moment) for moment in decision.facts["moved"]["to"]
    )
    return Happening(
        decision.decided_at,
        _("The window was moved: %(span)s") % {"span": span_words(start, end, zone)},
        "clock-plus",
        "info",
        decision.decided_by,
        decision.reason,
    )


def _substitution(decision: ApprovalDecision) -> Happening:
    """One person came in the place of another."""
    return Happening(
        decision.decided_at,
        _("%(comes)s comes instead of %(leaves)s") % decision.facts["substitution"],
        "user-check",
        "ok",
        decision.decided_by,
        decision.reason,
    )


def _of_the_line(window: MaintenanceWindow) -> list[Happening]:
    """The line from hand to hand, and that it was wanted back."""
    told = []
    for turn in window.handovers.select_related(
        "given_by", "returned_by", "accepted_by"
    ):
        for at, title, tone, by, text in (
            (turn.given_at, _("The shift gave the line"), "ok", turn.given_by, ""),
            (
                turn.returned_at,
                _("The line was handed back"),
                "info",
                turn.returned_by,
                turn.state_left,
            ),
            (
                turn.accepted_at,
                _("The plant accepted the line"),
                "ok",
                turn.accepted_by,
                turn.acceptance,
            ),
        ):
            if at is not None:
                told.append(Happening(at, title, "clipboard-check", tone, by, text))
    if window.recalled_at is not None:
        told.append(
            Happening(
                window.recalled_at,
                _("The plant wanted the line back"),
                "clock",
                "warn",
                window.recalled_by,
                window.recall_reason,
            )
        )
    return told


def _reconfirmation(decision: ApprovalDecision) -> list[Happening]:
    """A window that fell with a whole site or vendor, and stands again."""
    fell = decision.facts["reconfirmed"]
    by = fell["revoked_by"] or "Access Portal"
    return [
        Happening(
            datetime.fromisoformat(fell["revoked_at"]),
            _("The window was revoked by %(name)s") % {"name": by},
            "ban",
            "bad",
            None,
            fell["revoke_reason"],
        ),
        Happening(
            decision.decided_at,
            _("The window was confirmed again"),
            "circle-check",
            "ok",
            decision.decided_by,
            decision.reason,
        ),
    ]


def _of_window(window: MaintenanceWindow) -> list[Happening]:
    now = timezone.now()
    told = []
    if (
        window.opens_at <= now
        and not window.waits_for_release
        and (window.revoked_at is None or window.revoked_at > window.opens_at)
    ):
        told.append(
            Happening(window.opens_at, _("The window opened"), "lock-open", "ok")
        )
    for extension in window.extension_requests.select_related("asked_by", "decided_by"):
        told += _of_extension(extension)
    if window.shortened_at is not None:
        told.append(_shorter(window))
    if window.revoked_at is not None:
        given_back = window.was_given_back
        told.append(
            Happening(
                window.revoked_at,
                _("The window was given back")
                if given_back
                else _("The window was revoked"),
                "arrow-back-up" if given_back else "ban",
                "quiet" if given_back else "bad",
                window.revoked_by,
                window.revoke_reason,
            )
        )
    elif window.closes_at <= now:
        told.append(Happening(window.closes_at, _("The window closed"), "lock"))
    return told


def _shorter(window: MaintenanceWindow) -> Happening:
    """By a last day that was moved; when it was to close before."""
    assert window.shortened_at is not None and window.shortened_from is not None
    zone = window.access_request.site.time_zone
    return Happening(
        window.shortened_at,
        _("The window was made shorter: it was to close %(moment)s")
        % {"moment": moment_words(window.shortened_from, zone)},
        "clock",
        "warn",
        window.shortened_by,
        _("That is the last day of the access or of the contract now."),
    )


def _of_extension(extension: ExtensionRequest) -> list[Happening]:
    told = [
        Happening(
            extension.asked_at,
            _("Asked for %(minutes)s more minutes") % {"minutes": extension.minutes},
            "clock-plus",
            "info",
            extension.asked_by,
            extension.reason,
        )
    ]
    if extension.decided_at is None:
        return told
    granted = extension.state == ExtensionRequest.State.GRANTED
    told.append(
        Happening(
            extension.decided_at,
            _("More time was granted") if granted else _("More time was refused"),
            "clock-plus" if granted else "circle-x",
            "ok" if granted else "bad",
            extension.decided_by,
            extension.decision_reason,
        )
    )
    return told
