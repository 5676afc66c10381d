"""The small words of every template: icons, states, times, people, lists.

Loaded by default (settings, TEMPLATES builtins); `/static/css/portal.css` draws them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.core.paginator import Page
from django.db import models
from django.http import HttpRequest, QueryDict
from django.templatetags.static import static
from django.utils import dateformat, timezone
from django.utils.formats import localize
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accessportal.accounts.authorisation import Action, may
from accessportal.accounts.models import User
from accessportal.states import Badge, badge_of
from accessportal.words import length_words, relative_words, zone_name

register = template.Library()

DAY_SECONDS = 24 * 3600
SHORT_CODE = re.compile(r"\b((?:\w{1,8}-){1,3}\d{1,6})\b")


@register.simple_tag
@lru_cache(maxsize=512)  # a page draws fifty, mostly the same
def icon(name: str, extra: str = "") -> SafeString:
    """An icon of the sprite, without words of its own: text beside it must say it."""
    return format_html(
        '<svg class="icon {}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        extra,
        static("vendor/icons.svg"),
        name.replace("/", "-"),
    )


@register.simple_tag
def state_badge(thing: models.Model, size: str = "") -> SafeString:
    """The state of a request, window, session, recording, review, vendor, person, invitation."""
    return draw_badge(badge_of(thing), size)


@register.simple_tag
def badge(
    words: str, tone: str = "quiet", icon_name: str = "circle-dashed"
) -> SafeString:
    """A state in words and icon; tone: ok, info, warn, bad, quiet."""
    return draw_badge(Badge(words, tone, icon_name))


def draw_badge(shown: Badge, size: str = "") -> SafeString:
    return format_html(
        '<span class="state state-{}{}">{}{}</span>',
        shown.tone,
        " state-lg" if size == "lg" else "",
        icon(shown.icon),
        shown.words,
    )


@register.filter
def unbroken(words: object) -> SafeString:
    """A name with codes like GW-1 or REQ-2026-0042 in it, which a browser breaks at hyphens."""
    pieces = SHORT_CODE.split(str(words))  # every second one is a code
    return format_html_join(
        "",
        "{}",
        (
            (format_html('<span class="code-name">{}</span>', piece),)
            if nth % 2
            else (piece,)
            for nth, piece in enumerate(pieces)
        ),
    )


@register.simple_tag
def minutes_after(seconds: float | None) -> str:
    """How long something took after a report: 0.3 s, 42 s, 12 min; minutes from 60 s on."""
    if seconds is None:
        return ""
    if seconds < 10:
        return _("after %(seconds)s s") % {"seconds": numberformat(seconds)}
    return _("after %(time)s") % {"time": length_words(seconds)}


def numberformat(seconds: float) -> str:
    """One decimal, in the reader's language."""
    return localize(round(max(0.0, seconds), 1))


# --- Times --------------------------------------------------------------------------


def day_and_time(local: datetime, style: str) -> str:
    """`local` in words. style: clock (14:00), short (Tue 24 Nov, 14:00), full (with the year)."""
    if style == "clock":
        return dateformat.format(local, "H:i")
    this_year = local.year == timezone.now().astimezone(local.tzinfo).year
    if style == "short" and this_year:
        return dateformat.format(local, pgettext("date format", "D j M, H:i"))
    return dateformat.format(local, pgettext("date format", "D j M Y, H:i"))


def own_zone_name(context: template.Context, moment: datetime, zone: str) -> str:
    """The same moment on the reader's own clock, where that differs; else empty."""
    user = getattr(context.get("request"), "user", None)
    own = getattr(user, "time_zone", "") or ""
    if not own or own == zone:
        return ""
    there, here = moment.astimezone(ZoneInfo(zone)), moment.astimezone(ZoneInfo(own))
    if there.utcoffset() == here.utcoffset():
        return ""
    style = "clock" if there.date() == here.date() else "short"
    return f"{day_and_time(here, style)} {zone_name(here)}"


@register.simple_tag
def plant_input(moment: datetime, zone: str) -> str:
    """A moment as the field of a plant time wants it: `2026-03-10T14:00`."""
    return f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%dT%H:%M}"


@register.simple_tag(takes_context=True)
def plant_time(
    context: template.Context,
    moment: datetime | None,
    zone: str = "UTC",
    style: str = "full",
    relative: bool = True,
) -> SafeString:
    """A moment in the site's zone with its name, how far away, and the reader's own time.

    style: full, short or clock (the last two leave relative and own time to the tooltip).
    """
    if moment is None:
        return mark_safe("–")  # noqa: S308 - a constant
    local = moment.astimezone(ZoneInfo(zone))
    absolute = f"{day_and_time(local, style)} {zone_name(local)}"
    own = own_zone_name(context, moment, zone)
    title = relative_words(moment) + (f" · {_('your time')} {own}" if own else "")
    parts = [
        format_html(
            '<time class="moment nowrap" datetime="{}" title="{}">{}</time>',
            moment.isoformat(timespec="seconds"),
            title,
            absolute,
        )
    ]
    if style == "full" and relative:
        parts.append(
            format_html(
                ' <span class="moment-relative" data-relative="{}">{}</span>',
                moment.isoformat(timespec="seconds"),
                relative_words(moment),
            )
        )
    if style == "full" and own:
        parts.append(
            format_html(' <span class="moment-own">({} {})</span>', _("your time"), own)
        )
    return mark_safe("".join(parts))  # noqa: S308 - each part is escaped


@register.simple_tag(takes_context=True)
def plant_range(
    context: template.Context, start: datetime, end: datetime, zone: str = "UTC"
) -> SafeString:
    """From start to end in the site's zone; the day is said once when both are on one day."""
    first, last = start.astimezone(ZoneInfo(zone)), end.astimezone(ZoneInfo(zone))
    same_day = first.date() == last.date()
    same_zone = first.utcoffset() == last.utcoffset()
    begin = day_and_time(first, "short") + ("" if same_zone else f" {zone_name(first)}")
    finish = f"{day_and_time(last, 'clock' if same_day else 'short')} {zone_name(last)}"
    shown = format_html(
        '<span class="moment"><time class="nowrap" datetime="{}">{}</time> – '
        '<time class="nowrap" datetime="{}">{}</time></span>',
        start.isoformat(timespec="seconds"),
        begin,
        end.isoformat(timespec="seconds"),
        finish,
    )
    if not own_zone_name(context, start, zone):
        return shown
    own = ZoneInfo(context["request"].user.time_zone)
    here_start, here_end = start.astimezone(own), end.astimezone(own)
    moved = here_start.date() != first.date()
    own_first = day_and_time(here_start, "short" if moved else "clock")
    one_day = here_start.date() == here_end.date()
    own_last = day_and_time(here_end, "clock" if one_day else "short")
    return format_html(
        '{} <span class="moment-own">({} {} – {} {})</span>',
        shown,
        _("your time"),
        own_first,
        own_last,
        zone_name(here_end),
    )


@register.simple_tag
def relative_time(moment: datetime) -> SafeString:
    """Only how far away: “in 2 h 10 min”; kept up to date by app.js."""
    return format_html(
        '<time class="nowrap" datetime="{0}" data-relative="{0}">{1}</time>',
        moment.isoformat(timespec="seconds"),
        relative_words(moment),
    )


@register.simple_tag
def countdown(moment: datetime, over: str = "", reload: bool = False) -> SafeString:
    """Time left, ticking each second (1:04:59; in words above a day). `over`: words at zero.

    reload: fetch the page's live parts again at zero (a window opens by the clock alone).
    """
    left = max(0, int((moment - timezone.now()).total_seconds()))
    if left >= DAY_SECONDS:
        words = length_words(left, after_in=True)  # it stands after “ends in”
    elif left >= 3600:
        words = f"{left // 3600}:{left // 60 % 60:02d}:{left % 60:02d}"
    else:
        words = f"{left // 60:02d}:{left % 60:02d}"
    return format_html(
        '<time class="countdown" role="timer" datetime="{}" data-countdown="{}" data-over="{}"{}>'
        "{}</time>",
        moment.isoformat(timespec="seconds"),
        moment.isoformat(timespec="milliseconds"),
        over,
        mark_safe(" data-look-again") if reload else "",  # noqa: S308 - a constant
        words,
    )


@register.filter
def duration_words(seconds: float | Any) -> str:
    """A length of time in words: 2 h 10 min. Takes seconds or a timedelta."""
    total = int(
        seconds.total_seconds() if hasattr(seconds, "total_seconds") else seconds or 0
    )
    hours, minutes = total // 3600, total // 60 % 60
    if hours and minutes:
        return _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": minutes}
    if hours:
        return _("%(hours)d h") % {"hours": hours}
    if minutes:
        return _("%(minutes)d min") % {"minutes": minutes}
    return _("%(seconds)d s") % {"seconds": total}


# --- Lists --------------------------------------------------------------------------


def changed_query(query: QueryDict, **changes: str | None) -> str:
    """The query string with some parameters set, or taken out (None)."""
    changed = query.copy()
    for name, value in changes.items():
        if value is None:
            changed.pop(name, None)
        else:
            changed[name] = value
    for name in [name for name, value in changed.items() if value == ""]:
        changed.pop(name)
    return f"?{changed.urlencode()}"


@register.inclusion_tag("ui/sort_header.html", takes_context=True)
def sort_header(
    context: template.Context, field: str, label: str, default: str = "", css: str = ""
) -> dict[str, Any]:
    """A table header that sorts by `field`; the state is `?sort=` in the URL.

    default: the list's own order, such as `-submitted_at`, when the URL says none.
    """
    request: HttpRequest = context["request"]
    current = request.GET.get("sort") or default
    ascending, descending = current == field, current == f"-{field}"
    return {
        "label": label,
        "css": css,
        "ascending": ascending,
        "descending": descending,
        "query": changed_query(
            request.GET, sort=f"-{field}" if ascending else field, page=None
        ),
    }


@register.inclusion_tag("ui/filter_choice.html", takes_context=True)
def filter_choice(
    context: template.Context, name: str, label: str, choices: Iterable[Any]
) -> dict[str, Any]:
    """A select of a filter bar, or all of them; the state is `?name=` in the URL.

    choices: pairs of value and words, or rows with a `slug`, such as sites.
    """
    request: HttpRequest = context["request"]
    pairs = [one if isinstance(one, tuple) else (one.slug, one) for one in choices]
    return {
        "name": name,
        "label": label,
        "choices": pairs,
        "chosen": request.GET.get(name),
    }


@register.inclusion_tag("ui/pagination.html", takes_context=True)
def pagination(context: template.Context, page: Page[Any]) -> dict[str, Any]:
    """Links to the pages of a list; the state is `?page=` in the URL."""
    request: HttpRequest = context["request"]
    numbers = page.paginator.get_elided_page_range(
        page.number, on_each_side=1, on_ends=1
    )
    return {
        "page": page,
        "links": [
            (number, changed_query(request.GET, page=str(number)))
            if isinstance(number, int)
            else (number, "")
            for number in numbers
        ],
        "previous": changed_query(request.GET, page=str(page.number - 1)),
        "next": changed_query(request.GET, page=str(page.number + 1)),
    }


# --- People -------------------------------------------------------------------------


@register.simple_tag
def face(user: User | None, size: str = "") -> SafeString:
    """The initials of a person in a stable colour; the name must stand beside it."""
    initials = user.initials[:2] if user is not None else "?"
    colour = user.avatar_colour if user is not None else 7
    return format_html(
        '<span class="face face-{}{}" aria-hidden="true">{}</span>',
        colour,
        f" face-{size}" if size else "",
        initials,
    )


@register.simple_tag
def person(user: User | None, size: str = "", sub: str | None = None) -> SafeString:
    """Face, name, company. `sub` replaces the company; an empty one leaves it out."""
    if user is None:
        return format_html('<span class="person">{}</span>', _("the portal"))
    below = user.organisation if sub is None else sub
    return format_html(
        '<span class="person">{}<span class="person-text"><span class="person-name">'
        "<bdi>{}</bdi></span>{}</span></span>",
        face(user, size),
        user.full_name,
        format_html('<span class="person-sub">{}</span>', below) if below else "",
    )


@register.simple_tag(takes_context=True)
def can(context: template.Context, action: str, site: Any = None) -> bool:
    """`{% can "request.decide" site as may_decide %}`: only to show or hide; guards decide."""
    user = context["request"].user
    return bool(user.is_authenticated and may(user, Action(action), site))
