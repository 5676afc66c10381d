"""What an end can do to the desktop of a machine, by protocol, and what it then is.

Only what does no harm where it is not understood is sent: the chord that locks a desktop.
Nothing is ever typed blindly: an Enter meant for a command could press the button that an
HMI has under the focus. So a log-off is done only where closing the line is one.

=========  ==========================  ==================================================
protocol   lock                        log off
=========  ==========================  ==================================================
RDP, VNC   Win+L, which nothing seen   not possible from here: locked instead
           here proves
SSH        closing the line logs off: proven when the line is seen to be gone
telnet     closing the line; whether that logs off is the machine's own affair
=========  ==========================  ==================================================
"""

from __future__ import annotations

from dataclasses import dataclass

from accessportal.plants.models import Endpoint
from sessions.guacamole.instruction import Instruction
from sessions.models import BrokeredSession

DesktopState = BrokeredSession.DesktopState
EndAction = Endpoint.EndAction
Protocol = Endpoint.Protocol

SUPER_LEFT, L = "65515", "108"
LOCK = (
    Instruction("key", (SUPER_LEFT, "1")),
    Instruction("key", (L, "1")),
    Instruction("key", (L, "0")),
    Instruction("key", (SUPER_LEFT, "0")),
)

SCREENS = frozenset({Protocol.RDP, Protocol.VNC})


@dataclass(frozen=True, slots=True)
class Plan:
    """What is sent before the `disconnect`, and what the desktop is afterwards."""

    send: tuple[Instruction, ...]
    state: str
    when_gone: str
    """The state once the asset's connection is seen to be gone."""

    def after_proof(self, asset_connection: str) -> str:
        """What may be said once the end is proven; `asset_connection` as the proof has it."""
        return self.when_gone if asset_connection == "gone" else self.state


def _nothing(state: str) -> Plan:
    return Plan((), state, state)


UNKNOWN = _nothing(DesktopState.UNKNOWN)


def plan_for(protocol: str, end_action: str, *, controls: bool) -> Plan:
    """What an end does. `controls`: whether keys of the session reach the machine at all."""
    if protocol == Protocol.SSH:
        return Plan((), DesktopState.LOG_OFF_SENT, DesktopState.LOGGED_OFF)
    if protocol == Protocol.TELNET:
        demanded = end_action != EndAction.LEAVE
        return _nothing(DesktopState.LOG_OFF_SENT) if demanded else UNKNOWN
    if end_action != EndAction.LEAVE and controls:
        return Plan(LOCK, DesktopState.LOCK_SENT, DesktopState.LOCK_SENT)
    # A VNC server keeps its desktop when a client goes; of others nothing is known.
    return _nothing(DesktopState.LEFT_RUNNING) if protocol == Protocol.VNC else UNKNOWN


def can_log_off(protocol: str) -> bool:
    """Whether an end can log off at all over this protocol."""
    return protocol not in SCREENS


def meets_the_demand(end_action: str, desktop_state: str) -> bool:
    """Whether a desktop is, proven, as the endpoint's end action wants it."""
    if end_action == EndAction.LEAVE or desktop_state == DesktopState.LOGGED_OFF:
        return True
    return end_action == EndAction.LOCK and desktop_state == DesktopState.LOCKED
