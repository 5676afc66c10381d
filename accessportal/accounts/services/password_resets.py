"""A forgotten password: a link by mail, then the second factor, then the new password.

The link is only the first step of a sign-in (`sign_in_steps`): without the person's second
factor it changes nothing. Nor does it give a password to somebody who joined with a passkey
on other terms. An address that is nobody's costs the same work and gets the
same answer.
"""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accessportal import audit
from accessportal.accounts.directory.break_glass import may_use_password
from accessportal.accounts.factors import has_factor
from accessportal.accounts.models import PasswordReset, User
from accessportal.accounts.renewal import renews_by_link
from accessportal.accounts.services.invitations import token_hash
from accessportal.accounts.services.profile import guard_own_password
from accessportal.accounts.web_sessions import Ended, end_web_sessions_of
from accessportal.errors import TooLate
from accessportal.notifications import notify, send_mail_to
from accessportal.notifications.outbox import queue
from accessportal.origin import Origin

MOST_AN_HOUR = 3
NOT_VALID = _(
    "This link was used before, is older than 30 minutes, or is not complete. "
    "Ask for a new one."
)


@transaction.atomic
def ask_password_reset(*, email: str, origin: Origin) -> PasswordReset:
    """Note the wish, whoever's address it is; the mail is made in the background."""
    from accessportal.accounts.tasks import mail_password_reset

    now = timezone.now()
    user: User | None = User.objects.filter(email=email.strip().lower()).first()
    asked = PasswordReset.objects.create(
        user=user,
        asked_at=now,
        asked_from=origin.address,
        expires_at=now + timedelta(minutes=settings.PASSWORD_RESET_MINUTES),
    )
    audit.record(
        "auth.password.reset.asked",
        acting_user=None,
        subject=user,
        origin=origin,
        address_known=user is not None,
    )
    transaction.on_commit(lambda: queue(mail_password_reset, asked.pk))
    return asked


@transaction.atomic
def mail_link(asked: PasswordReset) -> None:
    """Make the token and mail it, once, to who may sign in and did not ask too often."""
    now = timezone.now()
    claimed = PasswordReset.objects.filter(
        pk=asked.pk, mailed_at__isnull=True, expires_at__gt=now
    ).update(mailed_at=now)
    user = asked.user
    if claimed != 1 or user is None or not user.is_active:
        return
    if not may_use_password(user):
        _tell_whose_password(asked, user)
        return
    lately = user.password_resets.filter(asked_at__gt=now - timedelta(hours=1))
    if lately.count() > MOST_AN_HOUR:
        return
    if not _link_lets_in(user):
        notify([user], "account.password_reset_no_factor", path="/accounts/login/")
        return
    token = secrets.token_urlsafe(32)
    PasswordReset.objects.filter(pk=asked.pk).update(token_hash=token_hash(token))
    send_mail_to(
        user.email,
        "account.password_reset"
        if has_factor(user)
        else "account.password_reset_renewal",
        language=user.language,
        path=reverse("accounts:password_link", args=[token]),
        minutes=settings.PASSWORD_RESET_MINUTES,
    )


def _tell_whose_password(asked: PasswordReset, user: User) -> None:
    """The directory keeps this person's password; said by mail, once an hour."""
    before = PasswordReset.objects.filter(
        user=user, mailed_at__gt=timezone.now() - timedelta(hours=1)
    ).exclude(pk=asked.pk)
    if not before.exists():
        notify([user], "account.password_of_directory", path="/accounts/login/")


def _link_lets_in(user: User) -> bool:
    """A link is good for who has a second factor, and for who has neither that any more nor a
    password. Not for who has a password: they set up a new factor with that."""
    return has_factor(user) or renews_by_link(user)


def use_link(token: str, *, origin: Origin) -> User:
    """Whose link it is; it works once. Raises `TooLate` and leaves an event when it does not."""
    now = timezone.now()
    found = (
        PasswordReset.objects.open(at=now)
        .select_related("user__vendor")
        .filter(token_hash=token_hash(token))
        .first()
    )
    used = (
        PasswordReset.objects.open(at=now).filter(pk=found.pk).update(used_at=now)
        if found is not None
        and found.user is not None
        and found.user.is_active
        and _link_lets_in(found.user)
        else 0
    )
    if used != 1 or found is None or found.user is None:
        audit.record(
            "auth.token.rejected",
            subject=found.user if found is not None else None,
            origin=origin,
            result="refused",
            kind="password_reset",
        )
        raise TooLate(NOT_VALID, code="link_not_valid")
    # One link is enough: older ones are worth nothing any more.
    found.user.password_resets.filter(used_at__isnull=True).update(used_at=now)
    return found.user


@transaction.atomic
def choose_new_password(
    *, acting_user: User, new_password: str, origin: Origin
) -> User:
    """Set the password of somebody whose link and second factor were right.

    Every web session of the person ends. Raises `ValidationError` when it is too weak, and
    `NotPossible` where the directory keeps it.
    """
    user: User = User.objects.select_for_update().get(pk=acting_user.pk)

    guard_own_password(user)
    validate_password(new_password, user)

    user.set_password(new_password)
    user.save(update_fields=["password"])
    ended = end_web_sessions_of(
        user, reason=Ended.PASSWORD, acting_user=user, origin=origin
    )

    audit.record(
        "auth.password.changed",
        acting_user=user,
        subject=user,
        origin=origin,
        by_link=True,
        web_sessions_ended=ended,
    )

    notify([user], "account.password_changed", path="/account/")
    return user
