"""Local passwords of employees, shut where the plant has a directory."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from accessportal.accounts.directory.break_glass import may_use_password
from accessportal.accounts.models import User


class DirectoryGate:
    """Stands before the password is looked at, as a backend of Django.

    The refusal costs a password hash and counts as a failed attempt like any other, so that
    neither time nor lock-out tells whether the password was right.
    """

    def authenticate(
        self,
        request: HttpRequest | None,
        email: str = "",
        password: str = "",
        **others: Any,
    ) -> None:
        person = User.objects.filter(email=email.strip().lower()).first()
        if person is not None and not may_use_password(person):
            User().set_password(password)
            raise PermissionDenied

    def get_user(self, user_id: int) -> None:
        """Nobody is signed in by it."""
