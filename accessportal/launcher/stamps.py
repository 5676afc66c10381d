"""Stamps: a set-up step is done again only when what it was made from has changed."""

import hashlib
from pathlib import Path


def digest_of(*paths: Path) -> str:
    """SHA-256 over the contents of the files, in this order."""
    digest = hashlib.sha256()
    for path in paths:
        content = path.read_bytes()
        digest.update(len(content).to_bytes(8, "big"))
        digest.update(content)
    return digest.hexdigest()


def is_current(stamp: Path, value: str) -> bool:
    """True when the step that leaves this stamp was done for the same value."""
    return stamp.is_file() and stamp.read_text(encoding="ascii") == value


def leave(stamp: Path, value: str) -> None:
    """Say that the step is done."""
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(value, encoding="ascii")
