"""What a vendor says of its people each month, and what people were warned of in time."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class StaffAttestation(models.Model):
    """The coordinator's word that these people still work for the company (AC-2(3)).

    `people`: [{"id", "name", "email"}], as they were on the list at that moment.
    """

    vendor = models.ForeignKey(
        "accounts.Vendor", on_delete=models.CASCADE, related_name="attestations"
    )
    attested_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+"
    )
    attested_at = models.DateTimeField(default=timezone.now)
    people = models.JSONField(default=list)

    class Meta:
        ordering = ["-attested_at"]

    def __str__(self) -> str:
        return f"{self.vendor}: {self.attested_at:%Y-%m-%d}"


class Warned(models.Model):
    """One warning that went out: `days` before `due_at`, of one person or one company.

    `days` is 0 for what is overdue. The constraints are what keeps a warning from going
    out twice.
    """

    class Kind(models.TextChoices):
        ACCESS = "access", _("Access")
        TRAINING = "training", _("Training")
        NDA = "nda", _("Non-disclosure agreement")
        CONTRACT = "contract", _("Contract")
        ATTESTATION = "attestation", _("List of people")

    kind = models.CharField(max_length=20, choices=Kind.choices)
    person = models.ForeignKey(
        "accounts.User",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="warnings",
    )
    vendor = models.ForeignKey(
        "accounts.Vendor",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="warnings",
    )
    due_at = models.DateTimeField()
    days = models.PositiveSmallIntegerField()
    warned_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-warned_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(person__isnull=False, vendor__isnull=True)
                | models.Q(person__isnull=True, vendor__isnull=False),
                name="warned_of_a_person_or_a_vendor",
            ),
            models.UniqueConstraint(
                fields=["kind", "person", "due_at", "days"],
                condition=models.Q(person__isnull=False),
                name="warned_once_of_a_person",
            ),
            models.UniqueConstraint(
                fields=["kind", "vendor", "due_at", "days"],
                condition=models.Q(vendor__isnull=False),
                name="warned_once_of_a_vendor",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person or self.vendor}: {self.kind}, {self.days} d"
