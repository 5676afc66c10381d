"""What a newcomer is pointed to is there."""

from __future__ import annotations

import re

import pytest

from tests.guards.sources import ROOT, files

LINK = re.compile(r"\]\(([^)#\s]+)")


@pytest.mark.parametrize(
    "name",
    ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE", "docs/threat-model.md"],
)
def test_where_everybody_looks_for_it(name: str) -> None:
    assert (ROOT / name).is_file()


def test_links_between_documents_lead_somewhere() -> None:
    documents = files(".md")
    dead = [
        f"{document.relative_to(ROOT)}: {target}"
        for document in documents
        for target in LINK.findall(document.read_text(encoding="utf-8"))
        if "://" not in target and not (document.parent / target).exists()
    ]
    assert len(documents) > 20
    assert not dead


def test_each_decision_has_a_number_of_its_own() -> None:
    """Code and documents name a decision by its number alone."""
    names = [path.name for path in files(".md") if path.parent.name == "decisions"]
    numbers = [name.partition("-")[0] for name in names]
    assert len(numbers) > 50
    assert sorted(numbers) == sorted(set(numbers))


def test_each_decision_says_the_number_that_its_file_has() -> None:
    for path in files(".md"):
        if path.parent.name == "decisions":
            number = int(path.name.partition("-")[0])
            first = path.read_text(encoding="utf-8").partition("\n")[0]
            assert first.startswith(f"# {number}. "), path.name
