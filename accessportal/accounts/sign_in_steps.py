"""The steps of signing in, in their order. This table is the whole sequence.

A first step says who it is: the password's form, a passkey (which is the second factor as
well), an invitation, the link of a mail. It calls `signing.begin_sign_in`.
Each step after it is a page of its own, shown while it is needed; when it is passed, its view
calls `signing.pass_step` and goes to `signing.advance`. When no step is needed any more,
the web session opens, and not before: whatever came first, and whichever steps there are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from accessportal.accounts.factor_rules import must_have_passkey
from accessportal.accounts.factors import has_factor, has_passkey
from accessportal.accounts.models import User
from accessportal.accounts.notice import notice_is_due
from accessportal.accounts.parking import is_parked
from accessportal.accounts.renewal import renewal_is_over, renewal_needs_mailbox

BY_PASSWORD = "password"  # noqa: S105 - the name of a first step
BY_PASSKEY = "passkey"
BY_INVITATION = "invitation"
BY_RESET_LINK = "reset_link"
NEW_PASSWORD = "new_password"  # noqa: S105 - the name of a step
MAILBOX = "mailbox"
FACTOR = "factor"
"""The name under which the second factor of a sign-in is passed, however it was used."""


@dataclass(frozen=True)
class SignIn:
    """A sign-in that was begun in this browser.

    first: how it began (`password`, ...). passed: what each step that was passed left, by
    the step's name. next_path: the page that was wanted.
    """

    user: User
    first: str
    passed: dict[str, dict[str, Any]]
    next_path: str


@dataclass(frozen=True)
class Step:
    """page: the name of the URL on which the step is done."""

    page: str
    needed: Callable[[SignIn], bool]


def sets_up_a_factor(sign_in: SignIn) -> bool:
    """Whoever has no second factor sets one up, and has used it by that."""
    return FACTOR not in sign_in.passed and not has_factor(sign_in.user)


def proves_mailbox_first(sign_in: SignIn) -> bool:
    """Whoever knows only the password of a parked account, or of one whose factor was taken
    away, sets up no factor of their own."""
    return (
        sets_up_a_factor(sign_in)
        and MAILBOX not in sign_in.passed
        and (is_parked(sign_in.user) or renewal_needs_mailbox(sign_in.user))
    )


def needs_new_password(sign_in: SignIn) -> bool:
    return sign_in.first == BY_RESET_LINK and NEW_PASSWORD not in sign_in.passed


STEPS: tuple[Step, ...] = (
    # The end: this page leads nowhere until two people of the plant agree again.
    Step(
        "accounts:renewal_over",
        lambda sign_in: sets_up_a_factor(sign_in) and renewal_is_over(sign_in.user),
    ),
    Step("accounts:mailbox", proves_mailbox_first),
    Step("accounts:enrol", sets_up_a_factor),
    Step("accounts:sign_in_code", lambda sign_in: FACTOR not in sign_in.passed),
    # The right code of the mail revives the account, so that the step is passed by that.
    Step("accounts:mailbox", lambda sign_in: is_parked(sign_in.user)),
    # A vendor's person who has not accepted the notice of recording as it is now.
    Step("accounts:notice", lambda sign_in: notice_is_due(sign_in.user)),
    # Who is somebody for whom only a passkey counts sets one up, once signed in by another.
    Step(
        "accounts:enrol_passkey",
        lambda sign_in: (
            must_have_passkey(sign_in.user) and not has_passkey(sign_in.user)
        ),
    ),
    # Who came by the link of a mail chooses a new password, now that it is them.
    Step("accounts:new_password", needs_new_password),
)


def step_due(sign_in: SignIn) -> Step | None:
    """The first step that is still needed; None when the web session may open."""
    return next((step for step in STEPS if step.needed(sign_in)), None)
