"""Is a changed text the same text with a slip of the keys mended?"""

from __future__ import annotations

import re

LONG_WORD = 5
"""Shorter words, like "not" and "now", may not change at all."""
SLIPS = 2


def is_mended_slip(before: str, after: str) -> bool:
    """The same words in the same order, a few long ones spelt otherwise; no figure changed.

    What is not surely a slip is a change of what was said, and is asked about anew.
    """
    old, new = _words(before), _words(after)
    return len(old) == len(new) and all(
        _same_word(one, other) for one, other in zip(old, new, strict=True)
    )


def _words(text: str) -> list[str]:
    return re.findall(r"[^\s.,;:!?()\"']+", text.casefold())


def _same_word(one: str, other: str) -> bool:
    if one == other:
        return True
    if min(len(one), len(other)) < LONG_WORD or any(
        letter.isdigit() for letter in one + other
    ):
        return False
    return _distance(one, other) <= SLIPS


def _distance(one: str, other: str) -> int:
    """Letters to insert, drop or replace (Levenshtein)."""
    row = list(range(len(other) + 1))
    for index, letter in enumerate(one, 1):
        last, row = row, [index]
        for column, counterpart in enumerate(other, 1):
            row.append(
                min(
                    last[column] + 1,
                    row[-1] + 1,
                    last[column - 1] + (letter != counterpart),
                )
            )
    return row[-1]
