"""The table's lines for who is on shift."""

from __future__ import annotations

from tests.guards.lines import CONTRACTORS, Line

ROSTER: dict[str, Line] = {
    "plants:roster": Line(
        yes="olga ivan cora adam", not_known=f"{CONTRACTORS} omar", args="site"
    ),
    **{
        f"plants:{name}": Line(
            yes="adam olga",
            no="ivan cora",
            not_known=f"{CONTRACTORS} omar",
            args=args,
            method=method,
        )
        for name, args, method in (
            ("shift_new", "site", "get"),
            ("exception_new", "site", "get"),
            ("roster_import", "site", "post"),
            ("shift_edit", "shift", "get"),
            ("shift_remove", "shift", "post"),
            ("exception_remove", "shift_exception", "post"),
        )
    },
}
