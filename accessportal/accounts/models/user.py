"""A named person: an employee of the plant, or a vendor's technician."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any, NoReturn

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class UserQuerySet(models.QuerySet["User"]):
    def active(self, *, at: datetime | None = None) -> UserQuerySet:
        """People whose access is neither disabled nor expired, of active vendors."""
        at = at or timezone.now()
        return self.filter(
            models.Q(expires_at__isnull=True) | models.Q(expires_at__gt=at),
            models.Q(vendor__isnull=True)
            | models.Q(
                vendor__suspended_at__isnull=True, vendor__contract_ends_at__gt=at
            ),
            disabled_at__isnull=True,
        )

    def plant_people(self) -> UserQuerySet:
        return self.filter(vendor__isnull=True)

    def coordinators(self, *, at: datetime | None = None) -> UserQuerySet:
        """Who looks after the people of their company, and may still come in."""
        return self.active(at=at).filter(coordinator_at__isnull=False)


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    def create_user(
        self, email: str, password: str | None = None, **fields: Any
    ) -> User:
        """Make a person; the e-mail address is stored in lower case."""
        user: User = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, email: str | None) -> User:
        user: User = self.get(email=(email or "").strip().lower())
        return user


class User(AbstractBaseUser):
    """One person, one account (IEC 62443-3-3 SR 1.1 RE1). Ids are never used again.

    Nobody is deleted (SR 1.4): the database refuses it, since evidence refers to the row. Who
    left is disabled, and pseudonymised on request.
    """

    class Cause(models.TextChoices):
        """Why the portal itself ended an access."""

        NEVER_USED = "never_used", _("The account was never used")
        NO_SPONSOR = "no_sponsor", _("Nobody at the plant answers for the company")
        CAME_BACK = "came_back", _("Came back by the mailbox alone")

    email = models.EmailField(_("e-mail address"), max_length=254, unique=True)
    full_name = models.CharField(_("name"), max_length=120)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    vendor = models.ForeignKey(
        "accounts.Vendor",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="people",
    )
    # The number at which the plant calls this person back. The plant's alone: whoever could
    # set it could be anybody, so the person neither sets nor sees it.
    callback_number = models.CharField(max_length=40, blank=True)
    callback_number_at = models.DateTimeField(null=True, blank=True)
    callback_number_by = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    language = models.CharField(
        _("language"), max_length=8, choices=settings.LANGUAGES, default="en"
    )
    time_zone = models.CharField(_("time zone"), max_length=64, default="Europe/Berlin")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("access expires"), null=True, blank=True)
    training_expires_at = models.DateTimeField(
        _("training valid until"), null=True, blank=True
    )
    nda_signed_at = models.DateTimeField(
        _("non-disclosure agreement signed"), null=True, blank=True
    )
    nda_expires_at = models.DateTimeField(
        _("non-disclosure agreement valid until"), null=True, blank=True
    )
    nda_noted_by = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    # Of a vendor's person: who at the plant said that this is the one who was invited.
    sponsor_confirmed_at = models.DateTimeField(null=True, blank=True)
    sponsor_confirmed_by = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    # Of a vendor's person: looks after the company's own people.
    coordinator_at = models.DateTimeField(null=True, blank=True)
    coordinator_by = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    disabled_at = models.DateTimeField(null=True, blank=True)
    disabled_by = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    disabled_reason = models.CharField(max_length=500, blank=True)
    # Set when the portal itself did it; `disabled_reason` is for what a person wrote.
    disabled_cause = models.CharField(max_length=20, choices=Cause.choices, blank=True)
    reactivated_at = models.DateTimeField(null=True, blank=True)
    # When a parked account was last taken into use again, and after how many days.
    revived_at = models.DateTimeField(null=True, blank=True)
    revived_after_days = models.PositiveIntegerField(null=True, blank=True)
    pseudonymised_at = models.DateTimeField(null=True, blank=True)
    pseudonymised_by = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    pseudonymised_reason = models.CharField(max_length=500, blank=True)
    factors_confirmed_at = models.DateTimeField(null=True, blank=True)
    # When the last second factor was taken away; empty again once there is a new one.
    factors_gone_at = models.DateTimeField(null=True, blank=True)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["full_name"]

    class Meta:
        ordering = ["full_name"]
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_email_once"),
            models.CheckConstraint(
                condition=models.Q(email=Lower("email")), name="user_email_lower_case"
            ),
            models.CheckConstraint(
                condition=models.Q(pseudonymised_at__isnull=True)
                | models.Q(disabled_at__isnull=False),
                name="user_pseudonymised_when_disabled",
            ),
            models.CheckConstraint(
                condition=models.Q(vendor__isnull=False)
                | models.Q(
                    coordinator_at__isnull=True, sponsor_confirmed_at__isnull=True
                ),
                name="only_a_vendors_person_is_confirmed_or_coordinates",
            ),
            models.CheckConstraint(
                condition=models.Q(nda_expires_at__isnull=True)
                | models.Q(nda_signed_at__isnull=False),
                name="an_nda_that_expires_was_signed",
            ),
            models.CheckConstraint(
                condition=models.Q(callback_number="", callback_number_at__isnull=True)
                | (
                    ~models.Q(callback_number="")
                    & models.Q(
                        vendor__isnull=False,
                        callback_number_at__isnull=False,
                        callback_number_by__isnull=False,
                    )
                ),
                name="a_callback_number_was_noted_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return self.full_name

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("A person is disabled and pseudonymised, never deleted.")

    @property
    def is_active(self) -> bool:  # type: ignore[override]
        """Django's word for it; derived, never stored."""
        return self.is_active_at(timezone.now())

    def is_active_at(self, at: datetime) -> bool:
        if self.disabled_at is not None:
            return False
        if self.expires_at is not None and self.expires_at <= at:
            return False
        return self.vendor is None or self.vendor.is_active_at(at)

    @property
    def disabled_words(self) -> str:
        """Why the access has ended, in the reader's language where the portal did it."""
        return str(self.get_disabled_cause_display() or self.disabled_reason)

    @property
    def awaits_sponsor(self) -> bool:
        """A vendor's person whom nobody of the plant has confirmed yet."""
        return self.vendor_id is not None and self.sponsor_confirmed_at is None

    @property
    def by_passkey_alone(self) -> bool:
        """Somebody who joined with a passkey and has no password. Where the plant has a
        directory, its people without one come by that."""
        comes_by_directory = self.vendor_id is None and settings.DIRECTORY is not None
        return not comes_by_directory and not self.has_usable_password()

    @property
    def waits_to_be_known(self) -> bool:
        """Somebody of the plant who came back by the mailbox alone (decision 0095)."""
        return self.disabled_cause == self.Cause.CAME_BACK

    @property
    def coordinates(self) -> bool:
        """Whether this person looks after the people of their company."""
        return self.vendor_id is not None and self.coordinator_at is not None

    def nda_missing_at(self, at: datetime) -> bool:
        """Whether the company's people must have signed, and this one has not, or not for `at`."""
        if self.vendor is None or not self.vendor.nda_required:
            return False
        if self.nda_signed_at is None:
            return True
        return self.nda_expires_at is not None and self.nda_expires_at <= at

    @property
    def training_missing(self) -> bool:
        """Whether the company's people must be trained, and nothing is on record of this one."""
        return (
            self.vendor is not None
            and self.vendor.training_required
            and self.training_expires_at is None
        )

    @property
    def organisation(self) -> str:
        """The company's name as it stands in the audit trail."""
        return self.vendor.name if self.vendor else str(_("Plant"))

    @property
    def initials(self) -> str:
        words = self.full_name.split()
        return "".join(
            word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)
        )

    @property
    def avatar_colour(self) -> int:
        """0 to 7: a stable colour of the avatar, for telling people apart at a glance."""
        return hashlib.sha256(self.email.encode()).digest()[0] % 8
