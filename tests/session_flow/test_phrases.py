"""Fixed phrases: sent by a key, read in one's own language, acknowledged; asks for more time."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db.models import F
from django.test import Client

from accessportal.accounts.models import User
from accessportal.errors import NotAllowed, NotPossible
from requests.models import ExtensionRequest, MaintenanceWindow
from requests.services.extension import (
    grant_extension,
    refuse_extension,
    request_extension,
)
from requests.services.moving import recall_window
from sessions.models import BrokeredSession, ConsoleMessage
from sessions.services.phrases import PHRASES, acknowledge, send_phrase
from sessions.services.status import moment
from tests.cast import origin, signed_in
from tests.session_flow.evidence import marks_of
from tests.session_flow.tunnel_kit import Bench, Tunnel


async def test_a_phrase_reaches_the_other_side_and_its_answer_comes_back(
    bench: Bench, console: Tunnel, live: BrokeredSession, olga: User, vera: User
) -> None:
    watching = await bench.enter(live, olga)
    sent = await sync_to_async(send_phrase)(
        live, acting_user=olga, origin=origin(), phrase="stop_and_wait"
    )
    read = await console.word("message", phrase="stop_and_wait")
    assert (read["for_you"], read["tone"], read["acknowledged_at"]) == (
        True,
        "bad",
        None,
    )
    assert (await watching.word("message"))["for_you"] is False

    with pytest.raises(NotAllowed):  # one does not answer oneself
        await sync_to_async(acknowledge)(
            live, acting_user=olga, origin=origin(), message=sent.pk
        )
    await sync_to_async(acknowledge)(
        live, acting_user=vera, origin=origin(), message=sent.pk
    )
    answered = await watching.word("acknowledged", id=sent.pk)
    assert answered["by"] == vera.full_name

    # Pressed twice, the first time counts; who comes later reads it as answered.
    await sync_to_async(acknowledge)(
        live, acting_user=vera, origin=origin(), message=sent.pk
    )
    late = await bench.enter(live, olga)
    assert (await late.word("message"))["acknowledged_at"] == answered["at"]
    await bench.events("session.message.acknowledged")


async def test_everybody_reads_a_phrase_in_their_own_language(
    bench: Bench, live: BrokeredSession, console: Tunnel, olga: User, ivan: User
) -> None:
    await User.objects.filter(pk=ivan.pk).aupdate(language="de")
    await ivan.arefresh_from_db()
    watching = await bench.enter(live, ivan)
    await sync_to_async(send_phrase)(
        live, acting_user=olga, origin=origin(), phrase="continue"
    )
    english = (await console.word("message", phrase="continue"))["text"]
    german = (await watching.word("message", phrase="continue"))["text"]
    assert english == "Continue"
    assert german != english
    kept = await ConsoleMessage.objects.aget()
    assert (kept.phrase, kept.text) == ("continue", "Continue")


async def test_each_side_has_its_own_phrases(
    live: BrokeredSession, olga: User, vera: User
) -> None:
    for person, other in ((vera, "plant"), (olga, "contractor")):
        for key, phrase in PHRASES.items():
            if phrase.side == other:
                with pytest.raises(NotPossible):
                    await sync_to_async(send_phrase)(
                        live, acting_user=person, origin=origin(), phrase=key
                    )
    with pytest.raises(NotPossible):
        await sync_to_async(send_phrase)(
            live, acting_user=olga, origin=origin(), phrase="sing_a_song"
        )


async def test_wanted_back_is_acknowledged_where_the_work_is(
    bench: Bench, console: Tunnel, live: BrokeredSession, olga: User, vera: User
) -> None:
    watching = await bench.enter(live, olga)
    await console.until(lambda: any(kind == "plant" for kind, _ in console.words))
    assert all(
        word["recall"] is None for kind, word in console.words if kind == "plant"
    )

    def recalls(tunnel: Tunnel, *, seen: bool) -> list[Any]:
        return [
            word["recall"]
            for kind, word in tunnel.words
            if kind == "plant" and word["recall"] and word["recall"]["seen"] is seen
        ]

    window = await sync_to_async(recall_window)(
        live.window, acting_user=olga, origin=origin(), minutes=10, reason="Needed"
    )
    await console.until(lambda: recalls(console, seen=False))
    told = recalls(console, seen=False)[-1]
    assert (told["by"], told["reason"]) == (olga.full_name, "Needed")
    assert told["until"] == moment(window.closes_at)

    def acknowledge_by(person: User) -> int:
        browser = signed_in(Client(), person)
        return browser.post(
            f"/sessions/{live.pk}/recall-seen/", headers={"Accept": "application/json"}
        ).status_code

    assert await sync_to_async(acknowledge_by)(olga) == 403
    assert await sync_to_async(acknowledge_by)(vera) == 200
    await watching.until(lambda: recalls(watching, seen=True))
    assert await sync_to_async(acknowledge_by)(vera) == 409
    await bench.events("window.recall.acknowledged")
    (called,) = await sync_to_async(marks_of)(live, "recalled")
    assert (called["name"], called["reason"]) == (olga.full_name, "Needed")
    assert await sync_to_async(marks_of)(live, "recall_seen") == [{}]


async def test_more_time_is_asked_for_given_and_reaches_the_live_session(
    bench: Bench, console: Tunnel, live: BrokeredSession, olga: User, vera: User
) -> None:
    watching = await bench.enter(live, olga)
    closes_at = (await bench.row(live)).window.closes_at

    def ask() -> ExtensionRequest:
        return request_extension(
            live.window, acting_user=vera, origin=origin(), minutes=30, reason="Valve"
        )

    def asked_for(tunnel: Tunnel, state: str) -> bool:
        return any(
            kind == "plant" and word["wish"] and word["wish"]["state"] == state
            for kind, word in tunnel.words
        )

    wish = await sync_to_async(ask)()
    await watching.until(lambda: asked_for(watching, "pending"))
    await sync_to_async(refuse_extension)(
        wish, acting_user=olga, origin=origin(), reason="The line starts at six"
    )
    await console.until(
        lambda: any(
            kind == "plant"
            and word["wish"]
            and word["wish"]["answer"] == "The line starts at six"
            for kind, word in console.words
        )
    )
    second = await sync_to_async(ask)()
    await sync_to_async(grant_extension)(second, acting_user=olga, origin=origin())
    await console.until(lambda: asked_for(console, "granted"))
    await console.until(
        lambda: any(
            kind == "state" and word["closes_at"] > closes_at.isoformat()
            for kind, word in console.words
        )
    )
    assert await MaintenanceWindow.objects.filter(
        pk=live.window_id, closes_at__gt=F("opens_at")
    ).acount()
