"""How an act answers: JSON for scripts, a redirect with a message for plain forms."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect

from accessportal.accounts.stepup import wants_page
from sessions.models import BrokeredSession


def done(
    request: HttpRequest,
    brokered_session: BrokeredSession,
    sentence: str,
    **answer: Any,
) -> HttpResponse:
    """JSON for scripts; a plain form goes back to the page it came from (`back`)."""
    if not wants_page(request):
        return JsonResponse({"sentence": sentence, **answer})
    messages.success(request, f"{brokered_session.number}: {sentence}")
    back = request.POST.get("back")
    if back in ("board", "shift"):
        return redirect(f"sessions:{back}")
    return redirect("sessions:detail", pk=brokered_session.pk)
