"""The review step: what compliance owes a look, and its verdict."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseClientRedirect

from accessportal.accounts.authorisation import Action, may, sites_where
from accessportal.accounts.models import User
from accessportal.errors import NotAllowed
from accessportal.origin import origin_of
from sessions.access import review_completable_by
from sessions.filters import ReviewFilterForm
from sessions.models import ComplianceReview
from sessions.services.review import complete_review

PAGE_SIZE = 25


@require_GET
@never_cache
def queue(request: HttpRequest) -> HttpResponse:
    """What waits for a review, the most urgent first."""
    user: User = request.user  # type: ignore[assignment]
    if not may(user, Action.REVIEW_COMPLETE):
        raise NotAllowed(_("Only compliance reviews recordings."))
    sites = sites_where(user, Action.REVIEW_COMPLETE)
    form = ReviewFilterForm(request.GET, sites=sites)
    reviews = form.applied_to(
        ComplianceReview.objects.visible_to(user).select_related(
            "recording__brokered_session__endpoint__asset__zone__site",
            "recording__brokered_session__started_by__vendor",
            "reviewed_by",
        )
    )
    context = {
        "form": form,
        "page": Paginator(reviews, PAGE_SIZE).get_page(request.GET.get("page")),
        "filtered": form.is_filtering,
        "late": ComplianceReview.objects.visible_to(user).late().count(),
        "waiting": ComplianceReview.objects.visible_to(user).waiting().count(),
    }
    return render(request, "sessions/review_queue.html", context)


@require_POST
def complete(request: HttpRequest, number: str) -> HttpResponse:
    """Clear or flag; the notes belong to the evidence."""
    user: User = request.user  # type: ignore[assignment]
    review = review_completable_by(user, number)
    verdict = request.POST.get("verdict", "")
    complete_review(
        review,
        verdict=verdict,
        notes=request.POST.get("notes", ""),
        acting_user=user,
        origin=origin_of(request),
    )
    if verdict == ComplianceReview.State.FLAGGED:
        messages.warning(request, _("%(number)s is flagged.") % {"number": number})
    else:
        messages.success(request, _("%(number)s is cleared.") % {"number": number})
    # The form is sent by htmx, so that a refusal leaves the player and the notes alone.
    if getattr(request, "htmx", False):
        return HttpResponseClientRedirect(reverse("recordings:player", args=[number]))
    return redirect("recordings:player", number=number)
