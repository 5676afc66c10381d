"""Somebody who is escorted works: attended the whole time, in that window, and nowhere else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.test import Client
from django.utils import timezone

from accessportal.accounts.models import User
from accessportal.errors import FreshFactorNeeded, NotAllowed
from accessportal.origin import web_session_ref
from accessportal.plants.models import Endpoint
from requests.models import MaintenanceWindow
from requests.services.escort import offer_escort
from sessions.companions import verdict_on_joining
from sessions.models import BrokeredSession, PolicyVerdict
from sessions.services.attendance import attend
from sessions.services.console import start_session
from sessions.services.freezes import freeze_session, resume_session
from sessions.verdict_words import verdict_lines
from tests.accounts.steps import type_password
from tests.cast import make_person, make_window, origin, web_session_key_of
from tests.session_flow.fake_guacd import FakeGuacd
from tests.session_flow.tunnel_kit import Bench


@pytest.fixture
def window(
    filling_hmi: Endpoint, vera: User, olga: User, adam: User
) -> MaintenanceWindow:
    vera.callback_number = "+49 40 5550123"
    vera.callback_number_at = timezone.now() - timedelta(days=7)
    vera.callback_number_by = adam
    vera.training_expires_at = timezone.now() - timedelta(days=1)
    vera.save()
    return make_window(vera, filling_hmi, decided_by=olga)


def call(window: MaintenanceWindow, olga: User) -> str:
    """Olga calls, and reads out a code."""
    offered = offer_escort(
        window.access_request,
        acting_user=olga,
        origin=origin(),
        factor_lost=True,
        spoken=True,
        reason="Line 3 stands",
    )
    return offered.code


def let_in(window: MaintenanceWindow, vera: User, olga: User) -> Client:
    browser = Client()
    type_password(browser, vera)
    answer = browser.post("/escorts/code/", {"code": call(window, olga)})
    assert answer.status_code == 302, answer.text
    return browser


def connect(
    browser: Client, window: MaintenanceWindow, endpoint: Endpoint
) -> BrokeredSession:
    path = f"/sessions/start/{window.pk}/{endpoint.pk}/"
    form = {"notice": browser.get(path).context["notice_version"]}
    answer = browser.post(path, form)
    assert answer.status_code == 302, answer.context["refusals"]
    return BrokeredSession.objects.get(pk=answer.url.split("/")[2])


async def test_input_waits_for_the_plant_and_nothing_else_opens(
    bench: Bench,
    window: MaintenanceWindow,
    filling_hmi: Endpoint,
    filling_plc: Endpoint,
    vera: User,
    olga: User,
    fake_guacd: FakeGuacd,
) -> None:
    browser = await sync_to_async(let_in)(window, vera, olga)
    bench._browsers[vera.pk] = browser
    live = await sync_to_async(connect)(browser, window, filling_hmi)
    assert live.escort_id is not None
    assert (live.frozen_cause, live.factor) == ("attendance", "")
    verdict = await PolicyVerdict.objects.aget(brokered_session=live)
    assert verdict.facts["escorted_by"] == "Olga Olsen"
    assert verdict.facts["bridged"] == ["factor", "training"]
    lines = await sync_to_async(verdict_lines)(live, olga)
    assert "Escorted by Olga Olsen." in [str(one) for one in lines[0].reasons]

    # By the page's own ways: the ticket of HTTP, then the tunnel, in the bound browser.
    page = await sync_to_async(browser.get)(f"/sessions/{live.pk}/console/")
    assert page.status_code == 200
    answer = await sync_to_async(browser.post)(f"/sessions/{live.pk}/ticket/")
    said: dict[str, Any] = answer.json()
    opened, tunnel = await bench.knock(said["path"], said["token"], vera)
    assert opened
    await tunnel.picture()
    asset = fake_guacd.connection
    await tunnel.send("key", 97, 1)
    await tunnel.send("key", 97, 0)
    await sync_to_async(attend)(live, acting_user=olga, origin=origin())
    await tunnel.word("unfrozen")
    await tunnel.hold(98, asset)
    assert not [one for one in asset.heard if one.args[:1] == ("97",)]

    # Attendance runs out, and input stops: for the whole session, whatever the machine asks.
    await BrokeredSession.objects.filter(pk=live.pk).aupdate(
        attended_at=timezone.now() - timedelta(hours=9)
    )
    assert (await tunnel.word("frozen", cause="attendance"))["cause"] == "attendance"

    # Another window of hers, and a session in it, stay closed to this browser.
    other = await sync_to_async(make_window)(vera, filling_plc, decided_by=olga)
    path = f"/sessions/start/{other.pk}/{filling_plc.pk}/"
    assert (await sync_to_async(browser.get)(path)).status_code == 403
    elsewhere = await sync_to_async(_row_in)(other, filling_plc, vera)
    for name in ("console/", "ticket/", "status/", "end/"):
        refused = await sync_to_async(browser.post)(f"/sessions/{elsewhere.pk}/{name}")
        assert (refused.status_code, "escorted for" in refused.text) == (403, True), (
            name
        )

    # The window's end ends it.
    await MaintenanceWindow.objects.filter(pk=window.pk).aupdate(
        closes_at=timezone.now() + timedelta(seconds=1)
    )
    over = await bench.until(live, lambda row: row.state == "ended")
    assert over.end_reason == "window_closed"


def _row_in(
    window: MaintenanceWindow, endpoint: Endpoint, person: User
) -> BrokeredSession:
    return BrokeredSession.objects.create(
        window=window, endpoint=endpoint, started_by=person, number="SES-2026-9999",
        permission="control", state="active", slot=0, active_at=timezone.now(),
    )  # fmt: skip


@pytest.mark.django_db
def test_the_escort_counts_for_this_person_window_and_browser_only(
    window: MaintenanceWindow,
    filling_hmi: Endpoint,
    filling_plc: Endpoint,
    vera: User,
    olga: User,
) -> None:
    browser = let_in(window, vera, olga)
    other = make_window(vera, filling_plc, decided_by=olga)

    def start(where: MaintenanceWindow, endpoint: Endpoint, **fields: Any) -> Any:
        return start_session(
            where, endpoint, acting_user=vera, web_session_key="w" * 32,
            width=800, height=600, **fields,
        )  # fmt: skip

    ref = origin_ref(browser)
    bare = origin(factor="", factor_at=0.0, web_session_ref=ref)
    with pytest.raises(NotAllowed) as refused:
        start(other, filling_plc, origin=bare)
    assert refused.value.code == "training_expired"
    with pytest.raises(NotAllowed) as refused:
        start(window, filling_hmi, origin=origin())
    assert refused.value.code == "training_expired", "another browser, with a factor"
    live = start(window, filling_hmi, origin=bare)
    assert live.escort is not None

    # A companion is not escorted with her.
    tom = make_person("Tom Thoma", vendor=vera.vendor)
    window.access_request.companions.add(tom)
    verdict = verdict_on_joining(
        live, tom, origin=origin(factor="", factor_at=0.0), web_session_key="t"
    )
    assert "fresh_factor_needed" in verdict.codes


@pytest.mark.django_db
def test_after_drift_a_new_call_is_what_a_fresh_factor_is_for_others(
    window: MaintenanceWindow, filling_hmi: Endpoint, vera: User, olga: User
) -> None:
    browser = let_in(window, vera, olga)
    live = connect(browser, window, filling_hmi)
    attend(live, acting_user=olga, origin=origin())
    freeze_session(live, acting_user=None, cause="address")
    first = live.escort
    assert first is not None
    type(first).objects.filter(pk=first.pk).update(
        used_at=timezone.now() - timedelta(minutes=20),
        look_due_at=timezone.now() + timedelta(hours=23),
    )
    bare = origin(factor="", factor_at=0.0, web_session_ref=origin_ref(browser))
    with pytest.raises(FreshFactorNeeded):
        resume_session(live, acting_user=vera, origin=bare, web_session_key="k")
    # The console asks for what there is: a new code, and none of an app.
    said = browser.get(f"/sessions/{live.pk}/status/").json()["frozen"]
    assert (said["step_up"], "call back" in said["sentence"]) == (True, True)
    console = browser.get(f"/sessions/{live.pk}/console/").text
    assert "Code that the plant reads out" in console
    assert "authenticator app" not in console
    resume = f"/sessions/{live.pk}/resume/"
    refused = browser.post(resume, headers={"accept": "application/json"})
    assert (refused.status_code, "new code" in refused.json()["sentence"]) == (
        403,
        True,
    )
    assert browser.post(resume, {"code": "AAAA AAAA"}).status_code == 409, "no call yet"
    code = call(window, olga)
    assert browser.post(resume, {"code": "AAAA AAAA"}).status_code == 422
    assert browser.post(resume, {"code": code}).status_code == 302
    live.refresh_from_db()
    assert live.frozen_at is None
    assert live.escort != first


def origin_ref(browser: Client) -> str:
    return web_session_ref(web_session_key_of(browser))
