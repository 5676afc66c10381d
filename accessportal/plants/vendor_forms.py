"""The form of a vendor: who it is, who answers for it, where it may work."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accessportal.accounts.dates import (
    DayInput,
    day_of,
    is_far_away,
    kept_or_last_minute,
)
from accessportal.accounts.models import User, Vendor
from accessportal.plants.models import Asset, Site


class AssetsBySite(forms.MultipleChoiceField):
    """Assets to tick, under the names of their sites; cleans to a list of assets."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.assets: dict[str, Asset] = {}

    def offer(self, assets: list[Asset]) -> None:
        self.assets = {str(asset.pk): asset for asset in assets}
        groups: dict[str, list[tuple[str, str]]] = {}
        for asset in assets:
            groups.setdefault(asset.zone.site.name, []).append(
                (str(asset.pk), f"{asset.name} ({asset.zone.name})")
            )
        self.choices = list(groups.items())

    def clean(self, value: Any) -> Any:
        return [self.assets[pk] for pk in super().clean(value)]


class VendorForm(forms.ModelForm):  # type: ignore[type-arg]
    sponsor = forms.ModelChoiceField(
        label=_("Sponsor at the plant"),
        queryset=User.objects.none(),
        required=False,
        empty_label=_("nobody yet"),
        help_text=_(
            "Answers for this company: confirms its people and notes their training. Until "
            "there is one, administrators do."
        ),
    )
    contract_ends_on = forms.DateField(
        label=_("Contract until"),
        widget=DayInput,
        help_text=_("The last day. After it nobody of the company can sign in."),
    )
    sites = forms.ModelMultipleChoiceField(
        label=_("Sites where it may work"),
        queryset=Site.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("Without a site the company may work nowhere."),
    )
    assets = AssetsBySite(
        label=_("Machines it services"),
        required=False,
        help_text=_("Only for these may its people ask for access."),
    )
    field_order = [
        "name", "services", "criticality", "sponsor", "contract_ends_on", "sites",
        "assets", "training_required", "nda_required", "contact_name", "contact_email",
        "contact_phone", "security_contact_name", "security_contact_email",
        "security_contact_phone",
    ]  # fmt: skip

    class Meta:
        model = Vendor
        fields = [
            "name",
            "services",
            "criticality",
            "sponsor",
            "training_required",
            "nda_required",
            "contact_name",
            "contact_email",
            "contact_phone",
            "security_contact_name",
            "security_contact_email",
            "security_contact_phone",
        ]
        widgets = {
            "contact_phone": forms.TextInput(attrs={"type": "tel"}),
            "security_contact_phone": forms.TextInput(attrs={"type": "tel"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sponsor, sites = self.fields["sponsor"], self.fields["sites"]
        assets = self.fields["assets"]
        assert isinstance(sponsor, forms.ModelChoiceField)
        assert isinstance(sites, forms.ModelMultipleChoiceField)
        assert isinstance(assets, AssetsBySite)
        sponsor.queryset = User.objects.active().plant_people()
        sites.queryset = Site.objects.all()
        assets.offer(
            list(
                Asset.objects.select_related("zone__site").order_by(
                    "zone__site__name", "name"
                )
            )
        )
        if self.instance.pk:
            self.initial["contract_ends_on"] = day_of(self.instance.contract_ends_at)
            self.initial["sites"] = list(self.instance.sites.all())
            self.initial["assets"] = [
                str(pk) for pk in self.instance.assets.values_list("pk", flat=True)
            ]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        day = cleaned.get("contract_ends_on")
        if day is not None and is_far_away(day):
            self.add_error("contract_ends_on", _("This day is too far away."))
        return cleaned

    def values(self) -> dict[str, Any]:
        """The vendor's own fields, as the verbs take them."""
        cleaned = self.cleaned_data
        stored = self.instance.contract_ends_at if self.instance.pk else None
        return {
            **{name: cleaned[name] for name in self.Meta.fields},
            "contract_ends_at": kept_or_last_minute(
                cleaned["contract_ends_on"], stored
            ),
        }
