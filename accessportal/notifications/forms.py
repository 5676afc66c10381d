"""The forms of a person's wishes and of a webhook."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accessportal.accounts.authorisation import Action, may_everywhere, sites_where
from accessportal.accounts.models import User
from accessportal.notifications.channels import (
    ALWAYS_MAILED,
    Channel,
    Group,
    wants,
)
from accessportal.notifications.models import NotificationWishes, Webhook
from accessportal.notifications.webhooks import OFFERED
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


class WebhookForm(forms.Form):
    """A webhook for one of the sites that the person changes, or for all when it is all."""

    name = forms.CharField(
        label=_("What for"),
        max_length=120,
        help_text=_("For example: channel of the shift at Filling."),
    )
    kind = forms.ChoiceField(label=_("Tool"), choices=Webhook.Kind.choices)
    address = forms.CharField(
        label=_("Address"),
        max_length=1000,
        help_text=_(
            "Who knows it can write there: it is kept sealed, and not shown again."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "ltr"}),
    )
    site: Any = forms.ModelChoiceField(label=_("Site"), queryset=None, required=False)
    groups = forms.MultipleChoiceField(
        label=_("Told about"),
        choices=[(group.value, group.label) for group in OFFERED],
        widget=forms.CheckboxSelectMultiple,
    )
    says = forms.ChoiceField(
        label=_("Says"),
        choices=Webhook.Says.choices,
        widget=forms.RadioSelect,
        initial=Webhook.Says.NUMBER,
        help_text=_("A chat outside of the plant needs no names."),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        site: Any = self.fields["site"]
        site.queryset = sites_where(user, Action.PLANT_CHANGE)
        if may_everywhere(user, Action.PLANT_CHANGE):
            site.empty_label = _("every site")
        else:
            site.required, site.empty_label = True, None

    def values(self) -> dict[str, Any]:
        """What the verb takes."""
        return dict(self.cleaned_data)
