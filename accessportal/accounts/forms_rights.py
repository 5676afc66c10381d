"""Forms for lending a right: to a colleague, or to a machine (an API token).

Choices are what the person really has to lend.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accessportal.accounts.access import colleagues_of
from accessportal.accounts.authorisation import OVERRIDABLE, Action, sites_where
from accessportal.accounts.models import ApiToken, RoleGrant, User
from accessportal.accounts.services.api_tokens import NEEDED
from accessportal.accounts.services.delegations import own_roles
from accessportal.accounts.services.overrides import may_grant

OVERRIDE_MINUTES = [(15, "15 min"), (30, "30 min"), (60, "60 min")]


class PersonField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A colleague, by name and e-mail address."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.full_name} ({obj.email})"


def reason_field(hint: Any) -> forms.CharField:
    return forms.CharField(
        label=_("Reason"),
        max_length=500,
        help_text=hint,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class MomentField(forms.DateTimeField):
    """A time in the person's own zone, picked with the browser's own picker."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            input_formats=["%Y-%m-%dT%H:%M"],
            widget=forms.DateTimeInput(
                attrs={"type": "datetime-local", "step": 60}, format="%Y-%m-%dT%H:%M"
            ),
            **kwargs,
        )


class LendingForm(forms.Form):
    """What is the same whatever somebody lends to a colleague."""

    to = PersonField(
        label=_("To whom"), queryset=User.objects.none(), empty_label=_("Choose")
    )
    starts_at = MomentField(label=_("From"))
    ends_at = MomentField(label=_("Until"))
    reason = reason_field(_("For example: on holiday; on night shift this week."))

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].queryset = colleagues_of(user)  # type: ignore[attr-defined]
        now = timezone.localtime().replace(second=0, microsecond=0)
        self.fields["starts_at"].initial = now


class DelegationForm(LendingForm):
    """`grant` is one of the person's own: the role and where it is held."""

    grant = forms.ChoiceField(label=_("Role"))
    field_order = ("grant",)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        self.grants = {str(grant.pk): grant for grant in own_roles(user)}
        self.fields["grant"].choices = [  # type: ignore[attr-defined]
            (key, self.words(grant)) for key, grant in self.grants.items()
        ]

    @staticmethod
    def words(grant: RoleGrant) -> str:
        return f"{grant.get_role_display()}, {grant.site or _('every site')}"

    def values(self) -> dict[str, Any]:
        """What the verb takes."""
        values = dict(self.cleaned_data)
        grant = self.grants[values.pop("grant")]
        return {**values, "role": grant.role, "site": grant.site}


class OverrideForm(forms.Form):
    to = PersonField(
        label=_("For whom"), queryset=User.objects.none(), empty_label=_("Choose")
    )
    action = forms.ChoiceField(label=_("May"))
    site: Any = forms.ModelChoiceField(
        label=_("Site"), queryset=None, empty_label=_("Choose")
    )
    minutes = forms.TypedChoiceField(
        label=_("For how long"), choices=OVERRIDE_MINUTES, coerce=int, initial=30
    )
    reason = reason_field(_("Who is not there, and what cannot wait."))

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sites = sites_where(user, Action.OVERRIDE_GRANT)
        self.fields["site"].queryset = sites  # type: ignore[attr-defined]
        self.fields["to"].queryset = colleagues_of(user)  # type: ignore[attr-defined]
        self.fields["action"].choices = [  # type: ignore[attr-defined]
            (action.value, action.label)
            for action in OVERRIDABLE
            if any(may_grant(user, action, site) for site in sites)
        ]

    def values(self) -> dict[str, Any]:
        """What the verb takes."""
        return {**self.cleaned_data, "action": Action(self.cleaned_data["action"])}


TOKEN_DAYS = [(30, _("30 days")), (90, _("90 days")), (365, _("a year"))]


class TokenForm(forms.Form):
    name = forms.CharField(
        label=_("What for"),
        max_length=120,
        help_text=_("For example: control room display; log collector."),
    )
    scopes = forms.MultipleChoiceField(
        label=_("May"), widget=forms.CheckboxSelectMultiple
    )
    sites: Any = forms.ModelMultipleChoiceField(
        label=_("Only at these sites"),
        queryset=None,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None chosen: at all of yours."),
    )
    days = forms.TypedChoiceField(
        label=_("Good for"), choices=TOKEN_DAYS, coerce=int, initial=90
    )
    networks = forms.CharField(
        label=_("Only from these networks"),
        required=False,
        help_text=_("Separated by commas, as in 192.0.2.0/24. Empty: from anywhere."),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["scopes"].choices = [  # type: ignore[attr-defined]
            (scope.value, scope.label)
            for scope in ApiToken.Scope
            if sites_where(user, NEEDED[scope]).exists()
        ]
        sites = sites_where(user, Action.TOKEN_MANAGE)
        self.fields["sites"].queryset = sites  # type: ignore[attr-defined]

    def values(self) -> dict[str, Any]:
        """What the verb takes."""
        values = dict(self.cleaned_data)
        networks, days = values.pop("networks"), values.pop("days")
        return {
            **values,
            "networks": [one for one in networks.split(",") if one.strip()],
            "expires_at": timezone.now() + timedelta(days=days),
        }
