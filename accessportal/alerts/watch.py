"""Looks at what is new in the trail and raises alerts; bounded, whatever is in it.

New is what was sealed since the last look: seals are gap-free and of committed rows only, so
nothing is missed and nothing counts twice. One look reads at most `BATCH` events; at most
`MAX_OPEN` alerts of a rule are open, and what comes after is counted in one for "others": an
attacker with many addresses fills neither the table nor a mailbox.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Min
from django.db.models.functions import Greatest
from django.utils import timezone

from accessportal import audit
from accessportal.alerts.access import people_to_alert
from accessportal.alerts.models import AlertMark, SecurityAlert
from accessportal.alerts.rules import BY_EVENT, RULES, Rule
from accessportal.audit.models import AuditEvent, AuditSeal
from accessportal.news import tell_news, user_topic
from accessportal.notifications import notify

BATCH = 2000
MAX_OPEN = 25
QUIET = timedelta(hours=1)
"""After so long without an event the burst is over: the next event is told again."""
FIRST_LOOK = timedelta(days=1)


@dataclass
class Tally:
    """The new events of one rule and key."""

    label: str
    count: int
    first_at: datetime
    last_at: datetime

    def add(self, event: AuditEvent) -> None:
        self.count += 1
        self.first_at = min(self.first_at, event.recorded_at)
        self.last_at = max(self.last_at, event.recorded_at)


@transaction.atomic
def look_at_the_trail() -> int:
    """Weigh the events sealed since the last look; returns how many those were."""
    mark = _mark()
    seals = list(
        AuditSeal.objects.filter(seq__gt=mark.seq)
        .select_related("event")
        .order_by("seq")[:BATCH]
    )
    tallies: dict[tuple[str, str], Tally] = {}
    for seal in seals:
        event = seal.event
        for name, rule in BY_EVENT.get(event.event, ()):
            if not rule.concerns(event):
                continue
            place = (name, rule.key_of(event)[:100])
            if place not in tallies:
                at = event.recorded_at
                tallies[place] = Tally(rule.label_of(event), 0, at, at)
            tallies[place].add(event)
    for (name, key), tally in tallies.items():
        _weigh(name, key, tally)
    if seals:
        AlertMark.objects.filter(pk=mark.pk).update(seq=seals[-1].seq)
    return len(seals)


def _mark() -> AlertMark:
    """Locked: who looks at the same time waits, and then finds nothing new."""
    if not AlertMark.objects.filter(pk=1).exists():
        since = timezone.now() - FIRST_LOOK
        first = AuditSeal.objects.filter(event__recorded_at__gte=since).aggregate(
            seq=Min("seq")
        )["seq"]
        newest = (
            AuditSeal.objects.order_by("-seq").values_list("seq", flat=True).first()
        )
        begin = first - 1 if first else newest or 0
        AlertMark.objects.get_or_create(pk=1, defaults={"seq": begin})
    return AlertMark.objects.select_for_update().get(pk=1)


def _weigh(name: str, key: str, tally: Tally) -> None:
    """Count the events in the alert that is open, or raise one when they are enough."""
    rule = RULES[name]
    if _counted_in_open(name, key, tally):
        return
    if _within(rule, key, tally.last_at) < rule.threshold:
        return
    if SecurityAlert.objects.open().filter(rule=name).count() >= MAX_OPEN:
        key, tally.label = "", ""  # all the others, together
        if _counted_in_open(name, key, tally):
            return
    alert = SecurityAlert.objects.create(
        rule=name,
        key=key,
        label=tally.label,
        severity=rule.severity,
        count=max(tally.count, rule.threshold if not rule.distinct else 0),
        first_at=tally.first_at,
        last_at=tally.last_at,
        notified_at=timezone.now(),
    )
    audit.record("alert.raised", subject=alert, rule=name, count=alert.count)
    _tell(alert, rule)


def _counted_in_open(name: str, key: str, tally: Tally) -> bool:
    alert = SecurityAlert.objects.open().filter(rule=name, key=key).first()
    if alert is None:
        return False
    again = tally.first_at - alert.last_at > QUIET
    SecurityAlert.objects.filter(pk=alert.pk).update(
        count=F("count") + tally.count,
        last_at=Greatest(F("last_at"), tally.last_at),
        notified_at=timezone.now() if again else alert.notified_at,
    )
    if again:
        alert.refresh_from_db()
        _tell(alert, RULES[name])
    return True


def _within(rule: Rule, key: str, last_at: datetime) -> int:
    """How many events of this key, or different values, the rule's time holds."""
    events = AuditEvent.objects.filter(
        event__in=rule.events,
        recorded_at__gt=last_at - rule.within,
        recorded_at__lte=last_at,
        **{rule.by.value: key},
    )
    if rule.only_failed:
        events = events.exclude(result=AuditEvent.Result.OK)
    if rule.distinct:
        different = events.exclude(**{rule.distinct: None}).order_by()
        return len(different.values_list(rule.distinct).distinct()[: rule.threshold])
    return len(events.order_by().values_list("pk")[: rule.threshold])


def _tell(alert: SecurityAlert, rule: Rule) -> None:
    people = list(people_to_alert())
    topics = [user_topic(person.pk) for person in people]
    transaction.on_commit(lambda: tell_news(*topics, about="alerts"))
    notify(
        people,
        "alert.raised",
        path="/alerts/",
        sentence=lambda: str(rule.sentence),
        label=alert.label,
        count=alert.count,
    )
