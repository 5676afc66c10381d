"""How to reach a target and what proves that somebody did."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, kw_only=True)
class TargetFacts:
    """One running target, as the portal's endpoint and its credential need it.

    ``host_key`` has the form guacd accepts, ``[HOST]:PORT TYPE BASE64``. ``state_path``
    is the JSON file in which the machine writes what was done to it;
    ``working_directory`` is where a command typed into the SSH gateway runs; ``display``
    and ``x_authority`` open the X display behind a screen.
    """

    key: str
    asset: str
    protocol: str
    port: int
    host: str = LOOPBACK
    username: str = ""
    password: str = ""
    private_key: str = ""
    host_key: str = ""
    state_path: str = ""
    working_directory: str = ""
    display: str = ""
    x_authority: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)
