"""What people are told while a request waits for several of them, changes, or is asked about."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from accessportal.notifications.kind import Kind

DECISION_KINDS: dict[str, Kind] = {
    "request.agreed": Kind(
        _("%(number)s: %(decider)s agreed, and it waits for you"),
        _(
            "%(decider)s agreed to the access of %(requester)s (%(vendor)s) to %(assets)s at "
            "%(site)s,\n%(window)s. By the policy of the plant it needs you, too.\n\n"
            "Purpose: %(purpose)s"
        ),
    ),
    "request.change.proposed": Kind(
        _("%(number)s: the plant says yes, with changes"),
        _(
            "%(decider)s would approve your access to %(assets)s at %(site)s with changes. "
            "Look at them and accept them with one tap, or decline.\n\n%(reason)s"
        ),
    ),
    "request.change.declined": Kind(
        _("%(number)s: your changes were declined"),
        _(
            "%(requester)s (%(vendor)s) stays with what was asked for: %(assets)s at "
            "%(site)s, %(window)s. The request waits for a decision on that."
        ),
    ),
    "request.changed": Kind(
        _("%(number)s was changed, and needs you again"),
        _(
            "%(by)s changed the request for %(assets)s at %(site)s: %(window)s. "
            "What was agreed to before does not count any more.\n\nPurpose: %(purpose)s"
        ),
    ),
    "window.wish.asked": Kind(
        _("%(number)s: a wider window needs your yes, too"),
        _(
            "%(what)s. %(by)s asks for it, and you are one of those who have to agree: "
            "%(requester)s (%(vendor)s) on %(assets)s at %(site)s, %(window)s.\n\n%(reason)s"
        ),
    ),
    "window.wish.escalated": Kind(
        _("%(number)s: a wider window waits, and you are called"),
        _(
            "%(what)s. Nobody has answered for %(minutes)s minutes as %(instead_of)s. You may "
            "agree instead, for %(requester)s (%(vendor)s) on %(assets)s at %(site)s, %(window)s."
        ),
    ),
    "window.wish.refused": Kind(
        _("%(number)s: the window stays as it is"),
        _(
            "%(decider)s refused it: %(what)s. %(assets)s at %(site)s, %(window)s."
            "\n\nReason: %(reason)s"
        ),
    ),
    "request.substitution.asked": Kind(
        _("%(number)s: %(comes)s instead of %(leaves)s?"),
        _(
            "%(comes)s is to come instead of %(leaves)s (%(vendor)s) to %(assets)s at %(site)s, "
            "%(window)s. Everything else stays.\n\nReason: %(reason)s"
        ),
    ),
    "request.substitution.accepted": Kind(
        _("%(number)s: %(comes)s comes instead of %(leaves)s"),
        _(
            "%(decider)s lets %(comes)s come instead of %(leaves)s to %(assets)s at %(site)s, "
            "%(window)s."
        ),
    ),
    "request.substitution.refused": Kind(
        _("%(number)s: %(comes)s may not come"),
        _(
            "%(decider)s does not let %(comes)s come to %(assets)s at %(site)s. Everybody stays "
            "who they were.\n\nReason: %(reason)s"
        ),
    ),
    "request.question": Kind(
        _("%(number)s: %(writer)s asks"),
        _("%(writer)s writes about your access to %(assets)s:\n\n%(text)s"),
    ),
    "request.answer": Kind(
        _("%(number)s: %(writer)s answers"),
        _(
            "%(writer)s (%(vendor)s) writes about the access to %(assets)s at %(site)s:\n\n"
            "%(text)s"
        ),
    ),
    "request.escalated": Kind(
        _("%(number)s waits, and you are called"),
        _(
            "Nobody has answered for %(minutes)s minutes as %(instead_of)s. You may agree "
            "instead to the access of %(requester)s (%(vendor)s) to %(assets)s at %(site)s,\n"
            "%(window)s.\n\nPurpose: %(purpose)s"
        ),
    ),
}
