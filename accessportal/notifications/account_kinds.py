"""What people are told about their own account, and those who look after accounts."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from accessportal.notifications.kind import Kind

ACCOUNT_KINDS: dict[str, Kind] = {
    "account.mailbox_code": Kind(
        _("%(code)s is your code for Access Portal"),
        _(
            "Somebody signs in with your account, which was not used for %(days)s days and is "
            "parked. If it is you, type this code:\n\n%(code)s\n\n"
            "It works once, for %(minutes)s minutes, in the browser in which you asked for it. "
            "If it is not you, somebody knows your password and has your second factor: call "
            "your contact at the plant at once."
        ),
    ),
    "account.renewal_code": Kind(
        _("%(code)s is your code for Access Portal"),
        _(
            "Your second factor was taken away, and somebody signs in with your account to set up "
            "a new one. If it is you, type this code:\n\n%(code)s\n\n"
            "It works once, for %(minutes)s minutes, in the browser in which you asked for it. "
            "If it is not you, somebody knows your password or reads your mail: call your "
            "contact at the plant at once."
        ),
    ),
    "expiry.colleague": Kind(
        _("The access of %(person)s ends in %(days)s"),
        _(
            "The access of %(person)s, of the plant, ends on %(date)s. After that %(person)s "
            "cannot sign in. An administrator can renew it."
        ),
    ),
    "account.lapse.warned": Kind(
        _("Your access to Access Portal ends in %(days)s days"),
        _("%(cause)s. In %(days)s days the portal ends your access.\n\n%(advice)s"),
    ),
    "account.lapse.list": Kind(
        _("Accounts that will be disabled: %(count)s"),
        _(
            "These people were told that their access will end:\n\n%(list)s\n\n"
            "Whoever is still needed signs in once; a company needs a sponsor at the plant."
        ),
    ),
    "account.lapsed": Kind(
        _("Your access to Access Portal has ended"),
        _("%(cause)s. If you still need it, call your contact at the plant."),
    ),
    "account.lapsed.list": Kind(
        _("Accounts that were disabled: %(count)s"),
        _(
            "The portal ended these accesses, as it had told the people before:\n\n%(list)s"
        ),
    ),
    "account.ready": Kind(
        _("Are you ready? %(count)s to see to"),
        _(
            "Before you are needed at a machine, see to this:\n\n%(list)s\n\n"
            "This mail comes once a month, and only when there is something."
        ),
    ),
    "account.factor_added": Kind(
        _("A second factor was added to your account"),
        _(
            "%(what)s is set up now and signs in with your account.\n\n"
            "If it was not you, call your contact at the plant at once."
        ),
    ),
    "account.factor_removed": Kind(
        _("A second factor was removed from your account"),
        _(
            "%(what)s does not sign in with your account any more.\n\n"
            "If it was not you, call your contact at the plant at once."
        ),
    ),
    "account.recovery_renewed": Kind(
        _("New recovery codes for your account"),
        _(
            "The recovery codes you had before do not work any more.\n\n"
            "If it was not you, call your contact at the plant at once."
        ),
    ),
    "account.recovery_outdated": Kind(
        _("Please make new recovery codes"),
        _(
            "The portal has a new key for recovery codes. Make new ones on your account page; "
            "those you have stay good until then."
        ),
    ),
    "account.passkey_copied": Kind(
        _("Your passkey does not work any more"),
        _(
            "The passkey “%(name)s” seems to have been copied, so the portal takes it no more. "
            "Remove it from your account, set up another one, and tell IT security."
        ),
    ),
    "account.password_changed": Kind(
        _("Your password was changed"),
        _(
            "Your password was changed, and other browsers were signed out.\n\n"
            "If it was not you, call your contact at the plant at once."
        ),
    ),
    "account.password_reset": Kind(
        _("Choose a new password"),
        _(
            "Somebody, probably you, asked for a new password for your account.\n\n"
            "Open the link below within %(minutes)s minutes; it works once. Your second factor "
            "is asked for as well. If it was not you, nothing has to be done."
        ),
    ),
    "account.password_reset_renewal": Kind(
        _("Set up your access again"),
        _(
            "Your passkey was taken away, and you have no password.\n\n"
            "Open the link below within %(minutes)s minutes; it works once. Type the code that "
            "then comes to this mailbox and set up a new second factor. Before you can work "
            "again, somebody of the plant confirms that it is you. If you did not ask for this, "
            "call your contact at the plant at once."
        ),
    ),
    "account.password_reset_no_factor": Kind(
        _("You asked for a new password"),
        _(
            "Somebody, probably you, asked for a new password for your account. It has no "
            "second factor now, so a mail is not enough: call your contact at the plant."
        ),
    ),
    "account.password_of_directory": Kind(
        _("You asked for a new password"),
        _(
            "Somebody, probably you, asked for a new password for your account. You sign in with "
            "the account of the plant's directory, and its password is changed there. If it was "
            "not you, nothing has to be done."
        ),
    ),
    "account.factor_reset_asked": Kind(
        _("%(person)s has lost the second factor: please confirm"),
        _(
            "%(by)s asks that the second factor of %(person)s be taken away. "
            "Reason: %(reason)s\n\n"
            "A second person has to confirm it. First make sure, by phone, that it is really "
            "%(person)s who needs it."
        ),
    ),
    "account.factor_reset": Kind(
        _("Your second factor was taken away"),
        _(
            "%(by)s took your second factor away. Reason: %(reason)s\n\n"
            "At your next sign-in you set up a new one, until %(until)s. After that, two people "
            "of the plant have to agree again. If you did not ask for this, call your contact "
            "at the plant at once."
        ),
    ),
    "account.came_back": Kind(
        _("Your new second factor is set up"),
        _(
            "You had no password and proved who you are by this mailbox alone, so your access is "
            "closed until an administrator has confirmed that it was you. They have been told; "
            "call them if it is urgent, and at once if it was not you."
        ),
    ),
    "colleague.came_back": Kind(
        _("Please confirm that it was %(person)s"),
        _(
            "%(person)s (%(email)s) had lost the passkey and set up a new second factor, with "
            "nothing but the mailbox to prove who it is. The access is closed.\n\nCall "
            "%(person)s. If it was the right person, give the access again on their page; if "
            "not, tell IT security."
        ),
    ),
    "account.given_again": Kind(
        _("Your access to Access Portal is open again"),
        _(
            "%(by)s gave you access again. Sign in as before; if you have no password and set up "
            "an authenticator app, take “Password forgotten?” first."
        ),
    ),
    "account.passkey_reset": Kind(
        _("Your passkey was taken away"),
        _(
            "%(by)s took your passkey away. Reason: %(reason)s\n\n"
            "You have no password: take “Password forgotten?” where you sign in, until "
            "%(until)s, and a link comes to this mailbox. After that, two people of the plant "
            "have to agree again. If you did not ask for this, call your contact at the plant "
            "at once."
        ),
    ),
}
