"""The table's lines for when the line is down."""

from __future__ import annotations

from tests.guards.lines import CONTRACTORS, NOT_SEE, PLANT, Line

EMERGENCIES: dict[str, Line] = {
    "emergencies:list": Line(yes=PLANT, no=CONTRACTORS),
    "emergencies:new": Line(yes=f"{CONTRACTORS} olga omar ivan", no="cora adam"),
    "emergencies:export": Line(yes=PLANT, no=CONTRACTORS, method="post"),
    "emergencies:look": Line(
        yes="ivan",
        no="olga cora adam",
        not_known=f"{CONTRACTORS} omar",
        args="emergency",
        method="post",
        data=(("verdict", "justified"), ("reason", "Seen")),
    ),
    "emergencies:withdraw": Line(
        yes="olga",
        no="vera vito ivan cora adam",
        not_known=NOT_SEE,
        args="emergency",
        method="post",
        data=(("reason", "Stop"),),
    ),
}
