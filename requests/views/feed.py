"""The private calendar link: its page, and what a calendar program fetches with it."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accessportal.accounts.models import User
from accessportal.accounts.stepup import require_fresh_factor
from accessportal.errors import NotKnown
from accessportal.origin import client_address, origin_of
from accessportal.rate_limits import count_or_refuse
from requests.ical_out import calendar_of, windows_of_feed
from requests.models import CalendarFeed
from requests.services.feed import feed_of, make_feed, note_feed_use, revoke_feed

HOUR, MINUTE = 3600, 60
READS_PER_HOUR = 120
WRONG_PER_MINUTE = 30


@require_GET
@never_cache
def feed_page(request: HttpRequest) -> HttpResponse:
    return _page(request)


@require_POST
@never_cache
@require_fresh_factor
def feed_make(request: HttpRequest) -> HttpResponse:
    """The answer holds the link, once: its secret is stored nowhere."""
    user: User = request.user  # type: ignore[assignment]
    _feed, secret = make_feed(acting_user=user, origin=origin_of(request))
    path = reverse("windows:feed")
    return _page(request, link=f"{settings.PUBLIC_URL}{path}?key={secret}")


@require_POST
def feed_revoke(request: HttpRequest) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    revoke_feed(acting_user=user, origin=origin_of(request))
    messages.success(request, _("The calendar link works no more."))
    return redirect("windows:feed_page")


@login_not_required
@require_GET
@never_cache
def feed(request: HttpRequest) -> HttpResponse:
    """What a calendar program gets: the windows that the link's owner may see now.

    The secret is in the query, since paths of refused requests are logged.
    """
    found = feed_of(request.GET.get("key", ""))
    if found is None:
        count_or_refuse(
            "feed-wrong",
            client_address(request),
            times=WRONG_PER_MINUTE,
            seconds=MINUTE,
        )
        raise NotKnown
    count_or_refuse("feed", f"feed-{found.pk}", times=READS_PER_HOUR, seconds=HOUR)
    note_feed_use(found)
    with translation.override(found.owner.language):
        text = calendar_of(windows_of_feed(found.owner), _("Maintenance windows"))
    response = HttpResponse(text, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="windows.ics"'
    return response


def _page(request: HttpRequest, *, link: str = "") -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    own = CalendarFeed.objects.in_force().filter(owner=user).first()
    context = {"feed": own, "link": link}
    return render(request, "requests/window_feed.html", context)
