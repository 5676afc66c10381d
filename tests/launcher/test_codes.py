"""The demo's codes are those that an authenticator app would show."""

import json
from pathlib import Path

import pytest

from accessportal.launcher import codes
from accessportal.launcher.console import SetupProblem

RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # "12345678901234567890" (RFC 6238, B)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [(59, "287082"), (1111111109, "081804"), (2000000000, "279037")],
)
def test_codes_are_those_of_the_standard(moment: int, expected: str) -> None:
    assert codes.code_at(RFC_SECRET, moment) == expected


def test_the_table_names_everybody(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    vera = {
        "role": "contractor",
        "name": "Vera Vogel",
        "email": "vera@fillwerk.example",
        "password": "a long pass phrase",
        "totp_secret": RFC_SECRET,
    }
    (tmp_path / "demo.json").write_text(json.dumps({"people": [vera]}))
    codes.print_codes(tmp_path)
    words = capsys.readouterr().out
    assert "vera@fillwerk.example  a long pass phrase" in words


def test_without_a_demo_it_says_how_to_start_one(tmp_path: Path) -> None:
    with pytest.raises(SetupProblem, match="start ./portal demo first"):
        codes.print_codes(tmp_path)
