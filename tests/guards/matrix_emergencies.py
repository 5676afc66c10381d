"""The table's lines for when the line is down, and for who is escorted."""

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
    # Vera is escorted in her window by Olga.
    "escorts:list": Line(yes=PLANT, no=CONTRACTORS),
    "escorts:own": Line(
        yes="vera",
        no="vito olga ivan cora adam",
        not_known=NOT_SEE,
        args="window_number",
    ),
    "escorts:offer": Line(
        yes="olga ivan",
        no="vera vito cora adam",
        not_known=NOT_SEE,
        args="window_number",
    ),
    "escorts:look": Line(
        yes="ivan",
        no="olga cora adam",
        not_known=f"{CONTRACTORS} omar",
        args="escort",
        method="post",
        data=(("verdict", "justified"), ("reason", "Seen")),
    ),
}
