"""Taking a person's name out of the portal, when the law or the person asks for it.

The row stays, with its id: evidence refers to it (SR 1.4). What says who it was goes. The audit
trail is append-only and keeps the words it was written with; decision 0044 says why, and what
to answer to whoever asks.
"""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accessportal import audit
from accessportal.accounts.authorisation import Action, may
from accessportal.accounts.models import (
    ApiToken,
    AuthenticatorApp,
    BreakGlassAccount,
    DirectoryIdentity,
    Invitation,
    MailboxCode,
    Passkey,
    PasswordReset,
    RecoveryCodes,
    SignInFailures,
    User,
)
from accessportal.accounts.standing import may_manage
from accessportal.accounts.throttling import account_hash
from accessportal.accounts.web_sessions import Ended, end_web_sessions_of
from accessportal.errors import NotAllowed, NotPossible, TooLate
from accessportal.origin import Origin

# Nobody's mail goes there (RFC 2606).
NO_MAILBOX = "removed.invalid"


def pseudonym_of(person: User) -> str:
    """The same for good: the id is never used again."""
    return f"Person {person.pk:05d}"


@transaction.atomic
def pseudonymise_person(
    *, acting_user: User, person: User, typed: str, reason: str, origin: Origin
) -> User:
    """Replace name, address and phone by a pseudonym, and remove every way to sign in.

    `typed`: the person's name, as the page asks for it. Cannot be taken back. Raises
    `NotAllowed`, `NotPossible` (still active, another name typed, no reason) or `TooLate`.
    """
    person = User.objects.select_for_update().get(pk=person.pk)

    if not may(acting_user, Action.PEOPLE_CHANGE) or not may_manage(
        acting_user, person
    ):
        raise NotAllowed
    if person.pseudonymised_at is not None:
        raise TooLate(_("This was done already."), code="pseudonymised_already")
    if person.disabled_at is None:
        raise NotPossible(
            _("End the access of %(person)s first.") % {"person": person},
            code="still_active",
        )
    if typed.strip().casefold() != person.full_name.strip().casefold():
        raise NotPossible(
            _("Type the name exactly as it stands here: %(name)s.")
            % {"name": person.full_name},
            code="other_name",
        )
    if not reason.strip():
        raise NotPossible(_("Please say why: the audit trail will need it."))

    address = person.email
    person.full_name = pseudonym_of(person)
    person.email = f"person-{person.pk}@{NO_MAILBOX}"
    person.phone = person.callback_number = ""
    person.callback_number_at = person.callback_number_by = None
    person.set_unusable_password()
    person.pseudonymised_at = timezone.now()
    person.pseudonymised_by = acting_user
    person.pseudonymised_reason = reason.strip()[:500]
    person.disabled_reason = ""
    person.factors_confirmed_at = None
    person.save()
    _forget(person, address)

    audit.record(
        "account.pseudonymised",
        acting_user=acting_user,
        subject=person,
        origin=origin,
        reason=person.pseudonymised_reason,
    )
    return person


def _forget(person: User, address: str) -> None:
    """Everything about the person that is no evidence: ways in, mails, codes, invitations."""
    end_web_sessions_of(person, reason=Ended.ACCESS, acting_user=None)
    AuthenticatorApp.objects.filter(user=person).delete()
    RecoveryCodes.objects.filter(user=person).delete()
    Passkey.objects.filter(user=person).delete()
    ApiToken.objects.filter(owner=person).delete()
    DirectoryIdentity.objects.filter(user=person).delete()
    BreakGlassAccount.objects.filter(user=person).delete()
    PasswordReset.objects.filter(user=person).delete()
    MailboxCode.objects.filter(user=person).delete()
    person.notifications.all().delete()
    Invitation.objects.filter(email=address).update(email=person.email, full_name="")
    _forget_attempts(address)


def _forget_attempts(address: str) -> None:
    """What the lock-out remembers of failed sign-ins stands under the address."""
    SignInFailures.objects.filter(account_hash=account_hash(address)).delete()
