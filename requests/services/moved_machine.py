"""A machine that is reached at another address: what was agreed to is asked again.

Who said yes looked at protocol, host and port (`requests.facts.seen_by_approver`); another
address is another machine until somebody says otherwise (decision 120).
"""

from __future__ import annotations

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from accessportal.accounts.authorisation import Action, people_who_may
from accessportal.accounts.models import User
from accessportal.audit import record
from accessportal.notifications import notify
from accessportal.origin import Origin
from accessportal.plants.models import Endpoint
from requests.approvers import people_asked
from requests.models import AccessRequest, LaterWish, MaintenanceWindow
from requests.on_shift import ringing_for
from requests.services.anew import begin_anew, outdate_proposals
from requests.services.common import (
    decision_path_of,
    locked_request,
    said_of,
    tell_pages,
)
from requests.services.later_decision import end_wish
from requests.services.reconfirmation import let_windows_fall
from requests.steps import yeses_of


@transaction.atomic
def ask_again_about(endpoint: Endpoint, *, acting_user: User, origin: Origin) -> None:
    """Void what was agreed to about this endpoint, and let its windows fall.

    In this order: a request that is approved in the very moment is a window by then. Part of
    changing an endpoint, which guards who may do that.
    """
    waiting = AccessRequest.objects.filter(
        endpoints=endpoint, state=AccessRequest.State.PENDING
    )
    for pk in waiting.order_by("pk").values_list("pk", flat=True):
        _ask_anew(pk, acting_user, origin)
    _outdate_confirmations(endpoint, acting_user)
    windows = let_windows_fall(
        endpoint=endpoint,
        acting_user=acting_user,
        origin=origin,
        # The address itself is the plant's own affair: the contractor reads this.
        reason=_("%(machine)s is reached at another address now.")
        % {"machine": endpoint},
    )
    for window in windows:
        access_request = window.access_request
        notify(
            [
                person
                for person in people_who_may(Action.REQUEST_DECIDE, access_request.site)
                if person.pk != acting_user.pk
            ],
            "window.machine_moved",
            path=reverse("windows:reconfirm", args=[access_request.number]),
            machine=str(endpoint),
            by=acting_user.full_name,
            **said_of(access_request),
        )


def _outdate_confirmations(endpoint: Endpoint, acting_user: User) -> None:
    """Who has agreed that a fallen window stands again has looked at the address of before."""
    waiting = MaintenanceWindow.objects.fallen().filter(
        access_request__endpoints=endpoint, later_wishes__state=LaterWish.State.PENDING
    )
    for window in waiting.order_by("access_request_id"):
        locked_request(window.access_request_id)
        end_wish(window, LaterWish.State.OUTDATED, acting_user=acting_user, reason="")


def _ask_anew(pk: int, acting_user: User, origin: Origin) -> None:
    access_request = locked_request(pk)
    if access_request.state != AccessRequest.State.PENDING:
        return
    outdate_proposals(access_request)
    if not yeses_of(access_request):
        return  # who decides now sees the new address, or is refused with what changed

    voided = begin_anew(access_request)

    record(
        "request.changed",
        acting_user=acting_user,
        subject=access_request,
        origin=origin,
        access_request=access_request,
        changed=["address"],
        material=True,
        voided=[str(person) for person in voided],
    )

    notify(
        [*people_asked(access_request), *voided],
        "request.changed",
        path=decision_path_of(access_request),
        ringing=ringing_for(access_request),
        by=acting_user.full_name,
        **said_of(access_request),
    )
    tell_pages(access_request)
