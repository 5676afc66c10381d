"""What the portal keeps of the plant's directory: who is who in it, and what groups mean."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accessportal.accounts.models.role import RoleGrant


class DirectoryIdentity(models.Model):
    """One person is one account of the directory, found by an id that never changes.

    namespace: the provider's issuer, or `ldap:` and the base. subject: the claim `sub`,
    `objectGUID` or `entryUUID`. groups: those it brought last.
    """

    user = models.OneToOneField(
        "accounts.User", on_delete=models.CASCADE, related_name="directory_identity"
    )
    namespace = models.CharField(max_length=300)
    subject = models.CharField(max_length=255)
    name = models.CharField(max_length=500, blank=True)
    groups = models.JSONField(default=list)
    linked_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["user"]
        constraints = [
            models.UniqueConstraint(
                fields=["namespace", "subject"], name="directory_identity_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.name or self.subject})"


class GroupMapping(models.Model):
    """Who is in `group` holds `role` at `site` (or at every site, when it is empty).

    group: a distinguished name, or a value of the groups claim, as the directory writes it.
    Compared without regard to case, as directories do.
    """

    group = models.CharField(_("group"), max_length=500)
    role = models.CharField(_("role"), max_length=20, choices=RoleGrant.Role.choices)
    site = models.ForeignKey(
        "plants.Site",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="group_mappings",
    )
    mapped_at = models.DateTimeField(default=timezone.now)
    mapped_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )

    class Meta:
        ordering = ["group", "role"]
        constraints = [
            models.UniqueConstraint(
                fields=["group", "role", "site"], name="group_mapped_once_per_site"
            ),
            models.UniqueConstraint(
                fields=["group", "role"],
                condition=models.Q(site__isnull=True),
                name="group_mapped_once_for_every_site",
            ),
        ]

    def __str__(self) -> str:
        return (
            f"{self.group}: {self.get_role_display()} ({self.site or _('every site')})"
        )


class BreakGlassQuerySet(models.QuerySet["BreakGlassAccount"]):
    def untested(self, *, since: datetime) -> BreakGlassQuerySet:
        """Accounts that nobody used since, nor marked since."""
        return self.filter(
            models.Q(used_at__lt=since) | models.Q(used_at__isnull=True),
            marked_at__lt=since,
        )


class BreakGlassAccount(models.Model):
    """A person of the plant whose local password works beside the directory.

    For the day on which the directory is down. Every use is an alarm; without a use for
    `TEST_EVERY` somebody is asked to try it.
    """

    TEST_EVERY = timedelta(days=90)

    user = models.OneToOneField(
        "accounts.User", on_delete=models.CASCADE, related_name="break_glass"
    )
    marked_at = models.DateTimeField(default=timezone.now)
    marked_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    reason = models.CharField(max_length=500)
    used_at = models.DateTimeField(null=True, blank=True)
    reminded_at = models.DateTimeField(null=True, blank=True)

    objects = BreakGlassQuerySet.as_manager()

    class Meta:
        ordering = ["user__full_name"]

    def __str__(self) -> str:
        return str(self.user)

    @property
    def test_due(self) -> bool:
        last = max(self.used_at or self.marked_at, self.marked_at)
        return last + self.TEST_EVERY < timezone.now()
