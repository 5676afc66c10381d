"""The sentences of a session: why it is frozen, why it ended, and what to do now."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from sessions.guacamole import errors as guacd_errors
from sessions.guacamole.status import STATUSES, status_of
from sessions.models import BrokeredSession

EndReason = BrokeredSession.EndReason
FreezeCause = BrokeredSession.FreezeCause
Sentence = str | Promise

END: dict[str, Sentence] = {
    EndReason.ENDED_BY_CONTRACTOR: _("You ended the session."),
    EndReason.ENDED_BY_PLANT: _("The plant ended the session."),
    EndReason.WINDOW_CLOSED: _("The maintenance window is over."),
    EndReason.WINDOW_REVOKED: _("The plant revoked the maintenance window."),
    EndReason.ACCOUNT_DISABLED: _("The access of the person working here was ended."),
    EndReason.VENDOR_SUSPENDED: _("The plant suspended access for this company."),
    EndReason.SITE_ISOLATED: _("The plant isolated the site."),
    EndReason.ASSET_LOCKED: _("The plant locked this machine against outside work."),
    EndReason.SIGNED_OUT: _("The session ended because of a sign-out from the portal."),
    EndReason.RECORDING_FAILED: _(
        "The recording failed, and nothing may happen unrecorded. Input was stopped at once."
    ),
    EndReason.ASSET_CLOSED: _("The machine closed the connection."),
    EndReason.CONNECTION_LOST: _("The connection to the machine was lost."),
    EndReason.NOT_CONNECTED: _("The machine could not be reached."),
    EndReason.INTERRUPTED: _(
        "The portal was interrupted. The recording is kept up to that moment."
    ),
    EndReason.HELD_TOO_LONG: _(
        "The session was kept open for the contractor, who did not come back in time."
    ),
    EndReason.DRILL: _(
        "This was a drill: the plant tested that it can end sessions at once."
    ),
}

START_AGAIN = _("You can start again while the window is open.")
ASK_AGAIN = _("If you need more time, ask for a new window.")
CALL = _("Please call the control room before you ask again.")

WHAT_NOW: dict[str, Sentence] = {
    EndReason.ENDED_BY_CONTRACTOR: START_AGAIN,
    EndReason.ENDED_BY_PLANT: CALL,
    EndReason.WINDOW_CLOSED: ASK_AGAIN,
    EndReason.WINDOW_REVOKED: CALL,
    EndReason.ACCOUNT_DISABLED: CALL,
    EndReason.VENDOR_SUSPENDED: CALL,
    EndReason.SITE_ISOLATED: CALL,
    EndReason.ASSET_LOCKED: CALL,
    EndReason.SIGNED_OUT: _(
        "Sign in again; you can start again while the window is open."
    ),
    EndReason.RECORDING_FAILED: CALL,
    EndReason.ASSET_CLOSED: START_AGAIN,
    EndReason.CONNECTION_LOST: START_AGAIN,
    EndReason.NOT_CONNECTED: _(
        "Your place on the machine is free again; you can try again while the window is open."
    ),
    EndReason.INTERRUPTED: START_AGAIN,
    EndReason.HELD_TOO_LONG: START_AGAIN,
    EndReason.DRILL: START_AGAIN,
}

MAY_START_AGAIN = frozenset(
    {
        EndReason.ENDED_BY_CONTRACTOR,
        EndReason.SIGNED_OUT,
        EndReason.ASSET_CLOSED,
        EndReason.CONNECTION_LOST,
        EndReason.NOT_CONNECTED,
        EndReason.INTERRUPTED,
        EndReason.HELD_TOO_LONG,
        EndReason.DRILL,
    }
)

FROZEN: dict[str, Sentence] = {
    FreezeCause.PERSON: _(
        "The plant has frozen the session. Keyboard and mouse are off."
    ),
    FreezeCause.AWAY: _(
        "The browser of whoever works here is gone. The work is kept open."
    ),
    FreezeCause.IDLE: _(
        "Nothing was done for a while. Confirm your second factor to go on."
    ),
    FreezeCause.FACTOR: _(
        "Your second factor was used too long ago. Confirm it to go on."
    ),
    FreezeCause.ADDRESS: _(
        "Your network address changed. Confirm your second factor to go on."
    ),
    FreezeCause.RECORDING: _("The recording failed. Keyboard and mouse are off."),
    FreezeCause.ATTENDANCE: _(
        "Nobody of the plant attends. Keyboard and mouse are off until somebody does."
    ),
}

FROZEN_WITHOUT_FACTOR: dict[str, Sentence] = {
    FreezeCause.IDLE: _(
        "Nothing was done for a while. To go on, have the plant call back and read out a new code."
    ),
    FreezeCause.FACTOR: _(
        "The last code was used too long ago. To go on, have the plant call back and read out a "
        "new one."
    ),
    FreezeCause.ADDRESS: _(
        "The network address changed. To go on, have the plant call back and read out a new code."
    ),
}
"""Where the plant escorts over a second factor that is not at hand."""


def frozen_sentence(cause: str, *, escorted: bool) -> Sentence:
    """Why input stands still, and what lets it go on; `escorted`: there is no factor."""
    if escorted and cause in FROZEN_WITHOUT_FACTOR:
        return FROZEN_WITHOUT_FACTOR[cause]
    return FROZEN[cause]


START_FAILURES: dict[str, Sentence] = {
    "recorder_failed": _(
        "The recorder could not start, so the session was not opened."
    ),
    "start_interrupted": _("The connection was not made in time."),
    "no_picture": _("The machine answered, but sent no picture."),
    "protocol_unknown": _("This kind of connection is not supported."),
    "username_missing": _(
        "No user name is stored for this machine, so it cannot be connected to."
    ),
    "credential_missing": _(
        "No password or key is stored for this machine, so it cannot be connected to."
    ),
    "host_key_malformed": _("The host key stored for this machine cannot be read."),
    "prompt_malformed": _("A prompt stored for this machine cannot be used."),
    "secrets_unreadable": _(
        "The user name and password stored for this machine cannot be read. "
        "Please tell the plant's administrator."
    ),
    "asks_for_credentials": _(
        "The machine asked for a user name or password that is not stored for it."
    ),
}


LOST: dict[str, Sentence] = {
    "guacd_lost": _(
        "The gateway daemon (guacd) that carried this session stopped answering. "
        "The portal takes another one when you start again, where there is one."
    ),
}
"""What may happen to a session that was up."""


def end_sentence_for(
    reason: str,
    failure: str = "",
    guacd_status: int | None = None,
    *,
    own_act: bool,
    by: str = "",
) -> Sentence:
    """`end_sentence` as its reader should read it. `own_act`: they ended it; `by`: who did."""
    by_a_person = reason in (EndReason.ENDED_BY_CONTRACTOR, EndReason.ENDED_BY_PLANT)
    if by_a_person and own_act:
        return END[EndReason.ENDED_BY_CONTRACTOR]
    if reason == EndReason.ENDED_BY_CONTRACTOR:
        if by:
            return _("%(name)s ended the session.") % {"name": by}
        return EndReason.ENDED_BY_CONTRACTOR.label
    return end_sentence(reason, failure, guacd_status)


def end_sentence(
    reason: str, failure: str = "", guacd_status: int | None = None
) -> Sentence:
    """Why a session ended; for one that never began, what went wrong with the machine."""
    if failure in START_FAILURES:
        return START_FAILURES[failure]
    if guacd_status is not None and reason in (
        EndReason.NOT_CONNECTED,
        EndReason.ASSET_CLOSED,
    ):
        protocol = "ssh" if failure == "host_key_mismatch" else ""
        return status_of(guacd_status, protocol).sentence
    if failure in FAILURES:
        return FAILURES[failure]
    return END.get(reason, "")


def _failures() -> dict[str, Sentence]:
    known = {status.key: status.sentence for status in STATUSES.values()}
    for kind in vars(guacd_errors).values():
        if isinstance(kind, type) and issubclass(kind, guacd_errors.GuacdError):
            known[kind.key] = kind.sentence
    return known


FAILURES = _failures() | LOST
"""By key: what guacd, or the way to it, can answer instead of a connection."""
