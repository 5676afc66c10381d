"""Which signals a start shows. Who has nothing to compare with shows none of the new."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction

from accessportal.accounts.models import User
from accessportal.origin import Origin
from accessportal.plants.hours import is_staffed
from accessportal.plants.models import Site
from accessportal.risk_facts import new_country, refusals_lately
from requests.feasibility import REFUSALS_AT_LEAST
from sessions.models import KnownBrowser
from sessions.risk import SIGNALS


def signals_at_start(
    user: User, site: Site, origin: Origin, at: datetime
) -> dict[str, str]:
    """The signals that are on, each with what follows from it."""
    found = {
        "new_browser": is_new_browser(user, origin.browser),
        "new_country": bool(new_country(user, origin.address)),
        "refused_lately": refusals_lately(user, at) >= REFUSALS_AT_LEAST,
        "out_of_hours": not is_staffed(site, at),
    }
    return {code: SIGNALS[code].follows.value for code, on in found.items() if on}


def is_new_browser(user: User, browser: str | None) -> bool:
    """Whether a person who worked here before never did so with this browser.

    `browser` is None where the act did not come from one.
    """
    if browser is None:
        return False
    known = set(
        KnownBrowser.objects.filter(user=user).values_list("token_hash", flat=True)
    )
    return bool(known) and browser not in known


def remember_browser(user: User, browser: str | None, at: datetime) -> None:
    """This person worked with this browser: it is known from now on."""
    if not browser:
        return
    known = KnownBrowser.objects.filter(user=user, token_hash=browser)
    if known.update(last_used_at=at):
        return
    try:
        with transaction.atomic():
            KnownBrowser.objects.create(
                user=user, token_hash=browser, first_used_at=at, last_used_at=at
            )
    except IntegrityError:
        known.update(last_used_at=at)
