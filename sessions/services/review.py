"""The look back by compliance: clear or flag, once, by somebody who took no part."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accessportal.accounts.models import User
from accessportal.audit import record
from accessportal.errors import NotAllowed, NotPossible
from accessportal.news import site_topic, tell_news
from accessportal.origin import Origin
from accessportal.transitions import transition
from sessions.access import took_part
from sessions.models import ComplianceReview

State = ComplianceReview.State


@transaction.atomic
def complete_review(
    review: ComplianceReview,
    *,
    verdict: str,
    notes: str,
    acting_user: User,
    origin: Origin,
) -> None:
    """Clear or flag a recording.

    Raises `NotAllowed` for a person who took part, `NotPossible` for a flag without
    notes or for clearing what is not intact, `TooLate` when it is done already.
    """
    review = ComplianceReview.objects.select_for_update().get(pk=review.pk)
    recording = review.recording
    notes = notes.strip()

    if took_part(review, acting_user):
        raise NotAllowed(
            _(
                "You worked in this session or approved it, so somebody else must review it."
            ),
            code="reviewer_took_part",
        )
    if verdict not in ComplianceReview.FINAL:
        raise NotPossible(
            _("Clear it or flag it; there is nothing else."), code="no_verdict"
        )
    if verdict == State.FLAGGED and not notes:
        raise NotPossible(
            _("Say in the notes what you found; a flag without a reason helps nobody."),
            code="flag_without_notes",
        )
    if len(notes) > 4000:
        raise NotPossible(
            _("The notes may have 4,000 characters at most."), code="notes_too_long"
        )
    if verdict == State.CLEARED and recording.verification_error:
        raise NotPossible(
            _("This recording is not intact, so it cannot be cleared. Flag it."),
            code="not_intact",
        )
    if verdict == State.CLEARED and recording.verified_at is None:
        raise NotPossible(
            _("This recording has not been verified yet. Wait a moment and try again."),
            code="not_verified",
        )

    transition(
        review,
        expected=State.OPEN,
        to=verdict,
        too_late=_(
            "This recording has been reviewed already. Your notes were not kept."
        ),
        reviewed_by=acting_user,
        reviewed_at=timezone.now(),
        notes=notes,
    )

    record(
        "recording.reviewed",
        acting_user=acting_user,
        subject=recording,
        origin=origin,
        brokered_session=recording.brokered_session,
        reason=notes,
        verdict=verdict,
        late=review.due_at < timezone.now(),
    )

    topic = site_topic(recording.site.pk)
    transaction.on_commit(lambda: tell_news(topic, about="reviews recordings"))
