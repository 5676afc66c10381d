"""The main navigation: who is led where, what is waiting there, and the clocks of the sites."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from django.db.models import Q
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
    """What `base.html` shows of it, worked out once for each page."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.user: User = request.user  # type: ignore[assignment]

    @cached_property
    def actions(self) -> frozenset[Action]:
        """Everything the person may do somewhere."""
        return actions_anywhere(self.user)

    @cached_property
    def grants(self) -> list[RoleGrant]:
        if self.user.vendor_id is not None:
            return []
        return list(self.user.role_grants.all())

    @property
    def roles(self) -> str:
        """The person's roles in words, each once."""
        if self.user.vendor_id is not None:
            return str(_("Contractor"))
        return ", ".join(
            dict.fromkeys(str(grant.get_role_display()) for grant in self.grants)
        )

    @cached_property
    def places(self) -> list[tuple[Words, list[Place]]]:
        return [
            (words, [place for place in places if self.leads_to(place)])
            for words, places in PLACES
        ]

    def leads_to(self, place: Place) -> bool:
        if place.of_plant and self.user.vendor_id is not None:
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
    def counts(self) -> dict[str, int]:
        """What waits for this person, by place; kept up to date by the page's live parts."""
        found = {}
        if self.agrees:
            waiting = AccessRequest.objects.awaiting_decision().asking(self.user)
            found["approvals"] = waiting.count()
        if self.user.vendor_id is None and Action.REQUEST_SEE in self.actions:
            found["looks"] = EmergencyLook.objects.owed_by(self.user).count()
            found["escorts"] = Escort.objects.owed_by(self.user).count()
        if Action.ALERT_HANDLE in self.actions:
            found["alerts"] = SecurityAlert.objects.open().count()
        if Action.REVIEW_COMPLETE in self.actions:
            found["reviews"] = (
                ComplianceReview.objects.visible_to(self.user).waiting().count()
            )
        return found

    @cached_property
    def agrees(self) -> bool:
        """Whether a request can ask this person."""
        if {Action.REQUEST_DECIDE, Action.REQUEST_AGREE} & self.actions:
            return True
        return may_agree_somewhere(self.user)

    @cached_property
    def stops(self) -> list[StopOrder]:
        """Isolations and suspensions in force that concern this person of the plant."""
        if self.user.vendor_id is not None or not self.actions:
            return []
        concerns = at_sites_where(self.user, Action.SESSION_SEE, "site")
        if Action.VENDOR_SEE in self.actions:
            concerns |= Q(vendor__isnull=False)
        in_force = StopOrder.objects.in_force().filter(concerns)
        return list(in_force.select_related("site", "vendor", "requested_by"))

    @cached_property
    def overrides(self) -> list[PermissionOverride]:
        """Overrides in force: the person's own, and those that IT security is shown."""
        if self.user.vendor_id is not None:
            return []
        concerns = Q(granted_to=self.user)
        if Action.OVERRIDE_SEE in self.actions:
            concerns |= at_sites_where(self.user, Action.OVERRIDE_SEE, "site")
        in_force = PermissionOverride.objects.in_force().filter(concerns)
        return list(
            in_force.select_related("site", "granted_to", "granted_by").order_by("pk")
        )

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
        contractor = self.user.vendor_id is not None
        ranked = [
            (place.contractor_rank if contractor else place.plant_rank, place)
            for _words, places in self.places
            for place in places
        ]
        chosen = sorted((pair for pair in ranked if pair[0]), key=lambda pair: pair[0])[
            :4
        ]
        return [self.item(place) for _rank, place in chosen]

    @cached_property
    def clocks(self) -> list[SiteClock]:
        """The time at the person's sites; one line for each zone, at most three."""
        zones: dict[str, list[str]] = {}
        if self.user.vendor_id is None:
            for site in sites_where(self.user, Action.REQUEST_SEE)[:12]:
                zones.setdefault(site.time_zone, []).append(site.name)
        own = self.user.time_zone
        shown: list[tuple[Words, str]] = [
            (", ".join(names), zone) for zone, names in list(zones.items())[:3]
        ]
        if own not in zones:
            shown.append((_("Your time"), own))
        return [SiteClock(words, zone, clock_words(zone)) for words, zone in shown]


def clock_words(zone: str, *, at: datetime | None = None) -> str:
    """14:32 CET"""
    local = (at or timezone.now()).astimezone(ZoneInfo(zone))
    return f"{local:%H:%M} {zone_name(local)}"
