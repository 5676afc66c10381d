"""For which role, and where, only a phishing-resistant second factor counts."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class FactorRule(models.Model):
    """While the row is there, only passkeys count for the role at the site (empty: at every
    site). Without it, passkeys and authenticator apps do. A stricter rule always wins."""

    class Who(models.TextChoices):
        CONTRACTOR = "contractor", _("Contractors")
        OT_SUPERVISOR = "ot_supervisor", _("OT supervisors")
        IT_SECURITY = "it_security", _("IT security")
        COMPLIANCE = "compliance", _("Compliance")
        ADMINISTRATOR = "administrator", _("Administrators")

    role = models.CharField(max_length=20, choices=Who.choices)
    site = models.ForeignKey(
        "plants.Site",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="factor_rules",
    )
    set_at = models.DateTimeField(default=timezone.now)
    set_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+"
    )
    reason = models.CharField(max_length=500)

    class Meta:
        ordering = ["role", "site__name"]
        constraints = [
            models.UniqueConstraint(
                fields=["role", "site"], name="factor_rule_once_per_site"
            ),
            models.UniqueConstraint(
                fields=["role"],
                condition=models.Q(site__isnull=True),
                name="factor_rule_once_for_every_site",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()}: {self.site or _('every site')}"
