"""The table of permissions of the calls for machines: how each answers, by the token's owner.

Only who minds tokens makes one; the others stand here for an owner whose role has changed, or
whose token was made by a way that nobody knows of.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.guards.lines import CONTRACTORS, EVERYBODY, Line

NORTH = "olga ivan cora adam vera vito"
"""Whose lists hold something of plant North or of Fillwerk."""


@dataclass(frozen=True)
class Call:
    """`scope`: the one that opens it. `line`: how it answers the token of each owner."""

    scope: str
    line: Line


CALLS: dict[str, Call] = {
    # Lists are open to who may see such things at all; what is in them is that owner's.
    "api:live_sessions": Call("sessions:read", Line(yes=EVERYBODY)),
    "api:past_sessions": Call("sessions:read", Line(yes=EVERYBODY)),
    "api:requests": Call("requests:read", Line(yes=EVERYBODY)),
    "api:windows": Call("requests:read", Line(yes=EVERYBODY)),
    "api:audit_events": Call(
        "audit:read", Line(yes="ivan cora adam", no=f"{CONTRACTORS} olga omar")
    ),
    "api:end_session": Call(
        "sessions:end",
        Line(
            yes="vera olga ivan",
            no="cora adam",
            not_known="vito victor omar",
            args="session",
            method="post",
            data=(("reason", "Stop"),),
        ),
    ),
    "api:isolate_site": Call(
        "sites:isolate",
        Line(
            yes="olga ivan",
            no=f"{CONTRACTORS} cora adam",
            not_known="omar",
            args="site",
            method="post",
            data=(("reason", "Stop"),),
        ),
    ),
}
