"""Who has agreed, and who is still needed: people matched to the places of the steps.

One person fills one place of a request, however many roles they have. Who fills which is
worked out anew from all who agreed, so that within one order nothing depends on who was
first: somebody who can fill two places gives way to somebody who can fill only one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from requests.policy.rules import Step

Slot = tuple[str, int]
"""A place: the step's `who`, and which of its places."""


@dataclass(frozen=True)
class Progress:
    """filled: for each step's `who`, the indexes of those who agreed and fill its places.

    asked: the `who` of steps for which one more person would help now. complete: nobody
    is needed any more. order: the steps that are being asked; 0 when complete.
    """

    filled: dict[str, tuple[int, ...]]
    asked: frozenset[str]
    complete: bool
    order: int


def progress_of(steps: Sequence[Step], agreed: Sequence[frozenset[str]]) -> Progress:
    """`agreed`: for each person who said yes, the steps they were able to fill then.

    Raises `ValueError` without a step: nothing is ever approved by nobody.
    """
    if not steps:
        raise ValueError("A request without a step would be approved by nobody.")
    taken = _matched(steps, agreed)
    filled = {
        step.who: tuple(sorted(taken[slot] for slot in _slots([step]) if slot in taken))
        for step in steps
    }
    waiting = [step for step in steps if len(filled[step.who]) < step.quorum]
    order = min((step.order for step in waiting), default=0)
    now = [step for step in steps if step.order == order]
    asked = frozenset(
        step.who for step in now if _would_help(step.who, now, agreed, taken)
    )
    return Progress(filled, asked, not waiting, order)


def _matched(
    steps: Sequence[Step], agreed: Sequence[frozenset[str]]
) -> dict[Slot, int]:
    """As many places filled as can be (augmenting paths; a handful of people)."""
    taken: dict[Slot, int] = {}
    for person in range(len(agreed)):
        _seat(person, steps, agreed, taken, set())
    return taken


def _seat(
    person: int,
    steps: Sequence[Step],
    agreed: Sequence[frozenset[str]],
    taken: dict[Slot, int],
    tried: set[Slot],
) -> bool:
    """Find the person a place, moving others to another of theirs where that makes room."""
    for slot in _slots([step for step in steps if step.who in agreed[person]]):
        if slot in tried:
            continue
        tried.add(slot)
        if slot not in taken or _seat(taken[slot], steps, agreed, taken, tried):
            taken[slot] = person
            return True
    return False


def _would_help(
    who: str,
    steps: Sequence[Step],
    agreed: Sequence[frozenset[str]],
    taken: dict[Slot, int],
) -> bool:
    one_more = [*agreed, frozenset({who})]
    return _seat(len(agreed), steps, one_more, dict(taken), set())


def _slots(steps: Sequence[Step]) -> list[Slot]:
    return [(step.who, place) for step in steps for place in range(step.quorum)]
