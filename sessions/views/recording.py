"""The recording step: the list, the player, and what the player fetches."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accessportal.accounts.authorisation import Action, may, sites_where
from accessportal.accounts.models import User
from accessportal.errors import NotAllowed, NotPossible
from accessportal.origin import origin_of
from accessportal.rate_limits import rate_limited
from sessions.access import (
    may_at,
    recording_playable_by,
    recording_visible_to,
    took_part,
)
from sessions.filters import RecordingFilterForm
from sessions.models import Recording
from sessions.player_texts import player_texts
from sessions.services.playback import hands_of, input_between, map_of, open_segment
from sessions.services.recording_check import view_recording
from sessions.tasks import verify_again

PAGE_SIZE = 25
VIEW_LASTS_SECONDS = 30 * 60
"""Opening the same recording again within this time is the same act of looking."""


@require_GET
@never_cache
def recording_list(request: HttpRequest) -> HttpResponse:
    """Recordings of the sites a person of the plant may see; filter, order and page in the URL."""
    user = _user(request)
    if not may(user, Action.RECORDING_SEE):
        raise NotAllowed(_("You are not allowed to see recordings."))
    sites = sites_where(user, Action.RECORDING_SEE)
    form = RecordingFilterForm(request.GET, sites=sites)
    recordings = form.applied_to(Recording.objects.visible_to(user).with_session())
    context = {
        "form": form,
        "page": Paginator(recordings, PAGE_SIZE).get_page(request.GET.get("page")),
        "filtered": form.is_filtering,
        "many_sites": sites.count() > 1,
        "may_play": may(user, Action.RECORDING_PLAY),
    }
    return render(request, "sessions/recording_list.html", context)


@require_GET
@never_cache
def player(request: HttpRequest, number: str) -> HttpResponse:
    """The picture, its time line and the facts beside it."""
    user = _user(request)
    recording = recording_visible_to(user, number)
    if recording.state == Recording.State.WRITING or not may_at(
        user, Action.RECORDING_PLAY, recording.brokered_session
    ):
        return render(
            request, "sessions/recording_detail.html", _facts(recording, user)
        )
    note_viewing(request, recording)
    context = {
        **_facts(recording, user),
        "map": map_of(recording),
        "texts": player_texts(),
        "speeds": [0.5, 1, 2, 4, 8, 16],
    }
    return render(request, "sessions/recording_player.html", context)


@require_GET
@never_cache
def recording_map(request: HttpRequest, number: str) -> HttpResponse:
    """The player's index as JSON: segments, gaps, time line, activity."""
    recording = recording_playable_by(_user(request), number)
    note_viewing(request, recording)
    return JsonResponse(map_of(recording))


@require_GET
@never_cache
def segment(
    request: HttpRequest, number: str, segment_number: int
) -> StreamingHttpResponse:
    """One screen segment as Guacamole instructions, verified before the first byte."""
    user = _user(request)
    recording = recording_playable_by(user, number)
    note_viewing(request, recording)
    stream = open_segment(
        recording, segment_number, acting_user=user, origin=origin_of(request)
    )
    deflated = "deflate" in request.headers.get("Accept-Encoding", "")
    pieces = stream.deflated() if deflated else stream.plain()
    response = StreamingHttpResponse(
        _off_the_loop(pieces), content_type="text/plain; charset=utf-8"
    )
    if deflated:
        response["Content-Encoding"] = "deflate"
        response["Content-Length"] = str(stream.deflated_bytes)
    response["Vary"] = "Accept-Encoding, Cookie"
    return response


@require_GET
@never_cache
def input_lines(request: HttpRequest, number: str) -> HttpResponse:
    """What was done in a range of time (`from` and `to`, ms): pointer, keys, marks."""
    recording = recording_playable_by(_user(request), number)
    note_viewing(request, recording)
    try:
        from_ms, to_ms = int(request.GET["from"]), int(request.GET["to"])
    except (KeyError, ValueError):
        raise NotPossible(_("Say from when to when, in milliseconds.")) from None
    return JsonResponse({"lines": input_between(recording, from_ms, to_ms)})


@rate_limited("verify", times=30, seconds=600, methods=("POST",))
@require_POST
def verify(request: HttpRequest, number: str) -> HttpResponse:
    """Have the whole recording checked again; a worker does it, the page hears of it."""
    user = _user(request)
    recording = recording_playable_by(user, number)
    verify_again.delay(recording.pk, user.pk)
    messages.info(
        request, _("The recording is being verified. The verdict appears here.")
    )
    return redirect("recordings:player", number=recording.brokered_session.number)


def note_viewing(request: HttpRequest, recording: Recording) -> None:
    """Write `recording.viewed`, once for a while; wherever the first bytes are asked for.

    The page writes it as well as what streams, so that a hand-made URL is caught, too.
    """
    viewed: dict[str, float] = request.session.get("recordings_viewed", {})
    key, now = str(recording.pk), time.time()
    if now - viewed.get(key, 0.0) < VIEW_LASTS_SECONDS:
        return
    view_recording(
        recording=recording, acting_user=_user(request), origin=origin_of(request)
    )
    fresh = {k: at for k, at in viewed.items() if now - at < VIEW_LASTS_SECONDS}
    request.session["recordings_viewed"] = {**fresh, key: now}


def _facts(recording: Recording, user: User) -> dict[str, Any]:
    session = recording.brokered_session
    access_request = session.window.access_request
    review = getattr(recording, "review", None)
    return {
        "recording": recording,
        "brokered_session": session,
        "site": recording.site,
        "access_request": access_request,
        "window": session.window,
        "decisions": access_request.decisions.select_related("decided_by").order_by(
            "step"
        ),
        "participants": session.participants.select_related("user__vendor"),
        "hands": (hands := hands_of(recording)),
        "several_hands": len({hand.name for hand in hands}) > 1,
        "review": review,
        "may_play": may_at(user, Action.RECORDING_PLAY, session),
        "may_review": may_at(user, Action.REVIEW_COMPLETE, session),
        "took_part": review is not None and took_part(review, user),
        "may_see_audit": may(user, Action.AUDIT_SEE),
    }


def _user(request: HttpRequest) -> User:
    user: User = request.user  # type: ignore[assignment]
    return user


async def _off_the_loop(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Reading and decrypting happen in a thread; a slow browser holds nobody else up."""
    take = sync_to_async(lambda: next(pieces, None), thread_sensitive=False)
    while (piece := await take()) is not None:
        yield piece
