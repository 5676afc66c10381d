"""How each state of each thing looks: words, tone and icon. One table for all pages.

Tone says how much attention it wants, never what it is: the words do that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accessportal.accounts.parking import is_parked


@dataclass(frozen=True)
class Badge:
    """tone: ok, info, warn, bad or quiet; icon: a name of `static/icons.txt`."""

    words: str | Promise
    tone: str = "quiet"
    icon: str = "circle-dashed"


# (model label, value) -> tone and icon; the words are the choice's own label.
LOOKS: dict[tuple[str, str], tuple[str, str]] = {
    ("access_requests.accessrequest", "pending"): ("warn", "hourglass"),
    ("access_requests.accessrequest", "approved"): ("ok", "circle-check"),
    ("access_requests.accessrequest", "denied"): ("bad", "circle-x"),
    ("access_requests.accessrequest", "withdrawn"): ("quiet", "arrow-back-up"),
    ("access_requests.accessrequest", "expired"): ("quiet", "clock"),
    ("access_requests.accessrequest", "to_confirm"): ("warn", "refresh"),
    ("access_requests.accessrequest", "over"): ("quiet", "lock"),
    ("access_requests.accessrequest", "given_back"): ("quiet", "arrow-back-up"),
    ("access_requests.accessrequest", "revoked"): ("bad", "ban"),
    ("access_requests.approvaldecision", "approved"): ("ok", "circle-check"),
    ("access_requests.approvaldecision", "denied"): ("bad", "circle-x"),
    ("access_requests.maintenancewindow", "scheduled"): ("info", "calendar-event"),
    ("access_requests.maintenancewindow", "open"): ("ok", "lock-open"),
    ("access_requests.maintenancewindow", "closed"): ("quiet", "lock"),
    ("access_requests.maintenancewindow", "revoked"): ("bad", "ban"),
    ("access_requests.extensionrequest", "pending"): ("warn", "hourglass"),
    ("access_requests.extensionrequest", "granted"): ("ok", "clock-plus"),
    ("access_requests.extensionrequest", "refused"): ("bad", "circle-x"),
    ("brokered_sessions.brokeredsession", "connecting"): ("info", "plug"),
    ("brokered_sessions.brokeredsession", "active"): ("ok", "plug-connected"),
    ("brokered_sessions.brokeredsession", "ended"): ("quiet", "player-stop"),
    ("brokered_sessions.brokeredsession", "failed"): ("bad", "plug-x"),
    ("brokered_sessions.recording", "writing"): ("info", "player-record"),
    ("brokered_sessions.recording", "sealed"): ("ok", "shield-check"),
    ("brokered_sessions.recording", "incomplete"): ("warn", "alert-triangle"),
    ("brokered_sessions.compliancereview", "open"): ("warn", "clipboard-list"),
    ("brokered_sessions.compliancereview", "cleared"): ("ok", "clipboard-check"),
    ("brokered_sessions.compliancereview", "flagged"): ("bad", "flag"),
}


def badge_of(thing: models.Model) -> Badge:
    """The badge of a thing's state, with what the clock and the facts add to it."""
    label = thing._meta.label_lower
    special = SPECIAL.get(label)
    shown: Badge | None = special(thing) if special is not None else None
    if shown is not None:
        return shown
    phase = getattr(thing, "phase", None)
    if callable(phase):
        value = phase()
    else:
        value = getattr(thing, "state", None) or getattr(thing, "verdict", "")
    words = value.label if hasattr(value, "label") else choice_words(thing)
    tone, icon = LOOKS.get((label, str(value)), ("quiet", "circle-dashed"))
    return Badge(words, tone, icon)


def choice_words(thing: Any) -> str:
    display = getattr(thing, "get_state_display", None) or thing.get_verdict_display
    return str(display())


def session_badge(brokered_session: Any) -> Badge | None:
    """Frozen and ending are facts beside the state."""
    if brokered_session.state == "active" and brokered_session.frozen_at is not None:
        return Badge(_("Frozen"), "warn", "snowflake")
    if (
        brokered_session.state in {"connecting", "active"}
        and brokered_session.end_requested_at
    ):
        return Badge(_("Ending"), "warn", "player-stop")
    if brokered_session.state == "ended" and brokered_session.slot is not None:
        return Badge(_("Ended, not yet proven"), "warn", "player-stop")
    return None


def review_badge(review: Any) -> Badge | None:
    return Badge(_("Late"), "bad", "alert-triangle") if review.is_late() else None


def recording_badge(recording: Any) -> Badge | None:
    if recording.verification_error:
        return Badge(_("Not intact"), "bad", "shield-x")
    return None


def request_badge(access_request: Any) -> Badge | None:
    if access_request.is_overdue():
        return Badge(_("Start has passed"), "bad", "clock")
    return None


def window_badge(window: Any) -> Badge | None:
    if window.has_fallen:
        return Badge(_("To be confirmed again"), "warn", "refresh")
    if window.was_given_back:
        return Badge(_("Given back"), "quiet", "arrow-back-up")
    return None


def vendor_badge(vendor: Any) -> Badge:
    if vendor.suspended_at is not None:
        return Badge(_("Suspended"), "bad", "ban")
    if vendor.contract_ends_at <= timezone.now():
        return Badge(_("Contract ended"), "warn", "calendar-time")
    return Badge(_("Active"), "ok", "circle-check")


def user_badge(user: Any) -> Badge:
    if user.disabled_at is not None:
        return Badge(_("Disabled"), "bad", "user-x")
    if user.expires_at is not None and user.expires_at <= timezone.now():
        return Badge(_("Access expired"), "warn", "calendar-time")
    if user.vendor is not None and not user.vendor.active:
        return Badge(_("Vendor not active"), "warn", "ban")
    if user.factors_confirmed_at is None:
        return Badge(_("No second factor yet"), "warn", "device-mobile")
    if is_parked(user):
        return Badge(_("Parked"), "quiet", "moon")
    return Badge(_("Active"), "ok", "circle-check")


def stop_order_badge(order: Any) -> Badge:
    """Of an isolation or suspension: in force or lifted; of a drill: its result."""
    if order.kind != "drill":
        if order.lifted_at is None:
            return Badge(_("In force"), "bad", "shield-off")
        return Badge(_("Lifted"), "quiet", "lock-open")
    if order.result:
        tone, sign = (
            ("ok", "circle-check") if order.result == "passed" else ("bad", "circle-x")
        )
        return Badge(order.get_result_display(), tone, sign)
    return Badge(_("Running"), "info", "hourglass")


def invitation_badge(invitation: Any) -> Badge:
    if invitation.accepted_at is not None:
        return Badge(_("Accepted"), "ok", "circle-check")
    if invitation.revoked_at is not None:
        return Badge(_("Revoked"), "quiet", "ban")
    if invitation.expires_at <= timezone.now():
        return Badge(_("Expired"), "quiet", "clock")
    return Badge(_("Waiting for an answer"), "warn", "mail")


SPECIAL: dict[str, Any] = {
    "brokered_sessions.brokeredsession": session_badge,
    "brokered_sessions.compliancereview": review_badge,
    "brokered_sessions.recording": recording_badge,
    "access_requests.accessrequest": request_badge,
    "access_requests.maintenancewindow": window_badge,
    "accounts.vendor": vendor_badge,
    "accounts.user": user_badge,
    "accounts.invitation": invitation_badge,
    "brokered_sessions.stoporder": stop_order_badge,
}
