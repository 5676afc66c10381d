"""Carries out the endpoint's end action, between the releases and the `disconnect`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sessions.desktops import UNKNOWN, Plan, plan_for
from sessions.guacamole.instruction import Instruction
from sessions.recorder.errors import RecordingFailed
from sessions.recorder.records import InputRecord

if TYPE_CHECKING:
    from sessions.broker.actor import SessionActor

SETTLE_SECONDS = 0.3
"""guacd passes a key on at once; so long the asset has to take it before the line closes."""


async def carry_out(actor: SessionActor, *, line_is_up: bool) -> Plan:
    """Input has stopped and everything held is released when this is called.

    Nothing is sent that is not in the input track first.
    """
    if not actor.active:
        return UNKNOWN
    endpoint = actor.row.endpoint
    plan = plan_for(
        endpoint.protocol,
        endpoint.end_action,
        controls=line_is_up and actor.permissions.control,
    )
    if not plan.send:
        return plan
    if actor.stream is None or actor.writer is None:
        return UNKNOWN
    try:
        actor.writer.append_input(
            [InputRecord(None, "key", _key(one)) for one in plan.send]
        )
    except RecordingFailed:
        return UNKNOWN
    actor.stream.send("".join(one.encode() for one in plan.send))
    await asyncio.sleep(SETTLE_SECONDS)
    return plan


def _key(instruction: Instruction) -> tuple[int, int]:
    keysym, pressed = instruction.args
    return int(keysym), int(pressed)
