"""What a fresh second factor is asked for, in words: a closed list by the name of the view.

The page that asks may have been reached by a link that somebody made, so it says nothing that
stands in an address but a number of the portal's own, in its own form.
"""

from __future__ import annotations

import re
from typing import Any

from django.urls import Resolver404, resolve
from django.utils.translation import gettext_lazy as _

from accessportal.errors import Sentence

NUMBER = re.compile(r"[A-Z]{3,4}-[0-9]{4}-[0-9]{4,6}")

ACTS: dict[str, Sentence] = {
    "accounts:access_end": _("Change until when a person has access"),
    "accounts:allow_other_factors": _("Let other second factors count again"),
    "accounts:api_token_new": _("Make an API token"),
    "accounts:ask_factor_reset": _("Ask that a second factor be taken away"),
    "accounts:break_glass_add": _("Let a break-glass account sign in"),
    "accounts:break_glass_remove": _("End a break-glass account"),
    "accounts:callback_number": _("Note at which number somebody is called back"),
    "accounts:company_attest": _("Attest the list of your people"),
    "accounts:confirm_factor_reset": _("Take a second factor away"),
    "accounts:confirm_person": _("Confirm a vendor's person"),
    "accounts:delegation_new": _("Delegate a role"),
    "approvals:lend": _("Lend your place in a group"),
    "accounts:demand_passkeys": _("Let only passkeys count"),
    "accounts:directory_group_add": _("Give a role to a group of the directory"),
    "accounts:directory_group_remove": _("Take a role from a group of the directory"),
    "accounts:directory_unlink": _("Separate a person from the directory"),
    "accounts:grant_role": _("Give a person a role"),
    "accounts:invite_employee": _("Invite a colleague"),
    "accounts:name_coordinator": _("Name a coordinator"),
    "accounts:new_authenticator": _("Set up an authenticator app"),
    "accounts:new_passkey": _("Set up a passkey"),
    "accounts:new_recovery_codes": _("Make new recovery codes"),
    "accounts:override_new": _("Grant an override"),
    "accounts:person_dates": _("Change the dates of a vendor's person"),
    "accounts:pseudonymise": _("Take a person's name out of the portal"),
    "accounts:reactivate_person": _("Give a person access again"),
    "accounts:remove_authenticator": _("Remove the authenticator app"),
    "accounts:remove_passkey": _("Remove a passkey"),
    "accounts:returner": _("Give a person access again"),
    "accounts:revoke_role": _("Take a role from a person"),
    "accounts:session_limit": _("Change how many sessions a vendor may have"),
    "approvals:approve": _("Approve %(number)s"),
    "approvals:later_agree": _("Agree to a wider window"),
    "approvals:approve_alike": _("Approve the same work several times"),
    "approvals:deny_alike": _("Deny the same work several times"),
    "approvals:deny": _("Deny %(number)s"),
    "approvals:propose": _("Approve %(number)s with changes"),
    "emergencies:look": _("Take the second look at %(number)s"),
    "escorts:look": _("Take the later look at an escort"),
    "escorts:offer": _("Escort the person of %(number)s"),
    "endpoint_checks:pin": _("Pin the key of a machine"),
    "endpoint_checks:unpin": _("Take back the pinned key of a machine"),
    "guacd:add": _("Add a guacd daemon"),
    "guacd:free_places": _("Free the places of sessions that are over"),
    "guacd:return": _("Use a guacd daemon again"),
    "isolation:lift": _("Lift %(number)s"),
    "lockout:unlock": _("Unlock a machine"),
    "notifications:add_webhook": _("Add a webhook"),
    "plants:credential_store": _("Store the sign-in of a machine"),
    "policy:add_person": _("Add a person to a group that the policy asks"),
    "policy:enforce": _("Put an approval policy in force"),
    "policy:new_group": _("Make a group that the policy asks"),
    "requests:accept_substitution": _("Let another person come for %(number)s"),
    "sessions:console": _("Go on working on a machine"),
    "sessions:continue_unrecorded": _("Let a session go on without a recording"),
    "stations:enrol": _("Enrol a station"),
    "sessions:give_time": _("Give more time"),
    "sessions:resume": _("Lift the freeze of a session"),
    "sessions:take_control": _("Take control of a machine"),
    "windows:begin_now": _("Let a window open now"),
    "windows:feed_make": _("Make a calendar link"),
    "windows:grant": _("Give more time"),
    "windows:longer": _("Let a window close later"),
    "windows:reconfirmed": _("Let the window of %(number)s stand again"),
}


def act_at(path: str) -> str:
    """What is done at a path of the portal, with a query or without; empty for a page."""
    try:
        match = resolve(path.partition("?")[0])
    except Resolver404:
        return ""
    return act_of(match.view_name, match.kwargs)


def act_of(view_name: str, kwargs: dict[str, Any]) -> str:
    """What is done by a view, in the reader's words; empty where it is not in the list."""
    if view_name not in ACTS:
        return ""
    number = str(kwargs.get("number", ""))
    if not NUMBER.fullmatch(number):
        number = ""
    return (str(ACTS[view_name]) % {"number": number}).strip()
