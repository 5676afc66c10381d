"""Whose the line is: on a request's page to act, beside a recording as evidence."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils import timezone

from accessportal.accounts.authorisation import Action, may
from requests.line import checklist_of, needs_the_line, turn_of
from requests.models import AccessRequest, MaintenanceWindow
from requests.services.handover import POSTPONE_MINUTES, SOON
from requests.services.moving import RECALL_MINUTES

register = template.Library()


@register.inclusion_tag("requests/handover.html", takes_context=True)
def handover(
    context: template.Context, access_request: AccessRequest, acts: bool = True
) -> dict[str, Any]:
    """The card of the line; nothing where there is no window, or nothing to say of it."""
    window = getattr(access_request, "window", None)
    if window is None:
        return {"shown": False}
    user, site, now = context["request"].user, access_request.site, timezone.now()
    own = access_request.requested_by_id == user.pk
    turn, phase = turn_of(window), window.phase()
    phases = MaintenanceWindow.Phase
    needed = needs_the_line(window)
    turns = list(
        window.handovers.select_related("given_by", "returned_by", "accepted_by")
    )
    standing = phase in (phases.SCHEDULED, phases.OPEN)
    of_the_shift = may(user, Action.SESSION_CHARGE, site) and user.vendor_id is None
    early = window.opens_at if window.on_release_seconds else window.opens_at - SOON
    waits = needed and turn is None and standing
    decides = may(user, Action.REQUEST_DECIDE, site) and user.vendor_id is None
    revokes = may(user, Action.WINDOW_REVOKE, site) and user.vendor_id is None
    left = access_request.tolerance_minutes - window.postponed_minutes
    shown = {
        "may_give": of_the_shift and waits and now >= early,
        "may_postpone": of_the_shift
        and waits
        and window.waits_for_release
        and left >= POSTPONE_MINUTES,
        "may_return": own
        and (turn is not None or not (needed or turns))
        and window.opens_at <= now
        and not window.waits_for_release,
        "may_begin": decides
        and not context.get("later_wish")
        and phase == phases.SCHEDULED
        and window.on_release_seconds is None,
        "may_lengthen": decides and standing and not context.get("later_wish"),
        "may_recall": revokes and phase == phases.OPEN,
        "may_acknowledge": own
        and phase == phases.OPEN
        and window.recalled_at is not None
        and window.recall_seen_at is None,
    }
    return {
        **(shown if acts else {}),
        "request": context["request"],
        "csrf_token": context.get("csrf_token"),
        "facts_hash": context.get("facts_hash"),
        "seen": context.get("seen"),
        "acts": acts,
        "access_request": access_request,
        "window": window,
        "site": site,
        "own": own,
        "turns": turns,
        "turn": turn,
        "waits": waits,
        "too_early": waits and now < early,
        "early": early,
        "tolerance_left": left,
        "of_the_shift": of_the_shift,
        "items": checklist_of(window) if waits else [],
        "recalled": window.recalled_at is not None and phase != phases.REVOKED,
        "recall_minutes": RECALL_MINUTES,
        "shown": bool(
            turns or waits or (acts and any(shown.values())) or window.recalled_at
        ),
    }
