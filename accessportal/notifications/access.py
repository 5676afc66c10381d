"""Guarded fetches: 404 for what one may not know."""

from __future__ import annotations

from django.db.models import Q

from accessportal.accounts.authorisation import (
    Action,
    at_sites_where,
    may,
    may_everywhere,
    sites_where,
)
from accessportal.accounts.models import User
from accessportal.errors import NotAllowed, NotKnown
from accessportal.known import known
from accessportal.notifications.models import PushDevice, Webhook
from accessportal.notifications.webhooks import may_manage_webhooks

CALLS_SHOWN = 3


def own_push_device(user: User, pk: int) -> PushDevice:
    """One of the person's own devices."""
    return known(PushDevice.objects.select_related("user").filter(user=user, pk=pk))


def manages_webhooks(user: User) -> User:
    """Refuses who changes the plant nowhere."""
    if not may(user, Action.PLANT_CHANGE):
        raise NotAllowed
    return user


def webhooks_of(user: User) -> list[Webhook]:
    """Those of the sites that the person changes, with what they were told last."""
    mine = at_sites_where(user, Action.PLANT_CHANGE, "site")
    if may_everywhere(user, Action.PLANT_CHANGE):
        mine |= Q(site__isnull=True)
    found = list(Webhook.objects.filter(mine).select_related("site", "created_by"))
    for webhook in found:
        webhook.last_calls = list(webhook.calls.all()[:CALLS_SHOWN])  # type: ignore[attr-defined]
    return found


def guard_site_to_tell(user: User, pk: str) -> None:
    """Refuses a site, named in a form, that the person does not change."""
    sites = sites_where(user, Action.PLANT_CHANGE)
    if pk and not (pk.isdecimal() and sites.filter(pk=int(pk)).exists()):
        raise NotKnown


def webhook_manageable_by(user: User, pk: int) -> Webhook:
    manages_webhooks(user)
    found = Webhook.objects.select_related("site").filter(pk=pk).first()
    if found is None or not may_manage_webhooks(user, found.site):
        raise NotKnown
    return found
