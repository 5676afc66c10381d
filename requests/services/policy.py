"""Changing the approval policy: a draft, put in force as a new version; and its groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accessportal.accounts.authorisation import Action, may_everywhere
from accessportal.accounts.models import User
from accessportal.accounts.services.common import guard_fresh_factor, needed_reason
from accessportal.audit import record
from accessportal.errors import NotAllowed, NotPossible, TooLate
from accessportal.origin import Origin
from requests.demanded import policy_in_force
from requests.models import (
    ApprovalPolicy,
    ApproverGroup,
    ApproverGroupMember,
    PolicyDraft,
)
from requests.policy.difference import differences
from requests.policy.reading import BadRule, rules_as_json, rules_from
from requests.policy.rules import Rule
from requests.policy.trials import Trial, trial_as_json, trials_from
from requests.trying import outcomes_of


def draft_now() -> PolicyDraft:
    """The draft that is being worked on, or a new one that says what is in force."""
    draft = PolicyDraft.objects.first()
    if draft is not None:
        return draft
    policy = policy_in_force()
    return PolicyDraft(
        based_on=policy.version if policy else 0,
        rules=policy.rules if policy else [],
        wishes=policy.wishes if policy else [],
    )


@transaction.atomic
def change_draft(
    *,
    acting_user: User,
    rules: Sequence[Rule] | None = None,
    trials: Sequence[Trial] | None = None,
) -> PolicyDraft:
    """Keep other rules or examples in the draft; nothing is in force by that.

    Raises `NotAllowed`, and `NotPossible` for rules that cannot be together.
    """
    _guard(acting_user)

    draft = draft_now()
    if rules is not None:
        draft.rules = rules_as_json(rules)
    if trials is not None:
        draft.wishes = [trial_as_json(trial) for trial in trials]
    read_draft(draft)
    draft.pk = 1
    draft.changed_by, draft.changed_at = acting_user, timezone.now()
    draft.save()
    return draft


@transaction.atomic
def discard_draft(*, acting_user: User) -> None:
    """Forget the draft; what is in force stays."""
    _guard(acting_user)
    PolicyDraft.objects.all().delete()


def put_in_force(
    *,
    acting_user: User,
    origin: Origin,
    reason: str,
    acknowledged: bool = False,
) -> ApprovalPolicy:
    """Make the draft the next version; requests that are sent from now on are under it.

    `acknowledged`: that examples fail is meant. Raises `NotAllowed`, `FreshFactorNeeded`,
    `NotPossible` (no reason, no change, a failing example) and `TooLate` when somebody
    has put another version in force since the draft was begun.
    """
    try:
        return _put_in_force(
            acting_user=acting_user,
            origin=origin,
            reason=reason,
            acknowledged=acknowledged,
        )
    except IntegrityError:
        raise TooLate(_("Somebody has put another version in force.")) from None


@transaction.atomic
def _put_in_force(
    *, acting_user: User, origin: Origin, reason: str, acknowledged: bool
) -> ApprovalPolicy:
    draft = PolicyDraft.objects.select_for_update().first()

    _guard(acting_user)
    guard_fresh_factor(origin, acting_user, None)
    reason = needed_reason(reason)
    before = policy_in_force()
    version = before.version if before else 0
    if draft is None:
        raise NotPossible(_("Nothing has been changed."), code="no_draft")
    if draft.based_on != version:
        raise TooLate(
            _("Version %(version)s came into force meanwhile. Begin anew from it.")
            % {"version": version}
        )
    rules, trials = read_draft(draft)
    changed = differences(rules_from(before.rules) if before else (), rules)
    if not changed and draft.wishes == (before.wishes if before else []):
        raise NotPossible(_("Nothing has been changed."), code="no_change")
    failing = [one.trial.name for one in outcomes_of(trials, rules) if not one.passed]
    if failing and not acknowledged:
        raise NotPossible(
            _("These examples come out otherwise than expected: %(names)s.")
            % {"names": ", ".join(failing)},
            code="examples_fail",
        )

    policy: ApprovalPolicy = ApprovalPolicy.objects.create(
        version=version + 1,
        rules=draft.rules,
        wishes=draft.wishes,
        made_by=acting_user,
        reason=reason,
    )
    draft.delete()

    record(
        "policy.changed",
        acting_user=acting_user,
        origin=origin,
        reason=reason,
        version=policy.version,
        rules={one.name: one.kind for one in changed},
        failing=failing,
    )
    return policy


def read_draft(draft: PolicyDraft) -> tuple[tuple[Rule, ...], tuple[Trial, ...]]:
    """Its rules and examples. Raises `NotPossible` where they cannot be."""
    try:
        return rules_from(draft.rules), trials_from(draft.wishes)
    except BadRule as problem:
        raise NotPossible(str(problem), code="bad_rule") from problem


@transaction.atomic
def add_group(
    *, acting_user: User, origin: Origin, name: str, reason: str
) -> ApproverGroup:
    """A new group, still without people. Raises `NotAllowed`, `NotPossible`, `TooLate`."""
    _guard(acting_user)
    guard_fresh_factor(origin, acting_user, None)
    reason, name = needed_reason(reason), name.strip()[:80]
    if not name:
        raise NotPossible(_("Give the group a name."), code="name_missing")
    if ApproverGroup.objects.filter(name__iexact=name).exists():
        raise NotPossible(_("There is a group of this name."), code="name_taken")

    group: ApproverGroup = ApproverGroup.objects.create(name=name)

    _record_group(group, acting_user, origin, reason, did="added")
    return group


@transaction.atomic
def add_to_group(
    group: ApproverGroup,
    *,
    acting_user: User,
    origin: Origin,
    person: User,
    reason: str,
) -> ApproverGroupMember:
    """From now on `person`, of the plant, is asked where the policy asks the group."""
    _guard(acting_user)
    guard_fresh_factor(origin, acting_user, None)
    reason = needed_reason(reason)
    if person.vendor_id is not None or not person.is_active:
        raise NotPossible(
            _("Choose somebody of the plant whose access has not ended."),
            code="not_of_the_plant",
        )
    if group.members.filter(person=person).exists():
        raise TooLate(_("This is so already."))

    member: ApproverGroupMember = ApproverGroupMember.objects.create(
        group=group, person=person, added_by=acting_user
    )

    _record_group(group, acting_user, origin, reason, did="joined", person=person)
    return member


@transaction.atomic
def remove_from_group(
    member: ApproverGroupMember, *, acting_user: User, origin: Origin, reason: str
) -> None:
    """The person is asked no more. Raises `NotAllowed`, `NotPossible`, `TooLate`."""
    _guard(acting_user)
    reason = needed_reason(reason)

    gone, _of_what = ApproverGroupMember.objects.filter(pk=member.pk).delete()
    if not gone:
        raise TooLate

    _record_group(
        member.group, acting_user, origin, reason, did="left", person=member.person
    )


def _guard(acting_user: User) -> None:
    """A policy holds at every site, so who changes it answers for every site."""
    if not may_everywhere(acting_user, Action.POLICY_CHANGE):
        raise NotAllowed


def _record_group(
    group: ApproverGroup,
    acting_user: User,
    origin: Origin,
    reason: str,
    *,
    did: str,
    person: User | None = None,
) -> None:
    detail: dict[str, Any] = {"group": group.name, "did": did}
    record(
        "approver_group.changed",
        acting_user=acting_user,
        subject=person,
        origin=origin,
        reason=reason,
        **detail,
    )
