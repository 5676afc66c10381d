"""How often a password may be tried: by account, and by account from one network address.

Never by the address alone: all people of a vendor may come from one (NAT). An account that
does not exist is counted like one that does. What is locked is a new sign-in by password:
nobody who is signed in notices, and a passkey, which cannot be guessed, still signs in.

* From one address, five failures lock an account for 15 minutes there.
* From everywhere together, each failure from the tenth on makes the next attempt wait
  twice as long, from 30 seconds to 15 minutes. An address from which the person signed in
  during the last month is let try nevertheless: somebody far away cannot lock a person out.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accessportal.accounts.forms import SignInForm
from accessportal.accounts.models import SignInFailures, WebSession
from accessportal.accounts.passkeys import passkeys_possible
from accessportal.errors import PortalError

FROM_ONE_ADDRESS = 5
LOCKED_FOR = timedelta(minutes=15)
FROM_ANYWHERE = 10
FIRST_DELAY = timedelta(seconds=30)
LONGEST_DELAY = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(hours=24)
KNOWN_ADDRESS_FOR = timedelta(days=30)


class TooManyAttempts(PortalError):
    """429: this account may not be tried now (RFC 6585). `wait`: for how long."""

    status = 429
    code = "too_many_attempts"
    sentence = _("Too many attempts. Please wait, then try again.")

    def __init__(self, wait: timedelta) -> None:
        super().__init__()
        self.wait = wait


def take_attempt(email: str, address: str) -> timedelta:
    """Count an attempt before the password is looked at, so that many at once do not help.

    Returns how long the next one has to wait if this one fails. Raises `TooManyAttempts`
    when this one comes too early; then it is not counted.
    """
    now, account = timezone.now(), account_hash(email)
    with transaction.atomic():
        here = _row(account, address, now)
        anywhere = _row(account, "", now)
        wait = _wait_here(here, now)
        if not _is_known_address(email, address, now):
            wait = max(wait, _wait_anywhere(anywhere, now))
        if wait > timedelta(0):
            raise TooManyAttempts(wait)
        for row in (here, anywhere):
            row.count, row.last_at = row.count + 1, now
            row.save(update_fields=["count", "last_at"])
        return max(_wait_here(here, now), _wait_anywhere(anywhere, now))


def forget_attempts(email: str, address: str) -> None:
    """The password was right: what failed from here before was the person's own typing."""
    now, account = timezone.now(), account_hash(email)
    with transaction.atomic():
        here, anywhere = _row(account, address, now), _row(account, "", now)
        anywhere.count = max(0, anywhere.count - here.count)
        anywhere.save(update_fields=["count"])
        here.delete()


def account_hash(email: str) -> str:
    return salted_hmac(
        "accessportal.sign_in_failures", email.strip().lower()
    ).hexdigest()


def _row(account: str, address: str, now: datetime) -> SignInFailures:
    row, _made = SignInFailures.objects.select_for_update().get_or_create(
        account_hash=account, address=address, defaults={"last_at": now}
    )
    over = row.count >= FROM_ONE_ADDRESS and address and now >= row.last_at + LOCKED_FOR
    if over or now >= row.last_at + FORGOTTEN_AFTER:
        row.count = 0
    return row


def _wait_here(row: SignInFailures, now: datetime) -> timedelta:
    if row.count < FROM_ONE_ADDRESS:
        return timedelta(0)
    return row.last_at + LOCKED_FOR - now


def _wait_anywhere(row: SignInFailures, now: datetime) -> timedelta:
    if row.count < FROM_ANYWHERE:
        return timedelta(0)
    doublings = min(row.count - FROM_ANYWHERE, 16)
    delay: timedelta = min(FIRST_DELAY * int(2**doublings), LONGEST_DELAY)
    return row.last_at + delay - now


def _is_known_address(email: str, address: str, now: datetime) -> bool:
    return WebSession.objects.filter(
        user__email=email, address=address, last_seen_at__gt=now - KNOWN_ADDRESS_FOR
    ).exists()


def locked_out(request: HttpRequest, wait: timedelta) -> HttpResponse:
    """The sign-in page with the sentence, the same for any account."""
    minutes = max(1, math.ceil(wait.total_seconds() / 60))
    sentence = ngettext(
        "Too many attempts with this address. Wait %(minutes)d minute, then try again. "
        "If it was not you, call your contact at the plant.",
        "Too many attempts with this address. Wait %(minutes)d minutes, then try again. "
        "If it was not you, call your contact at the plant.",
        minutes,
    ) % {"minutes": minutes}
    form = SignInForm(initial={"email": request.POST.get("email", "")[:254]})
    context = {
        "form": form,
        "refusal": sentence,
        "next": request.POST.get("next", ""),
        "passkeys": passkeys_possible(),
    }
    response = render(request, "accounts/sign_in.html", context, status=429)
    response["Retry-After"] = str(math.ceil(wait.total_seconds()))
    return response
