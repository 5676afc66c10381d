"""Ending and giving back a person's access."""

from __future__ import annotations

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accessportal import audit
from accessportal.accounts.models import User
from accessportal.accounts.services.lost_roles import lent_roles_were_lost
from accessportal.accounts.signals import tell_standing
from accessportal.accounts.standing import may_manage, refuse_last_administrator
from accessportal.accounts.web_sessions import Ended, end_web_sessions_of
from accessportal.errors import NotAllowed, NotPossible, TooLate
from accessportal.notifications import notify
from accessportal.origin import Origin

DISABLED_FIELDS = ["disabled_at", "disabled_by", "disabled_reason", "disabled_cause"]


@transaction.atomic
def disable_person(
    *,
    acting_user: User | None,
    person: User,
    reason: str = "",
    cause: str = "",
    origin: Origin,
) -> User:
    """End a person's access at once: web sessions now, live sessions within seconds.

    `acting_user` None: the portal, for a `cause`. Raises `NotAllowed`, `NotPossible`
    (oneself, no reason, the last administrator) or `TooLate`.
    """
    person = User.objects.select_for_update().get(pk=person.pk)

    if acting_user is not None and person.pk == acting_user.pk:
        raise NotPossible(_("You cannot disable yourself."))
    if acting_user is not None and not may_manage(acting_user, person):
        raise NotAllowed
    if not reason.strip() and not cause:
        raise NotPossible(
            _("Please say why: the person and the audit trail will need it.")
        )
    if person.disabled_at is not None:
        raise TooLate(_("%(person)s is disabled already.") % {"person": person})
    refuse_last_administrator(person)

    person.disabled_at = timezone.now()
    person.disabled_by = acting_user
    person.disabled_reason = reason.strip()[:500]
    person.disabled_cause = cause
    person.save(update_fields=DISABLED_FIELDS)
    ended = end_web_sessions_of(
        person, reason=Ended.ACCESS, acting_user=acting_user, origin=origin
    )

    audit.record(
        "account.disabled",
        acting_user=acting_user,
        subject=person,
        origin=origin,
        reason=person.disabled_reason,
        cause=cause or "act",
        web_sessions_ended=ended,
    )

    tell_standing(person)
    lent_roles_were_lost(person, acting_user=acting_user, origin=origin)
    return person


@transaction.atomic
def reactivate_person(
    *, acting_user: User, person: User, reason: str, origin: Origin
) -> User:
    """Give a disabled person access again. Windows and sessions do not come back by it."""
    person = User.objects.select_for_update().get(pk=person.pk)

    if not may_manage(acting_user, person):
        raise NotAllowed
    if not reason.strip():
        raise NotPossible(_("Please say why: the audit trail will need it."))
    if person.disabled_at is None:
        raise TooLate(_("%(person)s is not disabled.") % {"person": person})
    if person.pseudonymised_at is not None:
        raise NotPossible(
            _("Nobody knows any more who this was: invite the person anew."),
            code="pseudonymised",
        )

    person.disabled_at = None
    person.disabled_by = None
    person.disabled_reason = person.disabled_cause = ""
    person.reactivated_at = timezone.now()
    person.save(update_fields=[*DISABLED_FIELDS, "reactivated_at"])

    audit.record(
        "account.reactivated",
        acting_user=acting_user,
        subject=person,
        origin=origin,
        reason=reason.strip()[:500],
    )

    notify(
        [person],
        "account.given_again",
        path=reverse("accounts:sign_in"),
        by=acting_user.full_name,
    )
    return person
