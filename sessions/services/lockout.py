"""Locking one machine against outside work, and unlocking it.

For the mechanic who puts a padlock on it: nobody from outside works there until it is
unlocked, and who works there now is out at once. Windows stay: it is about the machine,
not about the visitors.
"""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accessportal.accounts.authorisation import Action
from accessportal.accounts.models import User
from accessportal.accounts.services.common import guard_fresh_factor
from accessportal.audit import record
from accessportal.errors import TooLate
from accessportal.live import announce
from accessportal.news import site_topic, tell_news
from accessportal.origin import Origin
from accessportal.plants.models import Asset, Endpoint
from requests.services.common import guard_may
from sessions.services.news import BROKERS
from sessions.services.stop_orders import needed_reason


@transaction.atomic
def lock_asset(
    asset: Asset, *, acting_user: User, origin: Origin, reason: str
) -> Asset:
    """Let nobody from outside work on a machine, from now on. Needs no fresh factor.

    Policy ends the sessions on it as an act of a person. Raises `TooLate` when it is locked.
    """
    asset = _locked(asset)

    guard_may(acting_user, Action.ASSET_LOCK, asset.zone.site)
    reason = needed_reason(reason)
    if asset.locked_out_at is not None:
        raise TooLate(
            _("%(name)s has locked this machine already.")
            % {"name": asset.locked_out_by or "Access Portal"},
            code="already_locked",
        )

    asset.locked_out_at = timezone.now()
    asset.locked_out_by = acting_user
    asset.locked_out_reason = reason
    asset.save(update_fields=LOCK_FIELDS)

    record(
        "asset.locked",
        acting_user=acting_user,
        subject=asset,
        origin=origin,
        site=asset.zone.site,
        reason=reason,
    )

    _tell(asset)
    return asset


@transaction.atomic
def unlock_asset(
    asset: Asset, *, acting_user: User, origin: Origin, reason: str
) -> Asset:
    """Let people from outside work on it again, in the windows that are open.

    Raises `FreshFactorNeeded`, and `TooLate` when it is not locked.
    """
    asset = _locked(asset)

    guard_may(acting_user, Action.ASSET_LOCK, asset.zone.site)
    if asset.locked_out_at is None:
        raise TooLate(_("This machine is not locked any more."), code="not_locked")
    guard_fresh_factor(origin, acting_user, asset.zone.site)
    reason = needed_reason(reason)

    locked_for = (timezone.now() - asset.locked_out_at).total_seconds()
    asset.locked_out_at = None
    asset.locked_out_by = None
    asset.locked_out_reason = ""
    asset.save(update_fields=LOCK_FIELDS)

    record(
        "asset.unlocked",
        acting_user=acting_user,
        subject=asset,
        origin=origin,
        site=asset.zone.site,
        reason=reason,
        locked_for_seconds=round(locked_for),
    )

    _tell(asset)
    return asset


LOCK_FIELDS = ["locked_out_at", "locked_out_by", "locked_out_reason"]


def _locked(asset: Asset) -> Asset:
    """The row, and its endpoints: a start that was first is seen and ended by its policy."""
    asset = (
        Asset.objects.select_for_update(of=("self",), no_key=True)
        .select_related("zone__site", "locked_out_by")
        .get(pk=asset.pk)
    )
    ids = asset.endpoints.order_by("pk").values_list("pk", flat=True)
    list(
        Endpoint.objects.select_for_update(of=("self",), no_key=True)
        .filter(pk__in=tuple(ids))
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    return asset


def _tell(asset: Asset) -> None:
    topic = site_topic(asset.zone.site_id)

    def tell() -> None:
        announce(BROKERS, "look.again")  # every actor looks at once
        tell_news(topic, about="plants")

    transaction.on_commit(tell)
