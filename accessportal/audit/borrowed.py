"""What the trail says of an act that rests on a lent right: by which delegation or override.

One table says which permission each act needs. An act of somebody who has that permission
in their own right says nothing of it.
"""

from __future__ import annotations

from typing import Any

from django.db.models import F
from django.utils import timezone

from accessportal.accounts.authorisation import Action, borrowed_right
from accessportal.accounts.models import PermissionOverride

NEEDED: dict[str, Action] = {
    "request.approved": Action.REQUEST_DECIDE,
    "request.denied": Action.REQUEST_DECIDE,
    "window.reconfirmed": Action.REQUEST_DECIDE,
    "window.extended": Action.REQUEST_DECIDE,
    "window.extension.refused": Action.REQUEST_DECIDE,
    "window.revoked": Action.WINDOW_REVOKE,
    "session.observer.joined": Action.SESSION_WATCH,
    "session.picture.seen": Action.SESSION_WATCH,
    "session.message.sent": Action.SESSION_WATCH,
    "session.frozen": Action.SESSION_FREEZE,
    "session.unfrozen": Action.SESSION_FREEZE,
    "session.machine.looked_at": Action.SESSION_FREEZE,
    "desktop.cleared": Action.SESSION_FREEZE,
    "session.end.requested": Action.SESSION_END,
    "session.end.attested": Action.SESSION_END,
    "session.hold.kept": Action.SESSION_END,
    "session.unrecorded.continued": Action.SESSION_END,
    "session.control.taken": Action.SESSION_CONTROL,
    "session.charge.changed": Action.SESSION_CHARGE,
    "session.charge.offered": Action.SESSION_CHARGE,
    "session.charge.declined": Action.SESSION_CHARGE,
    "session.critical_step.accepted": Action.SESSION_CHARGE,
    "session.critical_step.refused": Action.SESSION_CHARGE,
    "session.attended": Action.SESSION_CHARGE,
    "recording.viewed": Action.RECORDING_PLAY,
    "recording.reviewed": Action.REVIEW_COMPLETE,
    "audit.viewed": Action.AUDIT_SEE,
    "audit.exported": Action.AUDIT_SEE,
    "site.isolated": Action.SITE_ISOLATE,
    "site.isolation.lifted": Action.SITE_ISOLATE,
    "vendor.suspended": Action.VENDOR_SUSPEND,
    "vendor.reinstated": Action.VENDOR_SUSPEND,
    "vendor.limit.changed": Action.VENDOR_SUSPEND,
    "account.disabled": Action.VENDOR_SUSPEND,
    "account.reactivated": Action.VENDOR_SUSPEND,
    "auth.mfa.reset": Action.VENDOR_SUSPEND,
    "account.invited": Action.VENDOR_INVITE,
    "invitation.revoked": Action.VENDOR_INVITE,
    "asset.locked": Action.ASSET_LOCK,
    "asset.unlocked": Action.ASSET_LOCK,
    "asset.changed": Action.PLANT_CHANGE,
    "asset.hostkey.pinned": Action.PLANT_CHANGE,
    "credential.changed": Action.PLANT_CHANGE,
    "endpoint.checked": Action.PLANT_CHANGE,
    "guacd.added": Action.PLANT_CHANGE,
    "guacd.retired": Action.PLANT_CHANGE,
    "guacd.returned": Action.PLANT_CHANGE,
    "permissions.exported": Action.PERMISSION_SEE,
    "departures.exported": Action.VENDOR_SEE,
}


def said_of_lent_right(event: str, acting_user: Any, site: Any) -> dict[str, Any]:
    """What goes into an event's detail; counts the use of an override, in its transaction."""
    action = NEEDED.get(event)
    if action is None or acting_user is None:
        return {}
    right = borrowed_right(acting_user, action, getattr(site, "pk", None))
    if right is None:
        return {}
    if isinstance(right, PermissionOverride):
        PermissionOverride.objects.filter(pk=right.pk).update(
            used_count=F("used_count") + 1, last_used_at=timezone.now()
        )
        return {"by_override": right.pk, "override_of": str(right.granted_by)}
    return {"by_delegation": right.pk, "delegated_by": str(right.delegator)}
