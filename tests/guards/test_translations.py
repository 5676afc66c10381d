"""Every text a person reads is marked, and there in German, with nothing of it guessed."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.template.base import Lexer, TokenType
from django.utils.translation import gettext, override

SOURCES = ("accessportal", "requests", "sessions", "templates")
CATALOGUE = Path("accessportal/locale/de/LC_MESSAGES/django.po")

# Names, and keys whose caps say the same in English and in German.
SAME_EVERYWHERE = {"Access", "Portal", "RDP", "Telnet", "Alt", "Tab", "Esc"}
SHOWN_ATTRIBUTES = re.compile(
    r"\b(?:title|label|lead|placeholder|alt|aria-label|aria-description)=([\"'])(.*?)\1",
    re.S,
)


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The German catalogue as makemessages would write it today, from a copy of the source."""
    root = tmp_path_factory.mktemp("source")
    ignore = shutil.ignore_patterns("__pycache__", "*.mo")
    for name in SOURCES:
        shutil.copytree(settings.BASE_DIR / name, root / name, ignore=ignore)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        patch.setattr(settings, "LOCALE_PATHS", [str(root / "accessportal" / "locale")])
        call_command(
            "makemessages",
            locale=["de"],
            no_location=True,
            no_obsolete=True,
            verbosity=0,
        )
    return root / CATALOGUE


def entries(catalogue: Path, *options: str) -> list[str]:
    """The msgids that msgattrib finds, without the header."""
    done = subprocess.run(
        ["msgattrib", "--no-wrap", *options, str(catalogue)],
        capture_output=True,
        check=True,
        text=True,
    )
    return [msgid for msgid, _texts in pairs(done.stdout) if msgid]


def pairs(unwrapped: str) -> Iterator[tuple[str, list[str]]]:
    """Each msgid (with its plural) of a catalogue without wrapping, and its translations."""
    for entry in unwrapped.split("\n\n"):
        said: dict[str, str] = {}
        field = ""
        for line in entry.splitlines():
            if match := re.match(r'(msg\w+(?:\[\d\])?) "(.*)"$', line):
                field = match[1]
                said[field] = match[2]
            elif field and line.startswith('"'):
                said[field] += line[1:-1]
        if "msgid" in said:
            texts = [text for name, text in said.items() if name.startswith("msgstr")]
            yield said["msgid"] + said.get("msgid_plural", ""), texts


def test_every_text_is_translated(catalogue: Path) -> None:
    assert entries(catalogue, "--untranslated") == []


def test_nothing_is_fuzzy(catalogue: Path) -> None:
    assert entries(catalogue, "--only-fuzzy") == []


def test_the_catalogue_compiles_and_its_placeholders_fit(catalogue: Path) -> None:
    subprocess.run(
        ["msgfmt", "--check", "--check-format", "-o", "/dev/null", str(catalogue)],
        check=True,
    )
    # msgfmt does not know the `{name}` that scripts fill in.
    names = re.compile(r"\{\w+\}|%\(\w+\)[sd]")
    done = subprocess.run(
        ["msgattrib", "--no-wrap", "--no-obsolete", str(catalogue)],
        capture_output=True,
        check=True,
        text=True,
    )
    invented = {
        text
        for msgid, texts in pairs(done.stdout)
        for text in texts
        if not set(names.findall(text)) <= set(names.findall(msgid))
    }
    assert invented == set()


def test_the_committed_catalogue_holds_nothing_fuzzy_or_obsolete() -> None:
    committed = (settings.BASE_DIR / CATALOGUE).read_text()
    assert "#, fuzzy" not in committed
    assert "#~" not in committed


def test_the_committed_catalogue_is_the_one_in_use() -> None:
    """Set-up compiles it; without that, every page would silently be in English."""
    with override("de"):
        assert gettext("Approve") == "Freigeben"


def texts_of(template: Path) -> Iterator[str]:
    """What a template says itself, outside of its translation tags."""
    said, skipped_until = [], ""
    for token in Lexer(template.read_text()).tokenize():
        name = token.contents.split()[0] if token.contents.split() else ""
        if skipped_until:
            if token.token_type == TokenType.BLOCK and name == skipped_until:
                skipped_until = ""
        elif token.token_type == TokenType.TEXT:
            said.append(token.contents)
        elif token.token_type == TokenType.BLOCK and name in {
            "blocktranslate",
            "comment",
        }:
            skipped_until = f"end{name}"
        elif token.token_type == TokenType.BLOCK and "_class" in token.contents:
            skipped_until = "endblock"  # names of styles
    text = re.sub(r"<(script|style)\b.*?</\1>", " ", "".join(said), flags=re.S)
    yield from (found[2] for found in SHOWN_ATTRIBUTES.finditer(text))
    yield re.sub(r"<[^>]*>", " ", text)


def test_templates_say_nothing_without_gettext() -> None:
    found = [
        f"{template.relative_to(settings.BASE_DIR)}: {word}"
        for template in sorted((settings.BASE_DIR / "templates").rglob("*.html"))
        for text in texts_of(template)
        for word in re.findall(r"[^\W\d_]{3,}", text)
        if word not in SAME_EVERYWHERE
    ]
    assert found == []
