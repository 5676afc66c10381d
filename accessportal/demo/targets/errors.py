"""What can go wrong when a demo target starts, in words for whoever started the demo."""

from __future__ import annotations

from pathlib import Path

SHOWN_LOG_LINES = 8


class TargetFailed(RuntimeError):
    """A target did not come up; the message ends with the last lines of its log."""

    def __init__(self, name: str, reason: str, log: Path | None = None) -> None:
        message = f"The demo target {name} did not start: {reason}."
        lines = _last_lines(log)
        if lines:
            message += f"\nIts log ({log}) ends with:\n" + "\n".join(
                f"  {line}" for line in lines
            )
        super().__init__(message)
        self.name = name
        self.reason = reason


class ProgramMissing(TargetFailed):
    """A program a target needs is not installed."""

    def __init__(self, name: str, program: str, package: str) -> None:
        super().__init__(
            name,
            f"the program {program} is missing; on Debian and Ubuntu it is in the "
            f"package {package}",
        )
        self.program = program
        self.package = package


def _last_lines(log: Path | None) -> list[str]:
    if log is None or not log.exists():
        return []
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return [line for line in lines if line.strip()][-SHOWN_LOG_LINES:]
