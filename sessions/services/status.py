"""How a session stands, as JSON for its pages; the tunnel's `state` word says the same."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone

from accessportal.accounts.models import User
from requests.models import MaintenanceWindow
from sessions.endings import STEP_UP
from sessions.models import BrokeredSession, Participant
from sessions.sentences import (
    MAY_START_AGAIN,
    WHAT_NOW,
    end_sentence_for,
    frozen_sentence,
)
from sessions.services.looking import Freeze, freeze_of
from sessions.services.upstream_facts import permissions_of

EndReason = BrokeredSession.EndReason


def session_status(brokered_session: BrokeredSession, user: User) -> dict[str, Any]:
    """Everything a session's pages show of it; sentences in the active language."""
    owner = brokered_session.started_by_id == user.pk
    works = brokered_session.hand_id == user.pk
    role = Participant.Role.OBSERVER
    if user.vendor_id is not None:
        role = Participant.Role.OWNER if owner else Participant.Role.COMPANION
    over = not brokered_session.is_live
    return {
        **state_of(
            brokered_session,
            role=role,
            works=works,
            freeze=freeze_of(brokered_session),
        ),
        "over": over,
        "end_reason": brokered_session.end_reason,
        "end_sentence": str(
            end_sentence_for(
                brokered_session.end_reason,
                brokered_session.failure,
                brokered_session.guacd_status,
                own_act=brokered_session.ended_by_id == user.pk,
                by=str(brokered_session.ended_by or ""),
            )
        ),
        "end_note": brokered_session.end_note if over else "",
        "what_now": str(WHAT_NOW.get(brokered_session.end_reason, "")) if owner else "",
        "ended_at": moment(brokered_session.ended_at),
        "end_confirmed_at": moment(brokered_session.end_confirmed_at),
        "desktop": brokered_session.get_desktop_state_display(),
        "held": held_of(brokered_session),
        "can_return": user.vendor_id is not None and not over,
        "can_start_again": owner and over and may_start_again(brokered_session),
    }


def state_of(
    brokered_session: BrokeredSession,
    *,
    role: str,
    works: bool,
    freeze: Freeze | None,
    screen: tuple[int, int] | None = None,
    ending: bool = False,
) -> dict[str, Any]:
    """The `state` word (tunnel contract) for a participant of `role`.

    `works`: whether this person's hands work now.
    """
    permissions = permissions_of(brokered_session.window.access_request)
    vendor_works = works and role != Participant.Role.OBSERVER
    endpoint = brokered_session.endpoint
    width, height = screen or (
        brokered_session.screen_width,
        brokered_session.screen_height,
    )
    state = brokered_session.state
    if ending or brokered_session.is_ending:
        state = "ending"
    return {
        "session": str(brokered_session.pk),
        "number": brokered_session.number,
        "state": state,
        "role": role,
        "permission": brokered_session.permission,
        "works": works,
        "baton": baton_word(brokered_session),
        "may_send": works
        and permissions.control
        and freeze is None
        and state == BrokeredSession.State.ACTIVE,
        "clipboard_in": vendor_works and permissions.clipboard_in,
        "clipboard_out": vendor_works and permissions.clipboard_out,
        "server_time": moment(timezone.now()),
        "requested_at": moment(brokered_session.requested_at),
        "active_at": moment(brokered_session.active_at),
        "closes_at": moment(brokered_session.window.closes_at),
        "asset": endpoint.asset.name,
        "endpoint": endpoint.name,
        "site": endpoint.asset.zone.site.name,
        "screen": {
            "width": width,
            "height": height,
            "fixed": bool(endpoint.fixed_width),
        },
        "recording": state == BrokeredSession.State.ACTIVE,
        "recording_since": moment(brokered_session.active_at),
        "frozen": frozen_word(freeze, works=works) if freeze is not None else None,
    }


def baton_word(brokered_session: BrokeredSession) -> dict[str, Any]:
    """With whom the baton is, for the pages of everybody in the session."""
    hand = brokered_session.baton_with or brokered_session.started_by
    return {
        "user": hand.pk,
        "name": hand.full_name,
        "with_owner": hand.pk == brokered_session.started_by_id,
        "with_plant": brokered_session.control_taken,
    }


def frozen_word(freeze: Freeze, *, works: bool) -> dict[str, Any]:
    """The `frozen` word of the tunnel contract."""
    return {
        "cause": freeze.cause,
        "by": freeze.by,
        "note": freeze.note,
        "sentence": str(frozen_sentence(freeze.cause, escorted=freeze.escorted)),
        "at": moment(freeze.at),
        "until": moment(freeze.until),
        "step_up": works and freeze.cause in STEP_UP,
    }


def held_of(brokered_session: BrokeredSession) -> dict[str, Any] | None:
    """Since when the session is held for somebody who is away, and where its picture is."""
    away = brokered_session.frozen_cause == BrokeredSession.FreezeCause.AWAY
    if not away or not brokered_session.is_live:
        return None
    return {
        "since": moment(brokered_session.frozen_at),
        "picture_url": reverse(
            "tunnel:last_picture", args=[brokered_session.broker, brokered_session.pk]
        ),
    }


def may_start_again(brokered_session: BrokeredSession) -> bool:
    """Whether the ended session's window would let its person begin anew."""
    return may_begin_anew(brokered_session.end_reason, brokered_session.window)


def may_begin_anew(reason: str, window: MaintenanceWindow) -> bool:
    """Whether an end for this reason leaves its person the rest of the window."""
    return reason in MAY_START_AGAIN and window.phase() == window.Phase.OPEN


def moment(at: datetime | None) -> str | None:
    """ISO 8601 in UTC, for JavaScript."""
    return at.isoformat(timespec="milliseconds") if at is not None else None
