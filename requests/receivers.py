"""What this app does on the word of the apps below it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.dispatch import receiver

from accessportal.accounts.models import User, Vendor
from accessportal.accounts.signals import last_day_moved
from accessportal.origin import Origin
from accessportal.plants.models import Endpoint
from accessportal.plants.signals import endpoint_moves
from requests.services.last_days import close_windows_by
from requests.services.moved_machine import ask_again_about


@receiver(last_day_moved, dispatch_uid="requests.close_windows_by")
def shorten_windows(
    sender: Any,
    *,
    of: User | Vendor,
    last: datetime,
    acting_user: User,
    origin: Origin,
    **kwargs: Any,
) -> None:
    """In the transaction of the act: no window stands beyond the date."""
    close_windows_by(last, of=of, acting_user=acting_user, origin=origin)


@receiver(endpoint_moves, dispatch_uid="requests.ask_again_about")
def ask_again(
    sender: Any, *, endpoint: Endpoint, acting_user: User, origin: Origin, **kwargs: Any
) -> None:
    """In the transaction of the act: nobody has agreed to the new address."""
    ask_again_about(endpoint, acting_user=acting_user, origin=origin)
