"""The code to a person's mailbox: before a parked account is revived, and before a new second
factor where the old one was taken away.

It is a step of signing in (`sign_in_steps`); nobody is signed in before it. The code is good
once, for 15 minutes, for this web session and this address.
"""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accessportal import audit
from accessportal.accounts.models import MailboxCode, User
from accessportal.accounts.parking import idle_days, is_parked, last_use
from accessportal.errors import NotPossible, TooLate
from accessportal.notifications import send_mail_to
from accessportal.origin import Origin, origin_of, web_session_ref

DIGITS = 8
RESEND_AFTER = timedelta(minutes=1)
MOST_CODES, MOST_CODES_IN = 5, timedelta(hours=1)
HELD = (
    "held_factor"  # in the web session: the factor that was proven before the mailbox
)
HOLD_SECONDS = 1800

WRONG_CODE = _("That code is not right. It is the one in the newest mail to you.")
CODE_OVER = _(
    "This code does not count any more: it was used, it is too old, or it was guessed at too "
    "often. Have a new one sent."
)


def open_code(request: HttpRequest, user: User) -> MailboxCode | None:
    """The code that was sent to this browser and still counts."""
    return (
        MailboxCode.objects.usable()
        .filter(user=user, web_session_ref=web_session_ref(request.session.session_key))
        .first()
    )


@transaction.atomic
def send_mailbox_code(request: HttpRequest, user: User) -> MailboxCode:
    """Mail a new code to the account's address; an older one of this browser is replaced.

    Raises `NotPossible` with how long to wait when too many were sent.
    """
    now = timezone.now()
    user = User.objects.select_for_update().get(pk=user.pk)
    ref = web_session_ref(request.session.session_key)

    _refuse_too_many(user)

    MailboxCode.objects.filter(
        user=user, web_session_ref=ref, used_at=None, replaced_at=None
    ).update(replaced_at=now)
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
    row = MailboxCode.objects.create(
        user=user,
        address=user.email,
        web_session_ref=ref,
        code_hash=code_hash(code, ref),
        sent_at=now,
        expires_at=now + timedelta(seconds=settings.MAILBOX_CODE_SECONDS),
    )

    parked = is_parked(user)
    audit.record(
        "account.revival.begun" if parked else "auth.mfa.renewal.begun",
        acting_user=user,
        subject=user,
        origin=origin_of(request),
        idle_days=idle_days(user),
    )

    send_mail_to(
        user.email,
        "account.mailbox_code" if parked else "account.renewal_code",
        language=user.language,
        path="",
        code=f"{code[:4]} {code[4:]}",
        minutes=settings.MAILBOX_CODE_SECONDS // 60,
        days=idle_days(user),
    )
    return row


def _refuse_too_many(user: User) -> None:
    now = timezone.now()
    sent = list(
        MailboxCode.objects.filter(user=user, sent_at__gt=now - MOST_CODES_IN)
        .order_by("sent_at")
        .values_list("sent_at", flat=True)
    )
    if len(sent) >= MOST_CODES:
        again = sent[-MOST_CODES] + MOST_CODES_IN
    elif sent:
        again = sent[-1] + RESEND_AFTER
    else:
        return
    if again <= now:
        return
    minutes = max(1, round((again - now).total_seconds() / 60))
    raise NotPossible(
        ngettext(
            "A code was sent a moment ago. Look into your mailbox; a new one can be sent in "
            "%(minutes)d minute.",
            "Several codes were sent already. Look into your mailbox; a new one can be sent in "
            "%(minutes)d minutes.",
            minutes,
        )
        % {"minutes": minutes},
        code="sent_too_often",
    )


def take_mailbox_code(request: HttpRequest, user: User, code: str) -> None:
    """Take the code of the mail; an account that was parked is in use again from now on.

    The failure is kept (attempts, audit trail) before it is raised: `NotPossible` for a
    wrong code, `TooLate` for one that does not count any more.
    """
    ref = web_session_ref(request.session.session_key)
    typed = "".join(sign for sign in code if sign.isdigit())
    with transaction.atomic():
        row = (
            MailboxCode.objects.select_for_update()
            .filter(user=user, web_session_ref=ref, address=user.email)
            .order_by("-sent_at")
            .first()
        )
        refusal = _try_code(row, code_hash(typed, ref))
        if refusal is None:
            _record_proof(request, user)
            return
        audit.record(
            "auth.login.failed",
            acting_user=user,
            subject=user,
            origin=origin_of(request),
            result="refused",
            factor_kind="mailbox",
        )
    raise refusal


def _record_proof(request: HttpRequest, user: User) -> None:
    if is_parked(user):
        mark_revived(user, acting_user=user, origin=origin_of(request))
    if user.factors_gone_at is not None:
        audit.record(
            "auth.mfa.renewal.proven",
            acting_user=user,
            subject=user,
            origin=origin_of(request),
        )


def _try_code(row: MailboxCode | None, typed: str) -> NotPossible | TooLate | None:
    """Use the code up, or say why not; `typed`: the hash of what was typed."""
    over = TooLate(CODE_OVER, code="code_over")
    if row is None:
        return over
    usable = MailboxCode.objects.usable().filter(pk=row.pk)
    if not usable.exists():
        return over
    if not constant_time_compare(row.code_hash, typed):
        row.attempts += 1
        row.save(update_fields=["attempts"])
        return NotPossible(WRONG_CODE, code="code_refused")
    return None if usable.update(used_at=timezone.now()) == 1 else over


@transaction.atomic
def mark_revived(
    user: User, *, acting_user: User | None, origin: Origin, reason: str = ""
) -> User:
    """The facts of a revival. `acting_user` None: whoever sits at the server, with a reason.

    Raises `NotPossible` for an account that is not parked.
    """
    user = User.objects.select_for_update().get(pk=user.pk)

    if not is_parked(user):
        raise NotPossible(
            _("The account of %(person)s is not parked.") % {"person": user}
        )

    idle, before = idle_days(user), last_use(user)
    user.revived_at = timezone.now()
    user.revived_after_days = idle
    user.save(update_fields=["revived_at", "revived_after_days"])

    audit.record(
        "account.revived",
        acting_user=acting_user,
        subject=user,
        origin=origin,
        reason=reason.strip()[:500],
        idle_days=idle,
        last_use=before,
        by="mailbox" if acting_user is not None else "server",
    )
    return user


def code_hash(code: str, ref: str) -> str:
    """Keyed: eight digits alone could be found by trying all of them on a stolen database."""
    return salted_hmac(
        "accounts.mailbox_code", f"{ref}:{code}", algorithm="sha256"
    ).hexdigest()
