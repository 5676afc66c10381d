"""A person takes one of the own second factors away; another has to prove that it is them."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accessportal import audit
from accessportal.accounts.factors import (
    PASSKEY_KIND,
    TOTP_KIND,
    factor_in_words,
)
from accessportal.accounts.models import AuthenticatorApp, Passkey, User
from accessportal.accounts.web_sessions import Ended, end_web_sessions_of
from accessportal.errors import FreshFactorNeeded, NotPossible, TooLate
from accessportal.notifications import notify
from accessportal.origin import Origin


class AnotherFactorNeeded(FreshFactorNeeded):
    """403: the factor that was used is the one that shall go."""

    code = "another_factor_needed"
    sentence = _(
        "Please confirm with another factor than the one you remove: "
        "another passkey, the code of your app, or a recovery code."
    )


@transaction.atomic
def remove_factor(
    *,
    acting_user: User,
    device: Passkey | AuthenticatorApp,
    proven_by: str,
    origin: Origin,
    web_session_key: str,
) -> None:
    """Take one factor away. `proven_by`: the persistent id of the factor that was used last.

    Web sessions that hang on it end, except `web_session_key`, which hangs on the other one.
    Raises `AnotherFactorNeeded`, `NotPossible` (it is the only one, or the only way in) or
    `TooLate`.
    """
    User.objects.select_for_update().get(pk=acting_user.pk)
    persistent_id = device.persistent_id
    is_passkey = isinstance(device, Passkey)

    if not _others_than(acting_user, device):
        raise NotPossible(
            _("This is your only second factor. Set up another one first."),
            code="only_factor",
        )
    if (
        is_passkey
        and acting_user.by_passkey_alone
        and not Passkey.objects.usable()
        .filter(user=acting_user)
        .exclude(pk=device.pk)
        .exists()
    ):
        raise NotPossible(
            _(
                "You sign in with this passkey and have no password. Set up another passkey "
                "first, or choose a password: “Password forgotten?” where one signs in."
            ),
            code="only_way_in",
        )
    if not proven_by or proven_by == persistent_id:
        raise AnotherFactorNeeded

    kind, name = (PASSKEY_KIND if is_passkey else TOTP_KIND), device.name
    gone, _of_what = type(device)._default_manager.filter(pk=device.pk).delete()
    if not gone:
        raise TooLate
    ended = end_web_sessions_of(
        acting_user,
        reason=Ended.FACTOR,
        acting_user=acting_user,
        origin=origin,
        except_key=web_session_key,
        on_device=persistent_id,
    )

    audit.record(
        "auth.mfa.removed",
        acting_user=acting_user,
        subject=acting_user,
        origin=origin,
        factor_kind=kind,
        phishing_resistant=is_passkey,
        name=name,
        web_sessions_ended=ended,
    )

    notify(
        [acting_user],
        "account.factor_removed",
        path="/account/",
        what=lambda: factor_in_words(kind, name),
    )


def _others_than(user: User, device: Passkey | AuthenticatorApp) -> bool:
    passkeys = Passkey.objects.usable().filter(user=user)
    apps = AuthenticatorApp.objects.filter(user=user, confirmed=True)
    if isinstance(device, Passkey):
        passkeys = passkeys.exclude(pk=device.pk)
    else:
        apps = apps.exclude(pk=device.pk)
    return bool(passkeys.exists() or apps.exists())
