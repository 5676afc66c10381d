"""What the wall of a control room shows: who is on a machine, who may come, who asks."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import F
from django.utils import timezone

from accessportal.accounts.authorisation import Action, people_who_may
from accessportal.accounts.models import User
from requests.models import AccessRequest, MaintenanceWindow
from sessions.board_cards import Recorder, present_sessions, recorder_of, with_relations
from sessions.models import BrokeredSession, CriticalStep, Station, StationAct

UNNAMED_SHOWN = 3


@dataclass(frozen=True)
class WallCard:
    brokered_session: BrokeredSession
    recorder: Recorder
    step: CriticalStep | None

    @property
    def live(self) -> bool:
        return self.brokered_session.is_live


@dataclass(frozen=True)
class Wall:
    """Everything at one site, as it is now; a fixed number of queries."""

    station: Station
    cards: list[WallCard]
    windows: list[MaintenanceWindow]
    waiting: list[AccessRequest]
    unnamed: list[StationAct]
    people: list[User]

    @property
    def sound(self) -> str:
        """Changes when there is something new to hear: what waits, who is there, who is not."""
        parts = [f"r{one.pk}" for one in self.waiting]
        parts += [
            f"s{card.brokered_session.number}{card.brokered_session.frozen_cause}"
            for card in self.cards
        ]
        return " ".join(parts)


def wall_of(station: Station) -> Wall:
    site, now = station.site, timezone.now()
    here = BrokeredSession.objects.filter(endpoint__asset__zone__site=site)
    sessions = list(with_relations(present_sessions(here)))
    steps = {
        step.brokered_session_id: step
        for step in CriticalStep.objects.running().filter(brokered_session__in=sessions)
    }
    unnamed = list(
        station.acts.filter(named__isnull=True).select_related(
            "brokered_session__endpoint__asset"
        )[:UNNAMED_SHOWN]
    )
    people = people_who_may(Action.SESSION_FREEZE, site) if unnamed else ()
    return Wall(
        station=station,
        cards=[WallCard(one, recorder_of(one), steps.get(one.pk)) for one in sessions],
        windows=list(
            MaintenanceWindow.objects.filter(
                access_request__site=site,
                revoked_at__isnull=True,
                opens_at__lte=now,
                closes_at__gt=now,
            )
            .select_related("access_request__requested_by__vendor")
            .prefetch_related("access_request__endpoints__asset")
            .order_by("closes_at")
        ),
        waiting=list(
            AccessRequest.objects.awaiting_decision()
            .filter(site=site)
            .select_related("requested_by__vendor")
            .prefetch_related("endpoints__asset")
            # What cannot wait stands first.
            .order_by(F("emergency_at").asc(nulls_last=True), "wanted_from")
        ),
        unnamed=unnamed,
        people=sorted(people, key=lambda person: person.full_name),
    )
