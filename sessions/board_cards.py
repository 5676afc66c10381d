"""The cards of the live board: everything about the sessions that hold a place on a machine.

A fixed number of queries, however many sessions there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.db.models import Prefetch
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accessportal.accounts.authorisation import Action, may
from accessportal.accounts.models import User
from accessportal.plants.models import Site
from requests.models import AccessRequest
from sessions.models import BrokeredSession, LeftPressed, Participant, Sighting, Vantage
from sessions.models.brokered_session import BrokeredSessionQuerySet
from sessions.policy_facts import hold_limit
from sessions.services.plant_side import PlantSide, StepState, plant_sides
from sessions.services.reconcile import HEARD_LATELY
from sessions.services.recording_failures import may_be_continued
from sessions.shift import unanswered_in
from sessions.verdict_words import signals_of

Words = str | Promise
FreezeCause = BrokeredSession.FreezeCause

ACTIONS = (
    Action.SESSION_WATCH,
    Action.SESSION_FREEZE,
    Action.SESSION_END,
    Action.SESSION_CONTROL,
    Action.SESSION_CHARGE,
)

LIFTED_BY_THE_PLANT = frozenset(
    {
        FreezeCause.PERSON,
        FreezeCause.IDLE,
        FreezeCause.FACTOR,
        FreezeCause.ADDRESS,
    }
)

LEASE_IS_OLD = timedelta(seconds=1)

DISAGREEMENTS: dict[str, tuple[Words, Words]] = {
    Sighting.Disagreement.NOT_AT_GUACD: (
        _("The record says live, but guacd does not know this connection."),
        _(
            "It is being ended. If it stays like this, end it here and look at the machine."
        ),
    ),
    Sighting.Disagreement.STILL_AT_GUACD: (
        _(
            "The record says ended, but guacd still holds the connection to the machine."
        ),
        _(
            "The portal disconnects it again. If it stays, restart guacd, and look at the machine."
        ),
    ),
    Sighting.Disagreement.NO_BROKER: (
        _("No process carries this session: nobody can work in it."),
        _("Another takes over or ends it within seconds. If it stays, end it here."),
    ),
    Sighting.Disagreement.GUACD_SILENT: (
        _("guacd does not answer, so nobody knows how this session stands."),
        _("Look whether guacd runs, and look at the machine."),
    ),
}
"""What does not fit, and what to do about it."""


@dataclass(frozen=True)
class Recorder:
    """How the recorder is, in words; tone as of a badge, `since` where it matters."""

    words: Words
    tone: str
    since: datetime | None = None
    note: str = ""
    runs: bool = False


@dataclass(frozen=True)
class Looker:
    name: str
    on_board: bool


@dataclass(frozen=True)
class Card:
    """One session as `user` may see it, and what `user` may do to it."""

    brokered_session: BrokeredSession
    user: User
    side: PlantSide
    may: dict[str, bool]
    present: Sequence[Participant] = field(default_factory=list)
    unanswered: Sequence[str] = ()
    """What was said and waits for an answer, in sentences; for the plant."""

    @property
    def site(self) -> Site:
        return self.brokered_session.endpoint.asset.zone.site

    @property
    def live(self) -> bool:
        return self.brokered_session.is_live

    @property
    def own(self) -> bool:
        return self.brokered_session.started_by_id == self.user.pk

    @property
    def of_the_plant(self) -> bool:
        return self.user.vendor_id is None

    @cached_property
    def observers(self) -> list[Looker]:
        """Who watches, each once; a console says more than the board's small picture."""
        seen: dict[int, Looker] = {}
        for one in self.present:
            if one.role == Participant.Role.OBSERVER:
                on_board = one.vantage == Vantage.BOARD
                if one.user_id not in seen or not on_board:
                    seen[one.user_id] = Looker(one.user.full_name, on_board)
        return list(seen.values())

    @property
    def works(self) -> User:
        """Whose hands work."""
        row = self.brokered_session
        return row.baton_with or row.started_by

    @property
    def worker_connected(self) -> bool:
        hand = self.brokered_session.hand_id
        return any(
            one.user_id == hand and one.vantage == Vantage.CONSOLE
            for one in self.present
        )

    @property
    def companions(self) -> list[User]:
        """Who else of the vendor is in the session."""
        return [
            one.user
            for one in self.present
            if one.role == Participant.Role.COMPANION
            and one.user_id != self.brokered_session.hand_id
        ]

    @property
    def held(self) -> bool:
        """Frozen only because nobody's browser is there."""
        return self.live and self.brokered_session.frozen_cause == FreezeCause.AWAY

    @property
    def signals(self) -> list[Words]:
        """What was unusual about its start."""
        return signals_of(self.brokered_session, self.user)

    @property
    def step_runs(self) -> bool:
        step = self.side.step
        return step is not None and step.state is StepState.RUNNING

    @property
    def recorder(self) -> Recorder:
        return recorder_of(self.brokered_session)

    @property
    def sighting(self) -> Sighting | None:
        return getattr(self.brokered_session, "sighting", None)

    @property
    def disagreement(self) -> tuple[Words, Words] | None:
        sighting = self.sighting
        return DISAGREEMENTS.get(sighting.disagreement) if sighting else None

    @property
    def lease_is_old(self) -> bool:
        expires_at = self.brokered_session.lease_expires_at
        return (
            self.live
            and expires_at is not None
            and expires_at < timezone.now() - LEASE_IS_OLD
        )

    @property
    def heard_lately(self) -> bool:
        """Whether its broker said a moment ago that guacd is there."""
        heard_at = self.sighting.heard_at if self.sighting else None
        return heard_at is not None and heard_at > timezone.now() - HEARD_LATELY

    # --- What may be done --------------------------------------------------------------

    @property
    def may_return(self) -> bool:
        return self.live and not self.of_the_plant

    @property
    def may_watch(self) -> bool:
        return self.live and self.may[Action.SESSION_WATCH]

    @property
    def may_freeze(self) -> bool:
        return self.live and self.may[Action.SESSION_FREEZE]

    @property
    def may_lift(self) -> bool:
        """A browser that is away comes back by itself; a failed recording is not lifted here."""
        cause = self.brokered_session.frozen_cause
        return self.may_freeze and cause in LIFTED_BY_THE_PLANT

    @property
    def may_end(self) -> bool:
        return self.live and (self.own or self.may[Action.SESSION_END])

    @property
    def may_go_on(self) -> bool:
        """Let the work go on although its picture is not recorded."""
        charge = self.may[Action.SESSION_CHARGE]
        return charge and may_be_continued(self.brokered_session)

    @property
    def may_keep(self) -> bool:
        """A held session: let it wait until its window ends."""
        kept = self.brokered_session.hold_kept
        return self.held and not kept and self.may[Action.SESSION_END]

    @property
    def may_control(self) -> bool:
        """Take the work over; not where it was approved for looking only."""
        control = self.brokered_session.permission == AccessRequest.Permission.CONTROL
        return self.live and control and self.may[Action.SESSION_CONTROL]

    @property
    def held_until(self) -> datetime | None:
        """When a held session ends by itself; None where it waits until its window ends."""
        row = self.brokered_session
        limit = hold_limit(row.endpoint)
        if row.frozen_at is None or row.hold_kept or limit is None:
            return None
        return row.frozen_at + timedelta(seconds=limit)

    @property
    def may_charge(self) -> bool:
        return self.live and self.may[Action.SESSION_CHARGE]


def cards_for(user: User, sessions: Sequence[BrokeredSession]) -> list[Card]:
    """The cards of sessions that came through `with_relations`."""
    sides = plant_sides(sessions)
    unanswered = unanswered_in(sessions) if user.vendor_id is None else {}
    return [
        Card(
            brokered_session=one,
            user=user,
            side=sides[one.pk],
            may=may_on_card(user, one.endpoint.asset.zone.site_id),
            present=one.present,  # type: ignore[attr-defined]
            unanswered=unanswered.get(one.pk, ()),
        )
        for one in sessions
    ]


def may_on_card(user: User, site: int) -> dict[str, bool]:
    """What a person of the plant may do on a card of this site."""
    of_plant = user.vendor_id is None
    return {action: of_plant and may(user, action, site) for action in ACTIONS}


def with_relations(sessions: BrokeredSessionQuerySet) -> BrokeredSessionQuerySet:
    """Everything a card shows, and who is there now (`present`)."""
    return sessions.select_related(
        "window__access_request__vendor",
        "window__recalled_by",
        "endpoint__asset__zone__site",
        "started_by__vendor",
        "baton_with__vendor",
        "person_in_charge",
        "charge_offered_to",
        "attended_by",
        "unrecorded_by",
        "hold_kept_by",
        "frozen_by",
        "ended_by",
        "recording",
        "sighting",
    ).prefetch_related(
        Prefetch(
            "participants",
            queryset=Participant.objects.filter(left_at__isnull=True).select_related(
                "user__vendor"
            ),
            to_attr="present",
        )
    )


def present_sessions(visible: BrokeredSessionQuerySet) -> BrokeredSessionQuerySet:
    """Live, or over but not yet proven over, or over and not let go of by guacd."""
    return (
        visible.live()
        | visible.filter(slot__isnull=False)
        | visible.filter(sighting__disagreement=Sighting.Disagreement.STILL_AT_GUACD)
    ).order_by("requested_at")


def left_pressed_for(user: User) -> list[LeftPressed]:
    """Machines that a crash left with something held down, until somebody has looked."""
    if user.vendor_id is not None:
        return []
    return list(
        LeftPressed.objects.open()
        .visible_to(user)
        .select_related(
            "brokered_session__endpoint__asset__zone__site",
            "brokered_session__started_by",
        )
    )


def recorder_of(row: BrokeredSession) -> Recorder:
    """Recording, failed since, behind, or going on without it because somebody said so."""
    recording: Any = getattr(row, "recording", None)
    sighting: Any = getattr(row, "sighting", None)
    if row.unrecorded_at is not None and row.is_live:
        return Recorder(
            _("not recorded"), "bad", row.unrecorded_at, str(row.unrecorded_by or "")
        )
    if row.recording_failed_at is not None and row.is_live:
        return Recorder(_("failed since"), "bad", row.recording_failed_at)
    if recording is None:
        return Recorder(_("starting"), "info")
    if recording.state != "writing":
        return Recorder(recording.get_state_display(), "quiet")
    if sighting is not None and sighting.recorder_behind_since is not None:
        return Recorder(
            _("behind since"), "warn", sighting.recorder_behind_since, runs=True
        )
    return Recorder(_("REC"), "ok", runs=True)
