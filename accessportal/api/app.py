"""The API as a whole: its description, its errors in sentences, its addresses."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from accessportal.accounts.models import User
from accessportal.api.auth import BearerToken
from accessportal.api.calls import router
from accessportal.errors import NotAllowed, NotKnown, NotPossible, PortalError
from accessportal.rate_limits import TooOften

api = NinjaAPI(
    title="Access Portal",
    version="1",
    description=(
        "Who is on which machine, what was asked and decided, the audit trail; ending a "
        "session, isolating a site. Every answer other than 200 and 202 has a code and a "
        "sentence."
    ),
    urls_namespace="api",
    openapi_url=None,
    docs_url=None,
    auth=BearerToken(),
)
api.add_router("", router)


@api.exception_handler(PortalError)
def say_error(request: HttpRequest, error: Any) -> HttpResponse:
    response = JsonResponse(
        {"code": error.code, "sentence": str(error.sentence)}, status=error.status
    )
    if error.status == 401:
        response["WWW-Authenticate"] = "Bearer"
    if isinstance(error, TooOften):
        response["Retry-After"] = str(error.retry_after)
    return response


@api.exception_handler(ValidationError)
def say_malformed(request: HttpRequest, error: Any) -> HttpResponse:
    """Names the field; what was sent is not repeated."""
    fields = ", ".join(
        sorted({".".join(str(part) for part in one["loc"]) for one in error.errors})
    )
    sentence = _("This call is not as described: %(fields)s.") % {"fields": fields}
    return say_error(request, NotPossible(sentence, code="malformed"))


@api.exception_handler(HttpError)
def say_unreadable(request: HttpRequest, error: Any) -> HttpResponse:
    return say_error(
        request, NotPossible(_("The body of the call is no JSON."), code="malformed")
    )


@api.exception_handler(Http404)
def say_not_known(request: HttpRequest, error: Any) -> HttpResponse:
    return say_error(request, NotKnown())


def api_urls() -> tuple[list[URLPattern], str, str]:
    """Its addresses. No web session is asked for: the token is."""
    patterns, app_name, namespace = api.urls
    opened = []
    for pattern in patterns:
        if isinstance(pattern, URLPattern) and pattern.name != "api-root":
            pattern.callback = login_not_required(pattern.callback)
            opened.append(pattern)
    return opened, app_name, namespace


@require_GET
def description(request: HttpRequest) -> JsonResponse:
    """The OpenAPI description, for people of the plant."""
    user: User = request.user  # type: ignore[assignment]
    if user.vendor_id is not None:
        raise NotAllowed
    return JsonResponse(api.get_openapi_schema(path_prefix="/api/v1/"))
