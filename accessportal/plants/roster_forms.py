"""The forms of a roster: a shift, a day on which one differs, a file."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accessportal.accounts.models import User
from accessportal.plants.forms import WEEKDAYS, WeekdaysField
from accessportal.plants.models import Shift, Site
from accessportal.plants.roster import people_for_roster
from accessportal.plants.roster_csv import MAX_BYTES, NAME_LENGTH, decoded
from accessportal.plants.services.roster import ShiftFacts


class TimeOfDayInput(forms.TimeInput):
    """The browser's own picker for a time of day, which is the plant's."""

    input_type = "time"

    def __init__(self) -> None:
        super().__init__(format="%H:%M")


class PeopleField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """People of the plant, by name."""

    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, obj: Any) -> str:
        return str(obj.full_name)


class ShiftForm(forms.Form):
    name = forms.CharField(
        label=_("Name"),
        max_length=NAME_LENGTH,
        help_text=_("As people call it: early shift, on call."),
    )
    weekdays = WeekdaysField(
        label=_("Begins on"),
        choices=WEEKDAYS,
        widget=forms.CheckboxSelectMultiple,
        initial="12345",
    )
    begins = forms.TimeField(label=_("From"), widget=TimeOfDayInput)
    ends = forms.TimeField(
        label=_("Until"),
        widget=TimeOfDayInput,
        help_text=_("Not after the beginning: on the next day."),
    )
    people = PeopleField(label=_("Who is on it"), queryset=User.objects.none())

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = self.fields["people"]
        assert isinstance(people, PeopleField)
        people.queryset = people_for_roster(site)

    @property
    def facts(self) -> ShiftFacts:
        """What a valid form says."""
        return ShiftFacts(
            **{
                name: self.cleaned_data[name]
                for name in ("name", "weekdays", "begins", "ends", "people")
            }
        )


class ShiftExceptionForm(forms.Form):
    shift = forms.ModelChoiceField(
        label=_("Shift"), queryset=Shift.objects.none(), empty_label=None
    )
    day = forms.DateField(
        label=_("Day"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("On which it begins, whatever the weekday."),
    )
    people = PeopleField(
        label=_("Who is on it then"),
        queryset=User.objects.none(),
        required=False,
        help_text=_("Nobody: the shift does not take place on that day."),
    )

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        shift, people = self.fields["shift"], self.fields["people"]
        assert isinstance(shift, forms.ModelChoiceField)
        assert isinstance(people, PeopleField)
        shift.queryset = site.shifts.all()
        people.queryset = people_for_roster(site)


class RosterFileForm(forms.Form):
    file = forms.FileField(
        label=_("File"), widget=forms.FileInput(attrs={"accept": ".csv,text/csv"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Put together now: filled in at import, it would stay in the server's language.
        self.fields["file"].help_text = gettext(
            "A CSV file of at most %(size)s kB."
        ) % {"size": MAX_BYTES // 1024}

    def clean_file(self) -> str:
        upload: UploadedFile[Any] = self.cleaned_data["file"]
        if upload.size is None or upload.size > MAX_BYTES:
            raise forms.ValidationError(
                _("The file is larger than %(size)s kB."),
                params={"size": MAX_BYTES // 1024},
            )
        return decoded(upload.read())
