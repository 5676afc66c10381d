"""`./portal codes`: the demo's people and the one-time code each would type now.

A real person has an authenticator app for this; the demo's secrets are in `demo.json`.
"""

import base64
import hashlib
import hmac
import json
import time
from pathlib import Path
from typing import Any

from accessportal.launcher.console import SetupProblem, say

STEP_SECONDS = 30
DIGITS = 6


def code_at(secret: str, moment: float) -> str:
    """The digits of a base32 secret at a Unix time (RFC 6238 with SHA-1)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8), casefold=True)
    counter = int(moment // STEP_SECONDS).to_bytes(8, "big")
    digest = hmac.new(key, counter, hashlib.sha1).digest()
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}d}"


def table(people: list[dict[str, str]], moment: float) -> str:
    """People with e-mail, password and current code, in columns."""
    head = ("Who", "Role", "E-mail", "Password", "Code now")
    rows = [
        (
            person["name"],
            person["role"],
            person["email"],
            person["password"],
            code_at(person["totp_secret"], moment),
        )
        for person in people
    ]
    widths = [
        max(len(row[column]) for row in [head, *rows]) for column in range(len(head))
    ]
    return "\n".join(
        "  ".join(
            word.ljust(width) for word, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in [head, *rows]
    )


def print_codes(data_dir: Path) -> None:
    """Print the table of a demo that was started. Raises `SetupProblem` without one."""
    path = data_dir / "demo.json"
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SetupProblem(f"there is no {path}; start ./portal demo first.") from error
    now = time.time()
    say(table(content["people"], now))
    say(f"\nGood for {STEP_SECONDS - now % STEP_SECONDS:.0f} s more.")
