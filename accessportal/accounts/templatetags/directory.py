"""The employees' door on the sign-in page, wherever that page is shown."""

from __future__ import annotations

from typing import Any

from django import template
from django.conf import settings

from accessportal.accounts.directory.status import directory_is_down

register = template.Library()


@register.simple_tag
def employees_door() -> dict[str, Any] | None:
    """The directory's name and whether it is down; None where there is none."""
    of = settings.DIRECTORY
    return None if of is None else {"label": of.label, "down": directory_is_down()}
