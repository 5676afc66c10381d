"""A person changes what is their own: details and password."""

from __future__ import annotations

from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accessportal import audit
from accessportal.accounts.directory.break_glass import may_use_password
from accessportal.accounts.models import User
from accessportal.accounts.web_sessions import Ended, end_web_sessions_of
from accessportal.errors import NotPossible, Sentence
from accessportal.notifications import notify
from accessportal.origin import Origin

DIRECTORYS_PASSWORD: Sentence = _(
    "Your password is the one of the plant's directory: change it there, as at your computer "
    "at work."
)
NO_PASSWORD: Sentence = _(
    "You sign in with a passkey and have no password. To choose one, sign out and take "
    "“Password forgotten?”."
)
WRONG_PASSWORD: Sentence = _("Your present password is not right.")
PROFILE_FIELDS = ("full_name", "phone", "language", "time_zone")


def guard_changes_password(user: User) -> None:
    """Raises `NotPossible` where there is no password, or the directory keeps it."""
    guard_own_password(user)
    if not user.has_usable_password():
        raise NotPossible(NO_PASSWORD, code="no_password")


def guard_own_password(user: User) -> None:
    """Raises `NotPossible` where the directory keeps the person's password."""
    if not may_use_password(user):
        raise NotPossible(DIRECTORYS_PASSWORD, code="directorys_password")


@transaction.atomic
def change_profile(
    *,
    acting_user: User,
    full_name: str,
    phone: str,
    language: str,
    time_zone: str,
    origin: Origin,
) -> User:
    """Set one's own details; the trail keeps the old and the new values."""
    user: User = User.objects.select_for_update().get(pk=acting_user.pk)

    wanted = {
        "full_name": full_name,
        "phone": phone,
        "language": language,
        "time_zone": time_zone,
    }
    changes = {
        name: [getattr(user, name), value]
        for name, value in wanted.items()
        if getattr(user, name) != value
    }
    if not changes:
        return user

    for name, value in wanted.items():
        setattr(user, name, value)
    user.save(update_fields=PROFILE_FIELDS)

    audit.record(
        "account.updated",
        acting_user=user,
        subject=user,
        origin=origin,
        changes=changes,
    )
    return user


@transaction.atomic
def change_password(
    *,
    acting_user: User,
    old_password: str,
    new_password: str,
    origin: Origin,
    web_session_key: str = "",
) -> User:
    """Set a new password; every web session of the person but `web_session_key` ends.

    Raises `NotPossible` when the old one is wrong, missing or the directory's, and
    `ValidationError` when the new one is too weak.
    """
    user: User = User.objects.select_for_update().get(pk=acting_user.pk)

    guard_changes_password(user)
    if not user.check_password(old_password):
        raise NotPossible(WRONG_PASSWORD, code="wrong_password")
    validate_password(new_password, user)

    user.set_password(new_password)
    user.save(update_fields=["password"])
    ended = end_web_sessions_of(
        user,
        reason=Ended.PASSWORD,
        acting_user=user,
        origin=origin,
        except_key=web_session_key,
    )

    audit.record(
        "auth.password.changed",
        acting_user=user,
        subject=user,
        origin=origin,
        web_sessions_ended=ended,
    )

    notify([user], "account.password_changed", path="/account/")
    return user
