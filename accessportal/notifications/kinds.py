"""What people are told, by kind: a subject and a body with named facts."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from accessportal.notifications.account_kinds import ACCOUNT_KINDS
from accessportal.notifications.decision_kinds import DECISION_KINDS
from accessportal.notifications.emergency_kinds import EMERGENCY_KINDS
from accessportal.notifications.escort_kinds import ESCORT_KINDS
from accessportal.notifications.kind import Kind

KINDS: dict[str, Kind] = {
    "invitation": Kind(
        _("You are invited to Access Portal"),
        _(
            "%(invited_by)s invites you to work for %(vendor)s through Access Portal.\n\n"
            "Open the link below, on the device that you will work with, and choose how you "
            "sign in: with a passkey (fingerprint, face or PIN), or with a password and an "
            "authenticator app. "
            "It works once, until %(expires)s."
        ),
    ),
    "invitation.colleague": Kind(
        _("You are invited to Access Portal"),
        _(
            "%(invited_by)s invites you to Access Portal, by which service companies come to "
            "the machines of the plant.\n\nYour roles: %(roles)s\n\n"
            "Open the link below, on the device that you will work with, and choose how you "
            "sign in. It works once, until %(expires)s."
        ),
    ),
    **ACCOUNT_KINDS,
    **DECISION_KINDS,
    **EMERGENCY_KINDS,
    **ESCORT_KINDS,
    "push.test": Kind(
        _("This is a test"),
        _("You asked the portal to try whether it reaches your device."),
    ),
    "delegation.made": Kind(
        _("%(by)s delegates to you: %(role)s"),
        _(
            "%(by)s delegates a role to you: %(role)s, %(site)s, from %(starts)s until "
            "%(ends)s.\n\nReason: %(reason)s\n\nWhat you do by it is marked in the audit trail."
        ),
    ),
    "override.granted": Kind(
        _("Override at %(site)s: %(name)s until %(ends)s"),
        _(
            "%(by)s grants an override at %(site)s. Until %(ends)s, %(name)s may: %(action)s.\n\n"
            "Reason: %(reason)s"
        ),
    ),
    "break_glass.used": Kind(
        _("Alarm: %(person)s uses a break-glass account"),
        _(
            "The password of the break-glass account of %(person)s was entered, and it was "
            "right. From: %(address)s. The account is there because: %(reason)s\n\n"
            "If you do not know why, call %(person)s now and end the access."
        ),
    ),
    "break_glass.marked": Kind(
        _("%(person)s has a break-glass account now"),
        _(
            "%(by)s lets the password of %(person)s work beside the plant's directory. "
            "Reason: %(reason)s"
        ),
    ),
    "break_glass.untested": Kind(
        _("Please try the break-glass account of %(person)s"),
        _(
            "Nobody has signed in with the break-glass account of %(person)s for 90 days. "
            "Try it while the directory works: on the day it does not, it has to. "
            "The alarm that the test raises is part of it."
        ),
    ),
    "person.callback_noted": Kind(
        _("%(by)s noted the number at which the plant calls %(person)s back"),
        _(
            "%(by)s noted or changed the telephone number at which the plant calls %(person)s "
            "of %(vendor)s back, before somebody is let in whose second factor or training "
            "has lapsed. Tomorrow it counts. If that seems wrong, call the plant today."
        ),
    ),
    "person.joined": Kind(
        _("%(person)s of %(vendor)s waits for you"),
        _(
            "%(person)s (%(email)s) accepted the invitation of %(inviter)s and set up an "
            "account for %(vendor)s.\n\nUntil you confirm that this is the right person, "
            "they can neither ask for access nor start a session."
        ),
    ),
    "person.came_back": Kind(
        _("Please confirm %(person)s of %(vendor)s again"),
        _(
            "%(person)s (%(email)s) had lost the passkey and set up a new second factor, with "
            "nothing but the mailbox to prove who it is.\n\nCall %(person)s. Until you "
            "confirm that it was the right person, they can neither ask for access nor start "
            "a session."
        ),
    ),
    "person.confirmed": Kind(
        _("%(person)s is confirmed"),
        _(
            "%(by)s confirmed %(person)s of %(vendor)s. From now on %(person)s can ask for "
            "access."
        ),
    ),
    "coordinator.named": Kind(
        _("You look after the people of %(vendor)s now"),
        _(
            "%(by)s named you coordinator of %(vendor)s. On the company's page you invite "
            "colleagues, report at once who has left, and attest the list each month."
        ),
    ),
    "leaver.reported": Kind(
        _("%(person)s has left %(vendor)s"),
        _(
            "%(by)s reported that %(person)s has left %(vendor)s. The access ended at once; "
            "%(sessions)s live sessions were ended, %(windows)s windows and requests are "
            "closed.\n\n%(note)s"
        ),
    ),
    "expiry.access": Kind(
        _("The access of %(person)s ends in %(days)s"),
        _(
            "The access of %(person)s (%(vendor)s) ends on %(date)s. After that nothing new "
            "can be asked for. The sponsor at the plant, %(sponsor)s, can renew it."
        ),
    ),
    "expiry.training": Kind(
        _("The safety training of %(person)s ends in %(days)s"),
        _(
            "The safety training of %(person)s (%(vendor)s) is valid until %(date)s. Work "
            "after that day cannot be asked for. Please arrange the next training, and have "
            "the sponsor at the plant, %(sponsor)s, note it."
        ),
    ),
    "expiry.nda": Kind(
        _("The non-disclosure agreement of %(person)s ends in %(days)s"),
        _(
            "The non-disclosure agreement of %(person)s (%(vendor)s) is valid until "
            "%(date)s. Work after that day cannot be asked for. Please renew it with the "
            "sponsor at the plant, %(sponsor)s."
        ),
    ),
    "expiry.contract": Kind(
        _("The contract of %(vendor)s ends in %(days)s"),
        _(
            "The contract of %(vendor)s with the plant ends on %(date)s. After that nobody "
            "of the company can sign in. Please renew it with the sponsor, %(sponsor)s."
        ),
    ),
    "attestation.due": Kind(
        _("Please attest the people of %(vendor)s"),
        _(
            "Who of %(vendor)s still works for the company? The list is to be attested each "
            "month, by %(date)s. Report at once who has left."
        ),
    ),
    "attestation.overdue": Kind(
        _("The people of %(vendor)s are not attested"),
        _(
            "The list of the people of %(vendor)s was to be attested by %(date)s, and nobody "
            "has done it. The coordinators of the company: %(coordinators)s."
        ),
    ),
    "request.submitted": Kind(
        _("%(number)s: %(requester)s asks for %(assets)s"),
        _(
            "%(requester)s (%(vendor)s) asks for access to %(assets)s at %(site)s,\n"
            "%(window)s.\n\nPurpose: %(purpose)s\n\nPlease decide before it begins."
        ),
    ),
    "request.reminder": Kind(
        _("%(number)s still waits for a decision"),
        _(
            "The request of %(requester)s (%(vendor)s) for %(assets)s begins soon:\n"
            "%(window)s. Undecided, it expires when it begins."
        ),
    ),
    "request.approved": Kind(
        _("%(number)s is approved"),
        _(
            "%(decider)s approved your access to %(assets)s at %(site)s.\n\n"
            "Your window: %(window)s.\n%(reason)s"
        ),
    ),
    "request.denied": Kind(
        _("%(number)s is denied"),
        _(
            "%(decider)s denied your access to %(assets)s at %(site)s.\n\nReason: %(reason)s"
        ),
    ),
    "request.withdrawn": Kind(
        _("%(number)s was withdrawn"),
        _(
            "%(requester)s (%(vendor)s) withdrew the request for %(assets)s.\n%(reason)s"
        ),
    ),
    "request.expired": Kind(
        _("%(number)s expired"),
        _(
            "Nobody decided on the request for %(assets)s at %(site)s before it began "
            "(%(window)s). Ask again if the work is still needed."
        ),
    ),
    "desktop.asked": Kind(
        _("Is the desktop of %(asset)s clear?"),
        _(
            "%(name)s (%(vendor)s) wants to work on %(asset)s, %(endpoint)s, at %(site)s. "
            "Another company worked there before, and it is not proven that its desktop "
            "is closed.\n\nPlease look at the machine, and say so in the portal."
        ),
    ),
    "desktop.cleared": Kind(
        _("%(asset)s: you can connect now"),
        _("%(name)s has looked at %(asset)s, %(endpoint)s: the desktop is clear."),
    ),
    "calendar.failed": Kind(
        _("The calendar “%(name)s” of %(site)s cannot be read"),
        _(
            "%(reason)s\n\nWhat was read before stays. It is tried again every 15 minutes; "
            "you are not told again until it could be read in between."
        ),
    ),
    "window.revoked": Kind(
        _("The window of %(number)s was revoked"),
        _(
            "%(revoker)s revoked the window for %(assets)s at %(site)s.\n\nReason: %(reason)s"
        ),
    ),
    "line.given": Kind(
        _("The line is yours: %(number)s"),
        _(
            "%(giver)s gives you the line: %(assets)s at %(site)s, %(window)s. You can "
            "connect now, or when the window opens."
        ),
    ),
    "line.returned": Kind(
        _("%(requester)s hands back %(assets)s"),
        _(
            "%(requester)s (%(vendor)s) hands the line back: %(assets)s at %(site)s.\n\n"
            "What was done: %(what_was_done)s\n\nState it was left in: %(state_left)s\n\n"
            "Please look at the machine, and accept it in the portal."
        ),
    ),
    "line.accepted": Kind(
        _("The plant has taken %(assets)s back"),
        _("%(accepter)s has looked at the machine and accepted it.\n\n%(note)s"),
    ),
    "window.postponed": Kind(
        _("Not yet: %(number)s waits %(minutes)s minutes more"),
        _("%(by)s needs the line for longer. The window now: %(window)s."),
    ),
    "window.moved": Kind(
        _("Your window of %(number)s is another one now"),
        _("%(decider)s moved your window for %(assets)s: %(window)s.\n\n%(reason)s"),
    ),
    "window.shortened": Kind(
        _("The window of %(number)s closes earlier"),
        _(
            "%(by)s moved the last day of the access or of the contract. The window of "
            "%(requester)s (%(vendor)s) for %(assets)s at %(site)s is %(window)s now; it was "
            "to close %(before)s."
        ),
    ),
    "window.recalled": Kind(
        _("Give %(assets)s back in %(minutes)s minutes"),
        _(
            "%(by)s needs the line back. Your window closes in %(minutes)s minutes: "
            "bring the machine into a safe state, and save your work.\n\n%(reason)s"
        ),
    ),
    "window.released": Kind(
        _("%(requester)s does not need the window of %(number)s"),
        _(
            "%(requester)s (%(vendor)s) gives back the window for %(assets)s at %(site)s, "
            "%(window)s.\n\n%(reason)s"
        ),
    ),
    "window.reconfirmed": Kind(
        _("The window of %(number)s stands again"),
        _(
            "%(decider)s confirmed your window for %(assets)s at %(site)s again: "
            "%(window)s.\n%(reason)s"
        ),
    ),
    "window.machine_moved": Kind(
        _("%(number)s: the window waits to be confirmed again"),
        _(
            "%(by)s changed the address of %(machine)s. The window of %(requester)s "
            "(%(vendor)s) for %(assets)s at %(site)s, %(window)s, was agreed to for the old "
            "one, so it does not stand any more: please look again, and confirm it if it is "
            "still needed."
        ),
    ),
    "windows.fallen": Kind(
        _("%(name)s: windows wait to be confirmed again"),
        _(
            "%(lifter)s let vendors in again (%(name)s). Reason: %(reason)s\n\n"
            "%(count)s revoked windows are still to come. None of them comes back by itself: "
            "please confirm again, one by one, those that are still needed."
        ),
    ),
    "window.extension.requested": Kind(
        _("%(requester)s asks for %(minutes)s more minutes"),
        _(
            "%(requester)s (%(vendor)s) works on %(assets)s and asks for %(minutes)s more "
            "minutes.\n\nReason: %(reason)s"
        ),
    ),
    "window.extended": Kind(
        _("Your window of %(number)s is longer now"),
        _("%(decider)s extended your window for %(assets)s: %(window)s.\n%(reason)s"),
    ),
    "window.extension.refused": Kind(
        _("No more time for %(number)s"),
        _(
            "%(decider)s did not extend your window for %(assets)s.\n\nReason: %(reason)s"
        ),
    ),
    "session.started": Kind(
        _("%(worker)s works on %(asset)s now"),
        _(
            "%(worker)s (%(vendor)s) connected to %(asset)s at %(site)s, until %(until)s."
        ),
    ),
    "session.unusual": Kind(
        _("Unusual: %(worker)s on %(asset)s"),
        _(
            "%(worker)s (%(vendor)s) %(outcome)s %(asset)s at %(site)s, from %(address)s.\n\n"
            "What is unusual:\n%(signals)s"
        ),
    ),
    "session.warned": Kind(
        _("%(worker)s on %(asset)s: %(minutes)s minutes left"),
        _("The session of %(worker)s (%(vendor)s) on %(asset)s ends at %(until)s."),
    ),
    "session.charge.begun": Kind(
        _("You are in charge: %(worker)s on %(asset)s"),
        _(
            "%(worker)s (%(vendor)s) connects to %(asset)s at %(site)s, until %(until)s.\n\n"
            "You get the warnings and the questions of this session. Before you leave, "
            "hand it over to a colleague."
        ),
    ),
    "session.charge.offered": Kind(
        _("%(by)s hands over to you: %(count)s live"),
        _(
            "%(by)s asks you to take charge of:\n\n%(list)s\n\n%(note)s\n\n"
            "Until you accept, %(by)s stays in charge."
        ),
    ),
    "session.charge.accepted": Kind(
        _("%(by)s is in charge now: %(count)s live"),
        _("%(by)s is in charge from now on of:\n\n%(list)s\n\n%(note)s"),
    ),
    "session.charge.declined": Kind(
        _("%(by)s did not take charge: %(count)s live"),
        _("You stay in charge of:\n\n%(list)s\n\n%(note)s"),
    ),
    "session.charge.vacant": Kind(
        _("Nobody is in charge: %(worker)s on %(asset)s"),
        _(
            "%(worker)s (%(vendor)s) works on %(asset)s at %(site)s until %(until)s, and "
            "nobody of the plant is in charge. Please take charge of the session."
        ),
    ),
    "session.critical_step.declared": Kind(
        _("Critical step on %(asset)s: %(what)s, %(minutes)s min"),
        _(
            "%(worker)s (%(vendor)s) asks for %(minutes)s minutes on %(asset)s in which nothing "
            "but a person's act ends or freezes the session.\n\nStep: %(what)s\n\n"
            "Please accept or refuse it."
        ),
    ),
    "session.attendance.due": Kind(
        _("Say that you are at %(asset)s, or input stops"),
        _(
            "Work of %(worker)s (%(vendor)s) on %(asset)s needs somebody of the plant to be "
            "there. Without a word from you, input stops at %(until)s."
        ),
    ),
    "session.end.unconfirmed": Kind(
        _("Look at %(asset)s: the end of %(number)s is not proven"),
        _(
            "The portal ended session %(number)s on %(asset)s at %(site)s but could not prove "
            "that the connection to the machine is gone. Please look at the machine."
        ),
    ),
    "recording.failed": Kind(
        _("Recording of %(number)s failed"),
        _(
            "The recording of session %(number)s on %(asset)s failed: %(cause)s.\n"
            "Input was stopped and the session ended."
        ),
    ),
    "recording.not_intact": Kind(
        _("The recording of %(number)s is not intact"),
        _("Verification of the recording of session %(number)s failed: %(cause)s."),
    ),
    "alert.raised": Kind(
        _("Alert: %(sentence)s"),
        _(
            "%(sentence)s: %(label)s\n\n%(count)s events so far. More of them are counted "
            "and not mailed again.\n\nPlease look, and say so in the portal."
        ),
    ),
    "review.due": Kind(
        _("A recording waits for review: %(number)s"),
        _(
            "%(worker)s (%(vendor)s) worked on %(asset)s at %(site)s. "
            "Please review the recording by %(due)s."
        ),
    ),
}
