"""A last day was moved to before the end of a window that stands: it closes then, too.

A window never reaches beyond a date that was known when it was approved or extended. Whoever
moves the date afterwards shortens it, so that the work ends in time, with the usual warnings;
both sides are told, and the request's page says why (decision 0042).
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accessportal.accounts.authorisation import Action, people_who_may
from accessportal.accounts.models import User, Vendor
from accessportal.accounts.web_sessions import move_end_of_bound
from accessportal.audit import record
from accessportal.notifications import notify
from accessportal.origin import Origin
from requests.models import AccessRequest, LaterWish, MaintenanceWindow
from requests.services.common import path_of, people_of, said_of, tell_of_window
from requests.services.later_decision import end_wish
from requests.services.window import refuse_more_time, tell_brokers
from requests.wording import moment_words


@transaction.atomic
def close_windows_by(
    last: datetime,
    *,
    of: User | Vendor,
    acting_user: User,
    origin: Origin,
) -> list[MaintenanceWindow]:
    """The windows of a person or a company that stand beyond `last`, now closing then.

    Part of moving the date, which guards who may. What opens only after it is left as it is:
    nobody gets in by it, and a later date lets it stand.
    """
    whose: dict[str, Any] = (
        {"vendor": of} if isinstance(of, Vendor) else {"requested_by": of}
    )
    beyond = MaintenanceWindow.objects.not_over(at=timezone.now()).filter(
        opens_at__lt=last, closes_at__gt=last
    )
    locked = (
        AccessRequest.objects.select_for_update(of=("self",))
        .filter(window__in=beyond, **whose)
        .select_related("site", "vendor", "requested_by__vendor")
        .order_by("pk")
    )
    windows = []
    for access_request in locked:
        window = beyond.filter(access_request=access_request).first()
        if window is not None:
            window.access_request = access_request
            _close_by(window, last, acting_user=acting_user, origin=origin)
            windows.append(window)
    return windows


def _close_by(
    window: MaintenanceWindow, last: datetime, *, acting_user: User, origin: Origin
) -> None:
    access_request, before = window.access_request, window.closes_at
    shorter: dict[str, Any] = {
        "closes_at": last,
        "shortened_at": timezone.now(),
        "shortened_by": acting_user,
        "shortened_from": before,
    }
    MaintenanceWindow.objects.filter(pk=window.pk).update(**shorter)
    for name, value in shorter.items():
        setattr(window, name, value)
    move_end_of_bound(access_request.number, last)
    # More time would reach beyond the day: nobody is asked anew, and nobody waits in vain.
    refuse_more_time(window, acting_user, _("It would reach beyond the last day."))
    end_wish(window, LaterWish.State.OUTDATED, acting_user=acting_user, reason="")

    record(
        "window.moved",
        acting_user=acting_user,
        subject=window,
        origin=origin,
        access_request=access_request,
        because="last_day",
        opened_before=window.opens_at.isoformat(),
        closed_before=before.isoformat(),
        opens_at=window.opens_at.isoformat(),
        closes_at=last.isoformat(),
    )

    access_request.window = window
    deciders = people_who_may(Action.REQUEST_DECIDE, access_request.site)
    notify(
        [person for person in deciders if person.pk != acting_user.pk],
        "window.shortened",
        path=path_of(access_request),
        by=acting_user.full_name,
        before=partial(moment_words, before, access_request.site.time_zone),
        **said_of(access_request),
    )
    tell_of_window(
        window,
        people_of(access_request),
        "window.moved",
        about=("requests", "windows", "sessions"),
        decider=acting_user.full_name,
        reason=lambda: _("That is the last day of the access or of the contract now."),
    )
    tell_brokers()
