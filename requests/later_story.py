"""What was asked of a window later, and what came of it, for the timeline of its request.

The contractor reads what was asked, who agreed and how it ended; who of the plant said no to the
plant's own wish, and why, stays with the plant.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from accessportal.accounts.models import User
from requests.approvers import who_words
from requests.happening import Happening
from requests.models import ApprovalDecision, LaterWish, MaintenanceWindow

State = LaterWish.State


def later_story(window: MaintenanceWindow, reader: User) -> list[Happening]:
    told: list[Happening] = []
    wishes = window.later_wishes.select_related("opened_by", "closed_by").order_by("pk")
    asked_before: set[int | None] = set()
    for wish in wishes:
        told += [
            *_asked(wish, again=wish.extension_id in asked_before),
            *_answers(wish),
            *_ended(wish, reader),
        ]
        if wish.extension_id is not None:
            asked_before.add(wish.extension_id)
    return told


def last_yeses(window: MaintenanceWindow) -> dict[int, int]:
    """The ids of the yeses that carried a later wish out, by the wish's."""
    return {
        wish.pk: last.pk
        for wish in window.later_wishes.filter(state=State.AGREED)
        if (last := wish.yeses.order_by("step").last()) is not None
    }


def _asked(wish: LaterWish, *, again: bool) -> Iterable[Happening]:
    """More time that the contractor wants stands with the wish itself, at first."""
    if again:
        yield Happening(
            wish.opened_at,
            _("The plant was asked again: the window is another one now"),
            "clock-plus",
            "info",
        )
    elif wish.extension_id is None:
        title = str(wish.get_kind_display())
        if wish.minutes:
            title += f" (+{_('%(minutes)s min') % {'minutes': wish.minutes}})"
        yield Happening(
            wish.opened_at, title, "clock-plus", "info", wish.opened_by, wish.reason
        )
    for step in wish.steps.all():
        if step.escalated_at is not None:
            yield Happening(
                step.escalated_at,
                _("A deputy was called: %(who)s") % {"who": who_words(step.deputy)},
                "bell",
                "warn",
            )


def _answers(wish: LaterWish) -> Iterable[Happening]:
    """The yeses, but the last one: what it did is told by itself."""
    yeses: list[ApprovalDecision] = list(
        wish.yeses.select_related("decided_by").order_by("step")
    )
    for yes in yeses[:-1] if wish.state == State.AGREED else yeses:
        counts = wish.state in (State.PENDING, State.AGREED)
        yield Happening(
            yes.decided_at,
            _("Agreed to it; others have to, too"),
            "circle-check",
            "ok" if counts else "quiet",
            yes.decided_by,
            "" if yes.reason == wish.reason else yes.reason,
        )


def _ended(wish: LaterWish, reader: User) -> Iterable[Happening]:
    if wish.closed_at is None:
        return
    if wish.state == State.OUTDATED:
        yield Happening(
            wish.closed_at,
            _("Not decided on: the window is another one now"),
            "clock",
        )
    elif wish.state == State.REFUSED and wish.extension_id is None:
        of_the_plant = reader.vendor_id is None
        yield Happening(
            wish.closed_at,
            _("It was refused: the window stays as it is"),
            "circle-x",
            "bad",
            wish.closed_by if of_the_plant else None,
            wish.close_reason if of_the_plant else "",
        )
