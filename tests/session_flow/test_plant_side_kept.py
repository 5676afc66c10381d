"""What plant and contractor settled stands in the recording and on the session's page."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from asgiref.sync import sync_to_async
from django.test import Client

from accessportal.accounts.models import RoleGrant, User
from accessportal.plants.models import Asset, Endpoint, Site
from requests.models import ExtensionRequest, MaintenanceWindow
from requests.services.extension import request_extension
from sessions.models import BrokeredSession
from sessions.recorder.timeline import Timeline
from sessions.services.attendance import attend
from sessions.services.charge import take_charge
from sessions.services.console import request_end
from sessions.services.critical_step import (
    accept_critical_step,
    declare_critical_step,
    end_critical_step,
)
from sessions.services.phrases import acknowledge, send_phrase
from tests.cast import make_person, make_window, origin, signed_in
from tests.session_flow.evidence import journal_of
from tests.session_flow.tunnel_kit import Bench


async def test_the_time_line_shows_what_was_settled_and_when(
    bench: Bench,
    north: Site,
    filling_line: Asset,
    filling_hmi: Endpoint,
    vera: User,
    olga: User,
) -> None:
    def prepared() -> tuple[MaintenanceWindow, User]:
        Asset.objects.filter(pk=filling_line.pk).update(attendance_required=True)
        roles = [(RoleGrant.Role.OT_SUPERVISOR, north)]
        otto = make_person("Otto Olm", roles=roles)  # type: ignore[arg-type]
        filling_hmi.refresh_from_db()
        return make_window(vera, filling_hmi, decided_by=olga), otto

    window, otto = await sync_to_async(prepared)()
    live = await bench.start(window, filling_hmi, vera)
    console = await bench.enter(live, vera)
    await console.picture()

    async def act(verb: Any, by: User, **more: Any) -> Any:
        return await sync_to_async(verb)(live, acting_user=by, origin=origin(), **more)

    async def is_so(name: str, value: Any) -> None:
        """The actor has seen it, and so marked it."""

        def met() -> bool:
            sides = [word for kind, word in console.words if kind == "plant"]
            side = sides[-1] if sides else {}
            step = side.get("step") or {}
            return {**side, "state": step.get("state")}.get(name) == value

        await console.until(met)

    await act(attend, olga)
    await console.word("unfrozen")
    sent = await act(send_phrase, olga, phrase="stop_and_wait")
    await console.word("message")
    await act(acknowledge, vera, message=sent.pk)
    await console.word("acknowledged")
    step = await act(declare_critical_step, vera, what="Writing firmware", minutes=12)
    await act(accept_critical_step, olga, step=step.pk)
    await is_so("state", "running")
    await act(end_critical_step, vera, step=step.pk)
    await is_so("state", "done")
    await act(take_charge, otto, instead_of=olga.pk, reason="Olga went home")
    await console.until(
        lambda: [
            word
            for kind, word in console.words
            if kind == "plant" and word["in_charge"]["name"] == otto.full_name
        ]
    )
    await act(request_end, olga)
    await bench.until(live, lambda row: not row.is_live and row.slot is None)

    lines = await sync_to_async(journal_of)(live)
    settled = [
        (line.kind, line.payload)
        for line in lines
        if line.kind
        in ("charge", "attended", "message", "acknowledged", "step", "step_ended")
    ]
    assert [kind for kind, _payload in settled] == [
        "charge", "attended", "message", "acknowledged", "step", "step_ended", "charge",
    ]  # fmt: skip
    assert settled[0][1]["name"] == olga.full_name
    assert (settled[2][1]["phrase"], settled[2][1]["text"]) == (
        "stop_and_wait",
        "Stop and wait",
    )
    assert settled[3][1]["name"] == vera.full_name
    assert settled[-1][1]["name"] == otto.full_name

    timeline = Timeline()
    timeline.feed(lines)
    drawn = timeline.as_dict(lines[-1].ms)
    ((from_ms, to_ms, what),) = drawn["steps"]
    assert what == "Writing firmware" and from_ms <= to_ms < lines[-1].ms
    ((_from, until, cause),) = drawn["frozen"]
    assert cause == "attendance" and until <= from_ms

    def page() -> str:
        browser = signed_in(Client(), olga)
        return browser.get(f"/sessions/{live.pk}/").content.decode()

    told = await sync_to_async(page)()
    for words in (
        "Olga Olsen accepted the critical step",
        "Otto Olm is in charge at the plant",
        "Olga went home",
        "Olga Olsen is at the machine",
    ):
        assert words in told


def test_the_board_settles_what_waits(
    filling_hmi: Endpoint, vera: User, olga: User
) -> None:
    window = make_window(vera, filling_hmi, decided_by=olga)
    live = BrokeredSession.objects.create(
        number="SES-2026-7003",
        window=window,
        endpoint=filling_hmi,
        started_by=vera,
        permission="control",
        state="active",
        slot=0,
    )
    wish = request_extension(
        window, acting_user=vera, origin=origin(), minutes=30, reason="Valve"
    )
    send_phrase(live, acting_user=vera, origin=origin(), phrase="please_call_me")
    board = signed_in(Client(), olga)
    page = board.get("/sessions/").content.decode()
    assert "Give 30 min" in page and "Take charge" in page
    assert "Not answered yet: “Please call me”" in page

    board.post(f"/sessions/{live.pk}/charge/take/", {"back": "board"})
    answer = board.post(
        f"/sessions/{live.pk}/more-time/refuse/",
        {"wish": wish.pk, "reason": "The line starts at six", "back": "board"},
        follow=True,
    )
    assert answer.redirect_chain[-1][0] == "/sessions/"
    wish.refresh_from_db()
    live.refresh_from_db()
    assert wish.state == ExtensionRequest.State.REFUSED
    assert live.person_in_charge == olga


def test_time_is_given_to_what_was_seen(
    filling_hmi: Endpoint, vera: User, olga: User
) -> None:
    """The end moves while Olga looks at the wish: she is told, sees it, and gives it then."""
    window = make_window(vera, filling_hmi, decided_by=olga)
    live = BrokeredSession.objects.create(
        number="SES-2026-7004", window=window, endpoint=filling_hmi, started_by=vera,
        permission="control", state="active", slot=0,
    )  # fmt: skip
    wish = request_extension(
        window, acting_user=vera, origin=origin(), minutes=30, reason="Valve"
    )
    board = signed_in(Client(), olga)

    def seen() -> str:
        shown = re.search(
            r'name="seen" value="(\w+)"', board.get("/sessions/").content.decode()
        )
        assert shown
        return shown[1]

    def gives(seen: str) -> int:
        answer = board.post(
            f"/sessions/{live.pk}/more-time/give/", {"wish": wish.pk, "seen": seen},
            headers={"Accept": "application/json"},
        )  # fmt: skip
        return answer.status_code

    before = seen()
    MaintenanceWindow.objects.filter(pk=window.pk).update(
        closes_at=window.closes_at - timedelta(minutes=10)
    )
    assert (gives(before), gives("")) == (409, 409)
    wish.refresh_from_db()
    assert wish.state == ExtensionRequest.State.PENDING
    assert seen() != before
    assert gives(seen()) == 200
    wish.refresh_from_db()
    assert wish.state == ExtensionRequest.State.GRANTED
