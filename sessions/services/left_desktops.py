"""Desktops that an earlier session may have left open, and who says that they are not.

Where an endpoint's end action demands that the desktop is locked or logged off, the next
company gets in only when that is proven, or when a person of the plant has looked.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accessportal.accounts.authorisation import (
    Action,
    at_sites_where,
    may,
    people_who_may,
)
from accessportal.accounts.models import User
from accessportal.audit import record
from accessportal.errors import NotAllowed, NotPossible, TooLate
from accessportal.news import site_topic, tell_news, user_topic
from accessportal.notifications import notify
from accessportal.origin import Origin
from accessportal.plants.models import Endpoint, Site
from requests.models import MaintenanceWindow
from sessions.desktops import meets_the_demand
from sessions.models import BrokeredSession, DesktopQuestion

DESKTOPS_PATH = "/desktops/"


@dataclass(frozen=True, slots=True)
class LeftDesktop:
    """An endpoint whose last session may have left its desktop open."""

    endpoint: Endpoint
    left_by: BrokeredSession
    question: DesktopQuestion | None


def left_over_for(endpoint: Endpoint, vendor_id: int | None) -> BrokeredSession | None:
    """The session of another company whose desktop may still be there; None if there is none."""
    left_by = _left_by(endpoint)
    if left_by is None or left_by.window.access_request.vendor_id == vendor_id:
        return None
    return left_by


def open_question(endpoint: Endpoint) -> DesktopQuestion | None:
    return (
        DesktopQuestion.objects.filter(endpoint=endpoint, answered_at__isnull=True)
        .select_related("asked_by__vendor")
        .first()
    )


def left_desktops(user: User) -> list[LeftDesktop]:
    """Those at the sites where this person may say that a desktop is clear, asked first."""
    endpoints = (
        Endpoint.objects.filter(
            at_sites_where(user, Action.SESSION_FREEZE, "asset__zone__site")
        )
        .exclude(end_action=Endpoint.EndAction.LEAVE)
        .select_related("asset__zone__site", "desktop_cleared_by")
    )
    found = [
        LeftDesktop(endpoint, left_by, open_question(endpoint))
        for endpoint in endpoints
        if (left_by := _left_by(endpoint)) is not None
    ]
    return sorted(found, key=lambda left: (left.question is None, str(left.endpoint)))


def questions_for(user: User) -> list[DesktopQuestion]:
    """The open questions that this person may answer, the oldest first."""
    return list(
        DesktopQuestion.objects.filter(
            at_sites_where(user, Action.SESSION_FREEZE, "endpoint__asset__zone__site"),
            answered_at__isnull=True,
        ).select_related("endpoint__asset", "asked_by__vendor")
    )


def may_clear(user: User, site: Site) -> bool:
    """Those who may freeze a session may say what stands on the machine's screen."""
    return user.vendor_id is None and may(user, Action.SESSION_FREEZE, site)


@transaction.atomic
def ask_about_desktop(
    window: MaintenanceWindow, endpoint: Endpoint, *, acting_user: User, origin: Origin
) -> DesktopQuestion:
    """A contractor who was refused asks the plant to look. Asked twice, it is one question."""
    endpoint = _locked(endpoint)
    left_by = left_over_for(endpoint, acting_user.vendor_id)
    if left_by is None:
        raise TooLate(_("No desktop of another company stands in the way any more."))
    if window.phase() != window.Phase.OPEN:
        raise NotPossible(_("The window is not open."))
    asked = open_question(endpoint)
    if asked is not None:
        return asked

    question = DesktopQuestion.objects.create(
        endpoint=endpoint, left_by=left_by, asked_by=acting_user
    )
    site = endpoint.asset.zone.site
    notify(
        people_who_may(Action.SESSION_FREEZE, site),
        "desktop.asked",
        path=DESKTOPS_PATH,
        asset=endpoint.asset.name,
        endpoint=endpoint.name,
        site=site,
        name=acting_user.full_name,
        vendor=acting_user.organisation,
    )

    record(
        "desktop.asked",
        acting_user=acting_user,
        subject=endpoint,
        site=site,
        access_request=window.access_request,
        origin=origin,
        left_by=left_by.number,
    )

    _announce(endpoint, acting_user.pk)
    return question


@transaction.atomic
def clear_desktop(endpoint: Endpoint, *, acting_user: User, origin: Origin) -> None:
    """A person of the plant has looked: no desktop of an earlier session is open there."""
    endpoint = _locked(endpoint)
    site = endpoint.asset.zone.site
    if not may_clear(acting_user, site):
        raise NotAllowed(_("Only people of this plant can say this."))
    left_by = _left_by(endpoint)
    if left_by is None:
        raise TooLate(_("There is no left desktop to clear here any more."))

    now = timezone.now()
    Endpoint.objects.filter(pk=endpoint.pk).update(
        desktop_cleared_at=now, desktop_cleared_by=acting_user
    )
    question = open_question(endpoint)
    if question is not None:
        question.answered_at = now
        question.answered_by = acting_user
        question.save(update_fields=["answered_at", "answered_by"])
        notify(
            [question.asked_by],
            "desktop.cleared",
            path="/windows/",
            asset=endpoint.asset.name,
            endpoint=endpoint.name,
            name=acting_user.full_name,
        )

    record(
        "desktop.cleared",
        acting_user=acting_user,
        subject=endpoint,
        site=site,
        origin=origin,
        left_by=left_by.number,
    )

    _announce(endpoint, question.asked_by_id if question is not None else None)


def _left_by(endpoint: Endpoint) -> BrokeredSession | None:
    """The last session here, when its desktop is not known to be as demanded."""
    last = (
        BrokeredSession.objects.filter(
            endpoint=endpoint, active_at__isnull=False, ended_at__isnull=False
        )
        .select_related("window__access_request__vendor", "started_by")
        .order_by("-ended_at")
        .first()
    )
    if last is None or meets_the_demand(endpoint.end_action, last.desktop_state):
        return None
    cleared = endpoint.desktop_cleared_at
    assert last.ended_at is not None
    return None if cleared is not None and cleared >= last.ended_at else last


def _locked(endpoint: Endpoint) -> Endpoint:
    Endpoint.objects.select_for_update(no_key=True).get(pk=endpoint.pk)
    return Endpoint.objects.select_related("asset__zone__site").get(pk=endpoint.pk)


def _announce(endpoint: Endpoint, asker_id: int | None) -> None:
    topics = [site_topic(endpoint.asset.zone.site_id)]
    if asker_id is not None:
        topics.append(user_topic(asker_id))
    transaction.on_commit(partial(tell_news, *topics, about="sessions"))
