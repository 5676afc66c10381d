"""The notice of recording, accepted for one session."""

from __future__ import annotations

from accessportal.accounts.models import User
from accessportal.accounts.notice import note_acceptance
from accessportal.audit import record
from accessportal.origin import Origin
from sessions.models import BrokeredSession


def keep_acceptance(
    brokered_session: BrokeredSession,
    *,
    acting_user: User,
    origin: Origin,
    version: str,
) -> None:
    """This person has read this `version` of the notice before coming in."""
    note_acceptance(acting_user, version)
    record(
        "notice.accepted",
        acting_user=acting_user,
        subject=brokered_session,
        brokered_session=brokered_session,
        origin=origin,
        version=version,
    )
