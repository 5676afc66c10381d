"""The form for when the line is down: few fields, sent with cold hands at night."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accessportal.accounts.authorisation import Action, at_sites_where
from accessportal.accounts.models import User
from accessportal.plants.models import Endpoint
from requests.access import endpoints_to_ask_for
from requests.forms import TYPED_AT_MOST
from requests.models import AccessRequest
from requests.services.emergency import MINUTES, Emergency

LENGTH_WORDS = {30: _("30 min"), 60: _("1 h"), 120: _("2 h"), 240: _("4 h")}


class EmergencyForm(forms.Form):
    """For a vendor's person, or for somebody of the plant who names one."""

    person = forms.ChoiceField(
        label=_("Who has to get in?"),
        help_text=_("Call them first, by the number that the plant holds."),
    )
    endpoint = forms.ChoiceField(label=_("Machine"))
    reason = forms.CharField(
        label=_("What has happened, and why can it not wait?"),
        widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"}),
        max_length=2000,
    )
    purpose = forms.CharField(
        label=_("What will be done?"),
        widget=forms.Textarea(attrs={"rows": 2, "dir": "auto"}),
        max_length=TYPED_AT_MOST,
    )
    minutes = forms.TypedChoiceField(
        label=_("How long will it take?"),
        choices=[(minutes, LENGTH_WORDS[minutes]) for minutes in MINUTES],
        coerce=int,
        widget=forms.RadioSelect,
        initial=60,
    )
    permission = forms.ChoiceField(
        label=_("What is needed?"),
        choices=[
            (AccessRequest.Permission.CONTROL, _("Control: look, type and click")),
            (AccessRequest.Permission.VIEW, _("View only: look, touch nothing")),
        ],
        widget=forms.RadioSelect,
        initial=AccessRequest.Permission.CONTROL,
    )
    submission_key = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, opener: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.opener = opener
        self.offered = _endpoints_for(opener)
        self.people = _people_for(opener, self.offered)
        self.initial.setdefault("submission_key", uuid.uuid4())
        endpoint, person = self.fields["endpoint"], self.fields["person"]
        assert isinstance(endpoint, forms.ChoiceField)
        assert isinstance(person, forms.ChoiceField)
        endpoint.choices = _grouped(
            [(one.asset.zone.site.name, one.pk, str(one)) for one in self.offered]
        )
        if opener.vendor_id is not None:
            del self.fields["person"]
        else:
            person.choices = _grouped(
                [(str(one.vendor), one.pk, one.full_name) for one in self.people]
            )

    def already_sent(self) -> AccessRequest | None:
        """The request that this very form made before (a double click, a reload)."""
        try:
            key = uuid.UUID(str(self.data.get("submission_key", "")))
        except ValueError:
            return None
        return AccessRequest.objects.filter(
            submission_key=key, emergency_by=self.opener
        ).first()

    def emergency(self) -> Emergency:
        """The valid form as what the verb takes."""
        data = self.cleaned_data
        endpoint = next(one for one in self.offered if str(one.pk) == data["endpoint"])
        person = self.opener
        if "person" in data:
            person = next(one for one in self.people if str(one.pk) == data["person"])
        return Emergency(
            site=endpoint.asset.zone.site,
            person=person,
            endpoint_ids=[endpoint.pk],
            permission=data["permission"],
            reason=data["reason"],
            purpose=data["purpose"],
            minutes=data["minutes"],
        )


def _endpoints_for(opener: User) -> list[Endpoint]:
    """What one's company services; for the plant, what any company services at its sites."""
    if opener.vendor_id is not None:
        return endpoints_to_ask_for(opener)
    return list(
        Endpoint.objects.filter(
            at_sites_where(opener, Action.EMERGENCY_OPEN, "asset__zone__site"),
            asset__vendors__isnull=False,
        )
        .select_related("asset__zone__site")
        .order_by("asset__zone__site__name", "asset__name", "name")
        .distinct()
    )


def _people_for(opener: User, endpoints: list[Endpoint]) -> list[User]:
    """For the plant: the people of the companies that service something there."""
    if opener.vendor_id is not None:
        return []
    assets = {endpoint.asset_id for endpoint in endpoints}
    return list(
        User.objects.active()
        .filter(vendor__assets__in=assets)
        .select_related("vendor")
        .order_by("vendor__name", "full_name", "pk")
        .distinct()
    )


def _grouped(rows: list[tuple[str, int, str]]) -> list[tuple[str, Any]]:
    """[(group, pk, words), ...] as the choices of a select, in their order."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for group, pk, words in rows:
        groups.setdefault(group, []).append((str(pk), words))
    choices: list[tuple[str, Any]] = [("", _("Choose …"))]
    return [*choices, *groups.items()]
