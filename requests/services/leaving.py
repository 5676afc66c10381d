"""What becomes of the requests and windows of somebody who has left."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from accessportal.accounts.models import User
from accessportal.audit import record
from accessportal.origin import Origin
from accessportal.transitions import transition
from requests.models import AccessRequest
from requests.services.common import locked_request, tell_pages
from requests.services.reconfirmation import let_windows_fall


@transaction.atomic
def close_for_leaver(
    person: User, *, acting_user: User, origin: Origin, reason: str
) -> tuple[int, int]:
    """Withdraw what waits and revoke the windows; how many windows, how many requests.

    In this order: a request that is approved in the very moment is a window by then.
    Part of reporting a leaver, which guards who may do that.
    """
    withdrawn = 0
    pending = AccessRequest.objects.filter(
        requested_by=person, state=AccessRequest.State.PENDING
    )
    for pk in pending.order_by("pk").values_list("pk", flat=True):
        withdrawn += _withdraw(pk, acting_user, origin, reason)
    windows = let_windows_fall(
        person=person, acting_user=acting_user, origin=origin, reason=reason
    )
    return len(windows), withdrawn


def _withdraw(pk: int, acting_user: User, origin: Origin, reason: str) -> bool:
    access_request = locked_request(pk)
    if access_request.state != AccessRequest.State.PENDING:
        return False

    transition(
        access_request,
        expected=AccessRequest.State.PENDING,
        to=AccessRequest.State.WITHDRAWN,
        closed_at=timezone.now(),
        closed_by=acting_user,
        close_reason=reason,
    )

    record(
        "request.withdrawn",
        acting_user=acting_user,
        subject=access_request,
        origin=origin,
        access_request=access_request,
        reason=reason,
    )

    tell_pages(access_request)
    return True
