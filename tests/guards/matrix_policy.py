"""The part of the table of permissions about the approval policy (`tests.guards.lines`)."""

from __future__ import annotations

from tests.guards.lines import CONTRACTORS, PLANT, Line

NOT_ADMINISTRATORS = f"{CONTRACTORS} olga omar ivan cora"
REASON = (("reason", "Audit"),)

POLICY: dict[str, Line] = {
    "policy:overview": Line(yes=PLANT, no=CONTRACTORS),
    "policy:version": Line(yes=PLANT, no=CONTRACTORS, args="policy_version"),
    "policy:draft": Line(yes="adam", no=NOT_ADMINISTRATORS),
    "policy:new_rule": Line(yes="adam", no=NOT_ADMINISTRATORS),
    "policy:rule": Line(yes="adam", no=NOT_ADMINISTRATORS, args="policy_rule"),
    "policy:remove_rule": Line(
        yes="adam", no=NOT_ADMINISTRATORS, args="policy_rule", method="post"
    ),
    "policy:new_trial": Line(yes="adam", no=NOT_ADMINISTRATORS),
    "policy:remove_trial": Line(
        yes="adam", no=NOT_ADMINISTRATORS, args="policy_rule", method="post"
    ),
    "policy:discard": Line(yes="adam", no=NOT_ADMINISTRATORS, method="post"),
    "policy:enforce": Line(
        yes="adam", no=NOT_ADMINISTRATORS, method="post", data=REASON
    ),
    "policy:groups": Line(yes="adam", no=NOT_ADMINISTRATORS),
    "policy:new_group": Line(
        yes="adam", no=NOT_ADMINISTRATORS, method="post", data=REASON
    ),
    "policy:add_person": Line(
        yes="adam",
        no=NOT_ADMINISTRATORS,
        args="approver_group",
        method="post",
        data=REASON,
    ),
    "policy:remove_person": Line(
        yes="adam",
        no=NOT_ADMINISTRATORS,
        args="approver_member",
        method="post",
        data=REASON,
    ),
}
