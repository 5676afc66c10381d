"""Fetches a calendar from an address: only from hosts that the operator named, and bounded.

An address is typed by a person and asked for by the server, so it could lead anywhere in
the plant's network: only hosts of `PORTAL_CALENDAR_HOSTS` are asked, a redirect too leads
to such a host or nowhere, and no proxy is taken from the environment.
"""

from __future__ import annotations

import logging
import time
from urllib.parse import urljoin, urlsplit

import httpx2
from django.conf import settings
from django.utils.translation import gettext as _

from accessportal.accounts.directory.bounded_http import client_options
from accessportal.errors import NotPossible

logger = logging.getLogger(__name__)

MAX_REDIRECTS = 3
WHOLE_SECONDS = 20.0
URL_LENGTH = 500


def guard_address(url: str) -> str:
    """The address, if it may be asked. Raises `NotPossible` with a sentence."""
    url = url.strip()
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
        port = parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    if (
        parts.scheme not in {"http", "https"}
        or not host
        or len(url) > URL_LENGTH
        or parts.username is not None
        or any(each.isspace() for each in url)
    ):
        raise NotPossible(
            _("Give an address that begins with https:// or http://."),
            code="address_invalid",
        )
    named = f"{host}:{port}" if port is not None else host
    if named not in settings.CALENDAR_HOSTS:
        raise NotPossible(
            _(
                "Calendars may not be read from %(host)s. Whoever operates the portal "
                "can allow it (PORTAL_CALENDAR_HOSTS)."
            )
            % {"host": named},
            code="host_not_allowed",
        )
    return url


def fetch_calendar(url: str) -> bytes:
    """What the address answers. Raises `NotPossible` with a sentence for administrators."""
    deadline = time.monotonic() + WHOLE_SECONDS
    with httpx2.Client(**client_options(ca_file="", proxy="")) as client:
        for _hop in range(MAX_REDIRECTS + 1):
            url = guard_address(url)
            try:
                answer = client.get(url, headers={"Accept": "text/calendar"})
            except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
                logger.warning("A calendar cannot be fetched: %r", error)
                raise NotPossible(
                    _("The calendar cannot be reached, or answers too slowly."),
                    code="calendar_unreachable",
                ) from error
            if time.monotonic() > deadline:
                break
            if answer.is_redirect:
                url = urljoin(url, answer.headers.get("Location", ""))
                continue
            if answer.status_code != 200:
                raise NotPossible(
                    _("The calendar's server answers with error %(status)s.")
                    % {"status": answer.status_code},
                    code="calendar_refused",
                )
            return answer.content
    raise NotPossible(
        _("The calendar's address leads on and on."), code="too_many_redirects"
    )
