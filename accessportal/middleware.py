"""Turns errors with a sentence into a page, an htmx fragment or JSON."""

from __future__ import annotations

import errno
import logging
import secrets
import sqlite3
from collections.abc import Callable

from django.db import DataError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from accessportal.errors import NoRoom, NotKnown, NotPossible, PortalError
from accessportal.guessing import count_refusal

logger = logging.getLogger(__name__)

POSTGRES_DISK_FULL = "53100"


class PortalErrorMiddleware:
    """Answers `PortalError` with its status and sentence; anything else goes on to Django."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\x00" in request.path_info:
            # No address of ours has one, and PostgreSQL refuses to look for it.
            return error_response(request, NotKnown())
        response = self.get_response(request)
        count_refusal(request, response.status_code)
        return response

    def process_exception(
        self, request: HttpRequest, error: Exception
    ) -> HttpResponse | None:
        if isinstance(error, DataError) and has_null_byte(request):
            error = NullByte()
        elif is_full(error):
            logger.error("No room on the disk: %s", request.path, exc_info=error)
            error = NoRoom()
        if not isinstance(error, PortalError):
            return None
        return error_response(request, error)


class NullByte(NotPossible):
    """422: PostgreSQL keeps no text with a null byte; the act's transaction was undone."""

    code = "null_byte"
    sentence = _(
        "The text holds a character that cannot be kept. Type it anew instead of pasting it; "
        "nothing was changed."
    )


def has_null_byte(request: HttpRequest) -> bool:
    return any(
        "\x00" in value
        for sent in (request.GET, request.POST)
        for _name, values in sent.lists()
        for value in values
    )


def is_full(error: BaseException | None) -> bool:
    """Whether a file, SQLite or PostgreSQL says that its disk is full."""
    if error is None:
        return False
    if isinstance(error, OSError):
        return error.errno in {errno.ENOSPC, errno.EDQUOT}
    return (
        getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
        or getattr(error, "sqlstate", None) == POSTGRES_DISK_FULL
        or is_full(error.__cause__)  # Django's own error is raised from the driver's
    )


def error_response(request: HttpRequest, error: PortalError) -> HttpResponse:
    """The answer to an error: JSON for scripts, a fragment for htmx, a page for people."""
    response = _worded(request, error)
    if (retry_after := getattr(error, "retry_after", None)) is not None:
        response["Retry-After"] = str(retry_after)
    return response


def _worded(request: HttpRequest, error: PortalError) -> HttpResponse:
    if "application/json" in request.headers.get("Accept", ""):
        return JsonResponse(
            {"code": error.code, "sentence": str(error.sentence)}, status=error.status
        )
    template = (
        "errors/fragment.html"
        if getattr(request, "htmx", False)
        else "errors/page.html"
    )
    held = getattr(request, "web_session", None)
    context = {
        # Somebody unknown, or escorted to one request, is led nowhere else.
        "shell": "base.html" if held and not held.bound_to else "base_bare.html",
        "status": error.status,
        "code": error.code,
        "sentence": error.sentence,
        "reference": secrets.token_hex(4),
    }
    logger.info(
        "%s %s %s (%s)", error.status, error.code, request.path, context["reference"]
    )
    return render(request, template, context, status=error.status)
