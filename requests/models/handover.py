"""The line from hand to hand: given by the shift, handed back by the contractor, accepted."""

from __future__ import annotations

from django.db import models


class LineHandover(models.Model):
    """One turn. `ticks`: the checklist as it was ticked, [{"text", "asks_for", "value"}].

    A window may have several, one after the other: after a hand-back the shift gives the
    line again. Where there is no checklist, a turn begins with the hand-back.
    """

    window = models.ForeignKey(
        "access_requests.MaintenanceWindow",
        on_delete=models.PROTECT,
        related_name="handovers",
    )
    given_at = models.DateTimeField(null=True, blank=True)
    given_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, null=True, blank=True,
        related_name="+",
    )  # fmt: skip
    ticks = models.JSONField(default=list)
    returned_at = models.DateTimeField(null=True, blank=True)
    returned_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, null=True, blank=True,
        related_name="+",
    )  # fmt: skip
    what_was_done = models.CharField(max_length=2000, blank=True)
    state_left = models.CharField(max_length=2000, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, null=True, blank=True,
        related_name="+",
    )  # fmt: skip
    acceptance = models.CharField(max_length=2000, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["window"],
                condition=models.Q(returned_at__isnull=True),
                name="one_line_handover_at_a_time",
            ),
            models.CheckConstraint(
                condition=models.Q(returned_at__isnull=True)
                | (~models.Q(what_was_done="") & ~models.Q(state_left="")),
                name="hand_back_says_what_and_how",
            ),
            models.CheckConstraint(
                condition=models.Q(accepted_at__isnull=True)
                | models.Q(returned_at__isnull=False),
                name="accepted_after_hand_back",
            ),
            models.CheckConstraint(
                condition=models.Q(accepted_by__isnull=True)
                | ~models.Q(accepted_by=models.F("returned_by")),
                name="hand_back_accepter_is_another",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.window}"
