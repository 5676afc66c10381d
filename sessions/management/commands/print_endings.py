"""Prints the table of endings into `docs/endings.md`."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from sessions.endings import TABLE, Answer, Cause, Weight

BEGIN = "<!-- table: manage.py print_endings -->\n"
END = "<!-- end of table -->\n"

CLASSES = {
    Weight.ACT: "An act of a person",
    Weight.FORESEEABLE: "Foreseeable",
    Weight.DRIFT: "Drift",
    Weight.FAULT: "A fault",
}


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        page = settings.BASE_DIR / "docs" / "endings.md"
        before, _, rest = page.read_text().partition(BEGIN)
        after = rest.partition(END)[2]
        page.write_text(f"{before}{BEGIN}{endings_as_markdown()}{END}{after}")


def endings_as_markdown() -> str:
    """The table, class by class."""
    lines = []
    for weight, words in CLASSES.items():
        lines += [
            f"\n**{words}**\n",
            "| what happens | in normal times | in a critical step | |",
            "|---|---|---|---|",
        ]
        lines += [
            f"| {cause.what} | {_words(cause, cause.normal)} "
            f"| {_words(cause, cause.critical)} | {cause.note} |"
            for cause in TABLE
            if cause.weight is weight
        ]
    return "\n".join(lines) + "\n"


def _words(cause: Cause, answer: Answer) -> str:
    if answer is Answer.END:
        return f"**end** (`{cause.reason}`)"
    if answer is Answer.FREEZE:
        named = f" (`{cause.freeze}`)" if cause.freeze else ""
        return f"freeze{named}" + (", step-up" if cause.step_up else "")
    return "waits"
