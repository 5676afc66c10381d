"""Guarded fetches of stop orders: isolations, suspensions and drills."""

from __future__ import annotations

from accessportal.accounts.authorisation import Action, may
from accessportal.accounts.models import User
from accessportal.accounts.vendor_rights import may_suspend
from accessportal.errors import NotAllowed
from accessportal.known import known
from sessions.models import StopOrder


def may_see_orders(user: User) -> User:
    """People of the plant who see sessions; to a vendor's people there is nothing here."""
    if user.vendor_id is not None or not may(user, Action.SESSION_SEE):
        raise NotAllowed
    return user


def order_visible_to(user: User, number: str) -> StopOrder:
    return known(
        StopOrder.objects.visible_to(user)
        .select_related("site", "vendor", "requested_by", "lifted_by")
        .filter(number=number)
    )


def order_liftable_by(user: User, number: str) -> StopOrder:
    """An order that this person may lift; it may be lifted already."""
    order = order_visible_to(user, number)
    if not may_lift(user, order):
        raise NotAllowed
    return order


def may_lift(user: User, order: StopOrder) -> bool:
    if order.kind == StopOrder.Kind.DRILL:
        return False
    if order.site is not None:
        return may(user, Action.SITE_ISOLATE, order.site)
    return order.vendor is not None and may_suspend(user, order.vendor)
