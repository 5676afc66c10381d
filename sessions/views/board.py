"""Who is on which machine now, what was before, and the page of one session."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accessportal.accounts.authorisation import Action, may, sites_where
from accessportal.accounts.models import User
from accessportal.origin import origin_of
from accessportal.plants.models import Site
from sessions.access import may_at, session_freezable_by, session_visible_to
from sessions.board_cards import (
    cards_for,
    left_pressed_for,
    present_sessions,
    with_relations,
)
from sessions.console_texts import console_texts
from sessions.models import BrokeredSession
from sessions.models.brokered_session import BrokeredSessionQuerySet
from sessions.proof_words import proof_lines
from sessions.sentences import end_sentence
from sessions.services.left_pressed import note_looked
from sessions.services.status import may_start_again
from sessions.story import story_of
from sessions.verdict_words import signals_of, verdict_lines

PAGE_SIZE = 25
SORTS = {
    "requested_at",
    "ended_at",
    "number",
    "started_by__full_name",
    "endpoint__asset__name",
}
PICTURE_TEXTS = {
    "waiting": _("Picture on its way"),
    "lost": _("No picture at the moment"),
    "held_back": _("Six pictures are shown at once: scroll, or open this one."),
    "show": _("Show the picture"),
    "hide": _("Hide the picture"),
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
    visible = BrokeredSession.objects.visible_to(user)
    sites = list(sites_where(user, Action.SESSION_SEE))
    past = _past(
        visible.select_related(
            "endpoint__asset__zone__site", "started_by__vendor", "recording"
        ),
        request.GET,
        sites,
    )
    page = Paginator(past, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(
        request,
        "sessions/board.html",
        {
            **_now(user),
            "may_charge": may(user, Action.SESSION_CHARGE),
            "page": page,
            "rows": [
                (one, one.ended_at - one.requested_at) for one in page if one.ended_at
            ],
            "sites": sites if len(sites) > 1 else [],
            "end_reasons": BrokeredSession.EndReason.choices,
            "filtered": any(
                request.GET.get(name) for name in ("q", "site", "reason", "span")
            ),
        },
    )


@never_cache
@require_GET
def now(request: HttpRequest) -> HttpResponse:
    """Only the live part of the board: what an open board fetches again and again."""
    user: User = request.user  # type: ignore[assignment]
    return render(request, "sessions/board_now.html", _now(user))


def _now(user: User) -> dict[str, Any]:
    sessions = present_sessions(BrokeredSession.objects.visible_to(user))
    return {
        "cards": cards_for(user, list(with_relations(sessions))),
        "left_pressed": left_pressed_for(user),
        "looked_for_at": sites_where(user, Action.SESSION_FREEZE),
        "is_contractor": user.vendor_id is not None,
        "picture_texts": PICTURE_TEXTS,
    }


@never_cache
@require_GET
def detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The facts of one session and everything that happened in it."""
    user: User = request.user  # type: ignore[assignment]
    brokered_session = session_visible_to(user, pk)
    (card,) = cards_for(
        user,
        list(with_relations(BrokeredSession.objects.filter(pk=brokered_session.pk))),
    )
    brokered_session = card.brokered_session
    return render(
        request,
        "sessions/board_detail.html",
        {
            "card": card,
            "brokered_session": brokered_session,
            "site": card.site,
            "live": card.live,
            "end_sentence": _why(brokered_session, own=card.own),
            "proof": proof_lines(brokered_session),
            "access_request": brokered_session.window.access_request,
            "window": brokered_session.window,
            "recording": getattr(brokered_session, "recording", None),
            "may_play": may_at(user, Action.RECORDING_PLAY, brokered_session),
            "may_start_again": card.own
            and not brokered_session.is_live
            and not brokered_session.is_ending
            and may_start_again(brokered_session),
            "participants": brokered_session.participants.select_related(
                "user__vendor"
            ),
            "story": story_of(brokered_session, user),
            "verdicts": verdict_lines(brokered_session, user),
            "signals": signals_of(brokered_session, user),
            "is_contractor": user.vendor_id is not None,
            "held_data": {"facts": {}, "texts": console_texts()},
        },
    )


@require_POST
def looked(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Somebody of the plant has been at a machine that a crash left with something pressed."""
    user: User = request.user  # type: ignore[assignment]
    brokered_session = session_freezable_by(user, pk)
    note_looked(brokered_session, acting_user=user, origin=origin_of(request))
    messages.success(
        request,
        _("Noted: you have looked at %(asset)s.")
        % {"asset": brokered_session.endpoint.asset},
    )
    return redirect("sessions:board")


def _why(brokered_session: BrokeredSession, *, own: bool) -> str:
    """The reason in a sentence, where it says more than the reason's own words."""
    # The page names who ended it; only a sentence to the owner says "you".
    by_contractor = (
        brokered_session.end_reason == BrokeredSession.EndReason.ENDED_BY_CONTRACTOR
    )
    by_owner = brokered_session.ended_by_id == brokered_session.started_by_id
    if brokered_session.is_live or (by_contractor and not (own and by_owner)):
        return ""
    return str(
        end_sentence(
            brokered_session.end_reason,
            brokered_session.failure,
            brokered_session.guacd_status,
        )
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
