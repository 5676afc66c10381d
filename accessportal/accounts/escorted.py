"""Somebody whom the plant escorts without a second factor: one request, and nothing else.

Their web session is bound to the number of that request (`WebSession.bound_to`). Deny by
default: the middleware refuses every view, public ones too, that does not carry the mark of
`open_to_escorted`; a marked one is open only where what its address names belongs to the
request. Who escorts, when and why is `requests.services.escort`'s.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accessportal.errors import NotAllowed
from accessportal.middleware import error_response

View = Callable[..., Any]
NumberOf = Callable[[dict[str, Any]], str]
"""The number of the request that an address is about, from what it names; "" for none."""

BY_ESCORT = "escort"
"""The `factor_kind` of a web session that was opened without a second factor."""


def is_bound(request: HttpRequest) -> bool:
    """Whether the person behind a request is escorted without a second factor."""
    web_session = getattr(request, "web_session", None)
    return web_session is not None and bool(web_session.bound_to)


def open_to_escorted(number_of: NumberOf | None) -> Callable[[View], View]:
    """Mark a view that an escorted person may use: about their request, by `number_of`; None
    where it is about nothing (signing out, the language)."""

    def mark(view: View) -> View:
        view.open_to_escorted = (number_of,)  # type: ignore[attr-defined]
        return view

    return mark


def is_open_to_escorted(view: View, kwargs: dict[str, Any], number: str) -> bool:
    """Whether the view is marked, and its address about the request with this number."""
    marked = getattr(view, "open_to_escorted", None)
    if marked is None:
        return False
    (number_of,) = marked
    return number_of is None or number_of(kwargs) == number


def lead_back(request: HttpRequest, number: str) -> HttpResponse:
    """From the start page to the own request; anything else is refused in a sentence."""
    if request.path == "/" and request.method == "GET":
        return redirect("escorts:own", number)
    return error_response(
        request,
        NotAllowed(
            _(
                "You are escorted for %(number)s alone. For anything else sign in with "
                "your second factor."
            )
            % {"number": number},
            code="escorted_only",
        ),
    )
