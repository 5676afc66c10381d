"""What only the base template needs."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.translation import gettext as _

from accessportal.navigation import Navigation
from accessportal.words import time_texts

register = template.Library()


@register.simple_tag(takes_context=True)
def navigation(context: template.Context) -> Navigation:
    return Navigation(context["request"])


@register.filter
def words(text: str) -> list[str]:
    return text.split()


@register.simple_tag
def browser_texts() -> dict[str, Any]:
    """Texts that scripts show; given by the page, so that they are in its language."""
    return {
        "time": time_texts(),
        "close": _("Close"),
        "copied": _("Copied"),
        "passkey": {
            "known": _("This passkey is set up already."),
            "cancelled": _(
                "No passkey was used. Try again, or use another way to confirm."
            ),
            "unsupported": _(
                "This browser cannot use passkeys here. Use another way to confirm."
            ),
            "failed": _("The passkey could not be used. Try again in a moment."),
        },
        "web_session": {
            "idle": _(
                "Nothing was done for a while: you will be signed out in %(time)s. "
                "Press any key to stay."
            ),
            "limit": _(
                "A sign-in lasts no longer: you will be signed out in %(time)s. "
                "Send what you have typed, then sign in again."
            ),
            "stay": _("Stay signed in"),
        },
        "not_sent": _("The portal did not answer. Nothing was lost; try again."),
        "server_error": _("The portal met an error. Nothing was changed by this step."),
    }
