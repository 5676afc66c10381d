"""The forms by which a site's calendars come in: a file, or an address to read again and again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accessportal.errors import NotPossible
from accessportal.plants.calendar_feed import URL_LENGTH, guard_address
from accessportal.plants.ical_in import MAX_BYTES
from accessportal.plants.models import Asset, CalendarSource, Site


class CalendarForm(forms.Form):
    """What both ways have in common."""

    name = forms.CharField(
        label=_("Name"),
        max_length=120,
        help_text=_("As people call it: Christmas break, stops of line 3."),
    )
    kind = forms.ChoiceField(
        label=_("What is in it?"),
        choices=CalendarSource.Kind.choices,
        widget=forms.RadioSelect,
    )
    asset = forms.ModelChoiceField(
        label=_("For"),
        queryset=Asset.objects.none(),
        required=False,
        empty_label=_("The whole site"),
    )

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        assets = self.fields["asset"]
        assert isinstance(assets, forms.ModelChoiceField)
        assets.queryset = Asset.objects.filter(zone__site=site).order_by("name")


class CalendarFileForm(CalendarForm):
    prefix = "file"
    file = forms.FileField(
        label=_("File"),
        widget=forms.FileInput(attrs={"accept": ".ics,text/calendar"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Put together now: filled in at import, it would stay in the server's language.
        self.fields["file"].help_text = gettext(
            "An iCalendar file (.ics) of at most %(size)s kB."
        ) % {"size": MAX_BYTES // 1024}

    def clean_file(self) -> bytes:
        upload: UploadedFile[Any] = self.cleaned_data["file"]
        if upload.size is None or upload.size > MAX_BYTES:
            raise forms.ValidationError(
                _("The calendar is larger than %(size)s kB."),
                params={"size": MAX_BYTES // 1024},
            )
        return bytes(upload.read())


class CalendarFeedForm(CalendarForm):
    prefix = "feed"
    url = forms.CharField(
        label=_("Address"),
        max_length=URL_LENGTH,
        help_text=_("It is read every 15 minutes."),
        widget=forms.URLInput(attrs={"placeholder": "https://"}),
    )

    def clean_url(self) -> str:
        try:
            return guard_address(self.cleaned_data["url"])
        except NotPossible as error:
            raise forms.ValidationError(str(error.sentence), code=error.code) from error
