"""The checklist of a site and its machines: a point added, a point taken away."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accessportal.accounts.models import User
from accessportal.audit import record
from accessportal.errors import NotAllowed, NotPossible
from accessportal.origin import Origin
from accessportal.plants.access import may_freeze
from accessportal.plants.models import Asset, ChecklistItem, Site

MOST = 20


@transaction.atomic
def add_item(
    site: Site,
    *,
    text: str,
    asks_for: str = "",
    asset: Asset | None = None,
    acting_user: User,
    origin: Origin,
) -> ChecklistItem:
    """From now on nobody from outside starts there before the shift has ticked it.

    Sessions that are live go on. Raises `NotAllowed`, `NotPossible`.
    """
    if not may_freeze(acting_user, site):
        raise NotAllowed
    if asset is not None and asset.zone.site_id != site.pk:
        raise NotPossible(
            _("This machine belongs to another site."), code="asset_of_other_site"
        )
    text = " ".join(text.split())[:200]
    if not text:
        raise NotPossible(_("Say what is to be ticked."), code="text_missing")
    if site.checklist.filter(asset=asset).count() >= MOST:
        raise NotPossible(
            _("A checklist has at most %(count)s points.") % {"count": MOST},
            code="too_many_points",
        )

    try:
        with transaction.atomic():
            item = ChecklistItem.objects.create(
                site=site, asset=asset, text=text, asks_for=asks_for.strip()[:60]
            )
    except IntegrityError as error:
        raise NotPossible(
            _("This point is on the checklist already."), code="point_there"
        ) from error

    _record(item, acting_user, origin, added=True)
    return item


@transaction.atomic
def remove_item(item: ChecklistItem, *, acting_user: User, origin: Origin) -> None:
    """What was ticked before stays with its windows. Raises `NotAllowed`."""
    if not may_freeze(acting_user, item.site):
        raise NotAllowed

    pk = item.pk
    removed, _rows = ChecklistItem.objects.filter(pk=pk).delete()

    if removed:
        item.pk = pk
        _record(item, acting_user, origin, added=False)


def _record(
    item: ChecklistItem, acting_user: User, origin: Origin, *, added: bool
) -> None:
    record(
        "checklist.changed",
        acting_user=acting_user,
        subject=item,
        origin=origin,
        site=item.site,
        text=item.text,
        asks_for=item.asks_for,
        asset=str(item.asset or ""),
        added=added,
    )
