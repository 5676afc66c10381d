"""Whoever may type something types markup, everywhere: on no page does it become markup.

Every free-text column of every model holds the attack, the trail's copies too. The permission
matrix (tests/guards) asks for every page as everybody, and each is read as a parser reads it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from accessportal.audit.models import AuditEvent
from accessportal.notifications.outbox import worded
from tests.guards.house import House, ask
from tests.guards.matrix import LET_IN
from tests.security.judges import ATTACK, house_under_attack, made_of_text

pytestmark = pytest.mark.walk

SHOWN = 25
"""On so many pages at least the attack has to be seen."""


@pytest.fixture(scope="module")
def house(django_db_setup: None, django_db_blocker: Any) -> Iterator[House]:
    with django_db_blocker.unblock(), house_under_attack() as built:
        yield built


@pytest.mark.django_db
def test_many_pages_show_the_attack(house: House) -> None:
    """Or the permission matrix, which has every page judged, would look at nothing."""
    shown = 0
    for name, line in LET_IN.items():
        if line.method == "get" and shown < SHOWN:
            answer = ask(house.browser(line.yes.split()[0]), house.path(name, line))
            shown += not answer.streaming and b"&lt;xss-" in answer.content
    assert shown == SHOWN


@pytest.mark.django_db
def test_search_and_filters_repeat_nothing_as_markup(house: House) -> None:
    """What stands in the address is shown in the filter's fields."""
    for name, line in LET_IN.items():
        if line.method != "get" or line.args:
            continue
        path = house.path(name, line)
        fields = (
            "q",
            "state",
            "site",
            "sort",
            "page",
            "area",
            "event",
            "since",
            "next",
        )
        answer = ask(
            house.browser(line.yes.split()[0]), path, data=dict.fromkeys(fields, ATTACK)
        )
        if "text/html" in answer.headers.get("Content-Type", ""):
            assert made_of_text(answer.content.decode()) == [], name


@pytest.mark.django_db
def test_errors_repeat_nothing_as_markup(house: House) -> None:
    for path in ("/<xss-a>/", "/requests/<xss-a onxss=1>/", "/audit/'\"><xss-a>/"):
        for role in ("nobody", "vera"):
            page = ask(house.browser(role), path).content.decode()
            assert made_of_text(page) == [], path


def test_our_scripts_make_no_markup_from_text() -> None:
    """What arrives in a session (names of windows, clipboard, messages, errors of a machine)
    is put on the page by our scripts: as text, or not at all."""
    makes_markup = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment"
        r"|DOMParser|\beval\(|new Function|setTimeout\(\s*[\"'`]|srcdoc"
    )
    # The portal's own answer, of which the sentence is read as text.
    allowed = {"app.js": "DOMParser"}
    found = {
        path.name: match.group()
        for path in sorted((settings.BASE_DIR / "static" / "js").rglob("*.js"))
        if (match := makes_markup.search(path.read_text()))
        and allowed.get(path.name) != match.group()
    }
    assert found == {}


def test_templates_mark_nothing_as_safe() -> None:
    """Escaping is turned off for one thing, the QR code that segno has drawn; in Python,
    each place gives its reason."""
    unsafe = re.compile(r"\|\s*safe\b|autoescape\s+off|\|\s*safeseq")
    folder: Path = settings.BASE_DIR / "templates"
    found = [
        f"{path.name}: {line[match.start() - 10 : match.end()]}"
        for path in folder.rglob("*.html")
        for line in path.read_text().splitlines()
        if (match := unsafe.search(line))
    ]
    assert found == ["enrol.html: {{ qr_code|safe"]


def test_a_name_adds_no_header_to_a_mail() -> None:
    """A purpose or a name with a line break ends up in a subject."""
    attack = "Vera\r\nBcc: everybody@example.test\n\nHello"
    subject, _ = worded(
        "request.withdrawn",
        {
            "number": attack,
            "requester": attack,
            "vendor": attack,
            "assets": attack,
            "reason": "",
        },
        language="en",
    )
    assert "\n" not in subject and "\r" not in subject


def test_the_trail_itself_is_never_rewritten_for_show(house: House, db: None) -> None:
    """The attack is kept as it was typed: evidence is escaped when shown, not when kept."""
    event = AuditEvent.objects.get(event_id=house.things["event"])
    assert event.reason == ATTACK
