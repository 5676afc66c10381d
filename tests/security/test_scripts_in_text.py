"""Whoever may type something types markup, everywhere: on no page does it become markup.

Every free-text column of every model holds the attack, the trail's copies too; every page of
the map is read as people who may see it, and as a parser reads it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import IntegrityError, models, transaction

from accessportal.audit import record
from accessportal.audit.models import AuditEvent
from accessportal.notifications.outbox import worded
from tests.guards.matrix import LET_IN
from tests.guards.things import House, ask
from tests.guards.things import house as build_house

pytestmark = pytest.mark.walk

ATTACK = "'\"><xss-a onxss=1></script><xss-b></textarea></title><xss-c>{{7|add:42}}"
SHORT = "\"'><xss-d>"
# What the portal itself makes or compares; nobody types it freely.
MADE = re.compile(
    r"(_hash|_envelope|_id|_key|_ref|_signature|key|hash|password|slug|number|state|email|"
    r"language|time_zone|token\w*|protocol|address|path|storage_name|factor|kind|version|"
    r"persistent_id|broker|host|rule|code_hash|username|verdict|role|permission|action|"
    r"staffed_weekdays|staffed_from|staffed_until|who|deputy|recurrence)$"
)
OURS = (
    "accounts",
    "plants",
    "access_requests",
    "brokered_sessions",
    "notifications",
    "alerts",
)
TAINTED = 25
"""At least so many columns are typed by people; fewer would mean that the walk is broken."""


class Reader(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag.startswith("xss-"):
            self.found.append(f"<{tag}>")
        for name, value in attrs:
            if "xss" in name:
                self.found.append(f"{tag} {name}")
            if name in {"href", "src", "action", "formaction"} and (
                value or ""
            ).strip().lower().startswith(("javascript:", "data:text", "vbscript:")):
                self.found.append(f"{tag} {name}={value}")


def typed_columns(model: type[models.Model]) -> list[models.Field[Any, Any]]:
    return [
        field
        for field in model._meta.concrete_fields
        if isinstance(field, models.CharField | models.TextField)
        and not field.choices
        and not field.primary_key
        and not MADE.search(field.name)
    ]


def taint_everything() -> list[str]:
    """Write the attack into every column that takes it; returns their names."""
    done = []
    for model in apps.get_models():
        if model._meta.app_label not in OURS:
            continue
        for field in typed_columns(model):
            for row in model._default_manager.all():
                text = ATTACK if (field.max_length or 999) > len(ATTACK) else SHORT
                if field.unique or field.name in {"name", "full_name"}:
                    text = f"{row.pk} {text}"
                text = text[: field.max_length or None]
                try:
                    with transaction.atomic():
                        model._default_manager.filter(pk=row.pk).update(
                            **{field.name: text}
                        )
                except IntegrityError:
                    continue  # a constraint says what may stand there
                done.append(f"{model._meta.label}.{field.name}")
    return sorted(set(done))


@pytest.fixture(scope="module")
def house(django_db_setup: None, django_db_blocker: Any) -> Iterator[House]:
    with django_db_blocker.unblock(), build_house() as built:
        columns = taint_everything()
        assert len(columns) >= TAINTED, columns
        for person in built.people.values():
            person.refresh_from_db()
        event = record(
            "request.denied",
            acting_user=built.people["vera"],
            subject=built.plant.filling_line,
            reason=ATTACK,
            note=ATTACK,
        )
        built.things["event"] = event.event_id
        yield built


@pytest.mark.django_db
def test_no_page_takes_text_for_markup(house: House) -> None:
    became: dict[str, list[str]] = {}
    shown = 0
    for name, line in LET_IN.items():
        if line.method != "get":
            continue
        let_in = line.yes.split()
        for role in dict.fromkeys((let_in[0], let_in[-1])):
            answer = ask(house.browser(role), house.path(name, line))
            if answer.streaming or "text/html" not in answer.headers["Content-Type"]:
                continue
            text = answer.content.decode()
            reader = Reader()
            reader.feed(text)
            if reader.found:
                became[f"{name} as {role}"] = reader.found
            shown += "&lt;xss-" in text
            assert "49" not in re.findall(r"xss-c&gt;(\d+)", text), name
    assert became == {}
    assert shown >= 25, "the attack is hardly shown: this test looks at nothing"


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
            reader = Reader()
            reader.feed(answer.content.decode())
            assert reader.found == [], name


@pytest.mark.django_db
def test_errors_repeat_nothing_as_markup(house: House) -> None:
    for path in ("/<xss-a>/", "/requests/<xss-a onxss=1>/", "/audit/'\"><xss-a>/"):
        for role in ("nobody", "vera"):
            reader = Reader()
            reader.feed(ask(house.browser(role), path).content.decode())
            assert reader.found == [], path


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
