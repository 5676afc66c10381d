"""What the fleet's tests can have done in their web (`tests.fleet.stage`)."""

from __future__ import annotations

from typing import Any

from accessportal.audit.models import AuditEvent
from accessportal.errors import PortalError
from requests.models import MaintenanceWindow
from sessions.models import BrokeredSession, LeftPressed, Recording
from sessions.services import recording_check
from sessions.services.brokers import living_brokers
from sessions.services.console import request_end, start_session
from sessions.services.tickets import issue_ticket
from tests.browser.acts.people import key_of
from tests.browser.acts.plant import ENDPOINTS, PLANT
from tests.cast import origin


def begin(who: str, window: int, protocol: str, cookie: str) -> str:
    """Start a session as its console would: its id."""
    started = start_session(
        MaintenanceWindow.objects.get(pk=window),
        getattr(PLANT, ENDPOINTS[protocol]),
        acting_user=getattr(PLANT, who),
        origin=origin(address="127.0.0.1"),
        web_session_key=key_of(cookie),
        width=1024,
        height=768,
    )
    return str(started.pk)


def ticket(who: str, session: str, cookie: str) -> dict[str, str]:
    """What the page `sessions:ticket` answers; `over` when there is none to be had."""
    try:
        issued = issue_ticket(
            BrokeredSession.objects.get(pk=session),
            acting_user=getattr(PLANT, who),
            origin=origin(address="127.0.0.1"),
            web_session_key=key_of(cookie),
        )
    except PortalError as error:
        return {"refused": error.code}
    return {"path": issued.path, "token": issued.token}


def end(who: str, session: str) -> None:
    """Somebody asks for the end of a session."""
    request_end(
        BrokeredSession.objects.get(pk=session),
        acting_user=getattr(PLANT, who),
        origin=origin(),
    )


def row(session: str) -> dict[str, Any]:
    """What the database says of a session."""
    names = (
        "state", "broker", "lease_epoch", "anchor_broker", "end_reason", "frozen_cause",
        "end_proof", "held_input",
    )  # fmt: skip
    found = BrokeredSession.objects.get(pk=session)
    moments = ("anchored_at", "adopted_at", "end_confirmed_at")
    return {name: getattr(found, name) for name in names} | {
        name: getattr(found, name) is not None for name in moments
    }


def living() -> list[str]:
    return living_brokers()


def left_pressed(session: str) -> dict[str, Any] | None:
    found = LeftPressed.objects.filter(brokered_session=session).first()
    return found and {"held": found.held, "released": found.released_at is not None}


def events(session: str) -> list[str]:
    """The audit trail of a session, in order."""
    number = BrokeredSession.objects.get(pk=session).number
    return list(
        AuditEvent.objects.filter(session_number=number)
        .order_by("pk")
        .values_list("event", flat=True)
    )


def recording(session: str) -> dict[str, Any]:
    found = Recording.objects.get(brokered_session=session)
    return {
        "state": found.state,
        "gaps": found.gaps,
        "verified": found.verified_at is not None,
        "error": found.verification_error,
    }


def look_over(session: str) -> None:
    """What the worker does after the sealing."""
    recording_check.look_over(Recording.objects.get(brokered_session=session).pk)
