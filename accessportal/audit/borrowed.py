"""What the trail says of an act that rests on a lent right: by which delegation or override.

One table says which permission each act needs. An act of somebody who has that permission
in their own right says nothing of it.
"""

from __future__ import annotations

from typing import Any

from django.db.models import F
from django.utils import timezone

from accessportal.accounts.authorisation import Action, borrowed_right, holds_role
from accessportal.accounts.models import PermissionOverride

NEEDED: dict[str, tuple[Action, ...]] = {
    "request.approved": (Action.REQUEST_DECIDE,),
    "request.agreed": (Action.REQUEST_DECIDE,),
    "request.change.proposed": (Action.REQUEST_DECIDE,),
    "request.substitution.accepted": (Action.REQUEST_DECIDE,),
    "request.substitution.refused": (Action.REQUEST_DECIDE,),
    "request.message.written": (Action.REQUEST_DECIDE,),
    "request.denied": (Action.REQUEST_DECIDE,),
    "request.file.opened": (Action.REQUEST_SEE,),
    "window.reconfirmed": (Action.REQUEST_DECIDE,),
    "window.extended": (Action.REQUEST_DECIDE,),
    "window.extension.refused": (Action.REQUEST_DECIDE,),
    "window.wish.opened": (Action.REQUEST_DECIDE,),
    "window.wish.agreed": (Action.REQUEST_DECIDE, Action.REQUEST_AGREE),
    "window.wish.refused": (Action.REQUEST_DECIDE, Action.REQUEST_AGREE),
    "window.revoked": (Action.WINDOW_REVOKE,),
    "window.recalled": (Action.WINDOW_REVOKE,),
    "window.moved": (Action.REQUEST_DECIDE,),
    "window.postponed": (Action.SESSION_CHARGE,),
    "line.given": (Action.SESSION_CHARGE,),
    "line.accepted": (Action.SESSION_CHARGE,),
    "checklist.changed": (Action.REQUEST_DECIDE, Action.PLANT_CHANGE),
    "roster.changed": (Action.ROSTER_CHANGE,),
    "emergency.requested": (Action.EMERGENCY_OPEN,),
    "emergency.let_in": (Action.REQUEST_DECIDE, Action.REQUEST_AGREE),
    "emergency.withdrawn": (Action.REQUEST_DECIDE, Action.REQUEST_AGREE),
    "emergency.looked_at": (
        Action.EMERGENCY_LOOK,
        Action.REQUEST_DECIDE,
        Action.REQUEST_AGREE,
    ),
    "escort.offered": (Action.ESCORT_OFFER,),
    "escort.looked_at": (Action.EMERGENCY_LOOK,),
    "emergencies.exported": (Action.REQUEST_SEE,),
    "session.observer.joined": (Action.SESSION_WATCH,),
    "session.picture.seen": (Action.SESSION_WATCH,),
    "session.message.sent": (Action.SESSION_WATCH,),
    "session.frozen": (Action.SESSION_FREEZE,),
    "session.unfrozen": (Action.SESSION_FREEZE,),
    "session.machine.looked_at": (Action.SESSION_FREEZE,),
    "desktop.cleared": (Action.SESSION_FREEZE,),
    "session.end.requested": (Action.SESSION_END,),
    "session.end.attested": (Action.SESSION_END,),
    "session.hold.kept": (Action.SESSION_END,),
    "session.unrecorded.continued": (Action.SESSION_END,),
    "session.control.taken": (Action.SESSION_CONTROL,),
    "session.control.returned": (Action.SESSION_CONTROL,),
    "session.charge.changed": (Action.SESSION_CHARGE,),
    "session.charge.offered": (Action.SESSION_CHARGE,),
    "session.charge.declined": (Action.SESSION_CHARGE,),
    "session.critical_step.accepted": (Action.SESSION_CHARGE,),
    "session.critical_step.refused": (Action.SESSION_CHARGE,),
    "session.critical_step.ended": (Action.SESSION_CHARGE,),
    "session.attended": (Action.SESSION_CHARGE,),
    "recording.viewed": (Action.RECORDING_PLAY,),
    "recording.verified": (Action.RECORDING_PLAY,),
    "recording.verify.failed": (Action.RECORDING_PLAY,),
    "recording.reviewed": (Action.REVIEW_COMPLETE,),
    "audit.viewed": (Action.AUDIT_SEE,),
    "audit.exported": (Action.AUDIT_SEE,),
    "site.isolated": (Action.SITE_ISOLATE,),
    "site.isolation.lifted": (Action.SITE_ISOLATE,),
    "vendor.suspended": (Action.VENDOR_SUSPEND,),
    "vendor.reinstated": (Action.VENDOR_SUSPEND,),
    "vendor.limit.changed": (Action.VENDOR_SUSPEND,),
    "account.disabled": (Action.VENDOR_SUSPEND,),
    "account.reactivated": (Action.VENDOR_SUSPEND,),
    "auth.mfa.reset": (Action.VENDOR_SUSPEND,),
    "auth.mfa.reset.asked": (Action.VENDOR_SUSPEND,),
    "auth.mfa.reset.withdrawn": (Action.VENDOR_SUSPEND,),
    "auth.session.ended": (Action.VENDOR_SUSPEND,),
    "auth.factor_rule.changed": (Action.FACTOR_RULES,),
    "account.leaver.reported": (Action.VENDOR_SUSPEND,),
    "account.leaver.confirmed": (Action.VENDOR_CHANGE,),
    "account.callback.noted": (Action.VENDOR_CHANGE,),
    "account.confirmed": (Action.VENDOR_CHANGE,),
    "account.updated": (Action.VENDOR_CHANGE,),
    "vendor.changed": (Action.VENDOR_CHANGE,),
    "vendor.coordinator.named": (Action.VENDOR_CHANGE,),
    "vendor.coordinator.dismissed": (Action.VENDOR_CHANGE,),
    "alert.acknowledged": (Action.ALERT_HANDLE,),
    "drill.started": (Action.SITE_ISOLATE, Action.VENDOR_SUSPEND),
    "production_freeze.changed": (Action.REQUEST_DECIDE, Action.PLANT_CHANGE),
    "maintenance_stop.changed": (Action.REQUEST_DECIDE, Action.PLANT_CHANGE),
    "calendar.imported": (Action.REQUEST_DECIDE, Action.PLANT_CHANGE),
    "calendar.source.changed": (Action.REQUEST_DECIDE, Action.PLANT_CHANGE),
    "account.invited": (Action.VENDOR_INVITE,),
    "invitation.revoked": (Action.VENDOR_INVITE,),
    "asset.locked": (Action.ASSET_LOCK,),
    "asset.unlocked": (Action.ASSET_LOCK,),
    "asset.changed": (Action.PLANT_CHANGE,),
    "station.enrolled": (Action.PLANT_CHANGE,),
    "station.revoked": (Action.PLANT_CHANGE,),
    "webhook.added": (Action.PLANT_CHANGE,),
    "webhook.retired": (Action.PLANT_CHANGE,),
    "webhook.tested": (Action.PLANT_CHANGE,),
    "asset.hostkey.pinned": (Action.PLANT_CHANGE,),
    "credential.changed": (Action.PLANT_CHANGE,),
    "endpoint.checked": (Action.PLANT_CHANGE,),
    "guacd.added": (Action.PLANT_CHANGE,),
    "guacd.retired": (Action.PLANT_CHANGE,),
    "guacd.returned": (Action.PLANT_CHANGE,),
    "permissions.exported": (Action.PERMISSION_SEE,),
    "departures.exported": (Action.VENDOR_SEE,),
    "revocations.exported": (Action.PERMISSION_SEE,),
}
"""Each of several actions is enough by itself."""

# Of a vendor's people that is for those who answer for vendors; of colleagues it is not.
NEEDED_ABOUT_COLLEAGUES: dict[str, tuple[Action, ...]] = dict.fromkeys(
    (
        "account.disabled",
        "account.invited",
        "account.pseudonymised",
        "account.reactivated",
        "account.updated",
        "invitation.revoked",
    ),
    (Action.PEOPLE_CHANGE,),
)


def said_of_lent_right(
    event: str, acting_user: Any, site: Any, subject: Any
) -> dict[str, Any]:
    """What goes into an event's detail; counts the use of an override, in its transaction.

    What somebody does about themselves needs nobody's right.
    """
    if acting_user is None or subject == acting_user:
        return {}
    needed, site_pk = _needed(event, subject), getattr(site, "pk", None)
    lent = (borrowed_right(acting_user, action, site_pk) for action in needed)
    right = next((one for one in lent if one is not None), None)
    # Another action of their own right would have been enough.
    if right is None or any(holds_role(acting_user, one, site_pk) for one in needed):
        return {}
    if isinstance(right, PermissionOverride):
        PermissionOverride.objects.filter(pk=right.pk).update(
            used_count=F("used_count") + 1, last_used_at=timezone.now()
        )
        return {"by_override": right.pk, "override_of": str(right.granted_by)}
    return {"by_delegation": right.pk, "delegated_by": str(right.delegator)}


def _needed(event: str, subject: Any) -> tuple[Action, ...]:
    about_colleague = getattr(subject, "vendor_id", 0) is None
    if about_colleague and event in NEEDED_ABOUT_COLLEAGUES:
        return NEEDED_ABOUT_COLLEAGUES[event]
    return NEEDED.get(event, ())
