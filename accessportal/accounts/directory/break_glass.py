"""The way in for the day on which the directory is down: few, named, and never quiet."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accessportal import audit
from accessportal.accounts.authorisation import Action, people_who_may
from accessportal.accounts.directory.access import may_change_directory
from accessportal.accounts.models import BreakGlassAccount, User
from accessportal.errors import NotAllowed, NotPossible, TooLate
from accessportal.notifications import notify
from accessportal.origin import SYSTEM, Origin

REMIND_EVERY = timedelta(days=7)
PAGE = "/directory/break-glass/"


def may_use_password(person: User) -> bool:
    """Whether the local password counts: of employees only where there is no directory, or
    for a break-glass account. Whoever is of a vendor has nothing else."""
    return (
        settings.DIRECTORY is None
        or person.vendor_id is not None
        or BreakGlassAccount.objects.filter(user=person).exists()
    )


@transaction.atomic
def mark_break_glass(
    *, acting_user: User | None, person: User, reason: str, origin: Origin = SYSTEM
) -> BreakGlassAccount:
    """Let the local password of `person` work beside the directory.

    `acting_user` None is the command line of the server. Raises `NotAllowed` or
    `NotPossible` (of a vendor, not active, without a password, marked already, no reason).
    """
    person = User.objects.select_for_update().get(pk=person.pk)

    if acting_user is not None and not may_change_directory(acting_user):
        raise NotAllowed
    if not reason.strip():
        raise NotPossible(_("Please say why: the audit trail will need it."))
    if person.vendor_id is not None or not person.is_active:
        raise NotPossible(
            _(
                "Only a person of the plant who has access can have a break-glass account."
            )
        )
    if not person.has_usable_password():
        raise NotPossible(
            _("%(person)s has no password here: make an account of its own for this.")
            % {"person": person}
        )
    already = _("%(person)s has a break-glass account already.") % {"person": person}
    if BreakGlassAccount.objects.filter(user=person).exists():
        raise NotPossible(already)

    try:
        with transaction.atomic():
            account = BreakGlassAccount.objects.create(
                user=person, marked_by=acting_user, reason=reason.strip()[:500]
            )
    except IntegrityError:
        raise NotPossible(already) from None

    audit.record(
        "break_glass.marked",
        acting_user=acting_user,
        subject=person,
        origin=origin,
        reason=account.reason,
    )

    notify(
        people_alarmed(),
        "break_glass.marked",
        path=PAGE,
        person=person.full_name,
        by=acting_user.full_name if acting_user is not None else "Access Portal",
        reason=account.reason,
    )
    return account


@transaction.atomic
def unmark_break_glass(
    *, acting_user: User, account: BreakGlassAccount, reason: str, origin: Origin
) -> None:
    """Take the mark away; the password does not work any more where there is a directory.

    Raises `NotAllowed`, `NotPossible` (no reason) or `TooLate`.
    """
    if not may_change_directory(acting_user):
        raise NotAllowed
    if not reason.strip():
        raise NotPossible(_("Please say why: the audit trail will need it."))

    deleted, _models = BreakGlassAccount.objects.filter(pk=account.pk).delete()
    if not deleted:
        raise TooLate

    audit.record(
        "break_glass.unmarked",
        acting_user=acting_user,
        subject=account.user,
        origin=origin,
        reason=reason.strip()[:500],
    )


@transaction.atomic
def alarm_break_glass(*, person: User, origin: Origin) -> None:
    """The password of a break-glass account was right: everybody who must know learns it.

    Without a directory the account is one like others, and there is nothing to tell.
    """
    account = BreakGlassAccount.objects.select_for_update().filter(user=person).first()

    if settings.DIRECTORY is None or account is None:
        return

    account.used_at = timezone.now()
    account.reminded_at = None
    account.save(update_fields=["used_at", "reminded_at"])

    audit.record(
        "auth.break_glass.used",
        acting_user=person,
        subject=person,
        origin=origin,
        marked_because=account.reason,
    )

    notify(
        people_alarmed(),
        "break_glass.used",
        path=PAGE,
        person=person.full_name,
        address=origin.address or "-",
        reason=account.reason,
    )


def remind_of_untested() -> int:
    """Tell of the accounts that nobody tried for 90 days, again each week; how many."""
    now = timezone.now()
    due = BreakGlassAccount.objects.untested(
        since=now - BreakGlassAccount.TEST_EVERY
    ).select_related("user")
    reminded = 0
    for account in due if settings.DIRECTORY is not None else ():
        reminded += _remind(account)
    return reminded


@transaction.atomic
def _remind(account: BreakGlassAccount) -> bool:
    now = timezone.now()
    changed = (
        BreakGlassAccount.objects.filter(pk=account.pk)
        .exclude(reminded_at__gt=now - REMIND_EVERY)
        .update(reminded_at=now)
    )
    if not changed:
        return False

    audit.record("break_glass.untested", subject=account.user)

    notify(
        people_alarmed(), "break_glass.untested", path=PAGE, person=str(account.user)
    )
    return True


def people_alarmed() -> list[User]:
    """IT security and administrators: who may see how employees sign in."""
    return list(people_who_may(Action.DIRECTORY_SEE, None))
