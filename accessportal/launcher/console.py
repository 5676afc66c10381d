"""What the run script says, and how it gives up."""

import sys
from typing import NoReturn


class SetupProblem(Exception):
    """Something a person must do first; the message says what and how."""


def say(message: str) -> None:
    """Print one line of progress at once, even into a pipe."""
    sys.stdout.write(f"{message}\n")
    sys.stdout.flush()


def give_up(message: str) -> NoReturn:
    """End the script with a sentence instead of a stack trace."""
    sys.stderr.write(f"\nportal: {message}\n")
    sys.stderr.flush()
    raise SystemExit(1)
