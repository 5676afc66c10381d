"""“Not you?”: somebody else sits here. Signs out; what is open on machines is held."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accessportal.accounts.services.signing import sign_out
from accessportal.accounts.shared import forget_person, lay_down
from accessportal.accounts.views.sign_in import safe_next


@login_not_required
@never_cache
@require_POST
def not_you(request: HttpRequest) -> HttpResponse:
    """Sign out, and lead whoever signs in to where this person was."""
    if request.user.is_authenticated:
        lay_down(request)
    sign_out(request)
    query = urlencode({"next": safe_next(request)})
    response = redirect(f"{reverse('accounts:sign_in')}?{query}")
    forget_person(response)
    return response
