"""The companions of a session, before the policy decision point: each by their own facts.

A companion is a named person of the same request. The plant approved exactly these people;
each comes with an own account and an own fresh factor. What stands against one of them
concerns that person alone, unless that person works: then drift freezes the session.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from accessportal.accounts.factor_rules import counts
from accessportal.accounts.models import User
from accessportal.accounts.web_sessions import is_in_force
from accessportal.errors import FreshFactorNeeded, NotAllowed
from accessportal.origin import Origin
from accessportal.plants.models import Asset, Site
from sessions.models import BrokeredSession, Participant, PolicyVerdict
from sessions.policy import Facts, Moment, Outcome, Verdict, decide
from sessions.policy_facts import factor_moment, facts_during, standing_of
from sessions.services.verdicts import note_companion


@dataclass(frozen=True, slots=True)
class CompanionHere:
    """A companion's present socket."""

    participant: int
    web_session_key: str


def verdict_on_joining(
    brokered_session: BrokeredSession,
    user: User,
    *,
    origin: Origin,
    web_session_key: str,
) -> Verdict:
    """Whether a companion may come in: fresh factor, unless they come back (architecture, 3)."""
    return decide(_facts_on_joining(brokered_session, user, origin, web_session_key))


def _facts_on_joining(
    brokered_session: BrokeredSession, user: User, origin: Origin, web_session_key: str
) -> Facts:
    before = _earlier_joining(brokered_session, user, origin, web_session_key)
    user = User.objects.select_related("vendor").get(pk=user.pk)
    site = brokered_session.endpoint.asset.zone.site
    facts = _of_person(
        facts_during(brokered_session),
        user,
        factor_at=before.factor_at if before else _counting(user, origin, site),
        web_session_key=web_session_key,
    )
    vendor = brokered_session.window.access_request.vendor
    return replace(
        facts,
        moment=Moment.START,
        **standing_of(user, facts.at),
        vendor_services_asset=Asset.objects.serviced_by(vendor)
        .filter(pk=brokered_session.endpoint.asset_id)
        .exists(),
        factor_fresh_for=settings.FACTOR_MAX_AGE_SECONDS
        if before
        else settings.FRESH_FACTOR_SECONDS,
        # These are the session's, and judged there.
        attended=True,
        held_for=0.0,
        recording_grace_until=None,
    )


def _counting(user: User, origin: Origin, site: Site) -> datetime | None:
    """When a second factor that counts at the site was used."""
    return factor_moment(origin) if counts(user, origin.factor, site) else None


def refuse_unless_welcome(
    session_id: Any, user: User, *, origin: Origin, web_session_key: str
) -> None:
    """Raises `FreshFactorNeeded`, or `NotAllowed` with the weightiest reason.

    Not inside a transaction: the error would undo that it was kept.
    """
    refused = why_not_welcome(
        session_id, user, origin=origin, web_session_key=web_session_key
    )
    if refused is not None:
        raise refused


def why_not_welcome(
    session_id: Any, user: User, *, origin: Origin, web_session_key: str
) -> FreshFactorNeeded | NotAllowed | None:
    """Judge a coming in, and keep what policy said; None: come in."""
    brokered_session = _with_facts().get(pk=session_id)
    facts = _facts_on_joining(brokered_session, user, origin, web_session_key)
    verdict = decide(facts)
    note_companion(
        brokered_session, facts, verdict,
        person=user, moment=PolicyVerdict.Moment.JOINING,
    )  # fmt: skip
    if verdict.allowed:
        return None
    reason = verdict.reasons[0]
    if reason.code == "fresh_factor_needed":
        return FreshFactorNeeded()
    return NotAllowed(reason.sentence, code=reason.code)


def keep_why_shown_out(participant: Participant) -> None:
    """A companion had to leave: what policy says of them now, in the transaction of it.

    The look that put them out decided in memory, and does not wait for what is written.
    """
    brokered_session = _with_facts().get(pk=participant.brokered_session_id)
    facts = _of_present(
        facts_during(brokered_session),
        User.objects.select_related("vendor").get(pk=participant.user_id),
        factor_at=participant.factor_at,
        web_session_key=participant.web_session_key,
    )
    verdict = decide(facts)
    if verdict.outcome is Outcome.END:
        note_companion(
            brokered_session, facts, verdict,
            person=participant.user, moment=PolicyVerdict.Moment.SHOWN_OUT,
        )  # fmt: skip


def _with_facts() -> QuerySet[BrokeredSession]:
    return BrokeredSession.objects.select_related(
        "window__access_request__vendor",
        "endpoint__asset__zone__site",
        "started_by__vendor",
    )


def has_joined_before(
    brokered_session: BrokeredSession,
    user: User,
    *,
    origin: Origin,
    web_session_key: str,
) -> bool:
    """Whether this is a coming back: the same web session, the same network address."""
    return bool(_earlier_joining(brokered_session, user, origin, web_session_key))


def judge(
    brokered_session: BrokeredSession,
    facts: Facts,
    companions: Sequence[CompanionHere],
) -> tuple[Verdict, Facts, frozenset[int]]:
    """The session's verdict, the facts it rests on, and who has to leave (ids of people).

    `facts`: of the session and its owner (`facts_during`). While another hand works, what
    drifts about the owner does not count, and what drifts about that hand does.
    """
    at_work = brokered_session.hand_id
    if at_work != brokered_session.started_by_id:
        facts = _at_rest(facts)
    verdict, rests_on = decide(facts), facts
    unwelcome = set()
    for participant, here in _rows(companions):
        own_facts = _of_present(
            facts,
            participant.user,
            factor_at=participant.factor_at,
            web_session_key=here.web_session_key,
        )
        own = decide(own_facts)
        if own.outcome is Outcome.END:
            unwelcome.add(participant.user_id)
        elif (
            participant.user_id == at_work
            and own.outcome is Outcome.FREEZE
            and verdict.outcome is Outcome.ALLOW
        ):
            verdict, rests_on = own, own_facts
    return verdict, rests_on, frozenset(unwelcome)


def _of_present(facts: Facts, user: User, **more: Any) -> Facts:
    """The facts of a companion who is in it: their part ends with their own access. The
    window, which is another person's, is not shortened by it (decision 0042)."""
    own, last = _of_person(facts, user, **more), user.expires_at
    return own if last is None else replace(own, closes_at=min(own.closes_at, last))


def _of_person(
    facts: Facts,
    user: User,
    *,
    factor_at: datetime | None,
    web_session_key: str,
) -> Facts:
    """The facts of the session with this companion in the place of its owner."""
    vendor = user.vendor
    return replace(
        facts,
        own_window=True,
        # Whom the plant escorts is the owner, and nobody else.
        escorted_by="",
        bridged=(),
        person_disabled=user.disabled_at is not None,
        person_expires_at=user.expires_at,
        vendor_suspended=vendor is not None and vendor.suspended_at is not None,
        contract_ends_at=vendor.contract_ends_at if vendor is not None else None,
        signed_out=not is_in_force(web_session_key),
        factor_age=(facts.at - factor_at).total_seconds() if factor_at else None,
        same_address=True,
    )


def _at_rest(facts: Facts) -> Facts:
    """The facts of a session whose owner's hands do not work now.

    That nothing is done is judged for whoever works; the rest is not.
    """
    return replace(facts, factor_age=0.0, same_address=True)


def _rows(
    companions: Sequence[CompanionHere],
) -> list[tuple[Participant, CompanionHere]]:
    if not companions:
        return []
    here = {companion.participant: companion for companion in companions}
    rows = Participant.objects.filter(pk__in=here).select_related("user__vendor")
    return [(row, here[row.pk]) for row in rows]


def _earlier_joining(
    brokered_session: BrokeredSession, user: User, origin: Origin, web_session_key: str
) -> Participant | None:
    if not web_session_key:
        return None
    return brokered_session.participants.filter(
        user=user,
        role=Participant.Role.COMPANION,
        web_session_key=web_session_key,
        source_address=origin.address,
        factor_at__isnull=False,
    ).last()
