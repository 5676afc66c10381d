"""What makes asking short: a draft that is kept, a wish that is saved, and what is attached."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class WishDraft(models.Model):
    """What somebody has typed and not sent, as the form's own fields: one for each person."""

    KEPT = timedelta(days=30)

    person = models.OneToOneField(
        "accounts.User", on_delete=models.CASCADE, related_name="wish_draft"
    )
    fields = models.JSONField(default=dict)
    saved_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"draft of {self.person}"

    def is_kept(self, *, at: datetime | None = None) -> bool:
        return self.saved_at > (at or timezone.now()) - self.KEPT


class SavedWishQuerySet(models.QuerySet["SavedWish"]):
    def usable_by(self, person: models.Model) -> SavedWishQuerySet:
        """One's own, and those that a colleague shares with the company."""
        return self.filter(
            models.Q(owner=person)
            | models.Q(
                shared_at__isnull=False,
                vendor__isnull=False,
                vendor=getattr(person, "vendor_id", None),
            )
        )


class SavedWish(models.Model):
    """A job that comes again: what an earlier request said, under a name, without a time."""

    MOST = 40
    """That one person may have."""

    name = models.CharField(_("name"), max_length=80)
    owner = models.ForeignKey(
        "accounts.User", on_delete=models.CASCADE, related_name="saved_wishes"
    )
    vendor = models.ForeignKey(
        "accounts.Vendor", on_delete=models.CASCADE, related_name="saved_wishes"
    )
    access_request = models.ForeignKey(
        "access_requests.AccessRequest",
        on_delete=models.PROTECT,
        related_name="saved_as",
    )
    saved_at = models.DateTimeField(default=timezone.now)
    shared_at = models.DateTimeField(null=True, blank=True)

    objects = SavedWishQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "name"], name="saved_wish_name_once"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Attachment(models.Model):
    """A file that belongs to a request, sealed at rest. Until the form is sent it hangs on the
    form (`submission_key`), so that a mistake in another field costs nobody their file."""

    class Kind(models.TextChoices):
        PDF = "application/pdf", "PDF"
        PNG = "image/png", "PNG"
        JPEG = "image/jpeg", "JPEG"

    file_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    access_request = models.ForeignKey(
        "access_requests.AccessRequest",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="attachments",
    )
    submission_key = models.UUIDField(db_index=True, editable=False)
    uploaded_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+"
    )
    uploaded_at = models.DateTimeField(default=timezone.now)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    size = models.PositiveIntegerField()
    digest = models.CharField(max_length=64, editable=False)  # SHA-256 of the content
    wrapped_key = models.TextField(editable=False)

    class Meta:
        ordering = ["uploaded_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(size__gt=0), name="attachment_is_not_empty"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def place(self) -> str:
        """Its name in the storage: made here, of nothing that somebody typed."""
        return f"attachments/{self.file_id.hex}"
