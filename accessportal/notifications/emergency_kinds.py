"""What people are told when the line is down.

Kinds that say `emergency` break quiet hours (`channels.is_urgent`); chasing the second look
does not, since nobody is let in any more by then.
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from accessportal.notifications.kind import Kind

EMERGENCY_KINDS: dict[str, Kind] = {
    "emergency.asked": Kind(
        _("Emergency %(number)s: %(requester)s has to get to %(assets)s now"),
        _(
            "The line is down at %(site)s: %(emergency)s\n\n%(requester)s (%(vendor)s) asks to "
            "be let in to %(assets)s at once, for %(length)s. Opened by: %(opened_by)s.\n\n"
            "To do: %(purpose)s\n\nThe window opens as soon as those who are asked agree. "
            "If you do not know them, call first."
        ),
    ),
    "emergency.let_in": Kind(
        _("Emergency %(number)s: %(decider)s let %(requester)s in to %(assets)s"),
        _(
            "The line is down at %(site)s: %(emergency)s\n\n%(decider)s let %(requester)s "
            "(%(vendor)s) in to %(assets)s, %(window)s. In ordinary times you would have been "
            "asked.\n\nOpen the request to watch, or to withdraw it at once. A second look is "
            "due until %(due)s."
        ),
    ),
    "emergency.withdrawn": Kind(
        _("%(name)s withdrew the emergency %(number)s"),
        _(
            "%(name)s withdrew the emergency access of %(requester)s (%(vendor)s) to "
            "%(assets)s at %(site)s. Every session in it was ended.\n\nReason: %(reason)s"
        ),
    ),
    "look.due": Kind(
        _("%(number)s: the second look is due until %(due)s"),
        _(
            "%(requester)s (%(vendor)s) was let in to %(assets)s at %(site)s in an emergency: "
            "%(emergency)s\n\nSomebody who did not let them in has to say whether it was "
            "justified. Nobody has done so yet."
        ),
    ),
    "look.late": Kind(
        _("%(number)s: the second look is late"),
        _(
            "%(requester)s (%(vendor)s) was let in to %(assets)s at %(site)s in an emergency: "
            "%(emergency)s\n\nThe second look was due until %(due)s, and nobody has taken it."
        ),
    ),
    "look.not_justified": Kind(
        _("%(number)s: %(name)s finds the emergency not justified"),
        _(
            "%(name)s took the second look at the emergency access of %(requester)s "
            "(%(vendor)s) to %(assets)s at %(site)s, and finds it not justified:\n\n%(note)s"
        ),
    ),
}
