"""What the API answers: names and times, no address of a machine, no secret.

Times are ISO 8601 in UTC. Numbers (SES-2026-0007) are those that people see.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from ninja import Schema
from pydantic import AfterValidator

from accessportal.audit.models import AuditEvent
from requests.models import AccessRequest, MaintenanceWindow
from sessions.models import BrokeredSession


class ErrorOut(Schema):
    code: str
    sentence: str


class SessionOut(Schema):
    id: str
    number: str
    state: str
    site: str
    asset: str
    endpoint: str
    protocol: str
    person: str
    vendor: str
    permission: str
    request: str
    requested_at: datetime
    active_at: datetime | None
    window_closes_at: datetime
    source_address: str
    frozen: str
    signals: list[str]
    ended_at: datetime | None
    end_reason: str
    end_confirmed_at: datetime | None

    @staticmethod
    def of(row: BrokeredSession) -> SessionOut:
        asset = row.endpoint.asset
        access_request = row.window.access_request
        return SessionOut(
            id=str(row.pk),
            number=row.number,
            state=row.state,
            site=asset.zone.site.slug,
            asset=asset.name,
            endpoint=row.endpoint.name,
            protocol=row.endpoint.protocol,
            person=row.started_by.full_name,
            vendor=access_request.vendor.name,
            permission=row.permission,
            request=access_request.number,
            requested_at=row.requested_at,
            active_at=row.active_at,
            window_closes_at=row.window.closes_at,
            source_address=row.source_address,
            frozen=row.frozen_cause,
            signals=sorted(row.policy_facts.get("signals", {})),
            ended_at=row.ended_at,
            end_reason=row.end_reason,
            end_confirmed_at=row.end_confirmed_at,
        )


class SessionsOut(Schema):
    sessions: list[SessionOut]
    next: str = ""


class RequestOut(Schema):
    number: str
    state: str
    site: str
    person: str
    vendor: str
    permission: str
    purpose: str
    work_order: str
    machines: list[str]
    submitted_at: datetime
    wanted_from: datetime
    wanted_until: datetime
    closed_at: datetime | None
    emergency_at: datetime | None
    emergency_reason: str

    @staticmethod
    def of(row: AccessRequest) -> RequestOut:
        return RequestOut(
            number=row.number,
            state=row.phase(),
            site=row.site.slug,
            person=row.requested_by.full_name,
            vendor=row.vendor.name,
            permission=row.permission,
            purpose=row.purpose,
            work_order=row.work_order,
            machines=[f"{one.asset} – {one.name}" for one in row.endpoints.all()],
            submitted_at=row.submitted_at,
            wanted_from=row.wanted_from,
            wanted_until=row.wanted_until,
            closed_at=row.closed_at,
            emergency_at=row.emergency_at,
            emergency_reason=row.emergency_reason,
        )


class RequestsOut(Schema):
    requests: list[RequestOut]
    next: str = ""


class WindowOut(Schema):
    request: str
    phase: str
    site: str
    person: str
    vendor: str
    opens_at: datetime
    closes_at: datetime
    revoked_at: datetime | None
    revoke_reason: str
    emergency: bool

    @staticmethod
    def of(row: MaintenanceWindow) -> WindowOut:
        access_request = row.access_request
        return WindowOut(
            request=access_request.number,
            phase=row.phase().value,
            site=access_request.site.slug,
            person=access_request.requested_by.full_name,
            vendor=access_request.vendor.name,
            opens_at=row.opens_at,
            closes_at=row.closes_at,
            revoked_at=row.revoked_at,
            revoke_reason=row.revoke_reason,
            emergency=access_request.emergency_at is not None,
        )


class WindowsOut(Schema):
    windows: list[WindowOut]
    next: str = ""


class EventOut(Schema):
    seq: int
    event_id: str
    recorded_at: datetime
    event: str
    category: str
    severity: str
    result: str
    actor_type: str
    actor: str
    organisation: str
    source_address: str
    object_type: str
    object: str
    request: str
    session: str
    reason: str
    detail: dict[str, Any]
    content_hash: str
    seal_hash: str

    @staticmethod
    def of(row: AuditEvent) -> EventOut:
        return EventOut(
            seq=row.seal.seq,
            event_id=str(row.event_id),
            recorded_at=row.recorded_at,
            event=row.event,
            category=row.category,
            severity=row.severity,
            result=row.result,
            actor_type=row.actor_type,
            actor=row.actor_name,
            organisation=row.actor_organisation,
            source_address=row.source_address,
            object_type=row.object_type,
            object=row.object_label,
            request=row.request_number,
            session=row.session_number,
            reason=row.reason,
            detail=row.detail,
            content_hash=row.content_hash,
            seal_hash=row.seal.hash,
        )


class EventsOut(Schema):
    events: list[EventOut]
    next_after: int


def _no_nul(text: str) -> str:
    """PostgreSQL keeps no NUL in a text."""
    if "\x00" in text:
        raise ValueError("NUL")
    return text


Words = Annotated[str, AfterValidator(_no_nul)]


class ReasonIn(Schema):
    reason: Words


class EndIn(ReasonIn):
    despite_step: bool = False


class AskedOut(Schema):
    asked: bool
    session: str


class OrderOut(Schema):
    order: str
    sessions: int
