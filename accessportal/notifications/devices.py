"""Devices that may be pushed to: added by their person, gone with the sign-in."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accessportal import audit, keys
from accessportal.accounts.models import User, WebSession
from accessportal.errors import NotPossible
from accessportal.notifications.models import PushDevice
from accessportal.notifications.push import hash_of
from accessportal.notifications.push_encryption import check_browser_keys
from accessportal.origin import SYSTEM, Origin
from accessportal.outward import guard_address


def push_is_possible() -> bool:
    """Whether this installation may speak to any push service."""
    return bool(settings.PUSH_HOSTS)


@transaction.atomic
def add_device(
    *,
    acting_user: User,
    endpoint: str,
    p256dh: str,
    auth: str,
    key_id: str,
    label: str,
    web_session: WebSession | None,
    origin: Origin,
) -> PushDevice:
    """Take a browser's subscription. One that is known is renewed; somebody else's, in the
    same browser, goes over to who is signed in there now. Raises `NotPossible`."""
    person = User.objects.select_for_update().get(pk=acting_user.pk)

    guard_address(endpoint, settings.PUSH_HOSTS)
    try:
        check_browser_keys(p256dh, auth)
        keys.push_key(key_id)
    except (ValueError, keys.WrongKey) as error:
        raise NotPossible(
            _(
                "This browser's subscription cannot be used. Switch it off and on again."
            ),
            code="subscription_malformed",
        ) from error
    known = PushDevice.objects.filter(endpoint_hash=hash_of(endpoint))
    others = person.push_devices.exclude(endpoint_hash=hash_of(endpoint))
    if others.count() >= PushDevice.MOST:
        raise NotPossible(
            _("You have %(most)d devices already. Remove one first.")
            % {"most": PushDevice.MOST},
            code="too_many_devices",
        )

    before = known.first()
    is_new = before is None or before.user_id != person.pk
    if is_new:
        known.delete()
    device, _created = PushDevice.objects.update_or_create(
        endpoint_hash=hash_of(endpoint),
        defaults={
            "user": person,
            "endpoint": endpoint,
            "p256dh": p256dh,
            "auth": auth,
            "key_id": key_id,
            "label": label[:80],
            "web_session": web_session,
        },
    )

    if is_new:
        audit.record(
            "push.device.added",
            acting_user=acting_user,
            subject=person,
            origin=origin,
            device=device.label,
        )
    return device


@transaction.atomic
def remove_device(
    device: PushDevice, *, acting_user: User | None, cause: str, origin: Origin = SYSTEM
) -> None:
    """It is pushed to no more. `cause`: person, gone (404 or 410), signed_out, ended."""
    deleted, _each = PushDevice.objects.filter(pk=device.pk).delete()
    if not deleted:
        return

    audit.record(
        "push.device.removed",
        acting_user=acting_user,
        subject=device.user,
        origin=origin,
        device=device.label,
        cause=cause,
    )


def forget_devices_of_web_session(
    web_session: WebSession, *, acting_user: User | None, origin: Origin, cause: str
) -> None:
    """Who signs out, or is signed out, is not pushed to there any more."""
    for device in PushDevice.objects.filter(web_session=web_session):
        remove_device(device, acting_user=acting_user, cause=cause, origin=origin)


def forget_devices_of(
    person: User, *, acting_user: User | None, origin: Origin, except_key: str = ""
) -> None:
    """A lost phone, a lost factor, an access that ended: none of the devices stays."""
    devices = PushDevice.objects.filter(user=person).select_related("web_session")
    for device in devices:
        if except_key and device.web_session and device.web_session.key == except_key:
            continue
        remove_device(device, acting_user=acting_user, cause="ended", origin=origin)


def push_key_ids() -> set[str]:
    """The ids of our keys that some device was told."""
    return set(PushDevice.objects.values_list("key_id", flat=True))
