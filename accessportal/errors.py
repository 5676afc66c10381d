"""Errors a person may see: each has a code, an HTTP status and one human sentence.

404 for what you may not know, 403 for what you may not do, 409 for too late, 422 for
what cannot be done as asked. `PortalErrorMiddleware` turns them into a page, an htmx
fragment or JSON; nothing else does.
"""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Sentence = str | Promise


class PortalError(Exception):
    """Base of all errors that carry a sentence for the person who met them."""

    status = 500
    code = "error"
    sentence: Sentence = _("Something went wrong. Nothing was changed.")

    def __init__(
        self, sentence: Sentence | None = None, *, code: str | None = None
    ) -> None:
        if sentence is not None:
            self.sentence = sentence
        if code is not None:
            self.code = code
        super().__init__(self.code)

    def __str__(self) -> str:
        return str(self.sentence)


class NotSignedIn(PortalError):
    """401: nobody is signed in, or not any more."""

    status = 401
    code = "not_signed_in"
    sentence = _(
        "You are not signed in any more, so nothing was sent. "
        "Sign in again in another tab, then come back and repeat it."
    )


class NotKnown(PortalError):
    """404: it does not exist, or this person may not know that it does."""

    status = 404
    code = "not_known"
    sentence = _("There is nothing here, or it is not yours to see.")


class NotAllowed(PortalError):
    """403: this person may know of it, but may not do this."""

    status = 403
    code = "not_allowed"
    sentence = _("You are not allowed to do this.")


class FreshFactorNeeded(NotAllowed):
    """403: the act needs a second factor younger than `FRESH_FACTOR_SECONDS`."""

    code = "fresh_factor_needed"
    sentence = _("Please confirm with your second factor first.")


class TooLate(PortalError):
    """409: somebody, or the clock, was first."""

    status = 409
    code = "too_late"
    sentence = _(
        "This has changed in the meantime. Nothing was done; please look again."
    )


class NotPossible(PortalError):
    """422: understood, but it cannot be done as asked."""

    status = 422
    code = "not_possible"
    sentence = _("This cannot be done as asked.")


class NotYet(PortalError):
    """503: in a moment; who asked may ask again by themselves."""

    status = 503
    code = "not_yet"
    sentence = _("This takes a moment. Please try again.")


class NoRoom(PortalError):
    """507: a disk of the portal is full; what was begun was undone."""

    status = 507
    code = "no_room"
    sentence = _(
        "There is no room left on the portal's disk, so this could not be kept. Nothing was "
        "changed. Tell the plant's administrator, and do it again when there is room."
    )
