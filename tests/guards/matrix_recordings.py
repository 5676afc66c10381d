"""Who may look back: recordings and their review, the audit trail, alerts."""

from __future__ import annotations

from tests.guards.lines import CONTRACTORS, Line

RECORDINGS: dict[str, Line] = {
    # Recording and review
    "recordings:list": Line(yes="olga omar ivan cora", no=f"{CONTRACTORS} adam"),
    # Whoever may see but not play gets the facts beside the recording, without its picture.
    "recordings:player": Line(
        yes="cora olga ivan",
        not_known="vera vito victor omar adam",
        args="recording",
    ),
    "recordings:map": Line(
        yes="cora",
        no="olga ivan",
        not_known="vera vito victor omar adam",
        args="recording",
    ),
    "recordings:segment": Line(
        yes="cora",
        no="olga ivan",
        not_known="vera vito victor omar adam",
        args="recording segment",
    ),
    "recordings:input": Line(
        yes="cora",
        no="olga ivan",
        not_known="vera vito victor omar adam",
        args="recording",
    ),
    "recordings:verify": Line(
        yes="cora",
        no="olga ivan",
        not_known="vera vito victor omar adam",
        args="recording",
        method="post",
    ),
    "reviews:queue": Line(yes="cora", no=f"{CONTRACTORS} olga omar ivan adam"),
    "reviews:complete": Line(
        yes="cora",
        no="olga ivan",
        not_known="vera vito victor omar adam",
        args="recording",
        method="post",
        data=(("outcome", "cleared"),),
    ),
    # Audit
    "audit:event_list": Line(yes="ivan cora adam", no=f"{CONTRACTORS} olga omar"),
    "audit:event_export": Line(
        yes="ivan cora adam", no=f"{CONTRACTORS} olga omar", method="post"
    ),
    "audit:event_detail": Line(
        yes="ivan cora adam", no=f"{CONTRACTORS} olga omar", args="event"
    ),
    # Alerts
    "alerts:list": Line(yes="ivan", no=f"{CONTRACTORS} olga omar cora adam"),
    "alerts:acknowledge": Line(
        yes="ivan",
        no=f"{CONTRACTORS} olga omar cora adam",
        args="alert",
        method="post",
    ),
}
