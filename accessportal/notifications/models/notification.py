"""The outbox: what a person is to be told, by which ways, and whether it went out."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accessportal.notifications.models.outgoing import Outgoing, OutgoingQuerySet


class NotificationQuerySet(models.QuerySet["Notification"]):
    def unread(self) -> NotificationQuerySet:
        return self.filter(read_at__isnull=True)


class Notification(models.Model):
    """What one person is told. How it goes out is in its deliveries."""

    recipient = models.ForeignKey(
        "accounts.User", on_delete=models.CASCADE, related_name="notifications"
    )
    kind = models.CharField(max_length=60)
    subject = models.CharField(max_length=200)
    body = models.TextField()
    path = models.CharField(max_length=300, blank=True)
    # The number of the request that it is about, where it is about one.
    about = models.CharField(max_length=40, blank=True, db_index=True)
    created_at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True, blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.subject} → {self.recipient}"


class DeliveryQuerySet(OutgoingQuerySet["Delivery"]):
    pass


class Delivery(Outgoing):
    """One way by which a notification goes out, with its own tries."""

    class Channel(models.TextChoices):
        MAIL = "mail", _("Mail")
        PUSH = "push", _("Push")

    notification = models.ForeignKey(
        Notification, on_delete=models.CASCADE, related_name="deliveries"
    )
    channel = models.CharField(max_length=8, choices=Channel.choices)
    # Where a push goes; gone when the device was removed.
    device = models.ForeignKey(
        "notifications.PushDevice",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="deliveries",
    )
    # What the device sends back when it has shown it (SHA-256), and when that was.
    receipt_hash = models.CharField(  # noqa: DJ001 - unique where there is one
        max_length=64, null=True, unique=True, editable=False
    )
    shown_at = models.DateTimeField(null=True, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name_plural = "deliveries"
        indexes = [
            models.Index(
                fields=["next_try_at"],
                name="delivery_due",
                condition=models.Q(sent_at__isnull=True, given_up_at__isnull=True),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(shown_at__isnull=True) | models.Q(channel="push"),
                name="delivery_shown_by_push",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel}: {self.notification}"
