"""A passkey: a key pair in a phone, a computer or a security key (WebAuthn, FIDO2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.utils import timezone
from django_otp.models import Device

if TYPE_CHECKING:
    from accessportal.accounts.models.user import User


class PasskeyQuerySet(models.QuerySet["Passkey"]):
    def usable(self) -> PasskeyQuerySet:
        """Those that open something."""
        return self.filter(distrusted_at__isnull=True)

    def devices_for_user(
        self, user: User, confirmed: bool | None = None
    ) -> PasskeyQuerySet:
        """What django-otp asks of every kind of device."""
        return self.usable().filter(user=user)


class Passkey(Device):
    """One credential; only its public half is here.

    A device of django-otp's, so that a web session that hangs on it ends with it. `name` is
    the person's own word for it.
    """

    user = models.ForeignKey(
        "accounts.User", on_delete=models.CASCADE, related_name="+"
    )
    credential_id = models.CharField(max_length=1400, unique=True, editable=False)
    public_key = models.BinaryField()
    # What the authenticator counted at its last use; 0 for those that do not count.
    sign_count = models.PositiveBigIntegerField(default=0)
    transports = models.JSONField(default=list)
    enrolled_at = models.DateTimeField(default=timezone.now)
    last_used_at = models.DateTimeField(null=True, blank=True)
    # Its count went backwards: there is a second one like it somewhere.
    distrusted_at = models.DateTimeField(null=True, blank=True)

    objects = PasskeyQuerySet.as_manager()

    class Meta:
        ordering = ["enrolled_at"]

    def __str__(self) -> str:
        return str(self.name)
