"""Vera connects, works, is watched, and leaves: the console on a scripted guacd."""

from __future__ import annotations

from asgiref.sync import sync_to_async

from accessportal.accounts.models import User
from accessportal.audit.models import AuditEvent
from accessportal.plants.models import Endpoint
from requests.models import MaintenanceWindow
from sessions.models import BrokeredSession
from sessions.services.console import request_end
from tests.cast import origin
from tests.session_flow.fake_guacd import FakeGuacd
from tests.session_flow.tunnel_kit import Bench

State = BrokeredSession.State


async def test_vera_works_and_ends(
    bench: Bench,
    fake_guacd: FakeGuacd,
    window: MaintenanceWindow,
    filling_hmi: Endpoint,
    vera: User,
) -> None:
    brokered_session = await bench.start(window, filling_hmi, vera)
    console = await bench.enter(brokered_session, vera)
    await console.picture()
    state = await console.word("state", state="active")
    assert state["may_send"] and state["role"] == "owner"

    await console.send("key", 65, 1)
    await console.send("key", 65, 0)
    await console.send("mouse", 10, 20, 1)
    await console.send("mouse", 10, 20, 0)
    asset = fake_guacd.connection
    owner = asset.users[0]  # a look at the picture may come and go beside it

    def acts() -> list[str]:
        return [one.opcode for one in owner.heard if one.opcode != "sync"]

    await console.until(lambda: len(acts()) >= 4)
    assert acts() == ["key", "key", "mouse", "mouse"]

    await sync_to_async(request_end)(
        brokered_session, acting_user=vera, origin=origin()
    )
    ended = await console.word("ended")
    assert ended["reason"] == "ended_by_contractor"
    assert await console.closed() == 4000
    row = await bench.until(brokered_session, lambda row: row.end_confirmed_at)
    assert row.state == State.ENDED
    assert row.slot is None
    assert row.end_proof["guacd"] == "refuses_join"
    assert asset.heard[-1].opcode == "disconnect"

    events = [
        event
        async for event in AuditEvent.objects.order_by("pk").values_list(
            "event", flat=True
        )
    ]
    for event in (
        "session.start.requested",
        "recording.started",
        "session.started",
        "session.participant.joined",
        "session.end.requested",
        "session.terminated",
        "session.end.confirmed",
    ):
        assert event in events, event
