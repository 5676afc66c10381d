"""The connection test and a guacd whose children hang, or say nothing of why."""

from __future__ import annotations

import asyncio

import pytest

from sessions.broker.upstream import guacd_address
from sessions.guacamole.arguments import EndpointFacts, SignIn
from sessions.guacamole.endpoint_check import CheckResult, check_endpoint
from sessions.guacamole.handshake import HANDSHAKE_TRIES
from tests.session_flow.fake_guacd import FakeGuacd


async def checked(fake_guacd: FakeGuacd) -> CheckResult:
    endpoint = EndpointFacts(protocol="vnc", host="127.0.0.1", port=5900)
    address = guacd_address(fake_guacd.address)
    return await asyncio.to_thread(check_endpoint, address, endpoint, SignIn())


async def test_a_guacd_that_hangs_before_it_calls_the_machine_is_asked_again(
    fake_guacd: FakeGuacd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sessions.guacamole.endpoint_check.HANDSHAKE_SECONDS", 0.3)
    fake_guacd.silences = HANDSHAKE_TRIES - 1
    result = await checked(fake_guacd)
    assert (result.passed, result.key) == (True, "ok")
    assert len(fake_guacd.connections) == 1


async def test_one_that_never_answers_is_not_asked_for_ever(
    fake_guacd: FakeGuacd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sessions.guacamole.endpoint_check.HANDSHAKE_SECONDS", 0.3)
    fake_guacd.answers_nothing = True
    result = await checked(fake_guacd)
    assert (result.passed, result.key) == (False, "guacd_silent")
    assert fake_guacd.selects == ["vnc"] * HANDSHAKE_TRIES


async def test_a_machine_that_refuses_at_once_is_called_once(
    fake_guacd: FakeGuacd,
) -> None:
    fake_guacd.turned_away = True
    result = await checked(fake_guacd)
    assert (result.passed, result.key) == (False, "closed_at_once")
    assert "switched off" in str(result.sentence)
    assert fake_guacd.selects == ["vnc"]
