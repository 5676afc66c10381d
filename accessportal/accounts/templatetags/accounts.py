"""What templates may ask about the second factor of the person who looks."""

from __future__ import annotations

from django import template

from accessportal.accounts import stepup

register = template.Library()


@register.simple_tag(takes_context=True)
def factor_is_fresh(context: template.Context) -> bool:
    return stepup.fresh_factor(context["request"])
