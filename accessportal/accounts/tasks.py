"""What is done in the background: mails with a link, what ended by the clock, and break-glass
accounts that nobody tried."""

from __future__ import annotations

from celery import shared_task
from django.core.management import call_command
from django.utils import timezone

from accessportal.accounts.directory.break_glass import remind_of_untested
from accessportal.accounts.models import PasswordReset
from accessportal.accounts.services import overrides, warnings
from accessportal.accounts.services.lost_roles import note_delegations_that_ran_out
from accessportal.accounts.services.password_resets import mail_link
from accessportal.accounts.web_sessions import close_expired


@shared_task(name="accounts.note_expired_overrides")
def note_expired_overrides() -> int:
    """Record the overrides whose time is over; how many."""
    return overrides.note_expired_overrides()


@shared_task(name="accounts.remind_of_untested_break_glass")
def remind_of_untested_break_glass() -> int:
    """Tell of accounts not tried for 90 days; returns how many."""
    return remind_of_untested()


@shared_task(name="accounts.warn_of_expiries")
def warn_of_expiries() -> int:
    """Warn of access, training, agreements, contracts and lists; how many warnings."""
    return warnings.warn_of_expiries()


@shared_task(name="accounts.mail_password_reset")
def mail_password_reset(pk: int) -> None:
    """The mail to who forgot the password; takes the same way for an address of nobody."""
    mail_link(PasswordReset.objects.select_related("user__vendor").get(pk=pk))


@shared_task(name="accounts.mail_password_resets")
def mail_password_resets() -> None:
    """Those whose own task was lost."""
    waiting = PasswordReset.objects.filter(
        mailed_at__isnull=True, expires_at__gt=timezone.now()
    )
    for asked in waiting.select_related("user__vendor"):
        mail_link(asked)


@shared_task(name="accounts.close_expired_web_sessions")
def close_expired_web_sessions() -> None:
    """They let nobody in before this either; the list of devices and the trail say so now."""
    close_expired()
    note_delegations_that_ran_out()


@shared_task(name="accounts.clear_cookies")
def clear_cookies() -> None:
    """Take away the rows behind cookies that expired, as Django recommends."""
    call_command("clearsessions")
