"""Telling IT security of a start that shows a signal of risk."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from accessportal.accounts.authorisation import Action, people_who_may
from accessportal.accounts.models import User
from accessportal.notifications import notify
from accessportal.origin import Origin
from accessportal.plants.models import Endpoint
from sessions.policy import Facts
from sessions.risk import Follows, words_of


def tell_unusual(
    facts: Facts, endpoint: Endpoint, person: User, origin: Origin, *, let_in: bool
) -> None:
    """One message, inside the caller's transaction; nothing where no signal is worth it."""
    codes = [
        code for code, follows in facts.signals.items() if follows != Follows.ALLOW
    ]
    if not codes:
        return
    site = endpoint.asset.zone.site
    notify(
        people_who_may(Action.RISK_TOLD, site),
        "session.unusual",
        path=reverse("sessions:board"),
        worker=person.full_name,
        vendor=person.organisation,
        asset=endpoint.asset.name,
        site=site,
        address=origin.address or "–",
        outcome=lambda: _("connects to") if let_in else _("was not let in to"),
        signals=lambda: "\n".join(f"* {words}" for words in words_of(codes)),
    )
