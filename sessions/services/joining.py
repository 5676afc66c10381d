"""A companion's coming in: judged, and told that everything is recorded."""

from __future__ import annotations

from django.db import transaction

from accessportal.accounts.models import User
from accessportal.origin import Origin
from sessions.companions import why_not_welcome
from sessions.models import BrokeredSession
from sessions.services.live_session import locked, refuse_when_over
from sessions.services.notice import keep_acceptance


def accept_notice(
    brokered_session: BrokeredSession,
    *,
    acting_user: User,
    origin: Origin,
    web_session_key: str,
    version: str,
) -> None:
    """The notice of recording is accepted by somebody who may come in.

    Raises `FreshFactorNeeded`, or `NotAllowed` with the reason of policy.
    """
    with transaction.atomic():
        brokered_session = locked(brokered_session)
        refuse_when_over(brokered_session)
        refused = why_not_welcome(
            brokered_session.pk,
            acting_user,
            origin=origin,
            web_session_key=web_session_key,
        )
        if refused is None:
            keep_acceptance(
                brokered_session,
                acting_user=acting_user,
                origin=origin,
                version=version,
            )
            return
    # Raised here, not above: what policy said is kept.
    raise refused
