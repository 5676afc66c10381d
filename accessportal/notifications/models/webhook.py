"""A place of the plant's own tools that is told, and each time it was."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accessportal.notifications.models.outgoing import Outgoing, OutgoingQuerySet


class WebhookQuerySet(models.QuerySet["Webhook"]):
    def in_force(self) -> WebhookQuerySet:
        return self.filter(retired_at__isnull=True)


class Webhook(models.Model):
    """Its address is a secret: who knows a channel's address may write there. It is sealed, and
    only its host is shown. So is the key that signs; people see it once, when it is made."""

    class Kind(models.TextChoices):
        TEAMS = "teams", _("Microsoft Teams")
        SLACK = "slack", _("Slack, Mattermost")
        NTFY = "ntfy", _("ntfy")
        GENERIC = "generic", _("Another: JSON, signed")

    class Says(models.TextChoices):
        NUMBER = "number", _("only the number and where to look")
        SUBJECT = "subject", _("one line: who, which machine, when")

    name = models.CharField(_("name"), max_length=120)
    kind = models.CharField(_("tool"), max_length=10, choices=Kind.choices)
    # None: what happens at any site, and what concerns none.
    site = models.ForeignKey(
        "plants.Site",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="webhooks",
    )
    groups = models.JSONField(default=list)
    says = models.CharField(_("says"), max_length=8, choices=Says.choices)
    language = models.CharField(max_length=8)
    host = models.CharField(max_length=255)
    key = models.CharField(max_length=32, unique=True, editable=False)
    address_envelope = models.TextField(editable=False)
    secret_envelope = models.TextField(blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+"
    )
    retired_at = models.DateTimeField(null=True, blank=True)
    retired_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )

    objects = WebhookQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(retired_at__isnull=True, retired_by__isnull=True)
                | models.Q(retired_at__isnull=False, retired_by__isnull=False),
                name="webhook_retired_by_somebody",
            ),
            models.CheckConstraint(
                condition=~models.Q(kind="generic") | ~models.Q(secret_envelope=""),
                name="webhook_generic_is_signed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.host})"

    @property
    def group_words(self) -> list[str]:
        from accessportal.notifications.channels import Group

        return [str(Group(group).label) for group in self.groups]


class WebhookCallQuerySet(OutgoingQuerySet["WebhookCall"]):
    pass


class WebhookCall(Outgoing):
    """One thing that one webhook is told; its id is the same at each try."""

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="calls")
    call_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=60)
    about = models.CharField(max_length=40, blank=True)
    title = models.CharField(max_length=200)
    path = models.CharField(max_length=300, blank=True)

    objects = WebhookCallQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(
                fields=["next_try_at"],
                name="webhook_call_due",
                condition=models.Q(sent_at__isnull=True, given_up_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.webhook}: {self.kind}"
