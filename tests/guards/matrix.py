"""The table of permissions: how each URL answers each role (`tests.guards.lines`)."""

from __future__ import annotations

from typing import Any

from tests.guards.lines import (
    CONTRACTORS,
    EVERYBODY,
    NOT_SEE,
    PLANT,
    SEE,
    Line,
)
from tests.guards.matrix_sessions import SESSIONS

# Open to people who are not signed in, on purpose: signing in itself, invitations, language.
PUBLIC = {
    "accounts:sign_in",
    "accounts:sign_in_code",
    "accounts:mailbox",
    "accounts:mailbox_send",
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
}

# Things that belong to no site: who holds the role at any site reaches them.
OF_NO_SITE = {
    "alert",
    "api_token",
    "departure",
    "device",
    "passkey",
    "person",
    "vendor",
}

# Machines come with a token: a browser's sign-in opens none of these (tests/api).
BY_TOKEN = {
    "api:live_sessions",
    "api:past_sessions",
    "api:requests",
    "api:windows",
    "api:audit_events",
    "api:end_session",
    "api:isolate_site",
}

VOUCH: dict[str, Any] = {
    "yes": "olga adam",
    "no": "omar ivan cora",
    "not_known": CONTRACTORS,
    "args": "vendor person",
    "method": "post",
}

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
    "ready": Line(yes=EVERYBODY),
    # One's own account
    "accounts:confirm": Line(yes=EVERYBODY),
    "accounts:profile": Line(yes=EVERYBODY),
    "accounts:details": Line(yes=EVERYBODY, method="post"),
    "accounts:password": Line(yes=EVERYBODY),
    "accounts:new_authenticator": Line(yes=EVERYBODY),
    "accounts:new_recovery_codes": Line(yes=EVERYBODY, method="post"),
    # Vera has a passkey, too; but it was the app that let her in, and that one cannot say so.
    "accounts:remove_authenticator": Line(
        yes="vito victor olga omar ivan cora adam", no="vera", method="post"
    ),
    "accounts:new_passkey": Line(yes=EVERYBODY),
    # Each sees only the own: these are Vera's.
    "accounts:remove_passkey": Line(
        yes="vera",
        not_known="vito victor olga omar ivan cora adam",
        args="passkey",
        method="post",
    ),
    "accounts:revoke_device": Line(
        yes="vera",
        not_known="vito victor olga omar ivan cora adam",
        args="device",
        method="post",
    ),
    "accounts:revoke_others": Line(yes=EVERYBODY, method="post"),
    "accounts:web_session": Line(yes=EVERYBODY),
    # Devices and factors of other people; which factors count
    "accounts:person_signing": Line(
        yes="ivan adam",
        no="olga omar cora",
        not_known=CONTRACTORS,
        args="person",
    ),
    **{
        f"accounts:{name}": Line(
            yes="ivan adam",
            no="olga omar cora",
            not_known=CONTRACTORS,
            args=f"person {thing}".strip(),
            method="post",
            data=(("reason", "Lost phone"),),
        )
        for name, thing in (
            ("revoke_person_devices", ""),
            ("revoke_person_device", "device"),
            ("ask_factor_reset", ""),
            ("confirm_factor_reset", "factor_reset"),
            ("withdraw_factor_reset", "factor_reset"),
        )
    },
    "accounts:factor_rules": Line(yes="ivan adam", no=f"{CONTRACTORS} olga omar cora"),
    "accounts:demand_passkeys": Line(
        yes="ivan adam",
        no=f"{CONTRACTORS} olga omar cora",
        method="post",
        data=(("role", "administrator"), ("reason", "Audit")),
    ),
    "accounts:allow_other_factors": Line(
        yes="ivan adam",
        no=f"{CONTRACTORS} olga omar cora",
        args="factor_rule",
        method="post",
        data=(("reason", "Audit"),),
    ),
    # Vendors
    "accounts:vendors": Line(yes=PLANT, not_known=CONTRACTORS),
    "accounts:vendor": Line(yes=PLANT, not_known=CONTRACTORS, args="vendor"),
    "accounts:invite": Line(
        yes="olga omar adam", no="ivan cora", not_known=CONTRACTORS, args="vendor"
    ),
    "accounts:session_limit": Line(
        yes="ivan adam",
        no="olga omar cora",
        not_known=CONTRACTORS,
        args="vendor",
        method="post",
        data=(("most", "5"),),
    ),
    "accounts:revoke_invitation": Line(
        yes="olga omar adam",
        no="ivan cora",
        not_known=CONTRACTORS,
        args="vendor invitation",
        method="post",
    ),
    "vendor_records:new": Line(yes="adam", no=f"{CONTRACTORS} olga omar ivan cora"),
    "vendor_records:edit": Line(
        yes="adam", no="olga omar ivan cora", not_known=CONTRACTORS, args="vendor"
    ),
    "accounts:vendor_person": Line(
        yes=PLANT, not_known=CONTRACTORS, args="vendor person"
    ),
    # Olga is Fillwerk's sponsor.
    "accounts:person_dates": Line(**VOUCH),
    "accounts:confirm_person": Line(**VOUCH),
    "accounts:name_coordinator": Line(**VOUCH),
    "accounts:dismiss_coordinator": Line(**VOUCH),
    # A company's own page; who coordinates is in COORDINATOR below.
    "accounts:company": Line(no=EVERYBODY),
    "accounts:company_invite": Line(no=EVERYBODY),
    "accounts:company_revoke": Line(no=EVERYBODY, args="invitation", method="post"),
    "accounts:company_attest": Line(no=EVERYBODY, method="post"),
    # People who have left
    "departures:list": Line(yes=PLANT, no=CONTRACTORS),
    "departures:detail": Line(yes=PLANT, not_known=CONTRACTORS, args="departure"),
    "departures:confirm": Line(
        yes="olga adam",
        no="omar ivan cora",
        not_known=CONTRACTORS,
        args="departure",
        method="post",
    ),
    "departures:report": Line(
        yes="olga ivan adam",
        no="vera vito omar cora",
        not_known="victor",
        args="person",
        method="post",
    ),
    "accounts:disable_person": Line(
        yes="ivan adam",
        no="olga omar cora",
        not_known=CONTRACTORS,
        args="vendor person",
        method="post",
    ),
    "accounts:reactivate_person": Line(
        yes="ivan adam",
        no="olga omar cora",
        not_known=CONTRACTORS,
        args="vendor person",
        method="post",
    ),
    # Who may do what
    "accounts:permissions": Line(yes="ivan cora adam", no=f"{CONTRACTORS} olga omar"),
    "accounts:permissions_export": Line(
        yes="ivan cora adam", no=f"{CONTRACTORS} olga omar", method="post"
    ),
    "accounts:delegations": Line(yes=PLANT, no=CONTRACTORS),
    "accounts:delegation_new": Line(yes=PLANT, no=CONTRACTORS, method="post"),
    "accounts:delegation_end": Line(
        yes="olga ivan",
        no=CONTRACTORS,
        not_known="omar cora adam",
        args="delegation",
        method="post",
    ),
    "accounts:overrides": Line(yes="olga omar ivan", no=f"{CONTRACTORS} cora adam"),
    "accounts:override_new": Line(
        yes="olga omar ivan", no=f"{CONTRACTORS} cora adam", method="post"
    ),
    "accounts:override_end": Line(
        yes="olga ivan",
        no=f"{CONTRACTORS} cora adam",
        not_known="omar",
        args="override",
        method="post",
    ),
    "accounts:api_tokens": Line(yes="ivan adam", no=f"{CONTRACTORS} olga omar cora"),
    "accounts:api_token_new": Line(
        yes="ivan adam", no=f"{CONTRACTORS} olga omar cora", method="post"
    ),
    "accounts:api_token_revoke": Line(
        yes="ivan adam",
        no=f"{CONTRACTORS} olga omar cora",
        args="api_token",
        method="post",
    ),
    "api_description": Line(yes=PLANT, no=CONTRACTORS),
    # The plant's directory and break-glass accounts
    "accounts:directory": Line(yes="ivan adam", no=f"{CONTRACTORS} olga omar cora"),
    "accounts:directory_test": Line(
        yes="adam", no=f"{CONTRACTORS} olga omar ivan cora", method="post"
    ),
    "accounts:directory_try": Line(yes="adam", no=f"{CONTRACTORS} olga omar ivan cora"),
    "accounts:directory_group_add": Line(
        yes="adam", no=f"{CONTRACTORS} olga omar ivan cora", method="post"
    ),
    "accounts:directory_group_remove": Line(
        yes="adam",
        no=f"{CONTRACTORS} olga omar ivan cora",
        args="mapping",
        method="post",
    ),
    "accounts:directory_unlink": Line(
        yes="adam",
        no=f"{CONTRACTORS} olga omar ivan cora",
        args="identity",
        method="post",
        data=(("reason", "New account"),),
    ),
    "accounts:break_glass": Line(yes="ivan adam", no=f"{CONTRACTORS} olga omar cora"),
    "accounts:break_glass_add": Line(
        yes="adam", no=f"{CONTRACTORS} olga omar ivan cora", method="post"
    ),
    "accounts:break_glass_remove": Line(
        yes="adam",
        no=f"{CONTRACTORS} olga omar ivan cora",
        args="break_glass",
        method="post",
        data=(("reason", "Not needed"),),
    ),
    # People
    "accounts:people": Line(
        yes="ivan adam", no="olga omar cora", not_known=CONTRACTORS
    ),
    "accounts:person": Line(
        yes="ivan adam", no="olga omar cora", not_known=CONTRACTORS, args="colleague"
    ),
    "accounts:invite_employee": Line(
        yes="adam", no="olga omar ivan cora", not_known=CONTRACTORS
    ),
    "accounts:revoke_colleague_invitation": Line(
        yes="adam",
        no="olga omar ivan cora",
        not_known=CONTRACTORS,
        args="colleague_invitation",
        method="post",
    ),
    "accounts:grant_role": Line(
        yes="adam",
        no="olga omar ivan cora",
        not_known=CONTRACTORS,
        args="colleague",
        method="post",
        data=(("role", "compliance"), ("site", "every"), ("reason", "New work")),
    ),
    "accounts:revoke_role": Line(
        yes="adam",
        no="olga omar ivan cora",
        not_known=CONTRACTORS,
        args="colleague grant",
        method="post",
        data=(("reason", "Other work"),),
    ),
    "accounts:access_end": Line(
        yes="adam",
        no="olga omar ivan cora",
        not_known=CONTRACTORS,
        args="colleague",
        method="post",
        data=(("expires_at", ""), ("reason", "Stays")),
    ),
    "accounts:leaver": Line(
        yes="adam",
        no="olga omar ivan cora",
        not_known=CONTRACTORS,
        args="colleague",
        method="post",
        data=(("reason", "Leaves"),),
    ),
    "accounts:returner": Line(
        yes="adam",
        no="olga omar ivan cora",
        not_known=CONTRACTORS,
        args="colleague",
        method="post",
        data=(("reason", "Is back"),),
    ),
    "accounts:pseudonymise": Line(
        yes="adam",
        no="olga omar ivan cora",
        not_known=CONTRACTORS,
        args="colleague",
        method="post",
    ),
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
    # Approval
    "approvals:queue": Line(yes="olga omar", no=f"{CONTRACTORS} ivan cora adam"),
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
    # Window
    "windows:list": Line(yes=EVERYBODY),
    "windows:revoke": Line(
        yes="olga ivan",
        no="vera vito cora adam",
        not_known=NOT_SEE,
        args="window_number",
        method="post",
        data=(("reason", "Stop"),),
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
