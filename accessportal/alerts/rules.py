"""Which events of the trail make an alert, how many of them, and about whom.

Deliberately few and plain: each says something that IT security would look at today.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accessportal.audit.models import AuditEvent


class By(StrEnum):
    """What events are counted together; the values are columns of the trail."""

    ADDRESS = "source_address"
    PERSON = "actor_id"
    SESSION = "session_number"
    EVENT = "event"


@dataclass(frozen=True)
class Rule:
    """`threshold` events (or different values of `distinct`) within `within`, for one `by`."""

    sentence: str | Promise
    events: frozenset[str]
    by: By
    threshold: int = 1
    within: timedelta = timedelta(minutes=10)
    severity: str = "warning"
    distinct: str = ""
    only_failed: bool = False

    def concerns(self, event: AuditEvent) -> bool:
        if event.event not in self.events or getattr(event, self.by) in (None, ""):
            return False
        return not self.only_failed or event.result != AuditEvent.Result.OK

    def key_of(self, event: AuditEvent) -> str:
        return str(getattr(event, self.by))

    def label_of(self, event: AuditEvent) -> str:
        """The key in words that a person reads."""
        if self.by == By.PERSON:
            return event.actor_name
        return "" if self.by == By.EVENT else self.key_of(event)


FAILED_SIGN_INS = frozenset({"auth.login.failed", "auth.login.locked"})

RULES: dict[str, Rule] = {
    "sign_ins_of_one_address": Rule(
        _("Many failed sign-ins from one address"),
        FAILED_SIGN_INS,
        By.ADDRESS,
        threshold=15,
    ),
    "sign_ins_over_accounts": Rule(
        _("One address tries the accounts of several people"),
        FAILED_SIGN_INS,
        By.ADDRESS,
        threshold=4,
        within=timedelta(minutes=30),
        distinct="actor_id",
    ),
    "sign_ins_of_one_person": Rule(
        _("Many failed sign-ins or codes for one person"),
        FAILED_SIGN_INS | {"auth.stepup.failed"},
        By.PERSON,
        threshold=10,
        within=timedelta(minutes=30),
    ),
    "locked_out": Rule(
        _("A person is locked out after failed sign-ins"),
        frozenset({"auth.login.locked"}),
        By.PERSON,
    ),
    "guessing": Rule(
        _("Somebody asks for many things that are not theirs to see"),
        frozenset({"access.guessed"}),
        By.ADDRESS,
    ),
    "tickets": Rule(
        _("Links or tickets that are not valid, again and again"),
        frozenset({"auth.token.rejected"}),
        By.ADDRESS,
        threshold=5,
    ),
    "forbidden_input": Rule(
        _("Input that was not approved, again and again"),
        frozenset({"session.input.blocked"}),
        By.SESSION,
        threshold=5,
    ),
    "deciding_on_own_work": Rule(
        _("Somebody tries to decide on work of their own"),
        frozenset({"approval.sod.blocked"}),
        By.PERSON,
        threshold=2,
        within=timedelta(hours=1),
    ),
    "evidence_not_intact": Rule(
        _("A recording is not intact"),
        frozenset({"recording.verify.failed"}),
        By.SESSION,
        severity="critical",
    ),
    "trail_not_intact": Rule(
        _("The audit trail is not intact"),
        frozenset({"audit.chain.verified"}),
        By.EVENT,
        severity="critical",
        only_failed=True,
    ),
    "unrecorded": Rule(
        _("A session goes on unrecorded"),
        frozenset({"session.unrecorded.continued"}),
        By.SESSION,
        severity="critical",
    ),
    "break_glass": Rule(
        _("A break-glass account was used"),
        frozenset({"auth.break_glass.used"}),
        By.PERSON,
        severity="critical",
    ),
    "factor_taken_away": Rule(
        _("The second factors of several people were taken away"),
        frozenset({"auth.mfa.reset"}),
        By.EVENT,
        threshold=3,
        within=timedelta(hours=1),
    ),
    "passkey_copied": Rule(
        _("A passkey seems to have been copied, and was taken out of use"),
        frozenset({"auth.mfa.distrusted"}),
        By.PERSON,
        severity="critical",
    ),
    "keys_changed": Rule(
        _("A key was replaced or destroyed"),
        frozenset({"key.rotated", "key.destroyed"}),
        By.EVENT,
    ),
}

BY_EVENT: dict[str, list[tuple[str, Rule]]] = {}
for _name, _rule in RULES.items():
    for _event in _rule.events:
        BY_EVENT.setdefault(_event, []).append((_name, _rule))
