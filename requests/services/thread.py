"""Asking back: `write_message` on a request, by the plant or by who asked."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext as _

from accessportal.accounts.models import User
from accessportal.audit import record
from accessportal.errors import NotAllowed, NotPossible
from accessportal.notifications import notify
from accessportal.origin import Origin
from requests.approvers import people_concerned, places_for
from requests.models import AccessRequest, RequestMessage
from requests.services.common import (
    locked_request,
    path_of,
    people_of,
    said_of,
    tell_pages,
)

LONGEST = 2000


def may_write(user: User, people: Iterable[User], places: frozenset[str]) -> bool:
    """Who asked and the named colleagues (`people`), and those whom the request asks: who may
    fill some of its `places`."""
    if user.vendor_id is not None:
        return user.pk in {person.pk for person in people}
    return bool(places)


@transaction.atomic
def write_message(
    access_request: AccessRequest, *, acting_user: User, origin: Origin, text: str
) -> RequestMessage:
    """Write on the thread; the other side is told. Raises `NotAllowed`, `NotPossible`."""
    access_request = locked_request(access_request.pk)

    steps = access_request.steps.all()
    places = places_for(acting_user, steps, access_request.site)
    if not may_write(acting_user, people_of(access_request), places):
        raise NotAllowed
    text = text.strip()
    if not text:
        raise NotPossible(_("Write what you want to ask or say."), code="text_missing")
    if len(text) > LONGEST:
        raise NotPossible(
            _("That has %(length)s characters, and %(most)s fit.")
            % {"length": len(text), "most": LONGEST},
            code="text_long",
        )

    message: RequestMessage = RequestMessage.objects.create(
        access_request=access_request, author=acting_user, text=text
    )

    record(
        "request.message.written",
        acting_user=acting_user,
        subject=access_request,
        origin=origin,
        access_request=access_request,
        length=len(text),
    )

    plant = acting_user.vendor_id is None
    told = people_of(access_request) if plant else people_concerned(access_request)
    notify(
        [person for person in told if person.pk != acting_user.pk],
        "request.question" if plant else "request.answer",
        path=path_of(access_request),
        writer=acting_user.full_name,
        text=text,
        **said_of(access_request),
    )
    tell_pages(access_request)
    return message
