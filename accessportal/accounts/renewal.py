"""A second factor was taken away: how long, and with what proof, a new one may be set up.

The password alone is not enough for it (decision 0060): whoever can be reached by mail types
the code that went to the own mailbox, and after `FACTOR_RENEWAL_HOURS` two people of the plant
have to agree again. Who never had a password comes by a link to the mailbox, and is confirmed
anew by the sponsor before anything is open to them (decision 0067).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from accessportal.accounts.factors import has_factor
from accessportal.accounts.models import BreakGlassAccount, User
from accessportal.errors import NotPossible
from accessportal.words import moment_words

KEEPS_MAIL = "django.core.mail.backends.filebased.EmailBackend"
"""Where no mail server is named, mails are files on the server: nobody reads them."""


def renewal_closes_at(person: User) -> datetime | None:
    """Until when a new second factor may be set up; None where none was taken away."""
    gone_at = person.factors_gone_at
    return None if gone_at is None else renewal_end(gone_at)


def renewal_end(gone_at: datetime) -> datetime:
    return gone_at + timedelta(hours=settings.FACTOR_RENEWAL_HOURS)


def renewal_is_over(person: User) -> bool:
    """Whether the time for a new second factor has passed."""
    closes_at = renewal_closes_at(person)
    return closes_at is not None and closes_at <= timezone.now()


def renewal_needs_mailbox(person: User) -> bool:
    """Whether the mailbox has to be proven before a new second factor.

    Not of a break-glass account: it is for the day on which other systems are down.
    """
    return (
        person.factors_gone_at is not None
        and settings.EMAIL_BACKEND != KEEPS_MAIL
        and not BreakGlassAccount.objects.filter(user=person).exists()
    )


def renews_by_link(person: User) -> bool:
    """Whether a link by mail is the only way to a new second factor: there is no password."""
    return (
        person.by_passkey_alone
        and person.factors_gone_at is not None
        and not renewal_is_over(person)
    )


def refuse_needless_reset(person: User) -> None:
    """Raises `NotPossible` where nothing is there to be taken away, and nothing is over."""
    if has_factor(person) or renewal_is_over(person):
        return
    closes_at = renewal_closes_at(person)
    if closes_at is None:
        raise NotPossible(
            _("%(person)s has no second factor yet.") % {"person": person}
        )
    raise NotPossible(
        _("%(person)s may set up a new second factor already, until %(until)s.")
        % {"person": person, "until": moment_words(closes_at, person.time_zone)}
    )
