"""What a person wishes to be told, by which way, and when the phone is to be still."""

from __future__ import annotations

from django.db import models


class NotificationWishes(models.Model):
    """`chosen`: "group.channel" to yes or no (`accessportal.notifications.channels`); what is
    not in it is as the portal proposes. Quiet hours are times of day in the person's own zone;
    they may go past midnight."""

    user = models.OneToOneField(
        "accounts.User", on_delete=models.CASCADE, related_name="notification_wishes"
    )
    chosen = models.JSONField(default=dict)
    quiet_from = models.TimeField(null=True, blank=True)
    quiet_until = models.TimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "notification wishes"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(quiet_from__isnull=True, quiet_until__isnull=True)
                | (
                    models.Q(quiet_from__isnull=False, quiet_until__isnull=False)
                    & ~models.Q(quiet_from=models.F("quiet_until"))
                ),
                name="notification_wishes_quiet_both_or_none",
            ),
        ]

    def __str__(self) -> str:
        return f"wishes of {self.user}"
