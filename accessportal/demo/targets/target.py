"""What the four targets have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

from .facts import TargetFacts
from .process import Child, Nursery
from .secret_store import SecretStore


class Target(ABC):
    """One machine: its processes, its directory, its credentials."""

    key: str
    asset: str
    protocol: str

    def __init__(
        self,
        nursery: Nursery,
        home: Path,
        secrets: SecretStore,
        *,
        clock_offset: float = 0.0,
    ) -> None:
        self.nursery = nursery
        self.secrets = secrets
        self.clock_offset = clock_offset
        self.directory = home / self.key
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.children: list[Child] = []

    @abstractmethod
    def start(self, port: int) -> TargetFacts:
        """Start on this port of loopback and return when it answers.

        Raises ``TargetFailed``; what was started until then is in ``children``.
        """

    def stop(self) -> None:
        """End every process of this machine; again does no harm."""
        self.nursery.end(self.children)
        self.children.clear()

    @property
    def alive(self) -> bool:
        return bool(self.children) and all(child.alive for child in self.children)
