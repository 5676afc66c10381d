"""Sessions at the machines, their recordings, and the trail."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from accessportal.audit.chain import verify_chain
from requests.models import MaintenanceWindow
from sessions.models import BrokeredSession, Participant
from sessions.recorder import places
from sessions.services.console import start_session
from sessions.services.recording import seal_recording
from sessions.services.tickets import issue_ticket
from tests.browser.acts.people import age_factor, key_of
from tests.browser.acts.plant import ENDPOINTS, PLANT, change, until
from tests.cast import origin
from tests.session_flow.evidence import presses_journalled
from tests.session_flow.recorded import end, make_session, pause, record_session


def begin(who: str, window_pk: int, protocol: str, cookie: str) -> str:
    """Have this person start a session, as the start page does; its id."""
    started = start_session(
        MaintenanceWindow.objects.get(pk=window_pk),
        getattr(PLANT, ENDPOINTS[protocol]),
        acting_user=getattr(PLANT, who),
        origin=origin(address="127.0.0.1"),
        web_session_key=key_of(cookie),
        width=1280,
        height=800,
    )
    return str(started.pk)


def ticket(session: str, who: str, cookie: str) -> dict[str, str]:
    """A way into the tunnel of a session."""
    issued = issue_ticket(
        BrokeredSession.objects.get(pk=session),
        acting_user=getattr(PLANT, who),
        origin=origin(address="127.0.0.1"),
        web_session_key=key_of(cookie),
    )
    return {"path": issued.path, "token": issued.token}


def still(window_pk: int, protocol: str) -> str:
    """A session as a row only, of a broker that does not run: its tunnel is scripted."""
    number = BrokeredSession.objects.count() + 7001
    made = BrokeredSession.objects.create(
        number=f"SES-{timezone.now().year}-{number}",
        window_id=window_pk,
        endpoint=getattr(PLANT, ENDPOINTS[protocol]),
        started_by=PLANT.vera,
        permission="control",
        state="active",
        slot=number % 1000,
        active_at=timezone.now(),
        broker="elsewhere",
    )
    return str(made.pk)


def over(session: str) -> None:
    """End what `still` made, so that no board shows it any more."""
    change(
        "brokered_sessions.BrokeredSession",
        session,
        state="ended",
        slot=None,
        ended_at=timezone.now(),
        end_reason="window_closed",
        end_confirmed_at=timezone.now(),
    )


def facts(session: str) -> dict[str, Any]:
    """What the database says of a session."""
    row = BrokeredSession.objects.get(pk=session)
    return {
        "state": row.state,
        "end_reason": row.end_reason,
        "end_confirmed": row.end_confirmed_at is not None,
        "frozen_cause": row.frozen_cause,
        "endpoint": row.endpoint_id,
    }


def away_for(session: str, minutes: float) -> None:
    """As if whoever started this session had left its console so long ago, with a factor as
    old. Waits until the console is left."""
    left = Participant.objects.filter(
        brokered_session=session, role=Participant.Role.OWNER, left_at__isnull=False
    )
    until(left.exists)
    left.update(left_at=timezone.now() - timedelta(minutes=minutes))
    owner = BrokeredSession.objects.get(pk=session).started_by
    age_factor(owner.full_name.split()[0].lower(), minutes * 60)


def recorded(kind: str = "sealed") -> str:
    """The number of a session of Vera's that is over and recorded: a square that moves.

    kind: sealed, incomplete (a crash left it), damaged (somebody changed a byte since) or
    idle (for 90 s nobody did anything).
    """
    count = BrokeredSession.objects.count()
    session = make_session(
        PLANT, number=f"SES-{timezone.now().year}-{8001 + count}", slot=500 + count
    )
    recording = record_session(
        session, pause if kind == "idle" else None, finish=kind != "incomplete"
    )
    end(session)
    seal_recording(
        recording_id=recording.pk, reason="interrupted" * (kind == "incomplete")
    )
    until(lambda: type(recording).objects.get(pk=recording.pk).verified_at)
    if kind == "damaged":
        path = places.root() / recording.folder / "screen-00002.seg"
        content = bytearray(path.read_bytes())
        content[-30] ^= 1
        path.write_bytes(bytes(content))
    return session.number


def presses(session: str) -> dict[str, int]:
    """How often a mouse button and a key go down in the input track, as far as it is written."""
    return presses_journalled(BrokeredSession.objects.get(pk=session))


def trail_is_intact() -> bool:
    """What the verification of the audit trail says."""
    return verify_chain().intact
