"""The table of permissions, the part of people, vendors, factors and the directory."""

from __future__ import annotations

from typing import Any

from tests.guards.lines import CONTRACTORS, EVERYBODY, PLANT, Line

VOUCH: dict[str, Any] = {
    "yes": "olga adam",
    "no": "omar ivan cora",
    "not_known": CONTRACTORS,
    "args": "vendor person",
    "method": "post",
}

ACCOUNTS: dict[str, Line] = {
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
    "accounts:callback_number": Line(**VOUCH, data=(("number", "+49 40 5550199"),)),
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
    "departures:export": Line(yes=PLANT, no=CONTRACTORS, method="post"),
    "departures:revocations": Line(yes="ivan cora adam", no=f"{CONTRACTORS} olga omar"),
    "departures:revocations_export": Line(
        yes="ivan cora adam", no=f"{CONTRACTORS} olga omar", method="post"
    ),
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
}
