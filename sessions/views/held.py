"""How a held session was left: the last picture, and what was touched last.

Answered by the broker that holds the session, under `/tunnel/<broker>/`: only there are
the picture and the hands, and they are kept nowhere.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, JsonResponse
from django.utils.formats import time_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accessportal.audit import record
from accessportal.errors import TooLate
from accessportal.origin import origin_of
from sessions.access import session_watchable_by
from sessions.broker import registry
from sessions.broker.input import Touch
from sessions.services.status import moment

TOUCHED = {
    "click": gettext_lazy("Last touched: a click at %(time)s by %(name)s."),
    "key": gettext_lazy("Last touched: a key at %(time)s by %(name)s."),
    "touch": gettext_lazy("Last touched: a finger at %(time)s by %(name)s."),
    "scroll": gettext_lazy("Last touched: the wheel at %(time)s by %(name)s."),
}


@never_cache
@require_GET
def last_picture(request: HttpRequest, broker: str, pk: UUID) -> JsonResponse:
    """Raises `TooLate` where nothing is held any more, or not by this broker."""
    brokered_session = session_watchable_by(request.user, pk)  # type: ignore[arg-type]
    here = registry.broker_named(broker)
    actor = here.actor_of(pk) if here is not None else None
    if actor is None or actor.hand is not None:
        raise TooLate(_("The session is not held any more."))
    with transaction.atomic():
        record(
            "session.picture.seen",
            acting_user=request.user,
            subject=brokered_session,
            brokered_session=brokered_session,
            origin=origin_of(request),
        )
    text = actor.held.text()
    taken_at = moment(actor.held.taken_at)
    touch = actor.input.last_touch
    zone = brokered_session.endpoint.asset.zone.site.tz
    return JsonResponse(
        {
            "since": moment(brokered_session.frozen_at),
            "picture": {"text": text, "taken_at": taken_at} if text else None,
            "touched": _as_json(touch, zone) if touch is not None else None,
        }
    )


def _as_json(touch: Touch, zone: Any) -> dict[str, Any]:
    when = time_format(localtime(touch.at, zone), "H:i:s")
    return {
        "kind": touch.kind,
        "x": touch.x,
        "y": touch.y,
        "at": moment(touch.at),
        "name": touch.name,
        "sentence": str(TOUCHED[touch.kind] % {"time": when, "name": touch.name}),
    }
