"""Searching the audit trail: the form whose fields stand in the URL."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django import forms
from django.db import models
from django.utils.translation import gettext_lazy as _

from accessportal.audit.events import EVENTS
from accessportal.audit.models import AuditEvent

# Subjects of the vocabulary, as one would look for them.
AREAS = {
    "auth": _("Signing in"),
    "account": _("People"),
    "request": _("Requests"),
    "window": _("Windows"),
    "session": _("Sessions"),
    "recording": _("Recordings"),
    "audit": _("Audit trail"),
    "asset": _("Assets"),
    "site": _("Sites"),
    "vendor": _("Vendors"),
}


class AuditFilterForm(forms.Form):
    """Every field is optional; what is not valid is said and not applied."""

    q = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=100,
        help_text=_("A person, an asset, a number such as REQ-2026-0042, a reason"),
    )
    area = forms.ChoiceField(
        label=_("Area"), required=False, choices=[("", _("Everything")), *AREAS.items()]
    )
    event = forms.ChoiceField(
        label=_("Event"),
        required=False,
        choices=[("", _("Any event")), *((name, name) for name in sorted(EVENTS))],
    )
    result = forms.ChoiceField(
        label=_("Result"),
        required=False,
        choices=[
            ("", _("Any result")),
            ("ok", _("Done")),
            ("denied", _("Refused")),
            ("error", _("Failed")),
        ],
    )
    since = forms.DateField(
        label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(
        label=_("To"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def applied_to(
        self, events: models.QuerySet[AuditEvent], zone: ZoneInfo
    ) -> models.QuerySet[AuditEvent]:
        """`events` narrowed by what is filled in; days are days in `zone`."""
        self.full_clean()
        chosen = self.cleaned_data
        if chosen.get("q"):
            events = events.filter(_matches(chosen["q"].strip()))
        if chosen.get("area"):
            events = events.filter(event__startswith=f"{chosen['area']}.")
        if chosen.get("event"):
            events = events.filter(event=chosen["event"])
        if chosen.get("result"):
            events = events.filter(result=chosen["result"])
        if chosen.get("since"):
            events = events.filter(
                recorded_at__gte=datetime.combine(chosen["since"], time(), tzinfo=zone)
            )
        if chosen.get("until"):
            day_after = chosen["until"] + timedelta(days=1)
            events = events.filter(
                recorded_at__lt=datetime.combine(day_after, time(), tzinfo=zone)
            )
        return events


def _matches(text: str) -> models.Q:
    return (
        models.Q(actor_name__icontains=text)
        | models.Q(object_label__icontains=text)
        | models.Q(request_number__iexact=text)
        | models.Q(session_number__iexact=text)
        | models.Q(reason__icontains=text)
        | models.Q(source_address=text)
    )
