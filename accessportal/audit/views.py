"""Reading the audit trail; reading it is an event, too."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accessportal import audit
from accessportal.accounts.models import User
from accessportal.audit.access import event_visible_to, events_visible_to
from accessportal.audit.events import EVENTS
from accessportal.audit.export import csv_chunks
from accessportal.audit.filters import AuditFilterForm
from accessportal.origin import origin_of
from accessportal.rate_limits import rate_limited

PAGE_SIZE = 50


@require_GET
@never_cache
def event_list(request: HttpRequest) -> HttpResponse:
    """The newest events first, 50 a page; pages are found by event id, not by counting."""
    user: User = request.user  # type: ignore[assignment]
    form = AuditFilterForm(request.GET)
    events = form.applied_to(events_visible_to(user), ZoneInfo(user.time_zone))
    before = request.GET.get("before", "")
    if before.isdecimal() and len(before) < 19:
        events = events.filter(pk__lt=int(before))
    page = list(events.select_related("seal")[: PAGE_SIZE + 1])
    for event in page:
        event.sentence = EVENTS[event.event].sentence  # type: ignore[attr-defined]
    # Every answer, also the older pages and what a script fetched: the reader chooses how
    # to ask, and reading evidence is an act (promise 9).
    audit.record(
        "audit.viewed",
        acting_user=user,
        origin=origin_of(request),
        filter=_filter_in_words(form),
    )
    context = {
        "form": form,
        "events": page[:PAGE_SIZE],
        "filtered": bool(_filter_in_words(form)),
        "older_than": page[PAGE_SIZE - 1].pk if len(page) > PAGE_SIZE else None,
    }
    return render(request, "audit/event_list.html", context)


@require_GET
@never_cache
def event_detail(request: HttpRequest, event_id: str) -> HttpResponse:
    """One event, whole, with its place in the chain."""
    user: User = request.user  # type: ignore[assignment]
    event = event_visible_to(user, event_id)
    audit.record(
        "audit.viewed",
        acting_user=user,
        origin=origin_of(request),
        filter={"event_id": str(event.event_id)},
    )
    context = {"event": event, "kind": EVENTS[event.event]}
    return render(request, "audit/event_detail.html", context)


@rate_limited("export", times=20, seconds=600, methods=("POST",))
@require_POST
def event_export(request: HttpRequest) -> StreamingHttpResponse:
    """What the filter shows, as CSV."""
    user: User = request.user  # type: ignore[assignment]
    form = AuditFilterForm(request.POST)
    events = form.applied_to(events_visible_to(user), ZoneInfo(user.time_zone))
    newest = events.values_list("pk", flat=True).first()
    audit.record(
        "audit.exported",
        acting_user=user,
        origin=origin_of(request),
        filter=_filter_in_words(form),
        rows=events.count(),
    )
    # What came after the click, this export's own event too, is not in it.
    chunks = csv_chunks(events.filter(pk__lte=newest or 0))
    response = StreamingHttpResponse(chunks, content_type="text/csv; charset=utf-8")
    name = f"audit-{timezone.now():%Y%m%dT%H%M%SZ}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response


def _filter_in_words(form: AuditFilterForm) -> dict[str, str]:
    return {name: str(value) for name, value in form.cleaned_data.items() if value}
