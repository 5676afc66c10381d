"""Filters of the lists of recordings and reviews; every field stands in the URL."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accessportal.plants.models import Site
from sessions.models import ComplianceReview, Recording

RECORDING_SORTS = {
    "started_at": "started_at",
    "number": "brokered_session__number",
    "person": "brokered_session__started_by__full_name",
    "asset": "brokered_session__endpoint__asset__name",
    "duration": "duration_ms",
}
REVIEW_SORTS = {
    "due_at": "due_at",
    "number": "recording__brokered_session__number",
    "person": "recording__brokered_session__started_by__full_name",
    "asset": "recording__brokered_session__endpoint__asset__name",
    "duration": "recording__duration_ms",
}
SPANS = {
    "day": (_("The last 24 hours"), timedelta(days=1)),
    "week": (_("The last 7 days"), timedelta(days=7)),
    "month": (_("The last 31 days"), timedelta(days=31)),
}


class RecordingFilterForm(forms.Form):
    """What is not valid is not applied; a link of a colleague shows the same."""

    q = forms.CharField(required=False, max_length=200)
    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[
            ("", _("Any")),
            *Recording.State.choices,
            ("damaged", _("Not intact")),
        ],
    )
    review = forms.ChoiceField(
        label=_("Review"),
        required=False,
        choices=[("", _("Any")), *ComplianceReview.State.choices],
    )
    site = forms.ModelChoiceField(
        label=_("Site"), required=False, queryset=Site.objects.none(), to_field_name="slug",
        empty_label=_("Every site"),
    )  # fmt: skip
    span = forms.ChoiceField(
        label=_("When"),
        required=False,
        choices=[
            ("", _("Any time")),
            *((key, words) for key, (words, _span) in SPANS.items()),
        ],
    )

    def __init__(self, data: Any, *, sites: models.QuerySet[Site]) -> None:
        super().__init__(data)
        self.fields["site"].queryset = sites  # type: ignore[attr-defined]
        self.is_valid()

    @property
    def is_filtering(self) -> bool:
        return any(self.cleaned_data.values())

    def applied_to(self, recordings: Any) -> Any:
        chosen = self.cleaned_data
        if chosen.get("q"):
            recordings = recordings.filter(_search(chosen["q"], "brokered_session__"))
        if chosen.get("state") == "damaged":
            recordings = recordings.exclude(verification_error="")
        elif chosen.get("state"):
            recordings = recordings.filter(state=chosen["state"])
        if chosen.get("review"):
            recordings = recordings.filter(review__state=chosen["review"])
        if chosen.get("site"):
            recordings = recordings.filter(
                brokered_session__endpoint__asset__zone__site=chosen["site"]
            )
        if chosen.get("span"):
            since = timezone.now() - SPANS[chosen["span"]][1]
            recordings = recordings.filter(started_at__gte=since)
        return recordings.order_by(
            *_order(self.data.get("sort"), RECORDING_SORTS, "-started_at")
        )


class ReviewFilterForm(forms.Form):
    """The queue shows what waits; the rest is a click away."""

    q = forms.CharField(required=False, max_length=200)
    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[
            ("", _("To be reviewed")),
            ("late", _("Late")),
            ("cleared", _("Cleared")),
            ("flagged", _("Flagged")),
            ("all", _("All")),
        ],
    )
    site = RecordingFilterForm.base_fields["site"]

    def __init__(self, data: Any, *, sites: models.QuerySet[Site]) -> None:
        super().__init__(data)
        self.fields["site"].queryset = sites  # type: ignore[attr-defined]
        self.is_valid()

    @property
    def is_filtering(self) -> bool:
        return any(self.cleaned_data.values())

    def applied_to(self, reviews: Any) -> Any:
        chosen = self.cleaned_data
        state = chosen.get("state", "")
        if state == "late":
            reviews = reviews.late()
        elif state in ("cleared", "flagged"):
            reviews = reviews.filter(state=state)
        elif state != "all":
            reviews = reviews.waiting()
        if chosen.get("q"):
            reviews = reviews.filter(
                _search(chosen["q"], "recording__brokered_session__")
            )
        if chosen.get("site"):
            reviews = reviews.filter(
                recording__brokered_session__endpoint__asset__zone__site=chosen["site"]
            )
        default = "due_at" if state in ("", "late") else "-due_at"
        return reviews.order_by(*_order(self.data.get("sort"), REVIEW_SORTS, default))


def _search(words: str, session: str) -> models.Q:
    """Every word must be found somewhere: number, person, company, asset, work order."""
    found = models.Q()
    for word in words.split()[:6]:
        found &= (
            models.Q(**{f"{session}number__icontains": word})
            | models.Q(**{f"{session}started_by__full_name__icontains": word})
            | models.Q(**{f"{session}started_by__vendor__name__icontains": word})
            | models.Q(**{f"{session}endpoint__asset__name__icontains": word})
            | models.Q(**{f"{session}window__access_request__number__icontains": word})
            | models.Q(
                **{f"{session}window__access_request__work_order__icontains": word}
            )
        )
    return found


def _order(wanted: str | None, allowed: dict[str, str], default: str) -> list[str]:
    name = (wanted or "").removeprefix("-")
    if name not in allowed:
        return [default, "-pk"]
    sign = "-" if (wanted or "").startswith("-") else ""
    return [sign + allowed[name], "-pk"]
