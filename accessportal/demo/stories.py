"""What happened at the demo plant before the newcomer came, and what is about to.

Past stories are steps on their own day; the two that are open run today, through the same
verbs, so that the queue and the calendar are not empty.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from django.utils import timezone

from accessportal.accounts.models import RoleGrant, User
from accessportal.accounts.services.delegations import delegate_role
from accessportal.audit import record
from accessportal.demo.past import Step, moment, origin_of, workday
from accessportal.demo.plant import DemoPlant
from accessportal.demo.policy import write_policy
from accessportal.plants.models import Endpoint, ProductionFreeze, Site
from accessportal.plants.services.checklist import add_item
from accessportal.plants.services.freezes import add_stop
from accessportal.plants.services.roster import ShiftFacts, add_shift
from requests.facts import hash_of_facts, seen_by_approver
from requests.models import AccessRequest, MaintenanceWindow
from requests.services.approval import approve_request, deny_request
from requests.services.submission import (
    Wish,
    expire_request,
    submit_request,
    withdraw_request,
)
from requests.services.thread import write_message
from requests.services.window import revoke_window
from sessions.services.lockout import lock_asset


@dataclass(frozen=True, kw_only=True)
class Story:
    """One request and what became of it. Times are the plant's; `days` from today.

    outcome: approved, denied, withdrawn, expired, revoked or pending. recording: the
    name of the recording made in the window, if somebody connected.
    """

    key: str
    days: int
    hour: int
    hours: float
    person: str
    machine: str
    purpose: str
    work_order: str
    outcome: str
    decider: str = ""
    reason: str = ""
    permission: str = AccessRequest.Permission.CONTROL
    lead_hours: float = 20.0
    recording: str = ""
    asked_back: tuple[str, ...] = ()


PAST = (
    Story(
        key="line-1-valves", days=-23, hour=9, hours=3, person="vera",
        machine="filling-line-1", work_order="WO-47902", outcome="denied", decider="olga",
        purpose="Replace the filler valve parameters with the set from line 3",
        reason="Line 1 has other valves (type 2). Please ask again with the right set.",
    ),
    Story(
        key="palletiser-pattern", days=-20, hour=13, hours=2, person="victor",
        machine="palletiser-2", work_order="WO-47988", outcome="approved", decider="olga",
        purpose="New pallet pattern for the 0.33 l tray, test run with ten pallets",
        recording="palletiser",
    ),
    Story(
        key="washer-dosing", days=-17, hour=8, hours=2, person="vera",
        machine="bottle-washer", work_order="S-1187", outcome="revoked", decider="omar",
        purpose="Adjust the caustic dosing after the pump was replaced",
        reason="The pump was not delivered, the washer stays closed today",
    ),
    Story(
        key="gateway-recipes", days=-13, hour=10, hours=1, person="vera",
        machine="plant-gateway-gw-1", work_order="WO-48110", outcome="approved",
        decider="olga", purpose="Look at the late answers of the capper in the gateway's log",
        recording="gateway",
    ),
    Story(
        key="wrapper-film", days=-10, hour=14, hours=1.5, person="victor",
        machine="stretch-wrapper-w-2", work_order="WO-48177", outcome="withdrawn",
        purpose="Reduce the film tension, pallets lean after wrapping",
        reason="Solved by your own people on site",
    ),
    Story(
        key="capper-torque", days=-7, hour=11, hours=1, person="vera",
        machine="capper-cp-3", work_order="WO-48211", outcome="approved", decider="olga",
        purpose="Head 7 reports torque high: read the data block, no change planned",
        recording="capper",
    ),
    Story(
        key="depalletiser-sweep", days=-5, hour=15, hours=2, person="victor",
        machine="depalletiser-1", work_order="S-1203", outcome="expired",
        purpose="Shorten the layer sweep, bottles wait at the infeed", lead_hours=3,
    ),
    Story(
        key="line-3-speed", days=-2, hour=9, hours=2, person="vera",
        machine="filling-line-3", work_order="WO-48260", outcome="approved",
        decider="olga", purpose="Set up the line for the new lot and check the conveyor",
        recording="filling",
    ),
)  # fmt: skip

AHEAD = (
    Story(
        key="palletiser-vacuum", days=1, hour=10, hours=2, person="victor",
        machine="palletiser-2", work_order="WO-48290", outcome="pending",
        purpose="Gripper loses vacuum now and then: look at the traces, change the limits",
        asked_back=(
            "Does the gantry have to move for this?",
            "Only for the last ten minutes, with nobody inside the fence.",
        ),
    ),
    Story(
        key="line-7-capper", days=2, hour=8, hours=3, person="vera",
        machine="filling-line-7", work_order="S-1219", outcome="approved", decider="omar",
        purpose="Teach the capper to the new closure, with the operators of the day shift",
        reason="Ask for Dwayne at the line, he has the samples",
    ),
)  # fmt: skip


FREEZE_DAYS_AHEAD, FREEZE_DAYS = 12, 3
HOLIDAY_DAYS_AHEAD, HOLIDAY_DAYS = 7, 5
HOLIDAY_REASON = "On holiday; Adam knows the lines"
LOCK_REASON = "Compressor is open, mechanic inside the guard"
STOP_DAYS_AHEAD = 4
STOP_REASON = "Weekly clean of filling line 3, the line stands still"
CHECKLIST = (
    ("Gripper lowered, drives locked out and tagged", ""),
    ("Permit to work is signed", "Number of the permit"),
)
EVERY_DAY, WORKDAYS = "1234567", "12345"
ROSTERS = (
    ("north", "olga", (
        ("Day shift", EVERY_DAY, 6, 18, ("olga", "ivan")),
        ("Night, on call", EVERY_DAY, 18, 6, ("adam", "olga")),
    )),
    ("south", "omar", (("Day shift", WORKDAYS, 7, 16, ("omar",)),)),
)  # fmt: skip
FREEZE_REASON = "Audit of the refrigeration, nobody else works at the plant"


def tell_ahead(plant: DemoPlant) -> None:
    """Make what lies ahead, now: two requests, a time when South wants no visitors, a
    holiday, and a machine on which somebody works with a spanner."""
    chiller = plant.endpoints["chiller-ch-2"].asset
    _make_freeze(chiller.zone.site)
    _make_stop(plant)
    _make_checklist(plant)
    _make_rosters(plant)
    lock_asset(
        chiller,
        acting_user=plant.people["omar"],
        origin=origin_of("omar"),
        reason=LOCK_REASON,
    )
    _lend_role(plant)
    write_policy(plant)
    for story in AHEAD:
        access_request = submit(story, plant)
        if story.outcome == "approved":
            _approve(story, access_request, plant)
        elif story.asked_back:
            _ask_back(story, access_request, plant)


def _ask_back(story: Story, access_request: AccessRequest, plant: DemoPlant) -> None:
    """A question of the plant, and the contractor's answer."""
    for person, text in zip(("olga", story.person), story.asked_back, strict=True):
        write_message(
            access_request,
            acting_user=plant.people[person],
            origin=origin_of(person),
            text=text,
        )


def _lend_role(plant: DemoPlant) -> None:
    """Olga is away next week; Adam decides for her."""
    away = timezone.now() + timedelta(days=HOLIDAY_DAYS_AHEAD)
    delegate_role(
        role=RoleGrant.Role.OT_SUPERVISOR,
        site=Site.objects.get(slug="north"),
        to=plant.people["adam"],
        starts_at=away,
        ends_at=away + timedelta(days=HOLIDAY_DAYS),
        reason=HOLIDAY_REASON,
        acting_user=plant.people["olga"],
        origin=origin_of("olga"),
    )


def _make_freeze(site: Site) -> None:
    first = workday(FREEZE_DAYS_AHEAD, site.time_zone)
    freeze = ProductionFreeze.objects.create(
        site=site,
        starts_at=moment(first, 6, 0, site.time_zone),
        ends_at=moment(first + timedelta(days=FREEZE_DAYS), 6, 0, site.time_zone),
        reason=FREEZE_REASON,
    )
    record("production_freeze.changed", subject=freeze, site=site)


def _make_stop(plant: DemoPlant) -> None:
    """Filling line 3 stands still for a morning: whoever asks for it is shown when."""
    line = plant.endpoints["filling-line-3"].asset
    zone = line.zone.site.time_zone
    day = workday(STOP_DAYS_AHEAD, zone)
    add_stop(
        line.zone.site,
        asset=line,
        starts_at=moment(day, 6, 0, zone),
        ends_at=moment(day, 14, 0, zone),
        reason=STOP_REASON,
        acting_user=plant.people["olga"],
        origin=origin_of("olga"),
    )


def _make_checklist(plant: DemoPlant) -> None:
    """Before somebody works on the palletiser, the shift ticks two points."""
    palletiser = plant.endpoints["palletiser-2"].asset
    for text, asks_for in CHECKLIST:
        add_item(
            palletiser.zone.site,
            asset=palletiser,
            text=text,
            asks_for=asks_for,
            acting_user=plant.people["olga"],
            origin=origin_of("olga"),
        )


def _make_rosters(plant: DemoPlant) -> None:
    """North has somebody around the clock; at South nobody decides in the night."""
    for site, by, shifts in ROSTERS:
        for name, weekdays, begins, ends, people in shifts:
            add_shift(
                Site.objects.get(slug=site),
                ShiftFacts(
                    name=name,
                    weekdays=weekdays,
                    begins=time(begins),
                    ends=time(ends),
                    people=[plant.people[person] for person in people],
                ),
                acting_user=plant.people[by],
                origin=origin_of(by),
            )


def steps_of(story: Story, plant: DemoPlant) -> list[Step]:
    """The steps of a past story, apart from what was done on the machine."""
    made: dict[str, AccessRequest] = {}
    opens_at, _ = span_of(story, plant)
    asked_at = opens_at - timedelta(hours=story.lead_hours)
    decided_at = asked_at + timedelta(minutes=37)

    def ask() -> None:
        made["request"] = submit(story, plant)

    steps = [Step(asked_at, ask)]
    if story.outcome in ("approved", "revoked"):
        steps.append(Step(decided_at, lambda: _approve(story, made["request"], plant)))
    if story.outcome == "revoked":
        steps.append(
            Step(
                opens_at - timedelta(minutes=50),
                lambda: _revoke(story, made["request"], plant),
            )
        )
    elif story.outcome == "denied":
        steps.append(Step(decided_at, lambda: _deny(story, made["request"], plant)))
    elif story.outcome == "withdrawn":
        steps.append(
            Step(
                decided_at,
                lambda: withdraw_request(
                    made["request"],
                    acting_user=plant.people[story.person],
                    origin=origin_of(story.person),
                    reason=story.reason,
                ),
            )
        )
    elif story.outcome == "expired":
        steps.append(
            Step(
                opens_at + timedelta(minutes=1), lambda: expire_request(made["request"])
            )
        )
    return steps


def span_of(story: Story, plant: DemoPlant) -> tuple[datetime, datetime]:
    """Start and end of the wish, in UTC."""
    zone = plant.endpoints[story.machine].asset.zone.site.time_zone
    start = moment(workday(story.days, zone), story.hour, 0, zone)
    return start, start + timedelta(hours=story.hours)


def window_of(story: Story) -> MaintenanceWindow:
    """The window that the approval of a story made."""
    return MaintenanceWindow.objects.get(access_request__submission_key=_key(story))


def _key(story: Story) -> uuid.UUID:
    return uuid.uuid5(uuid.NAMESPACE_URL, f"demo:{story.key}")


def submit(story: Story, plant: DemoPlant, **repeats: Any) -> AccessRequest:
    """`repeats`: how the work repeats, as a `Wish` says it."""
    endpoint: Endpoint = plant.endpoints[story.machine]
    start, end = span_of(story, plant)
    return submit_request(
        Wish(
            site=endpoint.asset.zone.site,
            endpoint_ids=[endpoint.pk],
            permission=story.permission,
            purpose=story.purpose,
            work_order=story.work_order,
            wanted_from=start,
            wanted_until=end,
            **repeats,
        ),
        acting_user=plant.people[story.person],
        origin=origin_of(story.person),
        submission_key=_key(story),
    )


def _approve(story: Story, access_request: AccessRequest, plant: DemoPlant) -> None:
    """By one supervisor: no story that is approved needs anybody else."""
    window = approve_request(
        access_request,
        acting_user=_decider(story, plant),
        origin=origin_of(story.decider),
        facts_hash=hash_of_facts(seen_by_approver(access_request)),
        reason="" if story.outcome == "revoked" else story.reason,
    )
    date_rows(access_request, window)


def _deny(story: Story, access_request: AccessRequest, plant: DemoPlant) -> None:
    deny_request(
        access_request,
        acting_user=_decider(story, plant),
        origin=origin_of(story.decider),
        facts_hash=hash_of_facts(seen_by_approver(access_request)),
        reason=story.reason,
    )
    date_rows(access_request)


def _revoke(story: Story, access_request: AccessRequest, plant: DemoPlant) -> None:
    revoke_window(
        MaintenanceWindow.objects.get(access_request=access_request),
        acting_user=_decider(story, plant),
        origin=origin_of(story.decider),
        reason=story.reason,
    )


def _decider(story: Story, plant: DemoPlant) -> User:
    return plant.people[story.decider]


def date_rows(
    access_request: AccessRequest, window: MaintenanceWindow | None = None
) -> None:
    """Rows whose time is the column's own default do not see the shifted clock."""
    now = timezone.now()
    access_request.decisions.update(decided_at=now)
    if window is not None:
        MaintenanceWindow.objects.filter(pk=window.pk).update(created_at=now)
