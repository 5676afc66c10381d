"""What is different between two versions of a policy, rule by rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from requests.policy.rules import Rule


@dataclass(frozen=True)
class Difference:
    """One rule that is not as it was; None where it was not there, or is not any more."""

    name: str
    before: Rule | None
    now: Rule | None

    @property
    def kind(self) -> str:
        """added, removed or changed."""
        if self.before is None:
            return "added"
        return "removed" if self.now is None else "changed"


def differences(before: Sequence[Rule], now: Sequence[Rule]) -> list[Difference]:
    """By name, in the order of `now`, with what was removed last."""
    old = {rule.name: rule for rule in before}
    new = {rule.name: rule for rule in now}
    changed = [
        Difference(name, old.get(name), rule)
        for name, rule in new.items()
        if old.get(name) != rule
    ]
    return changed + [
        Difference(name, rule, None) for name, rule in old.items() if name not in new
    ]
