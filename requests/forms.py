"""The forms of asking and deciding. Times are typed in plant time; nothing typed is lost."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accessportal.accounts.models import User
from accessportal.clock import moment_from_plant_time, plant_time
from accessportal.errors import NotPossible
from accessportal.plants.fields import PlantTimeField
from accessportal.plants.models import Endpoint, Site
from requests.access import (
    companions_to_name,
    endpoints_to_ask_for,
    sites_to_ask_for,
)
from requests.beginnings import DURATIONS, usual_start, usual_work_of
from requests.demanded import demands_at, demands_on_wish
from requests.facts import facts_of_wish
from requests.feasibility import what_stands_against
from requests.free_time import IN_THE_WAY, Room, room_for
from requests.models import AccessRequest, ApprovalPolicy, Attachment
from requests.policy.rules import Demands
from requests.recurrence import rule_words, times_of, what_is_missing
from requests.repeat_form import RepeatForm
from requests.series import Judged, judged
from requests.services.attachments import of_form
from requests.services.submission import Wish
from requests.wishes import Finding, Span

# What a person typed must come back whole; longer than this is no typing any more.
TYPED_AT_MOST = 100_000
OWN_END = "until"


def duration_choices() -> list[tuple[str, Any]]:
    words = {
        30: _("30 min"),
        60: _("1 h"),
        120: _("2 h"),
        240: _("4 h"),
        480: _("8 h"),
    }
    return [
        *((str(minutes), words[minutes]) for minutes in DURATIONS),
        (OWN_END, _("until …")),
    ]


class WishForm(RepeatForm):
    """What a contractor wants. The machines offered are those the company services."""

    site = forms.ChoiceField(label=_("Site"), widget=forms.RadioSelect)
    endpoints = forms.MultipleChoiceField(
        label=_("Machines"), widget=forms.CheckboxSelectMultiple, required=False
    )
    permission = forms.ChoiceField(
        label=_("What may you do?"),
        choices=[
            (AccessRequest.Permission.CONTROL, _("Control: look, type and click")),
            (AccessRequest.Permission.VIEW, _("View only: look, touch nothing")),
        ],
        widget=forms.RadioSelect,
        initial=AccessRequest.Permission.CONTROL,
    )
    clipboard_in = forms.BooleanField(
        label=_("Paste text into the machine"), required=False
    )
    clipboard_out = forms.BooleanField(
        label=_("Copy text from the machine"), required=False
    )
    purpose = forms.CharField(
        label=_("What will you do?"),
        help_text=_(
            "A sentence or two for the supervisor: what, on which part, with what risk."
        ),
        widget=forms.Textarea(attrs={"rows": 4, "dir": "auto"}),
        max_length=TYPED_AT_MOST,
        error_messages={
            "required": _("Say in a sentence what will be done to the machine.")
        },
    )
    work_order = forms.CharField(
        label=_("Work order"),
        help_text=_("The plant's number for this job, if you have one."),
        max_length=60,
        required=False,
    )
    companions = forms.MultipleChoiceField(
        label=_("Who else takes part?"),
        help_text=_(
            "Named colleagues join with their own account and their own second factor. "
            "One of you works at a time; the others watch."
        ),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    start = PlantTimeField(label=_("From"))
    duration = forms.ChoiceField(
        label=_("How long?"),
        choices=duration_choices,
        widget=forms.RadioSelect,
        initial="120",
    )
    end = PlantTimeField(label=_("Until"), required=False)
    submission_key = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(
        self,
        *args: Any,
        person: User,
        own_request: AccessRequest | None = None,
        **kwargs: Any,
    ) -> None:
        """own_request: the one that is being changed; its site stays."""
        super().__init__(*args, **kwargs)
        self.person = person
        self.own_request = own_request
        self.sites = [own_request.site] if own_request else sites_to_ask_for(person)
        self.offered = endpoints_to_ask_for(
            person, own_request.site if own_request else None
        )
        self.colleagues = companions_to_name(person)
        self.usual_work = usual_work_of(person)
        self.findings: list[Finding] = []
        self.room = Room()
        self.rule = ""
        self.dates: list[Judged] = []
        self.known: list[Endpoint] = []
        self.unknown_count = 0
        self.named: list[User] = []
        self.unknown_companions = 0
        self.demands = Demands()
        site_field, endpoint_field = self.fields["site"], self.fields["endpoints"]
        assert isinstance(site_field, forms.ChoiceField)
        assert isinstance(endpoint_field, forms.MultipleChoiceField)
        site_field.choices = [(str(site.pk), site.name) for site in self.sites]
        endpoint_field.choices = [
            (str(endpoint.pk), str(endpoint)) for endpoint in self.offered
        ]
        # A forged or outdated id is no mistake of spelling: `findings` has the sentence.
        endpoint_field.valid_value = lambda value: True  # type: ignore[method-assign]
        companion_field = self.fields["companions"]
        assert isinstance(companion_field, forms.MultipleChoiceField)
        companion_field.choices = [
            (str(colleague.pk), colleague.full_name) for colleague in self.colleagues
        ]
        companion_field.valid_value = lambda value: True  # type: ignore[method-assign]
        if self.sites:
            self.initial.setdefault("site", str(self.usual_site().pk))
            self.initial.setdefault("start", usual_start(self.usual_site()))
        self.initial.setdefault("submission_key", uuid.uuid4())

    @property
    def key(self) -> uuid.UUID:
        """What names this very form, from when it is shown until it is sent."""
        try:
            return uuid.UUID(str(self["submission_key"].value()))
        except ValueError:
            return uuid.UUID(str(self.initial["submission_key"]))

    @property
    def attached(self) -> list[Attachment]:
        """The files that hang on it already."""
        return list(of_form(self.key, self.person))

    def usual_site(self) -> Site:
        """Where the person asked for access last, while the company works there; or the first."""
        last = self.person.access_requests.order_by("-submitted_at").first()
        usual = [
            site for site in self.sites if last is not None and site.pk == last.site_id
        ]
        return (usual or self.sites)[0]

    def starts(self) -> list[tuple[Site, str]]:
        """Each site with the start that is offered there, as its field wants it."""
        return [(site, f"{usual_start(site):%Y-%m-%dT%H:%M}") for site in self.sites]

    @property
    def chosen_site(self) -> Site | None:
        """The chosen site; the only one when there is no choice."""
        chosen = str(self["site"].value() or "")
        return next((site for site in self.sites if str(site.pk) == chosen), None)

    def already_sent(self) -> AccessRequest | None:
        """The request that this very form made before (a double click, a reload)."""
        try:
            key = uuid.UUID(str(self.data.get("submission_key", "")))
        except ValueError:
            return None
        return AccessRequest.objects.filter(
            submission_key=key, requested_by=self.person
        ).first()

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        self._find_machines(data)
        self._find_companions(data)
        if self.chosen_site is not None:
            self._find_moments(data, self.chosen_site)
            spans = self._find_times(data, self.chosen_site)
            self.findings = self._judge(data, self.chosen_site, spans)
        for finding in self.findings:
            already_said = finding.about == "purpose" and "purpose" in self.errors
            if finding.blocks and not already_said:
                self.add_error(
                    finding.about if finding.about in self.fields else None,
                    forms.ValidationError(finding.sentence, code=finding.code),
                )
        return data

    def wish(self) -> Wish:
        """The valid form as what the verb takes."""
        data = self.cleaned_data
        site = self.chosen_site
        assert site is not None  # the form is valid
        return Wish(
            site=site,
            endpoint_ids=[endpoint.pk for endpoint in self.known],
            permission=data["permission"],
            clipboard_in=data["clipboard_in"],
            clipboard_out=data["clipboard_out"],
            purpose=data["purpose"],
            work_order=data["work_order"],
            companion_ids=[companion.pk for companion in self.named],
            wanted_from=data["start_at"],
            wanted_until=data["end_at"],
            recurrence=self.rule,
            skips=frozenset(self.skips_of()),
            extras=frozenset(self.extras_of()),
            on_release_minutes=data.get("on_release"),
            tolerance_minutes=data.get("tolerance") or 0,
        )

    def _find_machines(self, data: dict[str, Any]) -> None:
        asked = set(data.get("endpoints") or [])
        self.known = [
            endpoint
            for endpoint in self.offered
            if str(endpoint.pk) in asked
            and (
                self.chosen_site is None
                or endpoint.asset.zone.site_id == self.chosen_site.pk
            )
        ]
        self.unknown_count = len(asked) - len(self.known)

    def _find_companions(self, data: dict[str, Any]) -> None:
        named = set(data.get("companions") or [])
        self.named = [one for one in self.colleagues if str(one.pk) in named]
        self.unknown_companions = len(named) - len(self.named)

    def _find_moments(self, data: dict[str, Any], site: Site) -> None:
        """Plant times become moments; a time that cannot be is an error of its field."""
        data["start_at"] = self._moment("start", data.get("start"), site)
        minutes = data.get("duration")
        if minutes and minutes != OWN_END:
            start = data["start_at"]
            data["end_at"] = start + timedelta(minutes=int(minutes)) if start else None
        elif minutes == OWN_END:
            data["end_at"] = self._moment("end", data.get("end"), site)
            if data.get("end") is None and "end" not in self.errors:
                self.add_error("end", _("Choose how long, or until when."))

    def _moment(self, name: str, wall: datetime | None, site: Site) -> datetime | None:
        if wall is None:
            return None
        try:
            return moment_from_plant_time(wall, site.time_zone)
        except NotPossible as error:
            self.add_error(name, forms.ValidationError(str(error), code=error.code))
            return None

    def _find_times(self, data: dict[str, Any], site: Site) -> list[Span]:
        """The times of what repeats; none where it happens once, or cannot be said yet."""
        start, end = data.get("start_at"), data.get("end_at")
        if start is None or end is None or end <= start:
            return []
        repeat = self.repeat_of(data, data["start"])
        if repeat is None:
            return []
        try:
            spans = times_of(
                repeat.as_rule(),
                start,
                site.time_zone,
                end - start,
                self.extras_of(),
            )
        except NotPossible as error:
            self.add_error(
                "repeat", forms.ValidationError(str(error.sentence), code=error.code)
            )
            return []
        self.rule = repeat.as_rule()
        return spans

    def _judge(
        self, data: dict[str, Any], site: Site, spans: list[Span]
    ) -> list[Finding]:
        skips = self.skips_of()
        kept = [
            one
            for one in spans
            if plant_time(one.start, site.time_zone).date() not in skips
        ]
        first = next(iter(kept or spans), None)
        policy, self.demands = demands_on_wish(
            person=self.person,
            site=site,
            endpoints=self.known,
            permission=data.get("permission") or AccessRequest.Permission.CONTROL,
            start=first.start if first else data.get("start_at"),
            end=first.end if first else data.get("end_at"),
            own_request=self.own_request,
        )
        facts = facts_of_wish(
            person=self.person,
            site=site,
            endpoints=self.known,
            start=first.start if first else data.get("start_at"),
            end=first.end if first else data.get("end_at"),
            purpose=data.get("purpose") or "",
            unknown_endpoints=self.unknown_count,
            companions=self.named,
            unknown_companions=self.unknown_companions,
            viewer=self.person,
            demands=self.demands,
            own_request=self.own_request,
        )
        findings = what_stands_against(facts)
        self.dates = judged(
            facts,
            site,
            self.known,
            spans,
            skips=skips,
            demands_of=lambda span: self._demands_at(policy, data, site, span),
        )
        if spans and not kept:
            self.add_error("repeat", _("Every time is left out. Keep at least one."))
        if any(one.against and not one.skipped for one in self.dates):
            # Said beside each time; so that it stands in the way, once for all here.
            self.add_error("repeat", _("Leave out the times that cannot be."))
        in_the_way = any(finding.code in IN_THE_WAY for finding in findings)
        self.room = room_for(facts, site, self.known, in_the_way=in_the_way)
        return findings

    def findings_so_far(self) -> list[Finding]:
        """What to say while somebody is still choosing: nothing about what is still empty."""
        data = self.data
        silent = set()
        if not str(data.get("purpose", "")).strip():
            silent.add("purpose_short")
        if not self.known and not self.unknown_count:
            silent.add("endpoint_missing")
        return [finding for finding in self.findings if finding.code not in silent]

    def time_errors(self) -> list[str]:
        """The sentences about times that cannot be, for the same moment."""
        codes = {"invalid", "time_does_not_exist", "time_exists_twice"}
        return [
            str(error.messages[0])
            for name in ("start", "end")
            for error in self.errors.as_data().get(name, [])
            if error.code in codes
        ]

    def _demands_at(
        self,
        policy: ApprovalPolicy | None,
        data: dict[str, Any],
        site: Site,
        span: Span,
    ) -> Demands:
        assert self.person.vendor is not None
        return demands_at(
            policy,
            site=site,
            endpoints=self.known,
            vendor=self.person.vendor,
            permission=data.get("permission") or AccessRequest.Permission.CONTROL,
            start=span.start,
            end=span.end,
        )

    @property
    def rule_words(self) -> str:
        return rule_words(self.rule)

    @property
    def what_is_missing(self) -> str:
        return what_is_missing(self.rule)

    @property
    def repeat_errors(self) -> list[str]:
        """What is wrong with the repeat, while choosing."""
        return [
            str(sentence)
            for name in ("repeat", "every", "on_day", "times", "last_day")
            for sentence in self.errors.get(name, [])
        ]

    def machines_by_site(
        self,
    ) -> list[tuple[Site, list[tuple[str, list[dict[str, Any]]]]]]:
        """[(site, [(asset, [choice, ...]), ...]), ...] for the template."""
        chosen = {str(value) for value in self["endpoints"].value() or []}
        grouped = []
        for site in self.sites:
            assets: dict[str, list[dict[str, Any]]] = {}
            for endpoint in self.offered:
                if endpoint.asset.zone.site_id == site.pk:
                    assets.setdefault(endpoint.asset.name, []).append(
                        {
                            "endpoint": endpoint,
                            "chosen": str(endpoint.pk) in chosen,
                            "usual_work": self.usual_work.get(endpoint.asset_id, ""),
                        }
                    )
            grouped.append((site, list(assets.items())))
        return grouped
