"""What every page is made of: times in words, badges, lists in the URL, safe components."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.core.paginator import Paginator
from django.db import models
from django.http import QueryDict
from django.template import engines
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import translation

from accessportal.states import LOOKS
from accessportal.templatetags.portal import changed_query, unbroken
from accessportal.words import length_words, relative_words, zone_names

NOON = datetime(2026, 3, 10, 11, 0, tzinfo=UTC)


def render(text: str, query: str = "", zone: str = "", **context: Any) -> str:
    """`text` as a page would show it to somebody whose own zone is `zone`."""
    request = RequestFactory().get(f"/list/{query}")
    request.user = SimpleNamespace(time_zone=zone, is_authenticated=True)  # type: ignore[assignment]
    request.session = {}  # type: ignore[assignment]
    # Through the file loader's way, so that components are compiled as they are in pages.
    from django_cotton.compiler_regex import CottonCompiler

    template = engines["django"].from_string(CottonCompiler().process(text))
    return template.render(context, request)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (7800, "2 h 10 min"),
        (47 * 3600, "47 h"),
        (48 * 3600, "2 days"),
        (59 * 3600, "2 days"),
        (71 * 3600, "3 days"),
        (-90, "1 min"),
    ],
)
def test_lengths_are_said_as_people_say_them(seconds: float, words: str) -> None:
    assert length_words(seconds) == words


def test_relative_words_say_before_and_after() -> None:
    assert relative_words(NOON + timedelta(minutes=130), at=NOON) == "in 2 h 10 min"
    assert relative_words(NOON - timedelta(minutes=5), at=NOON) == "5 min ago"
    assert relative_words(NOON, at=NOON) == "now"


@time_machine.travel(NOON, tick=False)
def test_plant_time_has_the_zones_name_and_the_readers_own_where_it_differs() -> None:
    moment = NOON + timedelta(hours=2)
    shown = render(
        "{% plant_time moment 'Europe/Berlin' %}", moment=moment, zone="Europe/Berlin"
    )
    assert "Tue 10 Mar 2026, 14:00 CET" in shown and "in 2 h" in shown
    assert "your time" not in shown
    shown = render(
        "{% plant_time moment 'Europe/Berlin' %}", moment=moment, zone="Europe/London"
    )
    assert "your time 13:00 GMT" in shown
    # The same wall time under another name is not another time.
    shown = render(
        "{% plant_time moment 'Europe/Berlin' %}", moment=moment, zone="Europe/Vienna"
    )
    assert "your time" not in shown


def test_summer_and_winter_have_their_own_names() -> None:
    for moment, words in (
        (datetime(2026, 3, 29, 0, 30, tzinfo=UTC), "01:30 CET"),
        (datetime(2026, 3, 29, 1, 30, tzinfo=UTC), "03:30 CEST"),
    ):
        assert words in render("{% plant_time m 'Europe/Berlin' 'short' %}", m=moment)


def test_a_zone_without_letters_is_said_as_an_offset() -> None:
    assert "UTC+05" in render("{% plant_time m 'Asia/Almaty' %}", m=NOON)


def test_a_range_says_the_day_once() -> None:
    context = {"a": NOON, "b": NOON + timedelta(hours=2)}
    shown = render("{% plant_range a b 'Europe/Berlin' %}", **context)
    assert shown.count("Mar") == 1 and "14:00 CET" in shown
    overnight = render(
        "{% plant_range a b 'Europe/Berlin' %}", a=NOON, b=NOON + timedelta(days=1)
    )
    assert overnight.count("Mar") == 2


def test_a_range_across_the_clock_change_names_both_zones() -> None:
    start = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    shown = render(
        "{% plant_range a b 'Europe/Berlin' %}", a=start, b=start + timedelta(hours=2)
    )
    assert "01:30 CET" in shown and "04:30 CEST" in shown


@time_machine.travel(NOON, tick=False)
@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(seconds=299), "04:59"),
        (timedelta(hours=1, minutes=4, seconds=59), "1:04:59"),
        (timedelta(hours=-1), "00:00"),
        (timedelta(days=3), "3 days"),
    ],
)
def test_countdowns(left: timedelta, words: str) -> None:
    assert f">{words}<" in render("{% countdown m %}", m=NOON + left)


def test_the_moment_nobody_set_is_a_dash() -> None:
    assert render("{% plant_time m %}", m=None) == "–"


def test_every_state_of_every_thing_has_a_look() -> None:
    """A state added to a model without a badge would be grey and silent."""
    missing = []
    for model in apps.get_models():
        label = model._meta.label_lower
        if not any(known == label for known, _value in LOOKS):
            continue
        choices: type[models.TextChoices] = (
            getattr(model, "Phase", None)
            or getattr(model, "State", None)
            or model.Verdict  # type: ignore[attr-defined]
        )
        missing += [
            (label, value) for value in choices.values if (label, value) not in LOOKS
        ]
    assert not missing


def test_every_icon_of_a_state_is_in_the_sprite() -> None:
    from pathlib import Path

    names = set(Path("static/icons.txt").read_text().split())
    assert {icon for _tone, icon in LOOKS.values()} <= names


def test_components_escape_what_people_typed_once() -> None:
    evil = '<script>alert("1")</script> & "quotes"'
    shown = render(
        '<c-page-header title="{{ evil }}"><c-slot name="state">{% badge evil %}</c-slot>'
        "</c-page-header><c-card title='{{ evil }}'>{{ evil }}</c-card>",
        evil=evil,
    )
    assert "<script>" not in shown
    assert "&amp;lt;" not in shown
    assert shown.count("&lt;script&gt;") == 4


def test_lists_keep_their_state_in_the_url() -> None:
    query = QueryDict("q=a%26b&page=3&state=")
    assert changed_query(query, page=None, sort="-name") == "?q=a%26b&sort=-name"


def test_a_choice_of_a_filter_offers_all_and_shows_what_the_url_says() -> None:
    north = SimpleNamespace(slug="north")
    shown = render(
        '{% filter_choice "site" "Site" sites %}{% filter_choice "state" "State" states %}',
        "?site=north&state=nonsense",
        sites=[north],
        states=[("open", "Open"), ("closed", "Closed")],
    )
    assert shown.count(" selected") == 1
    assert '<option value="north" selected>' in shown
    assert shown.count('<option value="">All</option>') == 2
    assert '<label class="form-label" for="filter-state">State</label>' in shown


def test_sort_headers_turn_round() -> None:
    head = '{% sort_header "name" "Name" default="name" %}'
    assert 'aria-sort="ascending"' in render(head)
    assert "sort=-name" in render(head)
    assert 'aria-sort="descending"' in render(head, "?sort=-name")
    assert "aria-sort" not in render(head, "?sort=other")
    assert "page=" not in render(head, "?page=7")


def test_pagination_leads_on_and_keeps_the_filter() -> None:
    page = Paginator(range(200), 25).get_page(4)
    shown = render("{% pagination page %}", "?q=hmi&page=4", page=page)
    assert "76 to 100 of 200" in shown
    assert "q=hmi&amp;page=5" in shown and 'aria-current="page"' in shown


def test_words_are_german_for_a_german_reader() -> None:
    with translation.override("de"):
        assert render("{% plant_time m 'Europe/Berlin' %}", m=NOON).count("2026") >= 1


def test_a_page_for_a_broken_portal_needs_nothing() -> None:
    assert "Something went wrong" in render_to_string("500.html")


def test_a_code_stays_on_one_line_and_what_people_type_is_text() -> None:
    assert unbroken("Plant gateway GW-1") == (
        'Plant gateway <span class="code-name">GW-1</span>'
    )
    assert unbroken("in REQ-2026-0042, <b>") == (
        'in <span class="code-name">REQ-2026-0042</span>, &lt;b&gt;'
    )
    # Words break at their hyphens, and what is long may be wider than a phone.
    for words in ("Set-up of the line", "Übergabeschleuse-Nordwesthalle-12"):
        assert unbroken(words) == words


def test_a_script_knows_the_names_of_a_zone_as_the_pages_write_them() -> None:
    with translation.override("de"):
        berlin = zone_names("Europe/Berlin", 2026)
    assert berlin == {"GMT+01:00": "MEZ", "GMT+02:00": "MESZ"}
    assert zone_names("America/Chicago", 2026) == {
        "GMT-06:00": "CST",
        "GMT-05:00": "CDT",
    }
    assert zone_names("Asia/Kolkata", 2026) == {"GMT+05:30": "IST"}
    assert zone_names("UTC", 2026) == {"GMT": "UTC"}
