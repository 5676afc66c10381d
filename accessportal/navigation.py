"""The main navigation: who is led where, what is waiting there, and the clocks of the sites."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, QuerySet, Value
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accessportal.accounts.authorisation import (
    Action,
    actions_anywhere,
    at_sites_where,
    sites_where,
)
from accessportal.accounts.models import PermissionOverride, RoleGrant, User
from accessportal.accounts.rights import rights_of, rights_remembered
from accessportal.alerts.models import SecurityAlert
from accessportal.words import zone_name
from requests.approvers import may_agree_somewhere
from requests.models import AccessRequest, EmergencyLook, Escort
from sessions.models import ComplianceReview, StopOrder

Words = str | Promise


@dataclass(frozen=True)
class Place:
    """One entry: where it leads, and the action that makes it worth showing."""

    path: str
    words: Words
    icon: str
    action: Action | None = None
    # Only for who looks after the people of a vendor.
    of_coordinator: bool = False
    # Not for a vendor's people, whatever they may do.
    of_plant: bool = False
    # Only for whom a request can ask, by a role or a group.
    of_approver: bool = False
    # The order of the phone's bottom bar, by who looks at it; 0: only in the menu.
    contractor_rank: int = 0
    plant_rank: int = 0
    # Names the number of things that wait there; see `Navigation.counts`.
    counts: str = ""


@dataclass(frozen=True)
class Item:
    path: str
    words: Words
    icon: str
    current: bool
    counts: str = ""
    count: int = 0


@dataclass(frozen=True)
class Group:
    words: Words
    items: list[Item] = field(default_factory=list)


@dataclass(frozen=True)
class SiteClock:
    words: Words
    zone: str
    now: str


PLACES: list[tuple[Words, list[Place]]] = [
    (
        "",
        [
            Place(
                "/",
                pgettext_lazy("start page", "Now"),
                "layout-dashboard",
                contractor_rank=1,
                plant_rank=1,
            ),
        ],
    ),
    (
        _("Before"),
        [
            Place(
                "/requests/",
                _("Requests"),
                "clipboard-list",
                Action.REQUEST_SEE,
                contractor_rank=2,
                plant_rank=5,
            ),
            Place(
                "/approvals/",
                _("Approvals"),
                "signature",
                of_approver=True,
                plant_rank=2,
                counts="approvals",
            ),
            Place(
                "/windows/",
                _("Windows"),
                "calendar-time",
                Action.REQUEST_SEE,
                contractor_rank=3,
                plant_rank=4,
            ),
        ],
    ),
    (
        _("During"),
        [
            Place(
                "/sessions/",
                _("Sessions"),
                "plug-connected",
                Action.SESSION_SEE,
                contractor_rank=4,
                plant_rank=3,
            ),
            Place(
                "/isolation/",
                _("Isolation and drills"),
                "shield-off",
                Action.PLANT_SEE,
            ),
        ],
    ),
    (
        _("After"),
        [
            Place(
                "/recordings/",
                _("Recordings"),
                "video",
                Action.RECORDING_SEE,
                plant_rank=6,
            ),
            Place(
                "/reviews/",
                _("Reviews"),
                "clipboard-check",
                Action.REVIEW_COMPLETE,
                plant_rank=2,
                counts="reviews",
            ),
            Place(
                "/emergencies/",
                _("Emergencies"),
                "alert-octagon",
                Action.REQUEST_SEE,
                of_plant=True,
                counts="looks",
            ),
            Place(
                "/escorts/",
                _("Escorts"),
                "user-check",
                Action.REQUEST_SEE,
                of_plant=True,
                counts="escorts",
            ),
            Place(
                "/audit/",
                _("Audit trail"),
                "list-details",
                Action.AUDIT_SEE,
                plant_rank=7,
            ),
            Place(
                "/alerts/",
                _("Alerts"),
                "shield-exclamation",
                Action.ALERT_HANDLE,
                plant_rank=5,
                counts="alerts",
            ),
        ],
    ),
    (
        _("The plant"),
        [
            Place(
                "/plants/",
                _("Sites and assets"),
                "building-factory-2",
                Action.PLANT_SEE,
            ),
            Place("/vendors/", _("Vendors"), "users", Action.VENDOR_SEE),
            Place("/directory/", _("Directory"), "id-badge-2", Action.DIRECTORY_SEE),
            Place("/people/", _("People"), "user-circle", Action.PEOPLE_SEE),
            Place("/departures/", _("Departures"), "user-x", Action.VENDOR_SEE),
            Place("/company/", _("My company"), "users", of_coordinator=True),
            Place(
                "/second-factors/",
                _("Signing in: rules"),
                "fingerprint",
                Action.FACTOR_RULES,
            ),
        ],
    ),
    (
        _("Rights"),
        [
            Place("/policy/", _("Approval policy"), "checks", Action.POLICY_SEE),
            Place(
                "/permissions/", _("Permissions"), "list-check", Action.PERMISSION_SEE
            ),
            Place(
                "/delegations/", _("Delegations"), "user-check", Action.ROLE_DELEGATE
            ),
            Place("/overrides/", _("Overrides"), "key", Action.OVERRIDE_GRANT),
            Place("/api-tokens/", _("API tokens"), "plug", Action.TOKEN_MANAGE),
            Place("/webhooks/", _("Webhooks"), "send", Action.PLANT_CHANGE),
        ],
    ),
]


class Navigation:
    """What `base.html` shows of it, worked out once for each page.

    Whatever needs the person's rights is asked for at once, so that a page that follows an
    act, which remembers none, reads them once, too.
    """

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.user: User = request.user  # type: ignore[assignment]
        self.of_plant = self.user.vendor_id is None
        with rights_remembered():
            self.actions = actions_anywhere(self.user)
            self.agrees = self._agrees()
            self.roles = self._roles()
            self.counts = self._counts()
            self.stops = self._stops()
            self.overrides = self._overrides()
            self.clocks = self._clocks()

    def _agrees(self) -> bool:
        """Whether a request can ask this person."""
        if {Action.REQUEST_DECIDE, Action.REQUEST_AGREE} & self.actions:
            return True
        return may_agree_somewhere(self.user)

    def _roles(self) -> str:
        """The person's roles in words, each once."""
        if not self.of_plant:
            return str(_("Contractor"))
        held = dict.fromkeys(role for role, _site in rights_of(self.user).own)
        return ", ".join(str(RoleGrant.Role(role).label) for role in held)

    def _counts(self) -> dict[str, int]:
        """What waits for this person, by place; kept up to date by the page's live parts.
        Where nothing waits there is no entry."""
        waiting: dict[str, QuerySet[Any]] = {}
        if self.agrees:
            waiting["approvals"] = AccessRequest.objects.awaiting_decision().asking(
                self.user
            )
        looks = Action.EMERGENCY_LOOK in self.actions
        if self.of_plant and Action.REQUEST_SEE in self.actions:
            if self.agrees or looks:
                waiting["looks"] = EmergencyLook.objects.owed_by(self.user)
            if looks:
                waiting["escorts"] = Escort.objects.owed_by(self.user)
        if Action.ALERT_HANDLE in self.actions:
            waiting["alerts"] = SecurityAlert.objects.open()
        if Action.REVIEW_COMPLETE in self.actions:
            waiting["reviews"] = ComplianceReview.objects.visible_to(
                self.user
            ).waiting()
        return counted_together(waiting)

    def _stops(self) -> list[StopOrder]:
        """Isolations and suspensions in force that concern this person of the plant."""
        if not self.of_plant or not self.actions:
            return []
        concerns = at_sites_where(self.user, Action.SESSION_SEE, "site")
        if Action.VENDOR_SEE in self.actions:
            concerns |= Q(vendor__isnull=False)
        in_force = StopOrder.objects.in_force().filter(concerns)
        return list(
            in_force.select_related("site", "vendor", "requested_by").only(
                *("number", "kind", "requested_at", "reason", "site__name"),
                *("site__time_zone", "vendor__name", "requested_by__full_name"),
            )
        )

    def _overrides(self) -> list[PermissionOverride]:
        """Overrides in force: the person's own, and those that IT security is shown."""
        if not self.of_plant:
            return []
        own = Q(granted_to=self.user)
        if Action.OVERRIDE_SEE in self.actions:
            own |= at_sites_where(self.user, Action.OVERRIDE_SEE, "site")
        elif not rights_of(self.user).overrides:
            return []
        in_force = PermissionOverride.objects.in_force().filter(own).order_by("pk")
        # Mostly there is none: what belongs to them is fetched when there is one.
        return list(in_force.prefetch_related("site", "granted_to", "granted_by"))

    def _clocks(self) -> list[SiteClock]:
        """The time at the person's sites; one line for each zone, at most three."""
        zones: dict[str, list[str]] = {}
        if self.of_plant:
            sites = sites_where(self.user, Action.REQUEST_SEE)
            for name, zone in sites.values_list("name", "time_zone")[:12]:
                zones.setdefault(zone, []).append(name)
        own = self.user.time_zone
        shown: list[tuple[Words, str]] = [
            (", ".join(names), zone) for zone, names in list(zones.items())[:3]
        ]
        if own not in zones:
            shown.append((_("Your time"), own))
        return [SiteClock(words, zone, clock_words(zone)) for words, zone in shown]

    @cached_property
    def places(self) -> list[tuple[Words, list[Place]]]:
        return [
            (words, [place for place in places if self.leads_to(place)])
            for words, places in PLACES
        ]

    def leads_to(self, place: Place) -> bool:
        if place.of_plant and not self.of_plant:
            return False
        if place.of_coordinator:
            return self.user.coordinates and not self.user.awaits_sponsor
        if place.of_approver:
            return self.agrees
        return place.action is None or place.action in self.actions

    def item(self, place: Place) -> Item:
        here = self.request.path
        current = (
            here == place.path if place.path == "/" else here.startswith(place.path)
        )
        count = self.counts.get(place.counts, 0)
        return Item(place.path, place.words, place.icon, current, place.counts, count)

    @cached_property
    def groups(self) -> list[Group]:
        return [
            Group(words, [self.item(place) for place in places])
            for words, places in self.places
            if places
        ]

    @cached_property
    def most_used(self) -> list[Item]:
        """Four places for the thumb."""
        ranked = [
            (place.plant_rank if self.of_plant else place.contractor_rank, place)
            for _words, places in self.places
            for place in places
        ]
        chosen = sorted((pair for pair in ranked if pair[0]), key=lambda pair: pair[0])[
            :4
        ]
        return [self.item(place) for _rank, place in chosen]


def counted_together(waiting: dict[str, QuerySet[Any]]) -> dict[str, int]:
    """How many rows each of them has, by one query; those without a row are left out."""
    counts = [
        rows.order_by().values(place=Value(place)).annotate(rows=Count("pk"))
        for place, rows in waiting.items()
    ]
    if not counts:
        return {}
    first, *others = counts
    found = first.union(*others, all=True) if others else first
    return {one["place"]: one["rows"] for one in found}


def clock_words(zone: str, *, at: datetime | None = None) -> str:
    """14:32 CET"""
    local = (at or timezone.now()).astimezone(ZoneInfo(zone))
    return f"{local:%H:%M} {zone_name(local)}"
