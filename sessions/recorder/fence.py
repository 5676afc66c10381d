"""Takes a recording's open files away from a writer that may wake up.

A process that stands still keeps its files open, and what it appends when it wakes would
lie behind what the next writer took for the end. So each file without its end is copied
and put in the place of itself: whoever has the old one open writes into nothing.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path


def take_from_writer(root: Path, names: Iterable[str]) -> None:
    """Put a copy in the place of each file, at once and for good. Raises `OSError`."""
    for name in names:
        path = root / name
        copy = path.with_suffix(".copy")
        shutil.copyfile(path, copy)
        copy.chmod(0o600)
        with copy.open("rb") as file:
            os.fsync(file.fileno())
        copy.replace(path)
