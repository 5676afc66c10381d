"""Who may read which part of the audit trail."""

from __future__ import annotations

from django.db import models

from accessportal.accounts.authorisation import (
    Action,
    may,
    may_everywhere,
    sites_where,
)
from accessportal.accounts.models import User
from accessportal.audit.models import AuditEvent
from accessportal.errors import NotAllowed
from accessportal.known import known


def events_visible_to(user: User) -> models.QuerySet[AuditEvent]:
    """Events of the sites whose trail `user` may read.

    Events of no site (signing in, system) belong to who reads the trail of every site.
    Raises `NotAllowed` for anybody who reads no trail at all.
    """
    if not may(user, Action.AUDIT_SEE):
        raise NotAllowed
    if reads_every_site(user):
        return AuditEvent.objects.all()
    sites = list(sites_where(user, Action.AUDIT_SEE).values_list("pk", flat=True))
    return AuditEvent.objects.filter(site_id__in=sites)


def event_visible_to(user: User, event_id: str) -> AuditEvent:
    """One event. Raises `NotKnown` when it is not there or not for this person."""
    return known(
        events_visible_to(user).select_related("seal").filter(event_id=event_id)
    )


def reads_every_site(user: User) -> bool:
    return may_everywhere(user, Action.AUDIT_SEE)
