"""The part of the table of permissions about the approval policy and about requests that
change while they wait (`tests.guards.lines`)."""

from __future__ import annotations

from tests.guards.lines import CONTRACTORS, NOT_SEE, PLANT, Line

NOT_ADMINISTRATORS = f"{CONTRACTORS} olga omar ivan cora"
REASON = (("reason", "Audit"),)

# Deciding, and a request that changes while it waits.
CHANGES: dict[str, Line] = {
    "approvals:queue": Line(yes="olga omar ivan", no=f"{CONTRACTORS} cora adam"),
    "approvals:lent": Line(yes=PLANT, no=CONTRACTORS),
    "approvals:lend": Line(yes=PLANT, no=CONTRACTORS, method="post"),
    "approvals:lent_end": Line(
        yes="olga ivan",
        no=CONTRACTORS,
        not_known="omar cora adam",
        args="lent_place",
        method="post",
    ),
    "approvals:decide": Line(
        yes="olga", no="vera vito ivan cora adam", not_known=NOT_SEE, args="request"
    ),
    "approvals:approve": Line(
        yes="olga",
        no="vera vito ivan cora adam",
        not_known=NOT_SEE,
        args="request",
        method="post",
    ),
    "approvals:deny": Line(
        yes="olga",
        no="vera vito ivan cora adam",
        not_known=NOT_SEE,
        args="request",
        method="post",
        data=(("reason", "No"),),
    ),
    "requests:change": Line(
        yes="vera", no="vito olga ivan cora adam", not_known=NOT_SEE, args="request"
    ),
    "requests:message": Line(
        yes="vera olga",
        no="vito ivan cora adam",
        not_known=NOT_SEE,
        args="request",
        method="post",
        data=(("text", "Which tool?"),),
    ),
    "requests:accept_changes": Line(
        yes="vera",
        no="vito olga ivan cora adam",
        not_known=NOT_SEE,
        args="request proposal",
        method="post",
    ),
    "requests:decline_changes": Line(
        yes="vera",
        no="vito olga ivan cora adam",
        not_known=NOT_SEE,
        args="request proposal",
        method="post",
    ),
    "requests:substitute": Line(
        yes="vera",
        no="vito olga ivan cora adam",
        not_known=NOT_SEE,
        args="window_number",
        method="post",
        data=REASON,
    ),
    "requests:accept_substitution": Line(
        yes="olga",
        no="vera vito ivan cora adam",
        not_known=NOT_SEE,
        args="window_number substitution",
        method="post",
    ),
    "requests:refuse_substitution": Line(
        yes="olga",
        no="vera vito ivan cora adam",
        not_known=NOT_SEE,
        args="window_number substitution",
        method="post",
        data=REASON,
    ),
    "approvals:later": Line(
        yes="olga ivan", no="vera vito cora adam", not_known=NOT_SEE, args="later_wish"
    ),
    "approvals:later_agree": Line(
        yes="olga ivan",
        no="vera vito cora adam",
        not_known=NOT_SEE,
        args="later_wish",
        method="post",
    ),
    "approvals:later_refuse": Line(
        yes="olga ivan",
        no="vera vito cora adam",
        not_known=NOT_SEE,
        args="later_wish",
        method="post",
        data=(("reason", "No"),),
    ),
    "approvals:alike": Line(
        yes="olga", no="vera vito ivan cora adam", not_known=NOT_SEE, args="request"
    ),
    "approvals:approve_alike": Line(
        yes="olga",
        no="vera vito ivan cora adam",
        not_known=NOT_SEE,
        args="request",
        method="post",
    ),
    "approvals:deny_alike": Line(
        yes="olga",
        no="vera vito ivan cora adam",
        not_known=NOT_SEE,
        args="request",
        method="post",
        data=(("reason", "No"),),
    ),
    "approvals:propose": Line(
        yes="olga",
        no="vera vito ivan cora adam",
        not_known=NOT_SEE,
        args="request",
        method="post",
    ),
}

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
