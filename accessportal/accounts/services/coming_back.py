"""Somebody without a password lost the passkey and came back by the own mailbox alone.

A mailbox is not enough to be somebody again: a person of the plant says anew who it is. A
vendor's person waits for the sponsor, as on joining (decision 0067); somebody of the plant is
kept out until an administrator gives the access again (decision 0095).
"""

from __future__ import annotations

from django.urls import reverse

from accessportal.accounts.models import User
from accessportal.accounts.services.people import disable_person
from accessportal.accounts.services.vendor_people import confirm_anew
from accessportal.accounts.standing import who_manages
from accessportal.notifications import notify
from accessportal.origin import Origin


def wait_to_be_known(person: User, *, origin: Origin) -> None:
    """Part of setting up a factor (`factors.factor_added`), in its transaction.

    Raises `NotPossible` for the last administrator, whom nobody could let in again.
    """
    if person.vendor_id is not None:
        confirm_anew(person, origin=origin)
        return

    disable_person(
        acting_user=None, person=person, cause=User.Cause.CAME_BACK, origin=origin
    )

    notify([person], "account.came_back", path=reverse("accounts:sign_in"))
    notify(
        who_manages(person),
        "colleague.came_back",
        path=reverse("accounts:person", args=[person.pk]),
        person=person.full_name,
        email=person.email,
    )
