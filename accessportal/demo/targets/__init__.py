"""Four real machines on loopback: a VNC screen, an RDP screen, an SSH gateway, a PLC console.

``start_targets`` brings them up; the object it returns knows how to reach each one and
ends exactly what it started.
"""

from .errors import ProgramMissing, TargetFailed
from .facts import TargetFacts
from .supervisor import KEYS, Targets, described_path, start_targets

__all__ = [
    "KEYS",
    "ProgramMissing",
    "TargetFacts",
    "TargetFailed",
    "Targets",
    "described_path",
    "start_targets",
]
