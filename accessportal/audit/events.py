"""The closed vocabulary of the audit trail: name, category, severity, and when it is said.

Categories are those of IEC 62443-3-3 SR 2.8: AC access control, RE request errors, CS
control system, CC configuration change, AL audit log, OS operating system, PR possible
reconnaissance. The sentences are what the audit page shows.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class EventKind:
    category: str
    sentence: str | Promise
    severity: str = "info"


EVENTS: dict[str, EventKind] = {
    # Signing in
    "auth.login.succeeded": EventKind("AC", _("signed in")),
    "auth.login.failed": EventKind("AC", _("failed to sign in"), "warning"),
    "auth.login.locked": EventKind(
        "AC", _("was locked out after failed attempts"), "warning"
    ),
    "auth.logout": EventKind("AC", _("signed out")),
    "auth.session.ended": EventKind("AC", _("ended a web session")),
    "auth.stepup.completed": EventKind("AC", _("confirmed with a second factor")),
    "auth.stepup.failed": EventKind(
        "AC", _("failed to confirm with a second factor"), "warning"
    ),
    "auth.mfa.enrolled": EventKind("AC", _("set up a second factor")),
    "auth.mfa.removed": EventKind("AC", _("removed a second factor"), "warning"),
    "auth.mfa.distrusted": EventKind(
        "PR", _("came with a passkey that seems copied"), "critical"
    ),
    "auth.mfa.reset.asked": EventKind(
        "AC", _("asked to take a second factor away"), "warning"
    ),
    "auth.mfa.reset.withdrawn": EventKind(
        "AC", _("withdrew the wish to take a second factor away")
    ),
    "auth.mfa.reset": EventKind("AC", _("took a second factor away"), "warning"),
    "auth.mfa.renewal.begun": EventKind(
        "AC", _("came back without a second factor, and was sent a code")
    ),
    "auth.mfa.renewal.proven": EventKind(
        "AC", _("proved the mailbox before setting up a new second factor")
    ),
    "auth.mfa.renewal.refused": EventKind(
        "AC", _("came too late to set up a new second factor"), "warning"
    ),
    "auth.factor_rule.changed": EventKind(
        "CC", _("changed which second factors count"), "warning"
    ),
    "auth.password.reset.asked": EventKind("AC", _("asked for a new password")),
    "auth.recovery.used": EventKind("AC", _("used a recovery code"), "warning"),
    "auth.recovery.renewed": EventKind("AC", _("made new recovery codes")),
    "auth.password.changed": EventKind("AC", _("changed the password")),
    "auth.token.rejected": EventKind(
        "RE", _("came with a link or ticket that is not valid"), "warning"
    ),
    # People and vendors
    "account.invited": EventKind("AC", _("invited a person")),
    "account.created": EventKind("AC", _("joined")),
    "account.updated": EventKind("AC", _("changed a profile")),
    "account.revival.begun": EventKind(
        "AC", _("came back to a parked account, and was sent a code")
    ),
    "account.revived": EventKind("AC", _("took a parked account into use again")),
    "account.lapse.warned": EventKind(
        "AC", _("warned that an unused or unsponsored access will end")
    ),
    "account.disabled": EventKind("AC", _("disabled a person"), "warning"),
    "account.reactivated": EventKind("AC", _("reactivated a person")),
    "account.pseudonymised": EventKind(
        "AC", _("took a person's name out of the portal"), "warning"
    ),
    "account.callback.noted": EventKind(
        "AC", _("noted at which number the plant calls somebody back")
    ),
    "account.confirmed": EventKind("AC", _("confirmed a vendor's person")),
    "account.confirmation.lapsed": EventKind(
        "AC", _("came back by mail alone, and has to be confirmed anew"), "warning"
    ),
    "account.leaver.reported": EventKind(
        "AC", _("reported that a person has left"), "warning"
    ),
    "account.leaver.confirmed": EventKind("AC", _("confirmed that a person has left")),
    "departures.exported": EventKind("AL", _("exported who has left")),
    "revocations.exported": EventKind("AL", _("exported whose access was taken away")),
    "account.revocation.completed": EventKind(
        "AC", _("proved that nothing is left of a person's access")
    ),
    "vendor.changed": EventKind("AC", _("added or changed a vendor")),
    "vendor.coordinator.named": EventKind("AC", _("named a vendor's coordinator")),
    "vendor.coordinator.dismissed": EventKind(
        "AC", _("dismissed a vendor's coordinator")
    ),
    "vendor.staff.attested": EventKind(
        "AC", _("attested the list of a vendor's people")
    ),
    "account.expiry.warned": EventKind("AC", _("warned of an expiry")),
    "push.device.added": EventKind("AC", _("let a device be pushed to")),
    "push.device.removed": EventKind("AC", _("took a device off the list for pushes")),
    "notification.wishes.changed": EventKind("AC", _("chose how to be told")),
    "webhook.added": EventKind("CC", _("added a webhook"), "warning"),
    "webhook.retired": EventKind("CC", _("retired a webhook")),
    "webhook.tested": EventKind("CC", _("sent a webhook a test")),
    "invitation.revoked": EventKind("AC", _("revoked an invitation")),
    "role.granted": EventKind("AC", _("granted a role")),
    "delegation.made": EventKind("AC", _("delegated a role")),
    "delegation.ended": EventKind("AC", _("ended a delegation")),
    "override.granted": EventKind("AC", _("granted an override"), "warning"),
    "override.expired": EventKind("AC", _("let an override run out")),
    "override.ended": EventKind("AC", _("ended an override")),
    "token.created": EventKind("AC", _("made an API token"), "warning"),
    "token.revoked": EventKind("AC", _("revoked an API token")),
    "permissions.exported": EventKind("AL", _("exported who may do what")),
    "role.revoked": EventKind("AC", _("took a role away")),
    # The plant's directory
    "directory.linked": EventKind("AC", _("linked a person to the directory")),
    "directory.unlinked": EventKind(
        "AC", _("undid a person's link to the directory"), "warning"
    ),
    "directory.refused": EventKind(
        "AC", _("was refused after the directory's answer"), "warning"
    ),
    "directory.mapping.added": EventKind("CC", _("gave a group a role"), "warning"),
    "directory.mapping.removed": EventKind("CC", _("took a role from a group")),
    "directory.tested": EventKind("CC", _("tested the directory")),
    "directory.lost": EventKind("OS", _("lost the plant's directory"), "critical"),
    "directory.reached": EventKind("OS", _("reached the plant's directory again")),
    "auth.break_glass.used": EventKind(
        "AC", _("signed in with a break-glass account"), "critical"
    ),
    "break_glass.marked": EventKind("AC", _("made a break-glass account"), "warning"),
    "break_glass.unmarked": EventKind("AC", _("took a break-glass account away")),
    "break_glass.untested": EventKind(
        "OS", _("found a break-glass account untested"), "warning"
    ),
    # Requests, decisions, windows
    "request.submitted": EventKind("AC", _("asked for access")),
    "request.file.attached": EventKind("AC", _("attached a file to a request")),
    "request.file.opened": EventKind("AL", _("opened a file of a request")),
    "request.approved": EventKind("AC", _("approved a request")),
    "request.agreed": EventKind("AC", _("agreed to a request that needs others, too")),
    "request.changed": EventKind("AC", _("changed a request that waits")),
    "request.change.proposed": EventKind(
        "AC", _("proposed to approve a request with changes")
    ),
    "request.change.accepted": EventKind("AC", _("accepted the proposed changes")),
    "request.change.declined": EventKind("AC", _("declined the proposed changes")),
    "request.substitution.asked": EventKind(
        "AC", _("asked for another person to come")
    ),
    "request.substitution.accepted": EventKind("AC", _("let another person come")),
    "request.substitution.refused": EventKind(
        "AC", _("refused another person to come")
    ),
    "request.message.written": EventKind("AC", _("wrote on a request")),
    "request.escalated": EventKind(
        "AC", _("called a deputy, because nobody answered"), "warning"
    ),
    "request.denied": EventKind("AC", _("denied a request")),
    "request.withdrawn": EventKind("AC", _("withdrew a request")),
    "request.expired": EventKind("AC", _("let a request expire undecided")),
    "policy.changed": EventKind("CC", _("changed the approval policy"), "warning"),
    "approver_group.changed": EventKind(
        "CC", _("changed a group that the approval policy asks"), "warning"
    ),
    "approval.sod.blocked": EventKind(
        "RE", _("was not allowed to decide on this request"), "warning"
    ),
    "window.created": EventKind("AC", _("made a maintenance window")),
    "window.revoked": EventKind("AC", _("revoked a window"), "warning"),
    "line.given": EventKind("AC", _("gave the line")),
    "line.returned": EventKind("AC", _("handed the line back")),
    "line.accepted": EventKind("AC", _("accepted the line back")),
    "window.postponed": EventKind("AC", _("let a window on release wait longer")),
    "window.moved": EventKind("AC", _("moved a window")),
    "window.recalled": EventKind("AC", _("wanted a line back"), "warning"),
    "window.recall.acknowledged": EventKind(
        "AC", _("acknowledged that a line is wanted back")
    ),
    "window.released": EventKind("AC", _("gave a window back")),
    "window.reconfirmed": EventKind("AC", _("confirmed a revoked window again")),
    "window.extension.requested": EventKind("AC", _("asked for more time")),
    "emergency.requested": EventKind(
        "AC", _("asked to be let in at once: the line is down"), "warning"
    ),
    "emergency.let_in": EventKind(
        "AC", _("let somebody in at once, past the ordinary approvers"), "warning"
    ),
    "emergency.withdrawn": EventKind("AC", _("withdrew an emergency"), "warning"),
    "emergency.looked_at": EventKind("AC", _("took the second look at an emergency")),
    "emergency.look.late": EventKind(
        "AC", _("found the second look at an emergency late"), "warning"
    ),
    "escort.offered": EventKind(
        "AC", _("called somebody back and made a code to escort them"), "warning"
    ),
    "escort.code.refused": EventKind(
        "AC", _("typed a code of an escort that was refused"), "warning"
    ),
    "escort.entered": EventKind("AC", _("was let in with an escort"), "warning"),
    "escort.looked_at": EventKind("AC", _("took the later look at an escort")),
    "escort.look.late": EventKind(
        "AC", _("found the later look at an escort late"), "warning"
    ),
    "emergencies.exported": EventKind("AL", _("exported the emergencies")),
    "window.extension.refused": EventKind("AC", _("refused more time")),
    "window.wish.opened": EventKind("AC", _("asked others to agree to a wider window")),
    "window.wish.agreed": EventKind(
        "AC", _("agreed to a wider window, others are needed")
    ),
    "window.wish.refused": EventKind("AC", _("refused a wider window")),
    "window.wish.escalated": EventKind(
        "AC", _("called a deputy for a wider window, nobody had answered")
    ),
    "window.extended": EventKind("AC", _("extended a window")),
    "calendar.feed.made": EventKind("AC", _("made a private calendar link")),
    "calendar.feed.revoked": EventKind("AC", _("revoked a private calendar link")),
    # Sessions
    "notice.accepted": EventKind("AC", _("accepted the notice of recording")),
    "session.start.requested": EventKind("CS", _("asked to connect")),
    "session.denied": EventKind("AC", _("was refused a connection"), "warning"),
    "session.started": EventKind("CS", _("connected")),
    "session.failed": EventKind("CS", _("could not connect"), "warning"),
    "session.participant.joined": EventKind("CS", _("joined a session")),
    "session.participant.left": EventKind("CS", _("left a session")),
    "session.observer.joined": EventKind("CS", _("began to watch")),
    "session.picture.seen": EventKind("CS", _("looked at how a held session was left")),
    "session.frozen": EventKind("CS", _("froze a session")),
    "session.unfrozen": EventKind("CS", _("let a session go on")),
    "session.warned": EventKind("CS", _("warned of the end of a session")),
    "session.input.blocked": EventKind("CS", _("blocked forbidden input"), "warning"),
    "session.input.released": EventKind("CS", _("released held keys and buttons")),
    "session.input.left_pressed": EventKind(
        "CS", _("could not let go of a key that was held down"), "critical"
    ),
    "session.message.sent": EventKind("CS", _("sent a message in a session")),
    "session.message.acknowledged": EventKind("CS", _("acknowledged a message")),
    "session.charge.changed": EventKind("CS", _("set who is in charge of a session")),
    "session.charge.offered": EventKind("CS", _("offered the charge of a session")),
    "session.charge.declined": EventKind(
        "CS", _("turned down the charge of a session")
    ),
    "session.charge.vacant": EventKind(
        "CS", _("found nobody in charge of a session"), "warning"
    ),
    "session.critical_step.declared": EventKind("CS", _("declared a critical step")),
    "session.critical_step.accepted": EventKind("CS", _("accepted a critical step")),
    "session.critical_step.refused": EventKind("CS", _("refused a critical step")),
    "session.critical_step.ended": EventKind("CS", _("ended a critical step")),
    "session.baton.asked": EventKind("CS", _("asked for the baton")),
    "session.baton.passed": EventKind("CS", _("passed the baton")),
    "session.control.taken": EventKind("CS", _("took control of a session"), "warning"),
    "session.control.returned": EventKind("CS", _("gave control back")),
    "session.laid_down": EventKind(
        "CS", _("left a session to be held, and signed out")
    ),
    "session.hold.kept": EventKind("CS", _("kept a held session open")),
    "session.attended": EventKind("CS", _("attended a machine")),
    "session.unrecorded.continued": EventKind(
        "CS", _("let a session go on unrecorded"), "critical"
    ),
    "session.end.requested": EventKind("CS", _("asked for a session to be ended")),
    "session.terminated": EventKind("CS", _("ended a session")),
    "session.end.confirmed": EventKind("CS", _("proved that a session is over")),
    "session.end.unconfirmed": EventKind(
        "CS", _("could not prove that a session is over"), "critical"
    ),
    "session.end.attested": EventKind(
        "CS", _("said that nothing is left of a session"), "warning"
    ),
    "session.interrupted": EventKind(
        "CS", _("found a session interrupted"), "critical"
    ),
    "session.adopted": EventKind("CS", _("took a session over"), "warning"),
    "session.error": EventKind("RE", _("met an error in a session"), "warning"),
    "clipboard.transferred": EventKind("CS", _("used the clipboard")),
    "credential.checked_out": EventKind(
        "AC", _("used a stored credential for a session")
    ),
    "session.machine.looked_at": EventKind(
        "CS", _("looked at a machine after an interruption")
    ),
    "session.disagreement.found": EventKind(
        "CS", _("found that the record of a session and guacd disagree"), "critical"
    ),
    # Screens of a control room
    "station.enrolled": EventKind("CC", _("enrolled a station"), "warning"),
    "station.joined": EventKind("CC", _("took a station into use")),
    "station.refused": EventKind(
        "RE", _("refused a station's code that is not valid"), "warning"
    ),
    "station.revoked": EventKind("CC", _("revoked a station")),
    "station.acted": EventKind("CS", _("froze or ended a session at a station")),
    "station.act.named": EventKind("CS", _("was told at a station who did it")),
    # Stopping many at once
    "site.isolated": EventKind("AC", _("isolated a site"), "critical"),
    "site.isolation.lifted": EventKind(
        "AC", _("lifted the isolation of a site"), "warning"
    ),
    "vendor.suspended": EventKind("AC", _("suspended a vendor"), "critical"),
    "vendor.reinstated": EventKind(
        "AC", _("lifted the suspension of a vendor"), "warning"
    ),
    "vendor.limit.changed": EventKind(
        "AC", _("changed how many sessions a vendor may have")
    ),
    "drill.started": EventKind("CS", _("started a drill")),
    "drill.completed": EventKind("CS", _("completed a drill")),
    # Evidence
    "recording.started": EventKind("AL", _("began to record")),
    "recording.closed": EventKind("AL", _("sealed a recording")),
    "recording.failed": EventKind("AL", _("failed to record"), "critical"),
    "recording.resumed": EventKind("AL", _("records again")),
    "recording.viewed": EventKind("AL", _("opened a recording")),
    "recording.verified": EventKind("AL", _("verified a recording")),
    "recording.verify.failed": EventKind(
        "AL", _("found a recording that is not intact"), "critical"
    ),
    "recording.reviewed": EventKind("AL", _("reviewed a recording")),
    "audit.viewed": EventKind("AL", _("read the audit trail")),
    "audit.exported": EventKind("AL", _("exported the audit trail")),
    "audit.chain.verified": EventKind("AL", _("verified the audit trail")),
    # The plant
    "asset.changed": EventKind("CC", _("changed an asset or endpoint")),
    "asset.locked": EventKind(
        "AC", _("locked a machine against outside work"), "warning"
    ),
    "asset.unlocked": EventKind("AC", _("unlocked a machine"), "warning"),
    "endpoint.checked": EventKind("CC", _("tested a connection")),
    "asset.hostkey.pinned": EventKind("CC", _("pinned a host key")),
    "credential.changed": EventKind("CC", _("changed a stored credential")),
    "checklist.changed": EventKind("CC", _("changed a checklist")),
    "roster.changed": EventKind("CC", _("changed a shift roster")),
    "maintenance_stop.changed": EventKind("CC", _("changed a maintenance stop")),
    "calendar.source.changed": EventKind(
        "CC", _("added or removed a calendar of a plant")
    ),
    "calendar.imported": EventKind("CC", _("read a calendar of a plant in")),
    "calendar.import.failed": EventKind(
        "OS", _("could not read a calendar of a plant"), "warning"
    ),
    "production_freeze.changed": EventKind("CC", _("changed a production freeze")),
    "desktop.asked": EventKind("CS", _("asked whether a desktop is still open")),
    "desktop.cleared": EventKind("CS", _("said that no desktop is left open")),
    "guacd.added": EventKind("CC", _("added a guacd daemon")),
    "guacd.retired": EventKind("CC", _("took a guacd daemon out of use")),
    "guacd.returned": EventKind("CC", _("put a guacd daemon back into use")),
    "guacd.lost": EventKind("OS", _("lost a guacd daemon"), "critical"),
    "guacd.reached": EventKind("OS", _("reached a guacd daemon again")),
    "key.rotated": EventKind("CC", _("put a new key in place"), "warning"),
    "key.destroyed": EventKind("CC", _("destroyed a retired key"), "warning"),
    "access.guessed": EventKind(
        "PR", _("asked for many things that are not theirs to see"), "warning"
    ),
    "alert.raised": EventKind("AL", _("raised an alert"), "warning"),
    "alert.acknowledged": EventKind("AL", _("acknowledged an alert")),
    "system.started": EventKind("OS", _("started")),
}
