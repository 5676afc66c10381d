"""Which request an address of a session is about: for somebody who is escorted to one."""

from __future__ import annotations

from typing import Any

from accessportal.accounts.escorted import open_to_escorted
from requests.models import MaintenanceWindow
from sessions.models import BrokeredSession


def _request_of_session(kwargs: dict[str, Any]) -> str:
    found = BrokeredSession.objects.filter(pk=kwargs["pk"])
    return found.values_list("window__access_request__number", flat=True).first() or ""


def _request_of_window(kwargs: dict[str, Any]) -> str:
    found = MaintenanceWindow.objects.filter(pk=kwargs["window_pk"])
    return found.values_list("access_request__number", flat=True).first() or ""


in_own_session = open_to_escorted(_request_of_session)
"""Marks a view of a session's console, which an escorted person uses in their own."""

in_own_window = open_to_escorted(_request_of_window)
