"""Ending and giving back a person's access."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accessportal import audit
from accessportal.accounts.authorisation import Action, may
from accessportal.accounts.models import User
from accessportal.errors import NotAllowed, NotPossible, TooLate
from accessportal.live import announce
from accessportal.origin import Origin


@transaction.atomic
def disable_person(*, acting_user: User, person: User, reason: str, origin: Origin) -> User:
    """End a person's access at once: pages at the next click, live sessions within seconds.

    Raises `NotAllowed`, `NotPossible` (oneself, no reason) or `TooLate`.
    """
    person = User.objects.select_for_update().get(pk=person.pk)

    if not may(acting_user, Action.VENDOR_SUSPEND):
        raise NotAllowed
    if person.pk == acting_user.pk:
        raise NotPossible(_("You cannot disable yourself."))
    if not reason.strip():
        raise NotPossible(_("Please say why: the person and the audit trail will need it."))
    if person.disabled_at is not None:
        raise TooLate(_("%(person)s is disabled already.") % {"person": person})

    person.disabled_at = timezone.now()
    person.disabled_by = acting_user
    person.disabled_reason = reason.strip()[:500]
    person.save(update_fields=["disabled_at", "disabled_by", "disabled_reason"])

    audit.record(
        "account.disabled",
        acting_user=acting_user,
        subject=person,
        origin=origin,
        reason=person.disabled_reason,
    )

    transaction.on_commit(
        lambda: announce(f"news.user.{person.pk}", "news.changed", about="account")
    )
    return person


@transaction.atomic
def reactivate_person(*, acting_user: User, person: User, reason: str, origin: Origin) -> User:
    """Give a disabled person access again. Windows and sessions do not come back by it."""
    person = User.objects.select_for_update().get(pk=person.pk)

    if not may(acting_user, Action.VENDOR_SUSPEND):
        raise NotAllowed
    if not reason.strip():
        raise NotPossible(_("Please say why: the audit trail will need it."))
    if person.disabled_at is None:
        raise TooLate(_("%(person)s is not disabled.") % {"person": person})

    person.disabled_at = None
    person.disabled_by = None
    person.disabled_reason = ""
    person.save(update_fields=["disabled_at", "disabled_by", "disabled_reason"])

    audit.record(
        "account.reactivated",
        acting_user=acting_user,
        subject=person,
        origin=origin,
        reason=reason.strip()[:500],
    )
    return person
