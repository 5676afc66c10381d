"""The form of a person's wishes."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accessportal.notifications.channels import (
    ALWAYS_MAILED,
    Channel,
    Group,
    wants,
)
from accessportal.notifications.models import NotificationWishes
from accessportal.notifications.wishes import choices


class WishesForm(forms.Form):
    """One box for each group and channel, and the quiet hours."""

    quiet_from = forms.TimeField(
        label=_("Still from"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )
    quiet_until = forms.TimeField(
        label=_("Still until"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )

    def __init__(
        self, *args: Any, wishes: NotificationWishes | None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        if wishes is not None:
            self.initial["quiet_from"] = wishes.quiet_from
            self.initial["quiet_until"] = wishes.quiet_until
        for group, channel in choices():
            self.fields[f"{group}_{channel}"] = forms.BooleanField(
                label=f"{group.label}: {Channel(channel).label}",
                required=False,
                initial=wants(wishes, group, channel),
            )

    def rows(self) -> list[dict[str, Any]]:
        """What the table shows: a group, and its boxes; None where nothing can be chosen."""
        return [
            {
                "group": group.label,
                "mail": None if group in ALWAYS_MAILED else self[f"{group}_mail"],
                "push": self[f"{group}_push"],
            }
            for group in Group
        ]

    def chosen(self) -> dict[str, bool]:
        return {
            f"{group}.{channel}": self.cleaned_data[f"{group}_{channel}"]
            for group, channel in choices()
        }
