"""The times of work that repeats, each judged: what stands against it, and what was made of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from django.db.models import Q
from django.utils.translation import gettext as _

from accessportal.accounts.models import User
from accessportal.clock import plant_time
from accessportal.plants.models import Endpoint, ProductionFreeze, Site
from requests.demanded import demands_on_request
from requests.facts import facts_of_request, policy_limits, requested_endpoints
from requests.feasibility import blocks, what_stands_against
from requests.models import AccessRequest, MaintenanceWindow
from requests.policy.rules import Demands
from requests.wishes import Booking, Finding, Freeze, Level, Span, WishFacts


@dataclass(frozen=True)
class Judged:
    """One time. `skipped`: left out by who asks; `left_out`: not made, and why."""

    span: Span
    day: date
    findings: tuple[Finding, ...] = ()
    skipped: bool = False
    left_out: str = ""
    access_request: AccessRequest | None = None

    @property
    def against(self) -> str:
        """The first sentence that makes it impossible."""
        return next((one.sentence for one in blocks(list(self.findings))), "")

    @property
    def warning(self) -> str:
        """What else is to be known of this very time."""
        return next(
            (one.sentence for one in self.findings if one.code == "production_freeze"),
            "",
        )


def judged(
    facts: WishFacts,
    site: Site,
    endpoints: Sequence[Endpoint],
    spans: Sequence[Span],
    *,
    demands_of: Callable[[Span], Demands],
    skips: Iterable[date] = (),
    own_request: AccessRequest | None = None,
) -> list[Judged]:
    """Each time, judged as if it were asked for by itself.

    `facts` are those of the wish; bookings and freezes of the whole stretch are read once.
    `demands_of`: what the policy demands at a time. How far ahead one may ask is judged
    for the first time, by itself: the others may be later.
    """
    if not spans:
        return []
    stretch = Span(spans[0].start, spans[-1].end)
    bookings = _bookings(endpoints, stretch, own_request)
    freezes = _freezes(site, endpoints, stretch)
    furthest = stretch.end - facts.now
    left, found = set(skips), []
    for span in spans:
        demands = demands_of(span)
        at_that_time = replace(
            facts,
            start=span.start,
            end=span.end,
            limits=replace(policy_limits(demands), furthest=furthest),
            demands=demands,
            duplicates=(),
            endpoints=tuple(
                replace(one, bookings=_within(bookings.get(endpoint.pk, []), span))
                for one, endpoint in zip(facts.endpoints, endpoints, strict=True)
            ),
            freezes=tuple(
                one for one in freezes if one.start < span.end and one.end > span.start
            ),
        )
        day = plant_time(span.start, facts.zone).date()
        findings = [
            one
            for one in what_stands_against(at_that_time)
            if one.about not in {"purpose", "endpoints", "site"}
            and (one.blocks or one.code == "production_freeze")
        ]
        findings += _of_the_policy(facts.demands, demands)
        found.append(Judged(span, day, tuple(findings), skipped=day in left))
    return found


def _of_the_policy(first: Demands, here: Demands) -> list[Finding]:
    """One decision may stand for many times only where the policy leaves that to it, and
    only for those at which it demands the same as of the first."""
    if here.rules and not here.recurring_allowed:
        return [
            Finding(
                Level.BLOCKS,
                "recurring_not_allowed",
                _("The plant wants to decide on each such work by itself."),
                "repeat",
            )
        ]
    if demand_the_same(first, here):
        return []
    return [
        Finding(
            Level.BLOCKS,
            "other_demands",
            _("Other rules of the plant hold at this time. Ask for it by itself."),
            "repeat",
        )
    ]


def demand_the_same(one: Demands, other: Demands) -> bool:
    """Whether one decision, by the same people, is as good for the one as for the other."""
    return all(
        getattr(one, name) == getattr(other, name)
        for name in ("steps", "attendance", "passkey", "confirm_each_use")
    )


def dates_of(access_request: AccessRequest, viewer: User | None) -> list[Judged]:
    """The times of a request's series, for its page: judged while it waits, then as made."""
    head = access_request.series or access_request
    rows = list(head.occurrences.all())
    if not rows:
        return []
    zone = head.site.time_zone
    if head.state == AccessRequest.State.PENDING:
        spans = [Span(row.starts_at, row.ends_at) for row in rows]
        endpoints = requested_endpoints(head)
        facts = facts_of_request(head, viewer=viewer)
        return judged(
            facts,
            head.site,
            endpoints,
            spans,
            own_request=head,
            demands_of=lambda span: demands_on_request(
                head, start=span.start, end=span.end
            ),
        )
    made = AccessRequest.objects.filter(Q(series=head) | Q(pk=head.pk))
    by_start = {
        one.wanted_from: one
        for one in made.select_related("window", "site").order_by("wanted_from")
    }
    return [
        Judged(
            Span(row.starts_at, row.ends_at),
            plant_time(row.starts_at, zone).date(),
            left_out=row.left_out,
            access_request=by_start.get(row.starts_at),
        )
        for row in rows
    ]


def _bookings(
    endpoints: Sequence[Endpoint], stretch: Span, own_request: AccessRequest | None
) -> dict[int, list[Booking]]:
    windows = MaintenanceWindow.objects.overlapping(stretch.start, stretch.end).filter(
        access_request__endpoints__in=endpoints
    )
    if own_request is not None:
        windows = windows.exclude(access_request=own_request)
    found: dict[int, list[Booking]] = {}
    for opens_at, closes_at, endpoint in windows.values_list(
        "opens_at", "closes_at", "access_request__endpoints"
    ):
        found.setdefault(endpoint, []).append(Booking(opens_at, closes_at))
    return found


def _freezes(site: Site, endpoints: Sequence[Endpoint], stretch: Span) -> list[Freeze]:
    rows = ProductionFreeze.objects.overlapping(stretch.start, stretch.end).filter(
        Q(asset__isnull=True) | Q(asset__in=[one.asset_id for one in endpoints]),
        site=site,
    )
    return [
        Freeze(
            row.starts_at, row.ends_at, row.reason, row.asset.name if row.asset else ""
        )
        for row in rows.select_related("asset")
    ]


def _within(bookings: Iterable[Booking], span: Span) -> tuple[Booking, ...]:
    return tuple(
        one for one in bookings if one.start < span.end and one.end > span.start
    )
