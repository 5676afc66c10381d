"""How many of a vendor's people may be connected at a time."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from accessportal.accounts.models import User, Vendor
from accessportal.accounts.services.common import guard_fresh_factor
from accessportal.accounts.vendor_rights import may_suspend
from accessportal.audit import record
from accessportal.errors import NotAllowed, NotPossible
from accessportal.origin import Origin

MOST = 100


@transaction.atomic
def change_session_limit(
    vendor: Vendor, *, most: int, acting_user: User, origin: Origin
) -> Vendor:
    """Set the limit; sessions that are live stay. Raises `NotPossible` outside 1 to 100."""
    vendor = Vendor.objects.select_for_update(of=("self",), no_key=True).get(
        pk=vendor.pk
    )

    if not may_suspend(acting_user, vendor):
        raise NotAllowed
    guard_fresh_factor(origin, acting_user, None)
    if not 1 <= most <= MOST:
        raise NotPossible(
            _("Choose a number from 1 to %(most)s.") % {"most": MOST}, code="limit"
        )

    before, vendor.max_sessions = vendor.max_sessions, most
    vendor.save(update_fields=["max_sessions"])

    if before != most:
        record(
            "vendor.limit.changed",
            acting_user=acting_user,
            subject=vendor,
            origin=origin,
            before=before,
            now=most,
        )
    return vendor
