"""Factors typed as a code: django-otp's devices, with what is secret about them under our keys.

Their rows hang on django-otp's own, so that it verifies, throttles and refuses what was used;
and a web session that hangs on one keeps the name that django-otp gives it.
"""

from __future__ import annotations

from binascii import unhexlify
from typing import Any

from django.db import models
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from accessportal.keys import seal, symmetric_key, unseal

SEEDS = "seeds"
CODES = "codes"
SEALED = "sealed"
"""What stands in django-otp's column of the seed. It is no key: nothing verifies with it."""


class AuthenticatorApp(TOTPDevice):
    """An authenticator app. Its seed is encrypted with a key outside the database (SR 1.5)."""

    key: str  # django-otp's column
    seed_envelope = models.TextField(editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(seed_envelope__startswith="v1."),
                name="the_seed_of_an_app_is_sealed",
            )
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        """A new seed goes into the envelope before the row is written."""
        if self.key != SEALED:
            seed, self.key = unhexlify(self.key), SEALED
            self.seed_envelope = seal(SEEDS, seed, bound_to=seed_binding(self.user_id))
        super().save(*args, **kwargs)

    @property
    def bin_key(self) -> bytes:
        """The seed. Raises `WrongKey` or `KeyMissing`."""
        return unseal(SEEDS, self.seed_envelope, bound_to=seed_binding(self.user_id))

    @property
    def persistent_id(self) -> str:
        return f"{TOTPDevice.model_label()}/{self.pk}"


class RecoveryCodes(StaticDevice):
    """The recovery codes of a person, made together and hashed with one key.

    A hash cannot be made anew: each set stays under the key of its time until the person
    makes another one.
    """

    key_id = models.CharField(max_length=16, editable=False)

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.key_id = self.key_id or symmetric_key(CODES)[0]
        super().save(*args, **kwargs)

    @property
    def persistent_id(self) -> str:
        return f"{StaticDevice.model_label()}/{self.pk}"


def seed_binding(user_id: int) -> str:
    """An envelope opens only for the person whose app it is."""
    return f"accounts.authenticatorapp/{user_id}"
