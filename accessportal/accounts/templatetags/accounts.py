"""What templates may ask about the second factor of the person who looks."""

from __future__ import annotations

from typing import Any

from django import template

from accessportal.accounts import factors, stepup
from accessportal.accounts.passkeys import passkeys_possible

register = template.Library()


@register.simple_tag(takes_context=True)
def factor_is_fresh(context: template.Context, site: Any = None) -> bool:
    """Whether the last factor still does, for an act at `site`."""
    return stepup.fresh_factor(context["request"], site or None)


@register.simple_tag(takes_context=True)
def has_passkey(context: template.Context) -> bool:
    """Whether the person who looks may be asked for a passkey; looked up once for each page."""
    request = context["request"]
    if not hasattr(request, "person_has_passkey"):
        request.person_has_passkey = (
            passkeys_possible()
            and request.user.is_authenticated
            and factors.has_passkey(request.user)
        )
    return bool(request.person_has_passkey)
