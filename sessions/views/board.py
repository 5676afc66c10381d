"""Who is on which machine now, what was before, and the page of one session."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import Prefetch, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accessportal.accounts.authorisation import Action, sites_where
from accessportal.accounts.models import User
from accessportal.plants.models import Site
from sessions.access import may_at, session_visible_to
from sessions.models import BrokeredSession, Participant
from sessions.models.brokered_session import BrokeredSessionQuerySet
from sessions.sentences import end_sentence
from sessions.story import story_of

PAGE_SIZE = 25
SORTS = {
    "requested_at",
    "ended_at",
    "number",
    "started_by__full_name",
    "endpoint__asset__name",
}
PROOF_WORDS = {
    "refuses_join": _("The gateway refuses to let anybody join this connection again."),
    "never_connected": _("The gateway never opened a connection."),
    "no_answer": _("The gateway did not answer."),
    "gone": _("The network connection to the machine is gone."),
    "not_visible": _(
        "The network connection to the machine cannot be seen from the portal."
    ),
    "still_there": _("A connection is still there."),
}
SPANS = {
    "today": timedelta(days=1),
    "week": timedelta(days=7),
    "month": timedelta(days=31),
}


@never_cache
@require_GET
def board(request: HttpRequest) -> HttpResponse:
    """Live sessions as cards, past ones as a list; contractors see their own."""
    user: User = request.user  # type: ignore[assignment]
    visible = _with_relations(BrokeredSession.objects.visible_to(user))
    sites = list(sites_where(user, Action.SESSION_SEE))
    past = _past(visible, request.GET, sites)
    page = Paginator(past, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(
        request,
        "sessions/board.html",
        {
            "cards": [
                _card(brokered_session, user) for brokered_session in _present(visible)
            ],
            "page": page,
            "rows": [
                (one, one.ended_at - one.requested_at) for one in page if one.ended_at
            ],
            "sites": sites if len(sites) > 1 else [],
            "end_reasons": BrokeredSession.EndReason.choices,
            "filtered": any(
                request.GET.get(name) for name in ("q", "site", "reason", "span")
            ),
            "is_contractor": user.vendor_id is not None,
        },
    )


@never_cache
@require_GET
def detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The facts of one session and everything that happened in it."""
    user: User = request.user  # type: ignore[assignment]
    brokered_session = session_visible_to(user, pk)
    card = _card(brokered_session, user)
    return render(
        request,
        "sessions/board_detail.html",
        {
            **card,
            "card": card,
            "end_sentence": _why(brokered_session, own=bool(card["own"])),
            "proof": proof_lines(brokered_session),
            "access_request": brokered_session.window.access_request,
            "window": brokered_session.window,
            "recording": getattr(brokered_session, "recording", None),
            "may_play": may_at(user, Action.RECORDING_PLAY, brokered_session),
            "may_start_again": card["own"]
            and not brokered_session.is_live
            and not brokered_session.is_ending
            and brokered_session.window.phase() == "open",
            "participants": brokered_session.participants.select_related(
                "user__vendor"
            ),
            "story": story_of(brokered_session, user),
            "is_contractor": user.vendor_id is not None,
        },
    )


def proof_lines(brokered_session: BrokeredSession) -> list[str]:
    """What the proof of the end rests on, in words (`sessions/broker/proof.py`)."""
    proof = brokered_session.end_proof
    found = (
        PROOF_WORDS.get(str(proof.get(name))) for name in ("guacd", "asset_connection")
    )
    return [str(words) for words in found if words]


def _why(brokered_session: BrokeredSession, *, own: bool) -> str:
    """The reason in a sentence, where it says more than the reason's own words."""
    by_contractor = (
        brokered_session.end_reason == BrokeredSession.EndReason.ENDED_BY_CONTRACTOR
    )
    if brokered_session.is_live or (by_contractor and not own):
        return ""
    return str(
        end_sentence(
            brokered_session.end_reason,
            brokered_session.failure,
            brokered_session.guacd_status,
        )
    )


def _with_relations(sessions: BrokeredSessionQuerySet) -> BrokeredSessionQuerySet:
    return sessions.select_related(
        "window__access_request__vendor",
        "endpoint__asset__zone__site",
        "started_by__vendor",
        "frozen_by",
        "recording",
    ).prefetch_related(
        Prefetch(
            "participants",
            queryset=Participant.objects.filter(left_at__isnull=True).select_related(
                "user__vendor"
            ),
            to_attr="present",
        )
    )


def _present(visible: BrokeredSessionQuerySet) -> BrokeredSessionQuerySet:
    """Live, or over but not yet proven over: both hold a place on a machine."""
    return (visible.live() | visible.filter(slot__isnull=False)).order_by(
        "requested_at"
    )


def _past(
    visible: BrokeredSessionQuerySet, query: Mapping[str, str], sites: list[Site]
) -> BrokeredSessionQuerySet:
    """`q`, `site`, `reason`, `span`, `sort` of the URL; what means nothing filters nothing."""
    past = visible.filter(ended_at__isnull=False, slot__isnull=True)
    for word in query.get("q", "")[:200].split():
        past = past.filter(
            Q(number__icontains=word)
            | Q(started_by__full_name__icontains=word)
            | Q(started_by__vendor__name__icontains=word)
            | Q(endpoint__asset__name__icontains=word)
            | Q(endpoint__name__icontains=word)
            | Q(window__access_request__number__icontains=word)
        )
    site = next((site for site in sites if site.slug == query.get("site")), None)
    if site is not None:
        past = past.filter(endpoint__asset__zone__site=site)
    if query.get("reason") in BrokeredSession.EndReason.values:
        past = past.filter(end_reason=query["reason"])
    if query.get("span") in SPANS:
        past = past.filter(requested_at__gte=timezone.now() - SPANS[query["span"]])
    sort = query.get("sort", "")
    return past.order_by(
        sort if sort.removeprefix("-") in SORTS else "-requested_at", "pk"
    )


def _card(brokered_session: BrokeredSession, user: User) -> dict[str, object]:
    """One session with what this person may do to it."""
    live = brokered_session.is_live
    own = brokered_session.started_by_id == user.pk
    may_freeze = live and may_at(user, Action.SESSION_FREEZE, brokered_session)
    present = getattr(brokered_session, "present", None)
    if present is None:
        present = list(
            brokered_session.participants.filter(left_at__isnull=True).select_related(
                "user__vendor"
            )
        )
    return {
        "brokered_session": brokered_session,
        "site": brokered_session.endpoint.asset.zone.site,
        "observers": [
            one.user for one in present if one.role == Participant.Role.OBSERVER
        ],
        "owner_connected": any(one.role == Participant.Role.OWNER for one in present),
        "own": own,
        "live": live,
        "may_return": live and own,
        "may_watch": live and may_at(user, Action.SESSION_WATCH, brokered_session),
        "may_freeze": may_freeze,
        # A browser that is away comes back by itself; a failed recording never does.
        "may_lift": may_freeze
        and brokered_session.frozen_cause in ("person", "idle", "factor", "address"),
        "may_end": live and (own or may_at(user, Action.SESSION_END, brokered_session)),
    }
