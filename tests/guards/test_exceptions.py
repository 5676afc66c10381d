"""Where a rule of the linter is set aside, the reason stands beside it."""

from __future__ import annotations

import re

from tests.guards.sources import name, python_files

SECURITY = re.compile(r"#\s*noqa:\s*(S\d+[\w, ]*)(?P<reason>.*)$", re.M)


def test_each_exception_of_a_security_rule_has_its_reason() -> None:
    found = [
        f"{name(path)}: {match.group().strip()}"
        for path in python_files(tests=True)
        for match in SECURITY.finditer(path.read_text())
        if not match["reason"].strip(" -")
    ]
    assert found == []
