"""The web of the fleet's tests, in a process of its own: it starts sessions, gives tickets.

`python -m tests.fleet.stage TARGETS` works on the PostgreSQL and Redis of its environment;
TARGETS is the JSON that `Targets.describe()` gives. Each line on standard input is a JSON
list `[function, [arguments], {arguments}]` of `ACTS`; each answer is one line of JSON.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from tests.browser import stage as shared


def begin(who: str, window: int, protocol: str, cookie: str) -> str:
    """Start a session as its console would: its id."""
    from requests.models import MaintenanceWindow
    from sessions.services.console import start_session
    from tests.cast import origin

    started = start_session(
        MaintenanceWindow.objects.get(pk=window),
        getattr(shared.PLANT, shared.ENDPOINTS[protocol]),
        acting_user=getattr(shared.PLANT, who),
        origin=origin(address="127.0.0.1"),
        web_session_key=shared.key_of(cookie),
        width=1024,
        height=768,
    )
    return str(started.pk)


def ticket(who: str, session: str, cookie: str) -> dict[str, str]:
    """What the page `sessions:ticket` answers; `over` when there is none to be had."""
    from accessportal.errors import PortalError
    from sessions.models import BrokeredSession
    from sessions.services.tickets import issue_ticket
    from tests.cast import origin

    try:
        issued = issue_ticket(
            BrokeredSession.objects.get(pk=session),
            acting_user=getattr(shared.PLANT, who),
            origin=origin(address="127.0.0.1"),
            web_session_key=shared.key_of(cookie),
        )
    except PortalError as error:
        return {"refused": error.code}
    return {"path": issued.path, "token": issued.token}


def end(who: str, session: str) -> None:
    """Somebody asks for the end of a session."""
    from sessions.models import BrokeredSession
    from sessions.services.console import request_end
    from tests.cast import origin

    request_end(
        BrokeredSession.objects.get(pk=session),
        acting_user=getattr(shared.PLANT, who),
        origin=origin(),
    )


def row(session: str) -> dict[str, Any]:
    """What the database says of a session."""
    from sessions.models import BrokeredSession

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
    from sessions.services.brokers import living_brokers

    return living_brokers()


def left_pressed(session: str) -> dict[str, Any] | None:
    from sessions.models import LeftPressed

    found = LeftPressed.objects.filter(brokered_session=session).first()
    return found and {"held": found.held, "released": found.released_at is not None}


def events(session: str) -> list[str]:
    """The audit trail of a session, in order."""
    from accessportal.audit.models import AuditEvent
    from sessions.models import BrokeredSession

    number = BrokeredSession.objects.get(pk=session).number
    return list(
        AuditEvent.objects.filter(session_number=number)
        .order_by("pk")
        .values_list("event", flat=True)
    )


def presses(session: str) -> dict[str, int]:
    """Of the input track, as far as it is written: how often a button, how often a key."""
    from sessions.models import Recording
    from sessions.recorder import places
    from sessions.recorder.errors import NotIntact
    from sessions.recorder.reader import SegmentReader
    from sessions.recorder.records import decode_lines
    from sessions.recorder.scan import segment_names
    from sessions.services.recording import data_key_of

    recording = Recording.objects.with_session().get(brokered_session=session)
    data_key = data_key_of(recording)
    counts = {"button_presses": 0, "key_presses": 0, "segments": 0}
    buttons = 0
    for name in segment_names(places.root(), recording.folder):
        if "/input-" not in name:
            continue
        counts["segments"] += 1
        with (places.root() / name).open("rb") as file:
            try:
                for _head, plain in SegmentReader(file, data_key).plain_blocks():
                    for line in decode_lines(plain):
                        if line.kind == "key" and line.payload[1] == 1:
                            counts["key_presses"] += 1
                        elif line.kind == "mouse":
                            pressed = line.payload[2]
                            counts["button_presses"] += (pressed & ~buttons).bit_count()
                            buttons = pressed
            except NotIntact:
                pass  # the last block of a writer that was killed
    return counts


def recording(session: str) -> dict[str, Any]:
    from sessions.models import Recording

    found = Recording.objects.get(brokered_session=session)
    return {
        "state": found.state,
        "gaps": found.gaps,
        "verified": found.verified_at is not None,
        "error": found.verification_error,
    }


def look_over(session: str) -> None:
    """What the worker does after the sealing."""
    from sessions.models import Recording
    from sessions.services.recording_check import look_over as look

    look(Recording.objects.get(brokered_session=session).pk)


shared.ACTS.update(
    {
        act.__name__: act
        for act in (
            begin, ticket, end, row, living, left_pressed, events, presses, recording,
            look_over,
        )
    }
)  # fmt: skip


def main() -> None:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    shared.cast(json.loads(sys.argv[1]))
    print(json.dumps({"answer": "ready"}), flush=True)  # noqa: T201 - the pipe
    shared.listen()


if __name__ == "__main__":
    main()
