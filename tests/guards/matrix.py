"""The table of permissions: how each URL answers each role (`tests.guards.lines`)."""

from __future__ import annotations

from dataclasses import replace

from tests.guards.lines import (
    CONTRACTORS,
    COORDINATING,
    EVERYBODY,
    NOT_SEE,
    PLANT,
    SEE,
    Line,
)
from tests.guards.matrix_accounts import ACCOUNTS
from tests.guards.matrix_api import CALLS
from tests.guards.matrix_emergencies import EMERGENCIES
from tests.guards.matrix_policy import CHANGES, POLICY
from tests.guards.matrix_roster import ROSTER
from tests.guards.matrix_sessions import SESSIONS

# Open to people who are not signed in, on purpose: signing in itself, invitations, language.
PUBLIC = {
    # What a browser fetches without a cookie, and the device that has shown a push.
    "manifest",
    "service_worker",
    "offline",
    "notifications:shown",
    # A browser that is no screen of a control room is asked for a code.
    "wall:wall",
    "wall:join",
    "accounts:sign_in",
    "accounts:sign_in_code",
    "accounts:mailbox",
    "accounts:mailbox_send",
    "accounts:renewal_over",
    "accounts:enrol",
    "accounts:notice",
    "accounts:sign_out",
    "accounts:not_you",
    "accounts:language",
    "accounts:invitation",
    "accounts:directory_sign_in",
    "accounts:directory_back",
    "accounts:sign_in_passkey",
    "accounts:passkey_challenge",
    "accounts:enrol_passkey",
    "accounts:forgotten",
    "accounts:password_link",
    "accounts:new_password",
    # After the password alone, for whom the plant has called back.
    "escorts:enter",
    "windows:feed",
}

# Things that belong to no site: who holds the role at any site reaches them.
OF_NO_SITE = {
    "alert",
    "api_token",
    "approver_group",
    "approver_member",
    "departure",
    "device",
    "passkey",
    "person",
    "push_device",
    "policy_rule",
    "policy_version",
    "vendor",
}

# ... but for these, which bite at each site that concerns the person or the vendor: whoever holds
# the role at another site only is refused.
AT_EACH_SITE = {
    "accounts:person_signing",
    "accounts:revoke_person_devices",
    "accounts:revoke_person_device",
    "accounts:ask_factor_reset",
    "accounts:confirm_factor_reset",
    "accounts:withdraw_factor_reset",
    "accounts:session_limit",
    "accounts:disable_person",
    "accounts:reactivate_person",
    "isolation:vendor",
    "isolation:suspend",
    "isolation:vendor_drill",
    "isolation:start_vendor_drill",
}

# Machines come with a token: a browser's sign-in opens none of these (tests/api).
BY_TOKEN = set(CALLS)

# Only an enrolled screen opens these, whoever is signed in there (tests/session_flow/test_wall).
BY_STATION = {"wall:now", "wall:act", "wall:name", "wall:decide", "wall:decided"}

# What a coordinator of Fillwerk gets where a colleague who is none does not.
COORDINATOR = {
    "accounts:company": "yes",
    "accounts:company_invite": "yes",
    "accounts:company_revoke": "yes",
    "accounts:company_attest": "yes",
    "departures:list": "yes",
    "departures:detail": "yes",
    "departures:confirm": "no",
    "departures:report": "yes",
}

MATRIX: dict[str, Line] = {
    "home": Line(yes=EVERYBODY),
    "in_force": Line(yes=EVERYBODY),
    "ready": Line(yes=EVERYBODY),
    "link_test": Line(yes=EVERYBODY),
    **ACCOUNTS,
    # How one is told; the device is Vera's
    "notifications:wishes": Line(yes=EVERYBODY),
    "notifications:device": Line(yes=EVERYBODY),
    **{
        f"notifications:{name}": Line(
            yes="vera",
            not_known="vito victor olga omar ivan cora adam",
            args="push_device",
            method="post",
        )
        for name in ("remove_device", "test_device")
    },
    # The plant's own tools
    "notifications:webhooks": Line(yes="adam", no=f"{CONTRACTORS} olga omar ivan cora"),
    "notifications:add_webhook": Line(
        yes="adam",
        no=f"{CONTRACTORS} olga omar ivan cora",
        method="post",
        data=(
            ("name", "Chat"),
            ("kind", "ntfy"),
            ("site", "{site_pk}"),
            ("groups", "live"),
            ("says", "number"),
            ("address", "https://ntfy.plant.example/shift"),
        ),
    ),
    **{
        f"notifications:{name}": Line(
            yes="adam",
            no=f"{CONTRACTORS} olga omar ivan cora",
            args="webhook",
            method="post",
        )
        for name in ("test_webhook", "retire_webhook")
    },
    # Submission
    "requests:list": Line(yes=EVERYBODY),
    "requests:new": Line(yes=CONTRACTORS, no=PLANT),
    "requests:check": Line(yes=CONTRACTORS, no=PLANT, method="post"),
    "requests:detail": Line(yes=SEE, not_known=NOT_SEE, args="request"),
    "requests:withdraw": Line(
        yes="vera",
        no="vito olga ivan cora adam",
        not_known=NOT_SEE,
        args="request",
        method="post",
    ),
    # Vera's file, her form's file, and what she saved
    "requests:attachment": Line(yes=SEE, not_known=NOT_SEE, args="request attachment"),
    "requests:remove_file": Line(
        yes="vera",
        no=PLANT,
        not_known="vito victor",
        args="form_file",
        method="post",
    ),
    "requests:discard_draft": Line(yes=CONTRACTORS, no=PLANT, method="post"),
    "requests:save": Line(
        yes="vera vito",
        no=PLANT,
        not_known="victor",
        args="request",
        method="post",
        data=(("name", "Torque"),),
    ),
    "requests:remove_saved": Line(
        yes="vera",
        no=PLANT,
        not_known="vito victor",
        args="saved_wish",
        method="post",
    ),
    **CHANGES,
    **POLICY,
    **EMERGENCIES,
    # Window
    "windows:list": Line(yes=EVERYBODY),
    "windows:feed_page": Line(yes=EVERYBODY),
    "windows:feed_make": Line(yes=EVERYBODY, method="post"),
    "windows:feed_revoke": Line(yes=EVERYBODY, method="post"),
    "windows:revoke": Line(
        yes="olga ivan",
        no="vera vito cora adam",
        not_known=NOT_SEE,
        args="window_number",
        method="post",
        data=(("reason", "Stop"),),
    ),
    "windows:revoke_series": Line(
        yes="olga ivan",
        no="vera vito cora adam",
        not_known=NOT_SEE,
        args="window_number",
        method="post",
    ),
    "windows:give_back": Line(
        yes="vera",
        no="vito olga ivan cora adam",
        not_known=NOT_SEE,
        args="window_number",
        method="post",
    ),
    "windows:give_line": Line(
        yes="olga",
        no="vera vito ivan cora adam",
        not_known=NOT_SEE,
        args="window_number",
        method="post",
    ),
    "windows:postpone": Line(
        yes="olga",
        no="vera vito ivan cora adam",
        not_known=NOT_SEE,
        args="window_number",
        method="post",
    ),
    "windows:hand_back": Line(
        yes="vera",
        no="vito olga ivan cora adam",
        not_known=NOT_SEE,
        args="window_number",
        method="post",
    ),
    "windows:begin_now": Line(
        yes="olga",
        no="vera vito ivan cora adam",
        not_known=NOT_SEE,
        args="window_number",
        method="post",
    ),
    "windows:longer": Line(
        yes="olga",
        no="vera vito ivan cora adam",
        not_known=NOT_SEE,
        args="window_number",
        method="post",
    ),
    "windows:recall": Line(
        yes="olga ivan",
        no="vera vito cora adam",
        not_known=NOT_SEE,
        args="window_number",
        method="post",
    ),
    "windows:recall_seen": Line(
        yes="vera",
        no="vito olga ivan cora adam",
        not_known=NOT_SEE,
        args="window_number",
        method="post",
    ),
    "windows:accept_line": Line(
        yes="olga",
        no="vera vito ivan cora adam",
        not_known=NOT_SEE,
        args="turn",
        method="post",
    ),
    "windows:extend": Line(
        yes="vera",
        no="vito olga ivan cora adam",
        not_known=NOT_SEE,
        args="window_number",
        method="post",
        data=(("minutes", "30"), ("reason", "More")),
    ),
    "windows:grant": Line(
        yes="olga",
        no="vera vito ivan cora adam",
        not_known=NOT_SEE,
        args="extension",
        method="post",
    ),
    "windows:refuse": Line(
        yes="olga",
        no="vera vito ivan cora adam",
        not_known=NOT_SEE,
        args="extension",
        method="post",
        data=(("reason", "No"),),
    ),
    "windows:reconfirm": Line(
        yes="olga",
        no="vera vito ivan cora adam",
        not_known=NOT_SEE,
        args="window_number",
    ),
    "windows:reconfirmed": Line(
        yes="olga",
        no="vera vito ivan cora adam",
        not_known=NOT_SEE,
        args="window_number",
        method="post",
    ),
    # Desktops that a session may have left open
    "desktops:list": Line(yes="olga omar ivan", no=f"{CONTRACTORS} cora adam"),
    "desktops:clear": Line(
        yes="olga ivan",
        no="cora adam",
        not_known=f"{CONTRACTORS} omar",
        args="endpoint",
        method="post",
    ),
    "desktops:ask": Line(
        yes="vera",
        no="vito olga ivan cora adam",
        not_known=NOT_SEE,
        args="window endpoint",
        method="post",
    ),
    # The guacd daemons: only an administrator of every site
    "guacd:pool": Line(yes="adam", no=f"{CONTRACTORS} olga omar ivan cora"),
    "guacd:add": Line(yes="adam", no=f"{CONTRACTORS} olga omar ivan cora"),
    "guacd:retire": Line(
        yes="adam",
        no=f"{CONTRACTORS} olga omar ivan cora",
        args="guacd",
        method="post",
    ),
    "guacd:return": Line(
        yes="adam",
        no=f"{CONTRACTORS} olga omar ivan cora",
        args="guacd",
        method="post",
    ),
    "guacd:free_places": Line(
        yes="adam",
        no=f"{CONTRACTORS} olga omar ivan cora",
        args="guacd",
        method="post",
    ),
    **SESSIONS,
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
    # Screens of the control room
    "stations:list": Line(
        yes="adam", no="olga ivan cora", not_known=f"{CONTRACTORS} omar", args="site"
    ),
    "stations:enrol": Line(
        yes="adam",
        no="olga ivan cora",
        not_known=f"{CONTRACTORS} omar",
        args="site",
        method="post",
        data=(("place", "Filling control room"),),
    ),
    "stations:revoke": Line(
        yes="adam",
        no="olga ivan cora",
        not_known=f"{CONTRACTORS} omar",
        args="station",
        method="post",
    ),
    # The plant
    "plants:site_list": Line(yes=PLANT, no=CONTRACTORS),
    "plants:site_new": Line(yes="adam", no=f"{CONTRACTORS} olga omar ivan cora"),
    "plants:site_detail": Line(
        yes="olga ivan cora adam", not_known=f"{CONTRACTORS} omar", args="site"
    ),
    "plants:site_edit": Line(
        yes="adam", no="olga ivan cora", not_known=f"{CONTRACTORS} omar", args="site"
    ),
    "plants:zone_new": Line(
        yes="adam", no="olga ivan cora", not_known=f"{CONTRACTORS} omar", args="site"
    ),
    "plants:asset_new": Line(
        yes="adam", no="olga ivan cora", not_known=f"{CONTRACTORS} omar", args="site"
    ),
    "plants:freeze_new": Line(
        yes="adam olga", no="ivan cora", not_known=f"{CONTRACTORS} omar", args="site"
    ),
    "plants:checklist": Line(
        yes="olga ivan cora adam", not_known=f"{CONTRACTORS} omar", args="site"
    ),
    "plants:checklist_remove": Line(
        yes="adam olga",
        no="ivan cora",
        not_known=f"{CONTRACTORS} omar",
        args="checklist_item",
        method="post",
    ),
    "plants:stop_new": Line(
        yes="adam olga", no="ivan cora", not_known=f"{CONTRACTORS} omar", args="site"
    ),
    "plants:stop_remove": Line(
        yes="adam olga",
        no="ivan cora",
        not_known=f"{CONTRACTORS} omar",
        args="stop",
        method="post",
    ),
    "plants:calendars": Line(
        yes="olga ivan cora adam", not_known=f"{CONTRACTORS} omar", args="site"
    ),
    "plants:calendar_import": Line(
        yes="adam olga",
        no="ivan cora",
        not_known=f"{CONTRACTORS} omar",
        args="site",
        method="post",
    ),
    "plants:calendar_add": Line(
        yes="adam",
        no="olga ivan cora",
        not_known=f"{CONTRACTORS} omar",
        args="site",
        method="post",
    ),
    "plants:calendar_remove": Line(
        yes="adam",
        no="olga ivan cora",
        not_known=f"{CONTRACTORS} omar",
        args="calendar",
        method="post",
    ),
    **ROSTER,
    "plants:freeze_remove": Line(
        yes="adam olga",
        no="ivan cora",
        not_known=f"{CONTRACTORS} omar",
        args="freeze",
        method="post",
    ),
    "plants:asset_detail": Line(
        yes="olga ivan cora adam", not_known=f"{CONTRACTORS} omar", args="asset"
    ),
    "plants:asset_edit": Line(
        yes="adam", no="olga ivan cora", not_known=f"{CONTRACTORS} omar", args="asset"
    ),
    "lockout:lock": Line(
        yes="olga",
        no="ivan cora adam",
        not_known=f"{CONTRACTORS} omar",
        args="asset",
        method="post",
        data=(("reason", "Padlock"),),
    ),
    "lockout:unlock": Line(
        yes="olga",
        no="ivan cora adam",
        not_known=f"{CONTRACTORS} omar",
        args="asset",
        method="post",
        data=(("reason", "Done"),),
    ),
    "plants:endpoint_new": Line(
        yes="adam", no="olga ivan cora", not_known=f"{CONTRACTORS} omar", args="asset"
    ),
    "plants:endpoint_edit": Line(
        yes="adam",
        no="olga ivan cora",
        not_known=f"{CONTRACTORS} omar",
        args="endpoint",
    ),
    "plants:credential": Line(
        yes="adam",
        no="olga ivan cora",
        not_known=f"{CONTRACTORS} omar",
        args="endpoint",
    ),
    "plants:credential_store": Line(
        yes="adam",
        no="olga ivan cora",
        not_known=f"{CONTRACTORS} omar",
        args="endpoint",
        method="post",
    ),
    "endpoint_checks:prepare": Line(
        yes="adam",
        no="olga ivan cora",
        not_known=f"{CONTRACTORS} omar",
        args="endpoint",
    ),
    "endpoint_checks:start": Line(
        yes="adam",
        no="olga ivan cora",
        not_known=f"{CONTRACTORS} omar",
        args="endpoint",
        method="post",
    ),
    "endpoint_checks:unpin": Line(
        yes="adam",
        no="olga ivan cora",
        not_known=f"{CONTRACTORS} omar",
        args="endpoint",
        method="post",
    ),
    "endpoint_checks:detail": Line(
        yes="adam", no="olga ivan cora", not_known=f"{CONTRACTORS} omar", args="check"
    ),
    "endpoint_checks:pin": Line(
        yes="adam",
        no="olga ivan cora",
        not_known=f"{CONTRACTORS} omar",
        args="check",
        method="post",
    ),
}


def with_coordinator(name: str, line: Line) -> Line:
    """The line, with the coordinator last among those whom it lets in."""
    let_in = COORDINATOR.get(name) == "yes"
    return replace(line, yes=f"{line.yes} {COORDINATING}".strip()) if let_in else line


# Every URL and who gets in by it; a company's own page is for its coordinator alone.
LET_IN = {
    name: line
    for name, line in ((name, with_coordinator(name, MATRIX[name])) for name in MATRIX)
    if line.yes
}
