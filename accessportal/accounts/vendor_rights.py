"""Who may do what for one vendor: its sponsor, its coordinators, and who holds a role.

Beside the table of roles (`authorisation`), because these rights follow from a person's
place at the vendor. Deny by default: who is none of these may do nothing here.
"""

from __future__ import annotations

from accessportal.accounts.authorisation import (
    Action,
    may,
    may_everywhere,
    sites_where,
)
from accessportal.accounts.models import User, Vendor


def sponsors(user: User, vendor: Vendor) -> bool:
    """The person of the plant who answers for this vendor."""
    return vendor.sponsor_id == user.pk and user.vendor_id is None and user.is_active


def coordinates(user: User, vendor: Vendor) -> bool:
    """Somebody of this very vendor who looks after its people, confirmed by the plant."""
    return (
        user.coordinates
        and user.vendor_id == vendor.pk
        and not user.awaits_sponsor
        and user.is_active
    )


def may_see_vendor(user: User, vendor: Vendor) -> bool:
    """The plant's view of a vendor; a coordinator has the company's own page instead."""
    return sponsors(user, vendor) or may(user, Action.VENDOR_SEE)


def may_vouch(user: User, vendor: Vendor) -> bool:
    """Confirm a person, name a coordinator, note training and agreements."""
    return sponsors(user, vendor) or may(user, Action.VENDOR_CHANGE)


def may_invite(user: User, vendor: Vendor) -> bool:
    return (
        may(user, Action.VENDOR_INVITE)
        or sponsors(user, vendor)
        or coordinates(user, vendor)
    )


def may_suspend(user: User, vendor: Vendor) -> bool:
    """Suspend it, end the access of its people, mind how they sign in.

    It bites wherever the vendor works, so it takes the role at each of these sites.
    """
    if may_everywhere(user, Action.VENDOR_SUSPEND):
        return True
    sites = set(vendor.sites.values_list("pk", flat=True))
    return bool(sites) and sites <= _sites_to_suspend_at(user)


def may_report_leaver(user: User, vendor: Vendor) -> bool:
    """Whoever hears of it first must be able to: stopping is never held up.

    A role at one of the vendor's sites is enough: that somebody left is a fact at all of them.
    """
    return (
        may_everywhere(user, Action.VENDOR_SUSPEND)
        or vendor.sites.filter(pk__in=_sites_to_suspend_at(user)).exists()
        or sponsors(user, vendor)
        or coordinates(user, vendor)
    )


def _sites_to_suspend_at(user: User) -> set[int]:
    return set(sites_where(user, Action.VENDOR_SUSPEND).values_list("pk", flat=True))
