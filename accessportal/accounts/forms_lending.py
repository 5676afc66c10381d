"""Forms for lending a role or a permission. Choices are what the person may really lend."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accessportal.accounts.access import colleagues_of
from accessportal.accounts.authorisation import OVERRIDABLE, Action, sites_where
from accessportal.accounts.models import RoleGrant, User
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


class DelegationForm(forms.Form):
    """`grant` is one of the person's own: the role and where it is held."""

    grant = forms.ChoiceField(label=_("Role"))
    to = PersonField(label=_("To whom"), queryset=User.objects.none())
    starts_at = MomentField(label=_("From"))
    ends_at = MomentField(label=_("Until"))
    reason = reason_field(_("For example: on holiday; on night shift this week."))

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.grants = {str(grant.pk): grant for grant in own_roles(user)}
        self.fields["grant"].choices = [  # type: ignore[attr-defined]
            (key, self.words(grant)) for key, grant in self.grants.items()
        ]
        self.fields["to"].queryset = colleagues_of(user)  # type: ignore[attr-defined]
        now = timezone.localtime().replace(second=0, microsecond=0)
        self.fields["starts_at"].initial = now

    @staticmethod
    def words(grant: RoleGrant) -> str:
        return f"{grant.get_role_display()}, {grant.site or _('every site')}"

    def values(self) -> dict[str, Any]:
        """What the verb takes."""
        values = dict(self.cleaned_data)
        grant = self.grants[values.pop("grant")]
        return {**values, "role": grant.role, "site": grant.site}


class OverrideForm(forms.Form):
    to = PersonField(label=_("For whom"), queryset=User.objects.none())
    action = forms.ChoiceField(label=_("May"))
    site: Any = forms.ModelChoiceField(label=_("Site"), queryset=None)
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
