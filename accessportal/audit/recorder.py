"""Writes audit events: whole, hashed, in the caller's transaction."""

from __future__ import annotations

import hashlib
import json
import socket
from typing import Any

from django.utils import timezone

from accessportal import __version__
from accessportal.audit.borrowed import said_of_lent_right
from accessportal.audit.events import EVENTS
from accessportal.audit.models import AuditEvent
from accessportal.origin import Origin

NODE = socket.gethostname()

# The fields under the content hash, in this order; a change is a new hash version.
HASHED_FIELDS = (
    "event_id",
    "recorded_at",
    "event",
    "category",
    "severity",
    "result",
    "actor_type",
    "actor_id",
    "actor_name",
    "actor_organisation",
    "factor",
    "source_address",
    "web_session_ref",
    "site_id",
    "vendor_id",
    "object_type",
    "object_id",
    "object_label",
    "request_number",
    "session_number",
    "reason",
    "detail",
    "node",
    "app_version",
)


def record_event(
    event: str,
    *,
    acting_user: Any,
    subject: Any,
    origin: Origin,
    site: Any,
    access_request: Any,
    brokered_session: Any,
    result: str,
    reason: str,
    detail: dict[str, Any],
) -> AuditEvent:
    """Insert one event. Raises `ValueError` for a name outside the vocabulary.

    What the caller does not say is derived: a session leads to its request, a request
    to its site. `detail` must be JSON and must never hold a secret.
    """
    if event not in EVENTS:
        raise ValueError(f"{event!r} is not in the audit vocabulary.")
    kind = EVENTS[event]
    if brokered_session is not None and access_request is None:
        access_request = brokered_session.window.access_request
    if access_request is not None and site is None:
        site = access_request.site
    vendor_id = getattr(access_request, "vendor_id", None) or getattr(
        acting_user, "vendor_id", None
    )
    if origin.api_token:
        detail = detail | {"api_token": origin.api_token}
    detail = detail | said_of_lent_right(event, acting_user, site, subject)
    row = AuditEvent(
        recorded_at=timezone.now(),
        event=event,
        category=kind.category,
        severity=kind.severity,
        result=result,
        actor_type=_actor_type(acting_user, origin),
        actor_id=getattr(acting_user, "pk", None),
        actor_name=_shortened(str(acting_user), 200)
        if acting_user is not None
        else "Access Portal",
        actor_organisation=_shortened(getattr(acting_user, "organisation", ""), 200),
        factor=origin.factor,
        source_address=origin.address,
        web_session_ref=origin.web_session_ref,
        site_id=getattr(site, "pk", None),
        vendor_id=vendor_id,
        object_type=subject._meta.model_name if subject is not None else "",
        object_id=str(subject.pk) if subject is not None else "",
        object_label=_shortened(str(subject), 200) if subject is not None else "",
        request_number=getattr(access_request, "number", ""),
        session_number=getattr(brokered_session, "number", ""),
        reason=_shortened(reason, 2000),
        detail=json.loads(json.dumps(detail, default=str)),
        node=NODE,
        app_version=__version__,
    )
    row.content_hash = content_hash(row)
    row.save(force_insert=True)
    return row


def content_hash(row: AuditEvent) -> str:
    """SHA-256 over the event's fields as canonical JSON (sorted keys, no spaces, UTF-8)."""
    values = {name: getattr(row, name) for name in HASHED_FIELDS}
    values["event_id"] = str(values["event_id"])
    values["recorded_at"] = row.recorded_at.isoformat(timespec="microseconds")
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _actor_type(acting_user: Any, origin: Origin) -> str:
    if acting_user is None:
        return "system"
    return "api" if origin.api_token else "user"


def _shortened(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
