"""Forms of the people pages: the joiner, the mover, the last day."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accessportal.accounts.authorisation import Action, sites_where
from accessportal.accounts.models import RoleGrant, User
from accessportal.accounts.standing import may_everywhere

if TYPE_CHECKING:
    from accessportal.plants.models import Site

EVERY = "every"


def sites_to_grant(user: User) -> dict[str, Site | None]:
    """The sites at which `user` may hand out roles, by what the form calls them."""
    sites: dict[str, Site | None] = {}
    if may_everywhere(user, Action.PEOPLE_CHANGE):
        sites[EVERY] = None
    for site in sites_where(user, Action.PEOPLE_CHANGE).order_by("name"):
        sites[str(site.pk)] = site
    return sites


def site_words(sites: dict[str, Site | None]) -> list[tuple[str, Any]]:
    return [
        (key, site.name if site is not None else _("every site"))
        for key, site in sites.items()
    ]


class LastDayField(forms.DateField):
    """A day, taken to its end on the clock of whoever types it."""

    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")

    def clean(self, value: Any) -> datetime | None:
        day: date | None = super().clean(value)
        if day is None:
            return None
        return timezone.make_aware(datetime.combine(day, time(23, 59)))


class InviteEmployeeForm(forms.Form):
    full_name = forms.CharField(label=_("Name"), max_length=120)
    email = forms.EmailField(
        label=_("E-mail address"),
        max_length=254,
        help_text=_("The person's own address: the invitation works for nobody else."),
    )
    language = forms.ChoiceField(
        label=_("Language of the mail"), choices=settings.LANGUAGES, initial="en"
    )
    roles = forms.MultipleChoiceField(
        label=_("Roles"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("As few as the work needs. More can be granted at any time."),
    )
    access_expires_at = LastDayField(
        label=_("Last day of access"),
        required=False,
        help_text=_("For somebody who stays for a known time. Empty: no end."),
    )

    def __init__(self, *args: Any, acting_user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sites = sites_to_grant(acting_user)
        self.fields["roles"].choices = [  # type: ignore[attr-defined]
            (label, [(f"{role}:{key}", words) for key, words in site_words(self.sites)])
            for role, label in RoleGrant.Role.choices
        ]

    def clean_roles(self) -> list[tuple[str, Site | None]]:
        chosen = [value.split(":") for value in self.cleaned_data["roles"]]
        return [(role, self.sites[key]) for role, key in chosen]


class GrantRoleForm(forms.Form):
    role = forms.ChoiceField(label=_("Role"), choices=RoleGrant.Role.choices)
    site = forms.ChoiceField(label=_("Site"))
    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, acting_user: User, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "grant-%s", **kwargs})
        self.sites = sites_to_grant(acting_user)
        self.fields["site"].choices = site_words(self.sites)  # type: ignore[attr-defined]

    def clean_site(self) -> Site | None:
        return self.sites[self.cleaned_data["site"]]


class AccessEndForm(forms.Form):
    expires_at = LastDayField(
        label=_("Last day of access"), required=False, help_text=_("Empty: no end.")
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "until-%s", **kwargs})
