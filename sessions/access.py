"""Guarded fetches of the sessions app: 404 for what you may not know, 403 for what you may not do.

Views, consumers and the API get sessions, recordings and reviews through here only.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext_lazy as _

from accessportal.accounts.authorisation import Action, at_sites_where, may, sites_where
from accessportal.accounts.models import User
from accessportal.audit.models import AuditEvent
from accessportal.errors import NotAllowed, NotPossible
from accessportal.known import known
from accessportal.plants.models import Endpoint
from requests.models import MaintenanceWindow
from sessions.models import BrokeredSession, ComplianceReview, Recording

# --- Sessions -------------------------------------------------------------------------


def session_visible_to(user: User, pk: Any) -> BrokeredSession:
    """A session this person may see, with what every session has."""
    sessions = BrokeredSession.objects.visible_to(user).select_related(
        "window__access_request__vendor",
        "endpoint__asset__zone__site",
        "started_by__vendor",
    )
    return known(sessions, pk=pk)


def session_operable_by(user: User, pk: Any) -> BrokeredSession:
    """The person's own session, to work in: its console."""
    brokered_session = session_visible_to(user, pk)
    if brokered_session.started_by_id != user.pk:
        raise NotAllowed(_("Only the person who started this session works in it."))
    return brokered_session


def session_joinable_by(user: User, pk: Any) -> BrokeredSession:
    """A session to work in by turns: the owner's, and the named companions'."""
    brokered_session = session_visible_to(user, pk)
    own = brokered_session.started_by_id == user.pk
    if not own and not takes_part(user, brokered_session):
        raise NotAllowed(_("You were not named to take part in this session."))
    return brokered_session


def session_controllable_by(user: User, pk: Any) -> BrokeredSession:
    """A session at a site where the person may take the work into their own hands."""
    brokered_session = session_visible_to(user, pk)
    if not may_at(user, Action.SESSION_CONTROL, brokered_session):
        raise NotAllowed(_("You are not allowed to take control at this site."))
    return brokered_session


def session_watchable_by(user: User, pk: Any) -> BrokeredSession:
    brokered_session = session_visible_to(user, pk)
    if not may_at(user, Action.SESSION_WATCH, brokered_session):
        raise NotAllowed(_("You are not allowed to watch sessions at this site."))
    return brokered_session


def session_freezable_by(user: User, pk: Any) -> BrokeredSession:
    brokered_session = session_visible_to(user, pk)
    if not may_at(user, Action.SESSION_FREEZE, brokered_session):
        raise NotAllowed(_("You are not allowed to freeze sessions at this site."))
    return brokered_session


def session_endable_by(user: User, pk: Any) -> BrokeredSession:
    """One's own session, or one works in it now, or may end sessions at its site."""
    brokered_session = session_visible_to(user, pk)
    own = user.pk in (brokered_session.started_by_id, brokered_session.hand_id)
    if not own and not may_at(user, Action.SESSION_END, brokered_session):
        raise NotAllowed(_("You are not allowed to end sessions at this site."))
    return brokered_session


def session_chargeable_by(user: User, pk: Any) -> BrokeredSession:
    """A session at a site where the person may be in charge, attend and accept."""
    brokered_session = session_visible_to(user, pk)
    if not may_at(user, Action.SESSION_CHARGE, brokered_session):
        raise NotAllowed(_("You cannot be in charge of sessions at this site."))
    return brokered_session


def sessions_chargeable_by(user: User, ids: Iterable[Any]) -> list[BrokeredSession]:
    """Several of them; one that is not visible is not known, one not allowed refuses all."""
    return [session_chargeable_by(user, pk) for pk in ids]


def shift_of(user: User) -> list[BrokeredSession]:
    """The live sessions at the sites where a person of the plant may be in charge."""
    sites = sites_where(user, Action.SESSION_CHARGE)
    if not sites.exists():
        raise NotAllowed(_("You cannot be in charge of sessions at any site."))
    return list(
        BrokeredSession.objects.live()
        .filter(endpoint__asset__zone__site__in=sites)
        .select_related(
            "window__access_request__vendor",
            "window__recalled_by",
            "endpoint__asset__zone__site",
            "started_by__vendor",
            "person_in_charge",
            "charge_offered_to",
            "attended_by",
            "frozen_by",
        )
        .order_by("requested_at")
    )


def colleague_for(user: User, pk: str) -> User:
    """A person of the plant whom somebody may hand over to; whether for these sessions is
    the verb's to say."""
    if not sites_where(user, Action.SESSION_CHARGE).exists():
        raise NotAllowed(_("You cannot be in charge of sessions at any site."))
    colleague: User = known(User.objects.active().plant_people(), pk=pk)
    return colleague


def endpoint_startable_by(
    user: User, window_pk: Any, endpoint_pk: Any
) -> tuple[MaintenanceWindow, Endpoint]:
    """A person's own window and a machine in it; whether it may start now is policy's to say."""
    window = known(
        MaintenanceWindow.objects.visible_to(user).select_related(
            "access_request__site"
        ),
        pk=window_pk,
    )
    if window.access_request.requested_by_id != user.pk:
        raise NotAllowed(_("This window was made for another person."))
    endpoint = known(
        Endpoint.objects.filter(
            pk__in=window.access_request.endpoints.values("pk")
        ).select_related("asset__zone__site"),
        pk=endpoint_pk,
    )
    return window, endpoint


# --- Left desktops --------------------------------------------------------------------


def minds_desktops(user: User) -> None:
    """Only people of the plant who may freeze sessions somewhere."""
    if user.vendor_id is not None or not may(user, Action.SESSION_FREEZE):
        raise NotAllowed(_("Only people of the plant look after its machines."))


def desktop_clearable_by(user: User, pk: int) -> Endpoint:
    """An endpoint of a site where this person may say that its desktop is clear."""
    endpoint = known(
        Endpoint.objects.filter(
            at_sites_where(user, Action.SESSION_SEE, "asset__zone__site")
        ).select_related("asset__zone__site"),
        pk=pk,
    )
    if not may(user, Action.SESSION_FREEZE, endpoint.asset.zone.site):
        raise NotAllowed(_("Only people of the plant look after its machines."))
    return endpoint


# --- Recordings and reviews -----------------------------------------------------------


def recording_visible_to(user: User, number: str) -> Recording:
    """A recording of a site whose recordings this person may see, by its session's number."""
    recordings = Recording.objects.visible_to(user).with_session()
    return known(recordings, brokered_session__number=number)


def recording_playable_by(user: User, number: str) -> Recording:
    """A recording that this person may look into, once it is no longer being written."""
    recording = recording_visible_to(user, number)
    if not may_at(user, Action.RECORDING_PLAY, recording.brokered_session):
        raise NotAllowed(_("You may see that this recording exists, but not play it."))
    if recording.state == Recording.State.WRITING:
        raise NotPossible(
            _("The session is still being recorded. It can be played when it is over."),
            code="still_writing",
        )
    return recording


def review_visible_to(user: User, number: str) -> ComplianceReview:
    """The review of a recording, for people who review at its site."""
    reviews = ComplianceReview.objects.visible_to(user).select_related(
        "recording__brokered_session__endpoint__asset__zone__site",
        "recording__brokered_session__started_by__vendor",
        "recording__brokered_session__window__access_request",
        "reviewed_by",
        "worked_by",
        "approved_by",
    )
    return known(reviews, recording__brokered_session__number=number)


def review_completable_by(user: User, number: str) -> ComplianceReview:
    """A review that this person may complete: independent of the work."""
    recording_visible_to(user, number)
    if not ComplianceReview.objects.visible_to(user).filter(
        recording__brokered_session__number=number
    ):
        raise NotAllowed(_("Only compliance clears or flags recordings of this site."))
    review = review_visible_to(user, number)
    if took_part(review, user):
        raise NotAllowed(
            _(
                "You worked in this session or approved it, so somebody else must review it."
            ),
            code="reviewer_took_part",
        )
    return review


def takes_part(user: User, brokered_session: BrokeredSession) -> bool:
    """Whether this is a companion: a colleague named on the session's request."""
    if user.vendor_id is None or brokered_session.started_by_id == user.pk:
        return False
    access_request = brokered_session.window.access_request
    return access_request.companions.filter(pk=user.pk).exists()


def took_part(review: ComplianceReview, user: User) -> bool:
    """Whoever worked in the session, also for the plant, or let it happen does not judge it."""
    if user.pk in (review.worked_by_id, review.approved_by_id):
        return True
    # `approved_by` is who gave the last yes; several may have agreed.
    access_request = review.recording.brokered_session.window.access_request
    if access_request.decisions.filter(decided_by=user).exists():
        return True
    return AuditEvent.objects.filter(
        event="session.control.taken",
        session_number=review.recording.brokered_session.number,
        actor_id=user.pk,
    ).exists()


def may_at(user: User, action: Action, brokered_session: BrokeredSession) -> bool:
    """Whether a person of the plant may do `action` at the session's site."""
    if user.vendor_id is not None:
        return False
    return may(user, action, brokered_session.endpoint.asset.zone.site)
