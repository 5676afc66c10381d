"""One place says who may do what: every guard asks it, and nobody else reads the roles."""

from __future__ import annotations

import ast

from django.urls import get_resolver

from accessportal.accounts.authorisation import (
    OVERRIDABLE,
    OWN_RIGHT_ONLY,
    PERMISSIONS,
    SEEN_WITH,
    Action,
)
from accessportal.accounts.step_up_acts import ACTS
from accessportal.audit.borrowed import NEEDED
from accessportal.audit.events import EVENTS
from tests.guards.sources import name, python_files, tree
from tests.guards.test_rate_limits import views

ASKS = {
    "may",
    "may_everywhere",
    "holds_role",
    "sites_where",
    "at_sites_where",
    "people_who_may",
    "visible_to",
    # What follows from a person's place at a vendor; `vendor_rights` asks the one place.
    "coordinates",
    "may_invite",
    "may_report_leaver",
    "may_see_vendor",
    "may_vouch",
    # Whom a request asks: people by role, of whom `approvers` asks it, or of a named group.
    "may_agree_somewhere",
    "places_for",
}
# About oneself or one's own company only: there is no role to ask for.
ABOUT_ONESELF = {
    "own_push_device",
    "own_request",
    "saved_wish_of",
    "own_device",
    "own_passkey",
    "minds_delegations",
    "sites_to_ask_for",
    "endpoints_to_ask_for",
    "companions_to_name",
    "takes_part",
    "took_part",
}
# Who holds which role is read by what shows or changes it, and by the one place.
READS_ROLES = {
    # Who hands out roles, which nobody does by a lent right, and the list of who has which.
    "accessportal/accounts/access.py",
    "accessportal/accounts/listing.py",
    "accessportal/accounts/services/employees.py",
    "accessportal/accounts/services/invitations.py",
    "accessportal/accounts/services/lapsing.py",
    "accessportal/accounts/standing.py",
    "accessportal/accounts/views/people.py",
    "accessportal/accounts/rights.py",
    "accessportal/accounts/authorisation.py",
    "accessportal/accounts/directory/admission.py",
    "accessportal/accounts/permission_report.py",
    "accessportal/accounts/services/delegations.py",
    "accessportal/accounts/services/overrides.py",
    "accessportal/accounts/services/staff.py",
    "accessportal/accounts/views/account.py",
    "accessportal/navigation.py",
}


def guards() -> dict[str, ast.FunctionDef]:
    """Every public function of the access modules."""
    return {
        name(path, node).split(":")[0] + ":" + node.name: node
        for path in python_files()
        if path.stem.startswith("access") and "models" not in path.parts
        for node in tree(path).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    }


def calls_of(node: ast.FunctionDef) -> set[str]:
    return {
        call.func.id if isinstance(call.func, ast.Name) else call.func.attr
        for call in ast.walk(node)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name | ast.Attribute)
    }


def test_every_guard_asks_the_one_place() -> None:
    """By itself, or through another guard."""
    found = guards()
    asking = {key.split(":")[1] for key, node in found.items() if calls_of(node) & ASKS}
    grown = True
    while grown:
        more = {
            key.split(":")[1]
            for key, node in found.items()
            if calls_of(node) & (asking | ABOUT_ONESELF)
        }
        grown = not more <= asking
        asking |= more
    assert len(found) > 40
    silent = [key for key in found if key.split(":")[1] not in asking | ABOUT_ONESELF]
    assert silent == []


def test_nobody_else_reads_the_roles() -> None:
    """A guard that looks at roles itself would not see what is lent."""
    found = {
        name(path)
        for path in python_files()
        if not {"demo", "bench", "models"} & set(path.parts)
        and any(
            word in path.read_text() for word in ("role_grants", "RoleGrant.objects")
        )
    }
    assert found - READS_ROLES == set()


def test_every_action_is_somebodys() -> None:
    given = frozenset().union(*PERMISSIONS.values())
    assert set(Action) - given == {Action.REQUEST_SUBMIT, Action.SESSION_START}


def test_an_override_makes_no_rights_and_judges_no_evidence() -> None:
    never = OWN_RIGHT_ONLY | {Action.REVIEW_COMPLETE, Action.RECORDING_PLAY}
    assert not never & set(OVERRIDABLE)
    assert set(SEEN_WITH) == set(OVERRIDABLE)
    for action, roles in OVERRIDABLE.items():
        assert roles
        for role in roles:
            assert Action.OVERRIDE_GRANT in PERMISSIONS[role], (action, role)


def test_the_table_of_acts_names_events_that_there_are() -> None:
    assert set(NEEDED) <= set(EVENTS)


def test_the_second_factor_is_asked_for_with_words() -> None:
    """Whoever confirms reads for what: each view that asks has its words, and no other has."""
    asking = {
        name
        for name, view in views(get_resolver()).items()
        if getattr(view, "asks_for_factor", False)
    }
    assert asking, "nothing asks any more: is the mark gone?"
    missing = asking - set(ACTS)
    assert not missing, f"say in step_up_acts what these do: {sorted(missing)}"
    # A page sends people there by itself, when they are back from a break.
    assert set(ACTS) - asking == {"sessions:console"}
