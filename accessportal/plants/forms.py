"""The forms of the catalogue. Secrets are written, never shown again."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accessportal.accounts.models import Vendor
from accessportal.clock import moment_from_plant_time
from accessportal.errors import NotPossible
from accessportal.plants.fields import PlantTimeField
from accessportal.plants.models import Asset, Credential, Endpoint, Site, Zone

WEEKDAYS = [
    ("1", _("Monday")),
    ("2", _("Tuesday")),
    ("3", _("Wednesday")),
    ("4", _("Thursday")),
    ("5", _("Friday")),
    ("6", _("Saturday")),
    ("7", _("Sunday")),
]
HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._:-]{0,251}[A-Za-z0-9])?")


class WeekdaysField(forms.MultipleChoiceField):
    """Days as the digits of ISO 8601 in one text: "12345"."""

    def prepare_value(self, value: Any) -> Any:
        return list(value) if isinstance(value, str) else value

    def clean(self, value: Any) -> str:
        return "".join(sorted(super().clean(value)))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return "".join(sorted(data or [])) != (initial or "")


class SiteForm(forms.ModelForm):  # type: ignore[type-arg]
    staffed_weekdays = WeekdaysField(
        label=_("Staffed on"),
        choices=WEEKDAYS,
        widget=forms.CheckboxSelectMultiple,
        initial="12345",
        help_text=_("Work outside of these days and hours is shown as unusual."),
    )

    class Meta:
        model = Site
        fields = [
            "name",
            "time_zone",
            "control_room_phone",
            "staffed_weekdays",
            "staffed_from",
            "staffed_until",
            "record_key_values",
        ]
        widgets = {
            "time_zone": forms.TextInput(
                attrs={"list": "time-zones", "autocomplete": "off"}
            ),
            "control_room_phone": forms.TextInput(attrs={"type": "tel"}),
            "staffed_from": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "staffed_until": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        }


class ZoneForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Zone
        fields = ["name", "description"]


class AssetForm(forms.ModelForm):  # type: ignore[type-arg]
    vendors = forms.ModelMultipleChoiceField(
        label=_("Serviced by"),
        queryset=Vendor.objects.all(),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_(
            "Only the people of these companies may ask for access. A company that is "
            "missing here may not work at this site."
        ),
    )

    class Meta:
        model = Asset
        fields = [
            "name",
            "zone",
            "description",
            "location",
            "manufacturer",
            "criticality",
            "on_record_failure",
            "record_grace_seconds",
            "attendance_required",
            "attendance_minutes",
        ]
        labels = {
            "zone": _("Zone"),
            "criticality": _("Criticality"),
            "on_record_failure": _("When recording fails"),
        }
        help_texts = {
            "on_record_failure": _(
                "Input stops at once in any case, and the recorder is tried again."
            ),
            "record_grace_seconds": _(
                "5 to 900. So long the recorder has to come back; then the session ends."
            ),
        }

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zones = self.fields["zone"]
        assert isinstance(zones, forms.ModelChoiceField)
        zones.queryset = site.zones.all()
        zones.empty_label = None
        vendors = self.fields["vendors"]
        assert isinstance(vendors, forms.ModelMultipleChoiceField)
        vendors.queryset = Vendor.objects.filter(sites=site)
        if self.instance.pk:
            self.initial["vendors"] = list(self.instance.vendors.filter(sites=site))


class EndpointForm(forms.ModelForm):  # type: ignore[type-arg]
    """One way to reach a machine, with the facts that decide how."""

    class Meta:
        model = Endpoint
        fields = [
            "name",
            "protocol",
            "host",
            "port",
            "max_clients",
            "takes_local_screen",
            "probe",
            "end_action",
            "release_style",
            "stale_after_ms",
            "hold_minutes",
            "keyboard_layout",
            "fixed_width",
            "fixed_height",
            "rdp_security",
            "ignore_certificate",
            "username_prompt",
            "password_prompt",
            "colour_scheme",
        ]
        labels = {
            "protocol": _("Protocol"),
            "probe": _("How may it be tested?"),
            "end_action": _("When a session ends"),
            "release_style": _("A mouse button held by a lost browser is let go of"),
            "stale_after_ms": _("Oldest picture on which input is taken (ms)"),
            "hold_minutes": _("Minutes a session is held for an absent contractor"),
            "keyboard_layout": _("Keyboard layout (RDP)"),
            "fixed_width": _("Fixed width in pixels"),
            "fixed_height": _("Fixed height in pixels"),
            "rdp_security": _("RDP security"),
            "ignore_certificate": _("Accept any RDP certificate"),
            "username_prompt": _("Telnet: prompt for the user name"),
            "password_prompt": _("Telnet: prompt for the password"),
            "colour_scheme": _("Terminal colours"),
        }
        help_texts = {
            "host": _("Name or address as the portal's machine reaches it."),
            "max_clients": _("How many sessions the machine bears at the same time."),
            "username_prompt": _(
                "A regular expression, where the console does not say “login:”."
            ),
            "password_prompt": _(
                "A regular expression, where it does not say “Password:”."
            ),
            "end_action": _(
                "Locking is sent over RDP and VNC (Windows key and L), but cannot be "
                "proven; SSH and telnet log off by closing. Until it is proven, or somebody "
                "of the plant has looked, no other company is let in."
            ),
            "release_style": _(
                "In place, a button on the screen may take it for a click; outside, something "
                "may be dragged there."
            ),
            "stale_after_ms": _(
                "Clicks and keys on an older picture are not sent; the contractor is told."
            ),
            "fixed_width": _("Only where the machine's screen must not be resized."),
            "colour_scheme": _(
                "For SSH and telnet: green-black, white-black, black-white …"
            ),
        }

    def clean_host(self) -> str:
        host = str(self.cleaned_data["host"]).strip()
        if not HOST.fullmatch(host):
            raise forms.ValidationError(
                _(
                    "Write a host name or an address, without a protocol, port or spaces."
                ),
                code="host_malformed",
            )
        return host

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if bool(data.get("fixed_width")) != bool(data.get("fixed_height")):
            self.add_error(
                "fixed_height", _("Give both the width and the height, or neither.")
            )
        screen = data.get("protocol") in (Endpoint.Protocol.RDP, Endpoint.Protocol.VNC)
        if screen and data.get("end_action") == Endpoint.EndAction.LOG_OFF:
            self.add_error(
                "end_action",
                _(
                    "The portal cannot log off over RDP or VNC without typing blindly. "
                    "Choose to lock, or have the machine log off sessions that disconnect."
                ),
            )
        for name in ("username_prompt", "password_prompt"):
            try:
                re.compile(data.get(name) or "")
            except re.error:
                self.add_error(name, _("This is not a regular expression."))
        return data


class CredentialForm(forms.Form):
    """How the portal signs in. What is stored is never shown; an empty field keeps it."""

    username = forms.CharField(
        label=_("User name"),
        max_length=120,
        required=False,
        help_text=_("For a Windows domain: DOMAIN\\user."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )
    password = forms.CharField(
        label=_("New password"),
        max_length=500,
        required=False,
        strip=False,
        widget=forms.PasswordInput(
            attrs={"autocomplete": "new-password"}, render_value=False
        ),
    )
    remove_password = forms.BooleanField(
        label=_("Remove the stored password"), required=False
    )
    private_key = forms.CharField(
        label=_("New private key (SSH)"),
        max_length=20_000,
        required=False,
        help_text=_(
            "An RSA key, pasted whole. It is stored encrypted and never shown again."
        ),
        widget=forms.Textarea(
            attrs={
                "rows": 5,
                "spellcheck": "false",
                "autocomplete": "off",
                "class": "form-control mono",
            }
        ),
    )
    passphrase = forms.CharField(
        label=_("Passphrase of the new key"),
        max_length=500,
        required=False,
        strip=False,
        help_text=_("Needed once, to read the key; it is not stored."),
        widget=forms.PasswordInput(
            attrs={"autocomplete": "new-password"}, render_value=False
        ),
    )
    remove_private_key = forms.BooleanField(
        label=_("Remove the stored private key"), required=False
    )

    def __init__(self, *args: Any, endpoint: Endpoint, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        credential = Credential.objects.filter(endpoint=endpoint).first()
        self.initial.setdefault("username", credential.username if credential else "")
        if endpoint.protocol != Endpoint.Protocol.SSH:
            for name in ("private_key", "passphrase", "remove_private_key"):
                del self.fields[name]
        elif credential is None or not credential.private_key_envelope:
            del self.fields["remove_private_key"]
        if credential is None or not credential.password_envelope:
            del self.fields["remove_password"]
        else:
            self.fields["password"].help_text = _(
                "One is stored. Leave this empty to keep it."
            )
        if (
            credential is not None
            and credential.private_key_envelope
            and "private_key" in self.fields
        ):
            self.fields["private_key"].help_text = _(
                "One is stored. Leave this empty to keep it."
            )

    def secrets(self) -> dict[str, Any]:
        """What `store_credential` takes: None keeps, an empty text removes."""
        data = self.cleaned_data

        def given(name: str) -> str | None:
            if data.get(f"remove_{name}"):
                return ""
            return data.get(name) or None

        return {
            "username": data["username"],
            "password": given("password"),
            "private_key": given("private_key"),
            "passphrase": data.get("passphrase", ""),
        }


class FreezeForm(forms.Form):
    """When production must not be touched, in plant time."""

    asset = forms.ModelChoiceField(
        label=_("What"),
        queryset=Asset.objects.none(),
        required=False,
        empty_label=_("The whole site"),
    )
    starts = PlantTimeField(label=_("From"))
    ends = PlantTimeField(label=_("Until"))
    reason = forms.CharField(label=_("Reason"), max_length=500)

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.site = site
        assets = self.fields["asset"]
        assert isinstance(assets, forms.ModelChoiceField)
        assets.queryset = Asset.objects.filter(zone__site=site)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for name in ("starts", "ends"):
            if data.get(name) is not None:
                data[f"{name}_at"] = self._moment(name, data[name])
        starts, ends = data.get("starts_at"), data.get("ends_at")
        if starts and ends and ends <= starts:
            self.add_error("ends", _("The end must be after the start."))
        return data

    def _moment(self, name: str, typed: datetime) -> datetime | None:
        # Django read the wall time as UTC; only the wall time is meant.
        try:
            return moment_from_plant_time(
                typed.replace(tzinfo=None), self.site.time_zone
            )
        except NotPossible as error:
            self.add_error(name, forms.ValidationError(str(error), code=error.code))
            return None
