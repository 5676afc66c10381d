"""What a directory says of a person, in the portal's words."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from accessportal.errors import NotPossible, PortalError

WRONG = _("Name and password do not fit together, or this access has ended.")


class DirectoryDown(PortalError):
    """503: the directory does not answer, or answers nonsense. `cause` is for operators."""

    status = 503
    code = "directory_down"
    sentence = _("The plant's directory does not answer. Nobody was signed in.")

    def __init__(self, cause: str) -> None:
        super().__init__()
        self.cause = cause[:500]


class DirectoryRefused(NotPossible):
    """422: the directory, or a check of its answer, says no. `cause` is for the trail."""

    code = "directory_refused"

    def __init__(self, sentence: object, cause: str) -> None:
        super().__init__(sentence)  # type: ignore[arg-type]
        self.cause = cause[:200]


@dataclass(frozen=True)
class DirectoryPerson:
    """Somebody who proved to the directory who they are.

    namespace and subject: the id that never changes. name: how the directory calls the
    account (a user name or DN). email_verified: whether the address may link to a person
    who is in the portal already.
    """

    namespace: str
    subject: str
    name: str = ""
    email: str = ""
    email_verified: bool = False
    full_name: str = ""
    groups: tuple[str, ...] = ()


def same_group(group: str) -> str:
    """A group's name as it is compared: without case, DNs without spaces at the commas."""
    group = group.strip().casefold()
    return re.sub(r"\s*([,=])\s*", r"\1", group) if "=" in group else group
