"""What people are told about an escort: everybody concerned, the person among them."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from accessportal.notifications.kind import Kind

ESCORT_KINDS: dict[str, Kind] = {
    "escort.offered": Kind(
        _("%(number)s: %(by)s called %(requester)s back, to escort them"),
        _(
            "%(by)s says to have spoken to %(requester)s (%(vendor)s) at the number that the "
            "plant holds, and read out a code. It lets %(requester)s in to %(assets)s at "
            "%(site)s once, for this window alone, although this has lapsed: %(lapsed)s.\n\n"
            "Reason: %(reason)s\n\nSomebody of the plant has to attend. If you are "
            "%(requester)s and nobody called you, call the plant at once."
        ),
    ),
    "escort.entered": Kind(
        _("%(number)s: %(requester)s was let in, escorted by %(by)s"),
        _(
            "%(requester)s (%(vendor)s) typed the code that %(by)s read out, and may work on "
            "%(assets)s at %(site)s until the window ends, while somebody of the plant "
            "attends. Lapsed, and not renewed by this: %(lapsed)s.\n\nReason: %(reason)s\n\n"
            "IT security looks at it until %(due)s."
        ),
    ),
    "escort.voided": Kind(
        _("%(number)s: the code of an escort was guessed at too often"),
        _(
            "Somebody who knows the password of %(requester)s (%(vendor)s) mistyped the code "
            "that %(by)s read out five times. It counts no more, and nobody was let in.\n\n"
            "Call %(requester)s at the number that the plant holds: somebody else may have "
            "the password."
        ),
    ),
    "escort.look.due": Kind(
        _("%(number)s: a look at the escort is due until %(due)s"),
        _(
            "%(by)s escorted %(requester)s (%(vendor)s) to %(assets)s at %(site)s, although "
            "this had lapsed: %(lapsed)s.\n\nReason: %(reason)s\n\nSomebody who did not let "
            "them in has to say whether it was justified. Nobody has done so yet."
        ),
    ),
    "escort.look.late": Kind(
        _("%(number)s: the look at the escort is late"),
        _(
            "%(by)s escorted %(requester)s (%(vendor)s) to %(assets)s at %(site)s.\n\n"
            "Reason: %(reason)s\n\nThe look at it was due until %(due)s, and nobody has "
            "taken it."
        ),
    ),
    "escort.not_justified": Kind(
        _("%(number)s: %(name)s finds the escort not justified"),
        _(
            "%(name)s looked at your escort of %(requester)s (%(vendor)s) to %(assets)s at "
            "%(site)s, and finds it not justified:\n\n%(note)s"
        ),
    ),
}
