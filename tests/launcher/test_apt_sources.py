"""guacd's suite comes from the mirror that the machine itself uses."""

from pathlib import Path

import pytest

from accessportal.launcher import apt
from accessportal.launcher.console import SetupProblem

DEB822 = """\
# the plant's own mirror
Types: deb deb-src
URIs: http://mirror.plant.example/debian
Suites: bookworm bookworm-updates
# kept up to date by IT
Components: main contrib
Signed-By: /usr/share/keyrings/plant.gpg

Types: deb
URIs: http://mirror.plant.example/security
Suites: bookworm-security
Components: main

Enabled: no
Types: deb
URIs: http://old.plant.example/debian
Suites: bookworm
Components: main
"""
ONE_LINE = """\
# deb http://commented.example/debian bookworm main
deb [signed-by=/etc/apt/keyrings/plant.asc] http://m.plant.example/debian bookworm main contrib
deb-src http://mirror.plant.example/debian bookworm main
deb http://mirror.plant.example/debian bookworm-updates main  # updates
"""


def test_deb822_sources_are_read() -> None:
    sources = apt.parse_deb822(DEB822)
    assert [source.uri for source in sources] == [
        "http://mirror.plant.example/debian",
        "http://mirror.plant.example/security",
    ]
    assert sources[0].suites == ("bookworm", "bookworm-updates")
    assert sources[0].signed_by == "/usr/share/keyrings/plant.gpg"


def test_one_line_sources_are_read() -> None:
    first, second = apt.parse_one_line(ONE_LINE)
    assert first.uri == "http://m.plant.example/debian"
    assert first.components == ("main", "contrib")
    assert first.signed_by == "/etc/apt/keyrings/plant.asc"
    assert second.suites == ("bookworm-updates",)
    assert second.signed_by == ""


@pytest.mark.parametrize(
    ("file", "text", "mirror", "keyring"),
    [
        (
            "sources.list.d/debian.sources",
            DEB822,
            "http://mirror.plant.example/debian",
            "/usr/share/keyrings/plant.gpg",
        ),
        (
            "sources.list",
            ONE_LINE,
            "http://m.plant.example/debian",
            "/etc/apt/keyrings/plant.asc",
        ),
    ],
)
def test_the_derived_source_uses_mirror_and_key_ring_of_the_machine(
    tmp_path: Path, file: str, text: str, mirror: str, keyring: str
) -> None:
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    derived = apt.guacd_source_text(apt.configured_sources(tmp_path), "bookworm")
    assert derived is not None
    (source,) = apt.parse_deb822(derived)
    assert source.uri == mirror
    assert source.suites == ("bullseye",)
    assert source.signed_by == keyring


def test_an_embedded_key_is_carried_over_whole() -> None:
    key = " -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mDMEabc\n -----END PGP PUBLIC KEY BLOCK-----"
    stanza = (
        "Types: deb\nURIs: http://m.example/debian\nSuites: bookworm\nComponents: main"
    )
    text = f"{stanza}\nSigned-By:\n{key}\n"
    derived = apt.guacd_source_text(apt.parse_deb822(text), "bookworm")
    assert derived is not None
    assert key in derived


def test_without_a_mirror_a_person_is_told_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SetupProblem, match="GUACD=host:port"):
        apt.add_guacd_source(tmp_path)


def test_the_suite_has_a_low_priority() -> None:
    """Below 500, so that apt prefers everything this release has itself."""
    assert "Pin: release n=bullseye\nPin-Priority: 100\n" in apt.pin_text()
