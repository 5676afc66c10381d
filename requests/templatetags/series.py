"""The times of work that repeats, on the pages of a request."""

from __future__ import annotations

from typing import Any

from django import template

from requests.models import AccessRequest, MaintenanceWindow
from requests.recurrence import rule_words, what_is_missing
from requests.series import dates_of

register = template.Library()


@register.inclusion_tag("requests/series_dates.html", takes_context=True)
def series_dates(
    context: template.Context, access_request: AccessRequest
) -> dict[str, Any]:
    """The card of a series: its rule and every time of it; nothing for a single request."""
    user = context["request"].user
    viewer = user if user.is_authenticated else None  # the wall is nobody
    head = access_request.series or access_request
    if not head.recurrence:
        return {"dates": []}
    dates = dates_of(access_request, viewer)
    to_come = sum(
        1
        for one in dates
        if one.access_request is not None
        and (window := getattr(one.access_request, "window", None)) is not None
        and window.phase()
        in (MaintenanceWindow.Phase.SCHEDULED, MaintenanceWindow.Phase.OPEN)
    )
    return {
        "request": context["request"],
        "access_request": access_request,
        "head": head,
        "rule": rule_words(head.recurrence),
        "missing": what_is_missing(head.recurrence),
        "dates": dates,
        "site": head.site,
        "against": [one for one in dates if one.against],
        "to_come": to_come,
        "may_revoke": context.get("may_revoke_series", False) and to_come > 1,
    }
