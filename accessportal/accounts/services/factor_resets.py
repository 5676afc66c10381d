"""A lost phone: one person asks to take the second factor away, another confirms it."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accessportal import audit
from accessportal.accounts.authorisation import Action, people_who_may
from accessportal.accounts.models import (
    AuthenticatorApp,
    FactorReset,
    Passkey,
    RecoveryCodes,
    User,
)
from accessportal.accounts.renewal import refuse_needless_reset, renewal_end
from accessportal.accounts.standing import may_mind, refuse_last_administrator
from accessportal.accounts.web_sessions import Ended, end_web_sessions_of
from accessportal.errors import NotAllowed, NotPossible, TooLate
from accessportal.live import announce
from accessportal.notifications import notify
from accessportal.origin import Origin
from accessportal.words import moment_words

OWN = _("Ask two other people of the plant for this, or use a recovery code.")
NOT_OPEN = _("This was confirmed, withdrawn, or waited for too long.")


@transaction.atomic
def ask_factor_reset(
    *, acting_user: User, person: User, reason: str, origin: Origin
) -> FactorReset:
    """Ask that all second factors of a person be taken away; colleagues are told.

    Raises `NotAllowed`, `NotPossible` (oneself, no reason, nothing to take away) or `TooLate`
    (it waits already).
    """
    person = User.objects.select_for_update().get(pk=person.pk)
    now = timezone.now()

    if not may_mind(acting_user, person):
        raise NotAllowed
    if person.pk == acting_user.pk:
        raise NotPossible(OWN)
    if not reason.strip():
        raise NotPossible(
            _("Please say why: the person and the audit trail will need it.")
        )
    refuse_needless_reset(person)
    if FactorReset.objects.open(at=now).filter(person=person).exists():
        raise TooLate(_("This waits for its confirmation already."))

    asked = FactorReset.objects.create(
        person=person,
        asked_by=acting_user,
        asked_at=now,
        reason=reason.strip()[:500],
        expires_at=now + timedelta(hours=settings.FACTOR_RESET_HOURS),
    )

    audit.record(
        "auth.mfa.reset.asked",
        acting_user=acting_user,
        subject=person,
        origin=origin,
        reason=asked.reason,
    )

    others = people_who_may(Action.VENDOR_SUSPEND, None).exclude(
        pk__in=[acting_user.pk, person.pk]
    )
    notify(
        [one for one in others if may_mind(one, person)],
        "account.factor_reset_asked",
        path=reverse("accounts:person_signing", args=[person.pk]),
        person=person.full_name,
        by=acting_user.full_name,
        reason=asked.reason,
    )
    return asked


@transaction.atomic
def confirm_factor_reset(
    *, acting_user: User, asked: FactorReset, origin: Origin
) -> User:
    """The second person: the factors go, and with them every web session of the person.

    Raises `NotAllowed`, `NotPossible` (who asked, or the person) or `TooLate`.
    """
    asked = FactorReset.objects.select_for_update(of=("self",)).get(pk=asked.pk)
    now = timezone.now()

    if not may_mind(acting_user, asked.person):
        raise NotAllowed
    if acting_user.pk == asked.asked_by_id:
        raise NotPossible(
            _("You asked for this yourself: somebody else has to confirm it."),
            code="four_eyes",
        )
    if acting_user.pk == asked.person_id:
        raise NotPossible(OWN, code="four_eyes")

    changed = (
        FactorReset.objects.open(at=now)
        .filter(pk=asked.pk)
        .update(confirmed_by=acting_user, confirmed_at=now)
    )
    if changed != 1:
        raise TooLate(NOT_OPEN)

    return reset_second_factor(
        acting_user=acting_user,
        person=asked.person,
        reason=asked.reason,
        origin=origin,
        asked_by=asked.asked_by,
    )


@transaction.atomic
def withdraw_factor_reset(
    *, acting_user: User, asked: FactorReset, origin: Origin
) -> None:
    """It is not needed any more, or was wrong. Raises `NotAllowed` or `TooLate`."""
    now = timezone.now()

    if not may_mind(acting_user, asked.person):
        raise NotAllowed

    changed = (
        FactorReset.objects.open(at=now)
        .filter(pk=asked.pk)
        .update(withdrawn_by=acting_user, withdrawn_at=now)
    )
    if changed != 1:
        raise TooLate(NOT_OPEN)

    audit.record(
        "auth.mfa.reset.withdrawn",
        acting_user=acting_user,
        subject=asked.person,
        origin=origin,
    )


@transaction.atomic
def reset_second_factor(
    *,
    acting_user: User | None,
    person: User,
    reason: str,
    origin: Origin,
    asked_by: User | None = None,
) -> User:
    """For a lost phone without recovery codes: a sign-in soon sets up a new factor (`renewal`).

    Two people decide on it, as above; only the command line of the server comes here by itself,
    with `acting_user` None. The person's web sessions end, and with them live sessions on
    machines; the person is told by mail. Raises `NotPossible` (no reason, nothing to take away
    and nothing that is over, the last administrator, whom nobody could let in again).
    """
    person = User.objects.select_for_update().get(pk=person.pk)

    if not reason.strip():
        raise NotPossible(
            _("Please say why: the person and the audit trail will need it.")
        )
    refuse_needless_reset(person)
    if person.by_passkey_alone:
        refuse_last_administrator(person)

    AuthenticatorApp.objects.filter(user=person).delete()
    RecoveryCodes.objects.filter(user=person).delete()
    Passkey.objects.filter(user=person).delete()
    now = timezone.now()
    person.factors_confirmed_at, person.factors_gone_at = None, now
    person.save(update_fields=["factors_confirmed_at", "factors_gone_at"])
    closes_at = renewal_end(now)
    ended = end_web_sessions_of(
        person, reason=Ended.FACTOR, acting_user=acting_user, origin=origin
    )

    audit.record(
        "auth.mfa.reset",
        acting_user=acting_user,
        subject=person,
        origin=origin,
        reason=reason.strip()[:500],
        asked_by=asked_by.full_name if asked_by is not None else None,
        renewal_until=closes_at,
        web_sessions_ended=ended,
    )

    notify(
        [person],
        "account.passkey_reset" if person.by_passkey_alone else "account.factor_reset",
        path="/accounts/login/",
        by=acting_user.full_name if acting_user is not None else "Access Portal",
        reason=reason.strip()[:500],
        until=lambda: moment_words(closes_at, person.time_zone),
    )
    transaction.on_commit(
        lambda: announce(f"news.user.{person.pk}", "news.changed", about="account")
    )
    return person
