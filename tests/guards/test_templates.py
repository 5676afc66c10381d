"""Pages keep to the content security policy, use icons that exist, and stand alone."""

import re
from pathlib import Path

import pytest

from tests.guards.sources import ROOT, files, name

# Django's own words are no attributes: `<a class="btn{% if one == other %} on{% endif %}">`.
DJANGO = re.compile(
    r"\{#.*?#\}|\{% comment %\}.*?\{% endcomment %\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL
)
INLINE = {
    "a style attribute": re.compile(r"<[^>]*\sstyle\s*=", re.IGNORECASE),
    "an inline handler": re.compile(r"<[^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "a style element": re.compile(r"<style\b", re.IGNORECASE),
    "an inline script": re.compile(
        r"<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>", re.IGNORECASE
    ),
    "a javascript: address": re.compile(r"javascript:", re.IGNORECASE),
    "something from another server": re.compile(
        r"<(?:script|link|img|iframe|source|video|audio)\b[^>]*(?:src|href)=[\"']?(?:https?:)?//",
        re.IGNORECASE,
    ),
}
# A mail program shows only what stands in the mail itself.
MAIL = ("email", "mail")
ICON = re.compile(
    r"\{%\s*icon\s+[\"']([a-z0-9/-]+)[\"']|<c-icon\b[^>]*\bname=[\"']([a-z0-9/-]+)"
)
FETCHES = re.compile(
    r"(?:fetch|import|EventSource|WebSocket)\(\s*[\"'`](?:https?|wss?):"
)


def pages() -> list[Path]:
    """Templates that a browser gets."""
    return [
        path for path in files(".html") if not any(part in MAIL for part in path.parts)
    ]


@pytest.mark.parametrize("what", INLINE)
def test_no_template_has(what: str) -> None:
    found = [
        f"{name(path)}: {match[0][:60]}"
        for path in pages()
        if (
            match := INLINE[what].search(
                DJANGO.sub("", path.read_text(encoding="utf-8"))
            )
        )
    ]
    assert not found


def test_every_icon_used_is_in_the_list() -> None:
    text = (ROOT / "static" / "icons.txt").read_text(encoding="utf-8")
    listed = {line.strip() for line in text.splitlines() if not line.startswith("#")}
    unknown = {
        f"{name(path)}: {icon}"
        for path in pages()
        for groups in ICON.findall(path.read_text(encoding="utf-8"))
        for icon in groups
        if icon
        and icon not in listed
        and icon.replace("filled-", "filled/") not in listed
    }
    assert not unknown


def test_scripts_ask_no_other_server() -> None:
    found = [
        name(path)
        for path in files(".js")
        if FETCHES.search(path.read_text(encoding="utf-8"))
    ]
    assert not found
