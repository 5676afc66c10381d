"""The audit trail: `record` an event in the transaction of the act it tells of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from accessportal.origin import SYSTEM, Origin

if TYPE_CHECKING:
    from accessportal.audit.models import AuditEvent


def record(
    event: str,
    *,
    acting_user: Any = None,
    subject: Any = None,
    origin: Origin = SYSTEM,
    site: Any = None,
    access_request: Any = None,
    brokered_session: Any = None,
    result: str = "ok",
    reason: str = "",
    **detail: Any,
) -> AuditEvent:
    """Insert one audit event; see `accessportal.audit.recorder.record_event`."""
    from accessportal.audit.recorder import record_event

    return record_event(
        event,
        acting_user=acting_user,
        subject=subject,
        origin=origin,
        site=site,
        access_request=access_request,
        brokered_session=brokered_session,
        result=result,
        reason=reason,
        detail=detail,
    )
