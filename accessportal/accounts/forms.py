"""Forms of signing in, one's own account, and invitations."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from accessportal.accounts.authorisation import Action, may_everywhere, sites_where
from accessportal.accounts.dates import (
    DayInput,
    day_of,
    first_minute_of,
    is_far_away,
    kept_or_last_minute,
)
from accessportal.accounts.models import FactorRule, User
from accessportal.accounts.services.vendor_people import DATES


@cache
def zone_choices() -> list[tuple[str, str]]:
    """Time zones by place (Europe/Berlin), and UTC."""
    places = sorted(
        name for name in available_timezones() if "/" in name and name[:4] != "Etc/"
    )
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in places)]


class SharedComputerMixin(forms.Form):
    """The box is the same, whichever way somebody signs in."""

    shared = forms.BooleanField(
        label=_("This is a shared computer"),
        required=False,
        help_text=_(
            "Signs you out when you close the browser or leave it, and keeps nothing here."
        ),
    )


class SignInForm(SharedComputerMixin):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # It stands above every way in, and is sent with this form (sign_in.js: with others).
        self.fields["shared"].widget.attrs["form"] = "by-password"

    email = forms.EmailField(
        label=_("E-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=1024,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class CodeForm(forms.Form):
    code = forms.CharField(
        label=_("Code"),
        max_length=20,
        widget=forms.TextInput(
            attrs={
                "class": "form-control code-input",
                "inputmode": "numeric",
                "autocomplete": "one-time-code",
                "autofocus": True,
            }
        ),
    )


class FirstCodeForm(CodeForm):
    """The code that ends the set-up: not focused, or the page would open at its end."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs.pop("autofocus", None)


class MailboxCodeForm(CodeForm):
    """Eight digits, so that nobody takes it for a code of the app."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].label = _("Code from the mail")


class RecoveryCodeForm(forms.Form):
    code = forms.CharField(
        label=_("Recovery code"),
        max_length=20,
        help_text=_(
            "One of the codes you kept, such as abcd-efgh-jkmn. Each works once."
        ),
        widget=forms.TextInput(
            attrs={
                "autocomplete": "off",
                "autocapitalize": "none",
                "spellcheck": "false",
            }
        ),
    )


class PasskeyForm(forms.Form):
    """What the browser made, and the person's word for it."""

    name = forms.CharField(
        label=_("Name"),
        max_length=64,
        help_text=_("So that you recognise it: “Work phone”, “Key on my key ring”."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    answer = forms.CharField(
        max_length=20_000, widget=forms.HiddenInput(attrs={"data-passkey-answer": ""})
    )


class ForgottenForm(forms.Form):
    email = forms.EmailField(
        label=_("E-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )


class FactorRuleForm(forms.Form):
    """For which role, and where, only passkeys count."""

    role = forms.ChoiceField(label=_("Role"), choices=FactorRule.Who.choices)
    site = forms.ModelChoiceField(
        label=_("Site"), queryset=User.objects.none(), required=False
    )
    reason = forms.CharField(
        label=_("Reason"), max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        site = self.fields["site"]
        site.queryset = sites_where(user, Action.FACTOR_RULES)  # type: ignore[attr-defined]
        site.empty_label = (  # type: ignore[attr-defined]
            _("Every site") if may_everywhere(user, Action.FACTOR_RULES) else None
        )
        site.required = not may_everywhere(user, Action.FACTOR_RULES)


class NewPasswordMixin(forms.Form):
    """A new password, typed twice."""

    new_password = forms.CharField(
        label=_("New password"),
        max_length=1024,
        strip=False,
        help_text=_(
            "At least 15 characters. A sentence is easy to remember; spaces are fine."
        ),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    repeated = forms.CharField(
        label=_("The same again"),
        max_length=1024,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        first, second = cleaned.get("new_password"), cleaned.get("repeated")
        if first and second and first != second:
            self.add_error("repeated", _("The two passwords are not the same."))
        return cleaned


class ChangePasswordForm(NewPasswordMixin):
    old_password = forms.CharField(
        label=_("Present password"),
        max_length=1024,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    field_order = ["old_password", "new_password", "repeated"]


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        choices=lazy(zone_choices, list)(),
        help_text=_("Pages show plant time first and add yours where it differs."),
    )

    class Meta:
        model = User
        fields = ["full_name", "phone", "language", "time_zone"]
        widgets = {
            "full_name": forms.TextInput(attrs={"autocomplete": "name"}),
            "phone": forms.TextInput(attrs={"autocomplete": "tel", "inputmode": "tel"}),
        }


class AcceptInvitationForm(NewPasswordMixin):
    """`with_passkey`: whether there is the choice to sign in with a passkey alone."""

    PASSKEY, PASSWORD = "passkey", "password"  # noqa: S105 - the names of two ways

    way = forms.ChoiceField(
        label=_("How you will sign in"),
        choices=[
            (PASSKEY, _("Passkey on this device: fingerprint, face or PIN")),
            (PASSWORD, _("Password, and an authenticator app")),
        ],
        initial=PASSKEY,
        widget=forms.RadioSelect,
        help_text=_(
            "A passkey is enough by itself: nothing to remember, no code to type. Choose the "
            "password on a computer that others use as well."
        ),
    )
    email = forms.EmailField(
        label=_("E-mail address"),
        max_length=254,
        help_text=_("The address at which the invitation reached you."),
        widget=forms.EmailInput(attrs={"autocomplete": "username"}),
    )
    full_name = forms.CharField(
        label=_("Your name"),
        max_length=120,
        help_text=_("As the people at the plant know you: first and last name."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        choices=lazy(zone_choices, list)(),
        widget=forms.Select(attrs={"data-own-zone": ""}),
    )
    notice = forms.BooleanField(
        label=_("I have read this and agree to be recorded."),
        error_messages={"required": _("Without this nobody may work here.")},
    )

    def __init__(
        self,
        *args: Any,
        with_notice: bool = True,
        with_passkey: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        if not with_notice:
            del self.fields["notice"]
        if not with_passkey:
            del self.fields["way"]
        self.by_passkey = with_passkey and self.data.get("way") == self.PASSKEY
        for name in ("new_password", "repeated") if self.by_passkey else ():
            self.fields[name].required = False

    def clean(self) -> dict[str, Any]:
        return self.cleaned_data if self.by_passkey else super().clean()

    field_order = [
        "email",
        "full_name",
        "way",
        "new_password",
        "repeated",
        "language",
        "time_zone",
        "notice",
    ]


class InvitePersonForm(forms.Form):
    email = forms.EmailField(
        label=_("E-mail address"),
        max_length=254,
        help_text=_("The person's own address: the invitation works for nobody else."),
    )
    full_name = forms.CharField(label=_("Name"), max_length=120, required=False)
    language = forms.ChoiceField(
        label=_("Language of the mail"), choices=settings.LANGUAGES, initial="en"
    )


class PersonDatesForm(forms.Form):
    """Until when a vendor's person may come, is trained, and is bound by an agreement."""

    expires_at = forms.DateField(
        label=_("Access until"),
        required=False,
        widget=DayInput,
        help_text=_("The last day. Empty: as long as the contract of the company."),
    )
    training_expires_at = forms.DateField(
        label=_("Safety training valid until"),
        required=False,
        widget=DayInput,
        help_text=_("The last day. Empty: no training on record."),
    )
    nda_signed_at = forms.DateField(
        label=_("Non-disclosure agreement signed on"),
        required=False,
        widget=DayInput,
        help_text=_("Empty: no agreement on record."),
    )
    nda_expires_at = forms.DateField(
        label=_("Non-disclosure agreement valid until"),
        required=False,
        widget=DayInput,
        help_text=_("The last day. Empty: it does not expire."),
    )

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        self.person = person
        kwargs["initial"] = {name: day_of(getattr(person, name)) for name in DATES}
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        for name, day in cleaned.items():
            if day is not None and is_far_away(day):
                self.add_error(name, _("This day is too far away."))
        return cleaned

    def dates(self) -> dict[str, datetime | None]:
        """The moments meant, as `note_dates` takes them."""
        moments = {
            name: kept_or_last_minute(day, getattr(self.person, name))
            for name, day in self.cleaned_data.items()
        }
        signed_on = self.cleaned_data["nda_signed_at"]
        if signed_on is not None and signed_on != day_of(self.person.nda_signed_at):
            moments["nda_signed_at"] = first_minute_of(signed_on)
        return moments


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=500)
