"""The console step: connect, work, watch, freeze, ask for the end.

These verbs change rows and wake the session's actor, which alone touches the asset. What
they say is true even when the wake-up is lost: the actor looks by itself every 2 s.
"""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accessportal.accounts.authorisation import Action
from accessportal.accounts.models import User
from accessportal.audit import record
from accessportal.errors import FreshFactorNeeded, NotAllowed, NotPossible, TooLate
from accessportal.numbers import next_number
from accessportal.origin import SYSTEM, Origin
from accessportal.plants.models import Endpoint
from requests.escortable import escort_in_force
from requests.models import MaintenanceWindow
from sessions.access import may_at
from sessions.attended import frozen_from_the_start
from sessions.guacamole.arguments import Size, screen_size
from sessions.limits import lock_vendor
from sessions.models import BrokeredSession, ConsoleMessage
from sessions.policy import Facts, Verdict, decide
from sessions.policy_facts import factor_moment, facts_at_start, free_slot
from sessions.risk_facts import remember_browser
from sessions.services.brokers import place_session
from sessions.services.charge import begin_charge
from sessions.services.critical_step import guard_critical_step
from sessions.services.freezes import freeze_session, resume_session, unfreeze_session
from sessions.services.live_session import locked, refuse_when_over, role_of
from sessions.services.news import tell_pages, wake_actor, wake_broker
from sessions.services.notice import keep_acceptance
from sessions.services.tickets import IssuedTicket, issue_ticket, use_ticket
from sessions.services.unusual import tell_unusual
from sessions.services.upstream_facts import endpoint_facts
from sessions.services.verdicts import facts_hash, keep_start

EndReason = BrokeredSession.EndReason

__all__ = [
    "IssuedTicket",
    "freeze_session",
    "issue_ticket",
    "refusal",
    "request_end",
    "resume_session",
    "send_message",
    "start_session",
    "unfreeze_session",
    "use_ticket",
]


def start_session(
    window: MaintenanceWindow,
    endpoint: Endpoint,
    *,
    acting_user: User,
    origin: Origin,
    web_session_key: str,
    width: int,
    height: int,
    notice_version: str = "",
) -> BrokeredSession:
    """Take a place on the endpoint and have the broker connect; the state is `connecting`.

    `width` and `height` are the console's, in pixels. A person who already has a live
    session there gets that one. Raises the error that fits the first reason of policy.
    """
    with transaction.atomic():
        lock_vendor(acting_user)
        Endpoint.objects.select_for_update().get(pk=endpoint.pk)
        live = _live_session(window, endpoint, acting_user)
        if live is not None:
            return live

        facts = facts_at_start(window, endpoint, acting_user, origin)
        verdict = decide(facts)
        if verdict.allowed:
            brokered_session = _new_session(
                window, endpoint, acting_user, origin, facts,
                web_session_key=web_session_key,
                size=_console_size(endpoint, width, height),
                notice_version=notice_version,
            )  # fmt: skip
            keep_start(
                verdict, facts, window=window, endpoint=endpoint,
                person=acting_user, brokered_session=brokered_session,
            )  # fmt: skip
            remember_browser(acting_user, origin.browser, facts.at)

            if notice_version:
                keep_acceptance(
                    brokered_session,
                    acting_user=acting_user,
                    origin=origin,
                    version=notice_version,
                )
            record(
                "session.start.requested",
                acting_user=acting_user,
                subject=brokered_session,
                brokered_session=brokered_session,
                origin=origin,
                endpoint=str(endpoint),
                permission=brokered_session.permission,
                signals=sorted(facts.signals),
                escorted_by=facts.escorted_by,
                facts_hash=facts_hash(facts),
            )

            tell_unusual(facts, endpoint, acting_user, origin, let_in=True)
            begin_charge(brokered_session)
            wake_broker(brokered_session)
            tell_pages(brokered_session)
            return brokered_session

        kept = keep_start(
            verdict, facts, window=window, endpoint=endpoint, person=acting_user
        )
        record(
            "session.denied",
            acting_user=acting_user,
            subject=endpoint,
            access_request=window.access_request,
            origin=origin,
            result="denied",
            reasons=verdict.codes,
            signals=sorted(facts.signals),
            verdict=kept.pk,
            facts_hash=facts_hash(facts),
        )
        if "risk_refused" in verdict.codes:
            tell_unusual(facts, endpoint, acting_user, origin, let_in=False)
    # Raised here, not above: the refusal stays in the audit trail.
    raise refusal(verdict, facts)


def refusal(verdict: Verdict, facts: Facts) -> Exception:
    """The error that says the weightiest reason of a verdict to a person."""
    reason = verdict.reasons[0]
    kinds: dict[str, type[NotAllowed | TooLate | NotPossible]] = {
        "fresh_factor_needed": FreshFactorNeeded,
        "window_closed": TooLate,
        "window_revoked": TooLate,
        "window_not_open": NotPossible,
        "endpoint_busy": TooLate,
        "person_limit": TooLate,
        "vendor_limit": TooLate,
        "asset_locked": TooLate,
        "risk_step_up": FreshFactorNeeded,
        "desktop_left_over": TooLate,
        "recorder_not_ready": NotPossible,
        "host_key_not_pinned": NotPossible,
        "production_freeze": NotPossible,
    }
    return kinds.get(reason.code, NotAllowed)(reason.said_of(facts), code=reason.code)


@transaction.atomic
def request_end(
    brokered_session: BrokeredSession,
    *,
    acting_user: User | None,
    origin: Origin = SYSTEM,
    note: str = "",
    reason: str = "",
    despite_step: bool = False,
) -> None:
    """Ask the actor to end a session; it does within half a second, at the latest in 2 s.

    `reason` is for the portal itself; a person's follows from who asks. Asked twice, the
    first stands. `despite_step`: the person was told which critical step it breaks off.
    Raises `TooLate` when the session is over.
    """
    brokered_session = locked(brokered_session)
    refuse_when_over(brokered_session)
    if acting_user is not None:
        reason = _reason_of(acting_user, brokered_session)
    guard_critical_step(
        brokered_session, acting_user=acting_user, confirmed=despite_step
    )

    asked = BrokeredSession.objects.filter(
        pk=brokered_session.pk, end_requested_at__isnull=True
    ).update(
        end_requested_at=timezone.now(),
        end_requested_by=acting_user,
        end_requested_reason=reason,
        end_note=note[:500],
    )
    if asked:
        record(
            "session.end.requested",
            acting_user=acting_user,
            subject=brokered_session,
            brokered_session=brokered_session,
            origin=origin,
            reason=note,
            end_reason=reason,
        )

    wake_actor(brokered_session)


@transaction.atomic
def send_message(
    brokered_session: BrokeredSession, *, acting_user: User, origin: Origin, text: str
) -> ConsoleMessage:
    """A line to everyone in the session; kept as part of its evidence."""
    brokered_session = locked(brokered_session)
    refuse_when_over(brokered_session)
    role_of(acting_user, brokered_session)
    text = text.strip()
    if not text:
        raise NotPossible(_("Please write something first."))
    if len(text) > 500:
        raise NotPossible(_("A message has at most 500 characters."))

    message = ConsoleMessage.objects.create(
        brokered_session=brokered_session, sent_by=acting_user, text=text
    )
    record(
        "session.message.sent",
        acting_user=acting_user,
        subject=message,
        brokered_session=brokered_session,
        origin=origin,
        length=len(text),
    )

    wake_actor(brokered_session)
    return message


def _live_session(
    window: MaintenanceWindow, endpoint: Endpoint, user: User
) -> BrokeredSession | None:
    return (
        BrokeredSession.objects.live()
        .filter(
            window=window,
            endpoint=endpoint,
            started_by=user,
            end_requested_at__isnull=True,
        )
        .first()
    )


def _new_session(
    window: MaintenanceWindow,
    endpoint: Endpoint,
    user: User,
    origin: Origin,
    facts: Facts,
    *,
    web_session_key: str,
    size: Size,
    notice_version: str,
) -> BrokeredSession:
    """Insert the row; whoever comes second finds the place taken and gets `TooLate`."""
    now = timezone.now()
    for _attempt in range(20):
        slot = free_slot(endpoint)
        if slot is None:
            break
        try:
            with transaction.atomic():
                return BrokeredSession.objects.create(
                    number=next_number(BrokeredSession.objects.all(), "SES", now),
                    window=window,
                    endpoint=endpoint,
                    slot=slot,
                    started_by=user,
                    permission=window.access_request.permission,
                    screen_width=size.width,
                    screen_height=size.height,
                    requested_at=now,
                    source_address=origin.address,
                    web_session_key=web_session_key,
                    factor=origin.factor,
                    factor_at=factor_moment(origin),
                    policy_facts=facts.as_evidence(),
                    notice_version=notice_version,
                    broker=place_session(),
                    **frozen_from_the_start(
                        endpoint,
                        window.access_request,
                        escort_in_force(window, user, origin.web_session_ref),
                    ),
                )
        except IntegrityError:
            continue  # the number or the place went to another; look again
    raise TooLate(_("This machine is in use by another session."), code="endpoint_busy")


def _console_size(endpoint: Endpoint, width: int, height: int) -> Size:
    return screen_size(endpoint_facts(endpoint), Size(width, height))


def _reason_of(user: User, brokered_session: BrokeredSession) -> str:
    works = brokered_session.hand_id == user.pk and user.vendor_id is not None
    if brokered_session.started_by_id == user.pk or works:
        return EndReason.ENDED_BY_CONTRACTOR
    if may_at(user, Action.SESSION_END, brokered_session):
        return EndReason.ENDED_BY_PLANT
    raise NotAllowed(_("You are not allowed to end sessions at this site."))
