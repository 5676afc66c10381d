"""Form fields for times as a plant's clock shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


class PlantTimeInput(forms.DateTimeInput):
    """The browser's own picker for a wall-clock time; the zone stands beside it."""

    input_type = "datetime-local"

    def __init__(self, **attrs: Any) -> None:
        super().__init__(attrs={"step": 60, **attrs}, format="%Y-%m-%dT%H:%M")


class PlantTimeField(forms.Field):
    """A naive wall-clock time; the form makes it a moment once the site is known."""

    widget = PlantTimeInput
    default_error_messages = {
        "invalid": _(
            "This is not a time. Write it like 2026-03-10T14:00, in plant time."
        )
    }

    def to_python(self, value: Any) -> datetime | None:
        if value in self.empty_values:
            return None
        try:
            wall = datetime.fromisoformat(str(value).strip())
        except ValueError:
            wall = None
        if wall is None or wall.tzinfo is not None or not 2000 <= wall.year <= 2200:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return wall.replace(second=0, microsecond=0)
