"""The alerts: what is open first, and what was looked at lately."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accessportal.accounts.models import User
from accessportal.alerts.access import alert_to_handle, alerts_visible_to
from accessportal.alerts.models import SecurityAlert
from accessportal.alerts.rules import RULES
from accessportal.alerts.services import acknowledge_alert
from accessportal.origin import origin_of

SHOWN = 100


@never_cache
@require_GET
def alert_list(request: HttpRequest) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    alerts = alerts_visible_to(user)
    context = {
        "open_alerts": worded(list(alerts.open()[:SHOWN])),
        "past_alerts": worded(
            list(
                alerts.exclude(acknowledged_at=None).order_by("-acknowledged_at")[
                    :SHOWN
                ]
            )
        ),
    }
    return render(request, "alerts/alert_list.html", context)


@require_POST
def acknowledge(request: HttpRequest, pk: int) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    acknowledge_alert(
        alert_to_handle(user, pk),
        acting_user=user,
        reason=request.POST.get("reason", "").strip(),
        origin=origin_of(request),
    )
    messages.success(request, _("Noted: you have looked at it."))
    return redirect("alerts:list")


def worded(alerts: list[SecurityAlert]) -> list[SecurityAlert]:
    """Each with its sentence; a rule that is gone is said by its name."""
    for alert in alerts:
        rule = RULES.get(alert.rule)
        alert.sentence = rule.sentence if rule is not None else alert.rule  # type: ignore[attr-defined]
    return alerts
