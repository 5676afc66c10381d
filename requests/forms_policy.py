"""The forms of the approval policy: a rule and its steps, an example, and what would happen."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accessportal.accounts.authorisation import Action, Role, sites_where
from accessportal.accounts.models import User, Vendor
from accessportal.clock import moment_from_plant_time
from accessportal.errors import NotPossible
from accessportal.plants.fields import PlantTimeField
from accessportal.plants.forms import WEEKDAYS, WeekdaysField
from accessportal.plants.models import Asset, Site, Zone
from requests.models import AccessRequest, ApproverGroup
from requests.policy.hours import EVERY_DAY, Hours
from requests.policy.reading import MINUTES_AT_MOST, rule_from
from requests.policy.rules import (
    IT_SECURITY,
    ORDER_AT_MOST,
    OT_SUPERVISOR,
    QUORUM_AT_MOST,
    Recurring,
    Rule,
    Step,
)
from requests.policy.trials import Trial, trials_from
from requests.policy_words import assets_at, vendors_at

BLANK_STEPS = 2


def who_choices() -> list[tuple[str, Any]]:
    """Whom a step can ask: the two roles, and every named group."""
    return [
        (OT_SUPERVISOR, Role.OT_SUPERVISOR.label),
        (IT_SECURITY, Role.IT_SECURITY.label),
        *((group.who, group.name) for group in ApproverGroup.objects.all()),
    ]


def _choices(queryset: Iterable[Any]) -> list[tuple[int, str]]:
    return [(one.pk, str(one)) for one in queryset]


def _several(
    label: Any, choices: Any, coerce: Any = int
) -> forms.TypedMultipleChoiceField:
    return forms.TypedMultipleChoiceField(
        label=label,
        choices=choices,
        coerce=coerce,
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )


def _clock(label: Any) -> forms.TimeField:
    return forms.TimeField(
        label=label,
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )


class RuleForm(forms.Form):
    """One rule. What is left empty in its first half matches everything."""

    name = forms.CharField(label=_("Name of the rule"), max_length=80)
    sites = _several(_("Sites"), lambda: _choices(Site.objects.order_by("name")))
    zones = _several(
        _("Zones"),
        lambda: [
            (zone.pk, f"{zone.site.name}: {zone.name}")
            for zone in Zone.objects.select_related("site").order_by(
                "site__name", "name"
            )
        ],
    )
    assets = _several(_("Machines"), lambda: _choices(Asset.objects.order_by("name")))
    criticalities = _several(_("Criticality"), Asset.Criticality.choices, str)
    vendors = _several(_("Vendors"), lambda: _choices(Vendor.objects.order_by("name")))
    permissions = _several(_("Permission"), AccessRequest.Permission.choices, str)
    weekdays = WeekdaysField(
        label=_("Days"),
        choices=WEEKDAYS,
        widget=forms.CheckboxSelectMultiple,
        initial=EVERY_DAY,
        help_text=_("A night belongs to the day on which it begins."),
    )
    hours_from = _clock(_("From"))
    hours_until = _clock(_("Until"))
    longest_minutes = forms.IntegerField(
        label=_("Longest, in minutes"),
        min_value=1,
        max_value=MINUTES_AT_MOST,
        required=False,
    )
    notice_minutes = forms.IntegerField(
        label=_("Shortest notice, in minutes"),
        min_value=1,
        max_value=MINUTES_AT_MOST,
        required=False,
    )
    allowed_weekdays = WeekdaysField(
        label=_("Work only on"),
        choices=WEEKDAYS,
        widget=forms.CheckboxSelectMultiple,
        initial=EVERY_DAY,
    )
    allowed_from = _clock(_("Work only from"))
    allowed_until = _clock(_("Work only until"))
    unusual = forms.CharField(
        label=_("What approvers read as unusual"), max_length=200, required=False
    )
    attendance = forms.BooleanField(
        label=_("Somebody of the plant attends"), required=False
    )
    passkey = forms.BooleanField(
        label=_("Who agrees confirms it with a passkey"), required=False
    )
    confirm_each_use = forms.BooleanField(
        label=_("The shift confirms each use"), required=False
    )
    recurring = forms.ChoiceField(
        label=_("Recurring work"),
        choices=[
            (Recurring.SILENT.value, _("Nothing is said")),
            (Recurring.ALLOWED.value, _("Approved with its series")),
            (Recurring.NEVER.value, _("Decided each time")),
        ],
        required=False,
    )

    def when_fields(self) -> list[forms.BoundField]:
        """What a wish is narrowed by, beside its time; each folded away until it is used."""
        names = ("sites", "zones", "assets", "criticalities", "vendors", "permissions")
        return [self[name] for name in names]

    def rule(self, steps: list[dict[str, Any]]) -> Rule:
        """The valid form and its steps as a rule. Raises `BadRule`."""
        data = self.cleaned_data
        allowed = _hours(data, "allowed_weekdays", "allowed_from", "allowed_until")
        return rule_from(
            {
                "name": data["name"],
                "when": {
                    **{
                        name: data[name]
                        for name in (
                            "sites",
                            "zones",
                            "assets",
                            "criticalities",
                            "vendors",
                            "permissions",
                        )
                    },
                    "hours": _hours(data, "weekdays", "hours_from", "hours_until"),
                },
                "then": {
                    "steps": steps,
                    "hours": None if _is_always(allowed) else allowed,
                    **{
                        name: data[name]
                        for name in (
                            "longest_minutes",
                            "notice_minutes",
                            "unusual",
                            "attendance",
                            "passkey",
                            "confirm_each_use",
                            "recurring",
                        )
                    },
                },
            }
        )


def _hours(data: dict[str, Any], days: str, start: str, until: str) -> dict[str, str]:
    """An end without a start counts from midnight, and the other way round."""
    return {
        "weekdays": data[days],
        "from": f"{data[start] or time(0):%H:%M}",
        "until": f"{data[until] or time(0):%H:%M}",
    }


def _is_always(hours: dict[str, str]) -> bool:
    return hours["weekdays"] == EVERY_DAY and hours["from"] == hours["until"]


def initial_of_rule(rule: Rule) -> dict[str, Any]:
    """What `RuleForm` starts with when a rule is changed."""
    when, then = rule.when, rule.then
    allowed = then.hours or Hours()
    return {
        "name": rule.name,
        "sites": sorted(when.sites),
        "zones": sorted(when.zones),
        "assets": sorted(when.assets),
        "criticalities": sorted(when.criticalities),
        "vendors": sorted(when.vendors),
        "permissions": sorted(when.permissions),
        "weekdays": when.hours.weekdays,
        "hours_from": _unless_whole(when.hours, when.hours.start),
        "hours_until": _unless_whole(when.hours, when.hours.until),
        "longest_minutes": _minutes(then.longest),
        "notice_minutes": _minutes(then.notice),
        "allowed_weekdays": allowed.weekdays,
        "allowed_from": _unless_whole(allowed, allowed.start),
        "allowed_until": _unless_whole(allowed, allowed.until),
        "unusual": then.unusual,
        "attendance": then.attendance,
        "passkey": then.passkey,
        "confirm_each_use": then.confirm_each_use,
        "recurring": then.recurring.value,
    }


def _unless_whole(hours: Hours, wall: time) -> time | None:
    return None if hours.start == hours.until else wall


def _minutes(span: timedelta | None) -> int | None:
    return None if span is None else int(span.total_seconds() // 60)


class StepForm(forms.Form):
    """One step; left without `who`, it is none."""

    who = forms.ChoiceField(label=_("Who agrees"), required=False)
    quorum = forms.IntegerField(
        label=_("How many"), min_value=1, max_value=QUORUM_AT_MOST, initial=1
    )
    order = forms.IntegerField(
        label=_("Order"),
        help_text=_("The same number: in parallel."),
        min_value=1,
        max_value=ORDER_AT_MOST,
        initial=1,
    )
    deputy = forms.ChoiceField(label=_("Then also"), required=False)
    after_minutes = forms.IntegerField(
        label=_("after minutes"), min_value=1, max_value=24 * 60, required=False
    )
    emergency = forms.BooleanField(
        label=_("Also has to agree when the line is down"), required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        nobody = [("", _("Nobody"))]
        for name in ("who", "deputy"):
            self.fields[name].choices = [*nobody, *who_choices()]  # type: ignore[attr-defined]

    def step(self) -> dict[str, Any] | None:
        data = self.cleaned_data
        if not data.get("who"):
            return None
        return {**data, "after_minutes": data["after_minutes"] or 0}


StepForms = forms.formset_factory(StepForm, extra=BLANK_STEPS, max_num=8)


def initial_of_steps(steps: Iterable[Step]) -> list[dict[str, Any]]:
    return [
        {
            "who": step.who,
            "quorum": step.quorum,
            "order": step.order,
            "deputy": step.deputy,
            "after_minutes": step.after_minutes or None,
            "emergency": step.emergency,
        }
        for step in steps
    ]


class _WishFields(forms.Form):
    asset = forms.ModelChoiceField(
        label=_("Machine"),
        empty_label=_("Choose"),
        queryset=Asset.objects.select_related("zone__site").order_by("name"),
    )
    vendor = forms.ModelChoiceField(
        label=_("Vendor"),
        empty_label=_("Choose"),
        queryset=Vendor.objects.order_by("name"),
    )
    permission = forms.ChoiceField(
        label=_("Permission"), choices=AccessRequest.Permission.choices
    )
    minutes = forms.IntegerField(
        label=_("Minutes"), min_value=5, max_value=7 * 24 * 60, initial=120
    )


class WouldForm(_WishFields):
    """A wish that somebody thinks of: for which machine, by whom, when."""

    start = PlantTimeField(label=_("From (plant time)"))
    emergency = forms.BooleanField(label=_("It is an emergency"), required=False)

    def __init__(self, reader: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        seen = sites_where(reader, Action.PLANT_SEE)
        self.fields["asset"].queryset = assets_at(seen)  # type: ignore[attr-defined]
        self.fields["vendor"].queryset = vendors_at(seen)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        start, asset = data.get("start"), data.get("asset")
        if isinstance(start, datetime) and asset is not None:
            try:
                data["start_at"] = moment_from_plant_time(
                    start, asset.zone.site.time_zone
                )
            except NotPossible as problem:
                self.add_error("start", str(problem))
            else:
                data["end_at"] = data["start_at"] + timedelta(
                    minutes=data.get("minutes") or 0
                )
        return data


class TrialForm(_WishFields):
    """An example with what is expected of it."""

    name = forms.CharField(label=_("Name of the example"), max_length=80)
    weekday = forms.TypedChoiceField(label=_("Day"), choices=WEEKDAYS, coerce=int)
    at = forms.TimeField(
        label=_("At"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    asks = _several(_("Expected to agree"), who_choices, str)
    people = forms.IntegerField(
        label=_("How many people are expected to agree"),
        min_value=1,
        max_value=99,
        initial=1,
    )
    in_order = forms.BooleanField(
        label=_("One step after the other is expected"), required=False
    )
    passkey = forms.BooleanField(label=_("A passkey is expected"), required=False)
    attendance = forms.BooleanField(
        label=_("Somebody of the plant is expected to attend"), required=False
    )
    fits = forms.BooleanField(
        label=_("Its time is expected to be allowed"), required=False, initial=True
    )

    field_order = ["name", "asset", "vendor", "permission", "weekday", "at", "minutes"]

    def trial(self) -> Trial:
        """The valid form as an example. Raises `BadRule`."""
        data = self.cleaned_data
        return trials_from(
            [
                {
                    **data,
                    "asset": data["asset"].pk,
                    "vendor": data["vendor"].pk,
                    "at": f"{data['at']:%H:%M}",
                }
            ]
        )[0]


class GroupMemberForm(forms.Form):
    person = forms.ModelChoiceField(
        label=_("Person"), queryset=User.objects.none(), empty_label=_("Choose")
    )
    reason = forms.CharField(label=_("Reason"), max_length=500)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = User.objects.active().plant_people().order_by("full_name")
        self.fields["person"].queryset = people  # type: ignore[attr-defined]


class GroupForm(forms.Form):
    name = forms.CharField(label=_("Name of the group"), max_length=80)
    reason = forms.CharField(label=_("Reason"), max_length=500)
