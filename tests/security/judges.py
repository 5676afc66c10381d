"""What has to hold of every answer, whoever asks for what: its headers, and what is in it.

The permission matrix asks for everything as everybody; it has each answer judged here, so that
no other walk has to ask again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from typing import Any

from django.apps import apps
from django.db import IntegrityError, models, transaction

from accessportal.audit import record
from tests.guards.house import House
from tests.guards.house import house as build_house

EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Origin-Agent-Cluster": "?1",
    "X-Permitted-Cross-Domain-Policies": "none",
}
FORBIDDEN_IN_POLICY = ("unsafe-inline", "unsafe-eval", "http:", "https:", "*", "blob:")


def wrong_in(response: Any, *, signed_in: bool) -> list[str]:
    headers = response.headers
    wrong = [
        f"{name}: {headers.get(name)}"
        for name, value in EVERYWHERE.items()
        if headers.get(name) != value
    ]
    policy = headers.get("Content-Security-Policy", "")
    if "default-src 'none'" not in policy or "frame-ancestors 'none'" not in policy:
        wrong.append(f"no policy: {policy}")
    wrong += [word for word in FORBIDDEN_IN_POLICY if word in policy.split()]
    if headers.get("X-Frame-Options") != "DENY":
        wrong.append("may be framed")
    if "camera=()" not in headers.get("Permissions-Policy", ""):
        wrong.append("no Permissions-Policy")
    if signed_in and "no-store" not in headers.get("Cache-Control", ""):
        wrong.append(f"may be kept: {headers.get('Cache-Control')}")
    if "Server" in headers or "X-Powered-By" in headers:
        wrong.append("says what it runs on")
    return wrong


# --- No code or style in a page, and no markup made of text ------------------------------

# The policy would refuse it; and a page that needs it would be broken. (The attack below says
# `onxss=`; whether that became an attribute, a parser sees better.)
INLINE = re.compile(
    r"<script(?![^>]*\bsrc=)(?![^>]*type=.application/json)|<style|\sstyle=|\son(?!xss)[a-z]+=",
    re.IGNORECASE,
)
ATTACK = "'\"><xss-a onxss=1></script><xss-b></textarea></title><xss-c>{{7|add:42}}"
SHORT = "\"'><xss-d>"
# What the portal itself makes or compares; nobody types it freely.
MADE = re.compile(
    r"(_hash|_envelope|_id|_key|_ref|_signature|key|hash|password|slug|number|state|email|"
    r"language|time_zone|token\w*|protocol|address|path|storage_name|factor|kind|version|"
    r"persistent_id|bound_to|broker|host|rule|code_hash|username|verdict|role|permission|action|"
    r"weekdays|staffed_from|staffed_until|who|deputy|recurrence)$"
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

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self.feed(page)

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


@contextmanager
def house_under_attack() -> Iterator[House]:
    """One of each thing, with the attack in everything that people type, the trail too."""
    with build_house() as built:
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


def made_of_text(page: str) -> list[str]:
    """What became markup, or was computed, although somebody typed it."""
    computed = re.findall(r"xss-c&gt;(\d+)", page)
    return Reader(page).found + [f"computed: {it}" for it in computed if it == "49"]


def wrong_with(response: Any, *, signed_in: bool) -> list[str]:
    """Everything that must not be so, of an answer to somebody signed in or to nobody."""
    wrong = wrong_in(response, signed_in=signed_in)
    if response.streaming or "text/html" not in response.headers.get(
        "Content-Type", ""
    ):
        return wrong
    page = response.content.decode()
    wrong += [f"in the page: {it.group()}" for it in INLINE.finditer(page)]
    return wrong + made_of_text(page)
