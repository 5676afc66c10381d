"""Asking: the list, the form with its check while choosing, and a request's own page."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accessportal.accounts.authorisation import Action, may
from accessportal.accounts.models import User
from accessportal.errors import NotKnown, PortalError
from accessportal.notifications.wishes import note_seen
from accessportal.origin import origin_of
from accessportal.rate_limits import rate_limited
from requests.access import (
    asking_person,
    endpoints_to_ask_for,
    may_look_at_emergency,
    may_look_at_escort,
    request_visible_to,
    request_withdrawable_by,
    saved_wish_of,
    sites_seen_by,
)
from requests.approvers import was_passed_over
from requests.beginnings import initial_of
from requests.delivery import told_about, usual_wait
from requests.escortable import escort_in_force, training_lapsed
from requests.facts import companions_of, requested_endpoints
from requests.forms import WishForm
from requests.later_wishes import live_wish_of, standing_of_wish
from requests.line import waits_for_line
from requests.listing import REQUEST_SORTS, filtered_requests, page_of, sorted_by
from requests.live_sessions import (
    console_path,
    critical_steps_of,
    live_consoles_of,
    live_sessions_of,
)
from requests.models import (
    AccessRequest,
    EmergencyLook,
    ExtensionRequest,
    MaintenanceWindow,
    SavedWish,
    WishDraft,
)
from requests.services.extension import EXTENSION_MINUTES
from requests.services.saved import (
    draft_of,
    drop_draft,
    initial_of_draft,
    keep_draft,
)
from requests.services.submission import submit_request, withdraw_request
from requests.steps import standing_of
from requests.story import story_of
from requests.thread_parts import about_changes
from requests.views.asking import attach_files
from requests.views.later import seen_signed


@require_GET
def request_list(request: HttpRequest) -> HttpResponse:
    """Requests this person may see, newest first."""
    user: User = request.user  # type: ignore[assignment]
    sites = sites_seen_by(user)
    rows = sorted_by(
        filtered_requests(
            AccessRequest.objects.visible_to(user).asked_for(), request.GET, sites
        ),
        request.GET.get("sort", ""),
        REQUEST_SORTS,
        "-submitted_at",
    )
    rows = rows.select_related(
        "site", "vendor", "requested_by", "window"
    ).prefetch_related("endpoints__asset")
    context = {
        "page": page_of(rows, request.GET),
        "sites": sites,
        "states": AccessRequest.Phase.choices,
        "may_ask": user.vendor is not None and may(user, Action.REQUEST_SUBMIT),
    }
    return render(request, "requests/submission_list.html", context)


@rate_limited("request", times=40, seconds=3600, methods=("POST",))
@require_http_methods(["GET", "POST"])
def new_request(request: HttpRequest) -> HttpResponse:
    """The form. `?again=REQ-...` starts with what an earlier request of the company said."""
    user = asking_person(request.user)  # type: ignore[arg-type]
    if request.method == "POST":
        return _send(request, user)
    initial = _from_earlier(user, request.GET)
    draft = draft_of(user) if not initial else None
    if draft is not None:
        initial = initial_of_draft(draft)
    form = WishForm(person=user, initial=initial)
    return _form_page(request, user, form, draft=draft)


def _form_page(
    request: HttpRequest,
    user: User,
    form: WishForm,
    *,
    draft: WishDraft | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "form": form,
        "draft": draft,
        "last": AccessRequest.objects.asked_for()
        .filter(requested_by=user)
        .order_by("-submitted_at")
        .first(),
        "saved": SavedWish.objects.usable_by(user).select_related("owner"),
    }
    return render(request, "requests/submission_new.html", context, status=status)


def _send(request: HttpRequest, user: User) -> HttpResponse:
    form = WishForm(request.POST, person=user)
    # A form sent twice is answered with the first one's request, whatever it says now.
    earlier = form.already_sent()
    if earlier is not None:
        return redirect("requests:detail", earlier.number)
    attach_files(request, form, user)
    if form.errors:
        keep_draft(request.POST, acting_user=user)
        return _form_page(request, user, form, status=422)
    try:
        access_request = submit_request(
            form.wish(),
            acting_user=user,
            origin=origin_of(request),
            submission_key=form.cleaned_data["submission_key"]
            or form.initial["submission_key"],
        )
    except PortalError as error:  # the facts changed between the check and the lock
        form.add_error(None, str(error))
        return _form_page(request, user, form, status=error.status)
    drop_draft(acting_user=user)
    messages.success(
        request,
        _("%(number)s is sent. The supervisors of %(site)s have been told.")
        % {"number": access_request.number, "site": access_request.site},
    )
    return redirect("requests:detail", access_request.number)


@rate_limited("request-check", times=300, seconds=60, methods=("POST",))
@require_POST
def check_wish(request: HttpRequest) -> HttpResponse:
    """While choosing: can this work? A fragment. What is typed is kept as the draft."""
    user = asking_person(request.user)  # type: ignore[arg-type]
    changes = request.GET.get("changes", "")
    own = request_withdrawable_by(user, changes) if changes else None
    if own is None:
        keep_draft(request.POST, acting_user=user)
    form = WishForm(request.POST, person=user, own_request=own)
    form.is_valid()
    return render(request, "requests/submission_findings.html", {"form": form})


@require_GET
def request_detail(request: HttpRequest, number: str) -> HttpResponse:
    """A request's own page: its one next step, its facts, its story."""
    user: User = request.user  # type: ignore[assignment]
    access_request = request_visible_to(user, number)
    note_seen(request, number)
    window: MaintenanceWindow | None = getattr(access_request, "window", None)
    own = access_request.requested_by_id == user.pk
    endpoints = requested_endpoints(access_request)
    companions = companions_of(access_request)
    takes_part = any(companion.pk == user.pk for companion in companions)
    site = access_request.site
    standing = standing_of(access_request, user)
    context: dict[str, Any] = {
        "access_request": access_request,
        "site": site,
        "window": window,
        "phase": window.phase() if window else None,
        "own": own,
        "endpoints": endpoints,
        "companions": companions,
        "takes_part": takes_part,
        "story": story_of(access_request, window, user),
        **about_changes(
            access_request,
            user,
            endpoints=endpoints,
            companions=companions,
            places=standing.places,
        ),
        "may_decide": may(user, Action.REQUEST_DECIDE, site) and user.vendor_id is None,
        "standing": standing,
        "may_ask": user.vendor_id is not None and may(user, Action.REQUEST_SUBMIT),
        "may_revoke_series": may(user, Action.WINDOW_REVOKE, site),
    }
    if access_request.state == AccessRequest.State.PENDING:
        context["told"] = told_about(access_request, standing.roster)
        context["usual"] = usual_wait(access_request)
    context |= _about_emergency(user, access_request, window)
    context |= _about_escorts(request, access_request, window)
    if window is not None:
        window.access_request = access_request
        context |= _about_later(user, window, decides=context["may_decide"])
        context |= _about_window(
            user, window, own=own, takes_part=takes_part, endpoints=endpoints
        )
    return render(request, "requests/submission_detail.html", context)


def _about_emergency(
    user: User, access_request: AccessRequest, window: MaintenanceWindow | None
) -> dict[str, Any]:
    """What the plant's person may do about somebody who was let in at once."""
    look: EmergencyLook | None = getattr(access_request, "emergency_look", None)
    if look is None or window is None or user.vendor_id is not None:
        return {}
    phases = MaintenanceWindow.Phase
    return {
        "look": look,
        "may_look": look.looked_at is None and may_look_at_emergency(user, look),
        # Whoever may revoke windows anyway has that button.
        "may_withdraw_emergency": window.phase() in (phases.SCHEDULED, phases.OPEN)
        and was_passed_over(user, access_request)
        and not may(user, Action.WINDOW_REVOKE, access_request.site),
    }


def _about_escorts(
    request: HttpRequest,
    access_request: AccessRequest,
    window: MaintenanceWindow | None,
) -> dict[str, Any]:
    """Who escorts, whom the reader may escort, and what of it the reader may look at."""
    user: User = request.user  # type: ignore[assignment]
    if window is None:
        return {}
    is_open = window.phase() == MaintenanceWindow.Phase.OPEN
    if user.vendor_id is not None:
        if access_request.requested_by_id != user.pk or not is_open:
            return {}
        ref = origin_of(request).web_session_ref
        return {
            "escorted": escort_in_force(window, user, ref),
            "needs_escort": training_lapsed(user, at=timezone.now()),
        }
    escorts = list(
        access_request.escorts.select_related("offered_by", "looked_by", "person")
    )
    for escort in escorts:
        escort.access_request = access_request
    return {
        "escorts": escorts,
        "looks_to_take": [
            escort
            for escort in escorts
            if escort.looked_at is None
            and escort.used_at is not None
            and may_look_at_escort(user, escort)
        ],
        "may_escort": is_open and may(user, Action.ESCORT_OFFER, access_request.site),
    }


def _about_later(
    user: User, window: MaintenanceWindow, *, decides: bool
) -> dict[str, Any]:
    """Who still has to agree to a wider window; and what the forms of who decides bring back."""
    wish = live_wish_of(window)
    return {
        "later_wish": wish,
        "later_standing": standing_of_wish(wish, user) if wish else None,
        **(seen_signed(window) if decides else {}),
    }


def _about_window(
    user: User,
    window: MaintenanceWindow,
    *,
    own: bool,
    takes_part: bool,
    endpoints: list[Any],
) -> dict[str, Any]:
    """What can be done with the window by this person now."""
    phase, phases = window.phase(), MaintenanceWindow.Phase
    site = window.access_request.site
    extension = (
        window.extension_requests.filter(state=ExtensionRequest.State.PENDING)
        .select_related("asked_by")
        .first()
    )
    return {
        "consoles": (
            [(endpoint, console_path(window, endpoint)) for endpoint in endpoints]
            if own and phase == phases.OPEN and not waits_for_line(window)
            else []
        ),
        "may_revoke": phase in (phases.SCHEDULED, phases.OPEN)
        and may(user, Action.WINDOW_REVOKE, site),
        "may_give_back": own and phase in (phases.SCHEDULED, phases.OPEN),
        "may_extend": own and phase == phases.OPEN and extension is None,
        "extension": extension if phase == phases.OPEN else None,
        "extension_minutes": EXTENSION_MINUTES,
        "live_count": live_sessions_of(window),
        "critical_steps": critical_steps_of(window),
        "joinable": live_consoles_of(window) if takes_part else [],
    }


@require_POST
def withdraw(request: HttpRequest, number: str) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    access_request = request_withdrawable_by(user, number)
    withdraw_request(
        access_request,
        acting_user=user,
        origin=origin_of(request),
        reason=request.POST.get("reason", "").strip()[:2000],
    )
    messages.success(request, _("%(number)s is withdrawn.") % {"number": number})
    return redirect("requests:detail", number)


def _from_earlier(user: User, query: QueryDict) -> dict[str, Any]:
    """What an earlier request said (`again`), or one that was saved under a name (`saved`)."""
    number, saved = query.get("again", ""), query.get("saved", "")
    try:
        if saved.isdecimal():
            number = saved_wish_of(user, int(saved)).access_request.number
        if not number:
            return {}
        return initial_of(request_visible_to(user, number), endpoints_to_ask_for(user))
    except NotKnown:
        return {}
