"""A request that is another one now is asked anew: what was agreed to was something else."""

from __future__ import annotations

from django.utils import timezone

from accessportal.accounts.models import User
from accessportal.transitions import transition
from requests.demanded import demands_now
from requests.models import AccessRequest, ProposedChange
from requests.steps import ask_steps, yeses_of


def begin_anew(access_request: AccessRequest) -> list[User]:
    """Void what has been agreed to, and ask the steps that the policy demands of it now.

    By the version of the policy that the request was sent under. Returns whose yes is void.
    Called under the lock of the request, once its new facts are kept.
    """
    voided = [yes.decided_by for yes in yeses_of(access_request)]
    access_request.round += 1
    AccessRequest.objects.filter(pk=access_request.pk).update(
        round=access_request.round
    )
    ask_steps(access_request, demands_now(access_request), now=timezone.now())
    return voided


def outdate_proposals(access_request: AccessRequest) -> None:
    """What was proposed for the request as it was can be accepted no more."""
    for proposal in access_request.proposals.filter(state=ProposedChange.State.PENDING):
        transition(
            proposal,
            expected=ProposedChange.State.PENDING,
            to=ProposedChange.State.OUTDATED,
            answered_at=timezone.now(),
        )
