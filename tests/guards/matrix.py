"""The table of permissions: how each URL answers each role (`tests.guards.lines`)."""

from __future__ import annotations

from dataclasses import replace

from tests.guards.lines import COORDINATING, EVERYBODY, Line
from tests.guards.matrix_accounts import ACCOUNTS
from tests.guards.matrix_api import CALLS
from tests.guards.matrix_emergencies import EMERGENCIES
from tests.guards.matrix_plants import PLANTS
from tests.guards.matrix_policy import CHANGES, POLICY
from tests.guards.matrix_recordings import RECORDINGS
from tests.guards.matrix_requests import REQUESTS
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
    **REQUESTS,
    **CHANGES,
    **POLICY,
    **EMERGENCIES,
    **SESSIONS,
    **RECORDINGS,
    **PLANTS,
    **ROSTER,
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
