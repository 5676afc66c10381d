"""The forms of deciding: another time, and approving with changes. Times in plant time."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accessportal.clock import moment_from_plant_time, plant_time
from accessportal.errors import NotPossible
from accessportal.plants.fields import PlantTimeField
from accessportal.plants.models import Site
from requests.facts import requested_endpoints
from requests.models import AccessRequest
from requests.services.proposal import Changes


class OtherTimeForm(forms.Form):
    """Another time for the window, in plant time, chosen by the approver."""

    opens = PlantTimeField(label=_("From"))
    closes = PlantTimeField(label=_("Until"))

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.site = site

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for name in ("opens", "closes"):
            if data.get(name) is None:
                continue
            try:
                data[f"{name}_at"] = moment_from_plant_time(
                    data[name], self.site.time_zone
                )
            except NotPossible as error:
                self.add_error(name, forms.ValidationError(str(error), code=error.code))
        return data


class ProposeForm(OtherTimeForm):
    """Less than was asked for, or another time: what an approver would say yes to."""

    view_only = forms.BooleanField(label=_("View only"), required=False)
    attendance = forms.BooleanField(
        label=_("Only while somebody of the plant attends"), required=False
    )
    kept = forms.TypedMultipleChoiceField(
        label=_("Machines"), coerce=int, widget=forms.CheckboxSelectMultiple
    )

    def __init__(
        self, *args: Any, access_request: AccessRequest, **kwargs: Any
    ) -> None:
        site = access_request.site
        endpoints = requested_endpoints(access_request)
        initial = {
            "opens": plant_time(access_request.wanted_from, site.time_zone),
            "closes": plant_time(access_request.wanted_until, site.time_zone),
            "kept": [endpoint.pk for endpoint in endpoints],
        }
        super().__init__(
            *args, site=site, initial=initial, auto_id="id_propose_%s", **kwargs
        )
        self.access_request = access_request
        self.fields["kept"].choices = [  # type: ignore[attr-defined]
            (endpoint.pk, str(endpoint)) for endpoint in endpoints
        ]
        if access_request.permission == AccessRequest.Permission.VIEW:
            del self.fields["view_only"]
        if access_request.attendance_required:
            del self.fields["attendance"]

    def times(self) -> list[forms.BoundField]:
        """What stays as it is where the work repeats."""
        return [self["opens"], self["closes"]]

    def changes(self) -> Changes:
        """The valid form as what the verb takes; a time left alone stays to the second."""
        data, asked = self.cleaned_data, self.access_request
        start, end = asked.wanted_from, asked.wanted_until
        if "opens" in self.changed_data:
            start = data["opens_at"]
        if "closes" in self.changed_data:
            end = data["closes_at"]
        looks = data.get("view_only") or asked.permission == "view"
        return Changes(
            wanted_from=start,
            wanted_until=end,
            permission="view" if looks else "control",
            endpoint_ids=data["kept"],
            attendance_required=asked.attendance_required
            or bool(data.get("attendance")),
        )
