"""What was held down when a broker died: the row knows it a quarter of a second late.

The input track knows it at once, but no key by name where the site does not record them.
"""

from __future__ import annotations

import logging
from typing import Any

from accessportal.keys import KeyMissing, WrongKey
from sessions.broker.pressed import BUTTONS
from sessions.models import BrokeredSession, Participant, Recording
from sessions.recorder import places
from sessions.recorder.container import INPUT
from sessions.recorder.errors import NotIntact
from sessions.recorder.reader import SegmentReader
from sessions.recorder.records import Line, decode_lines
from sessions.recorder.scan import segment_names
from sessions.services.recording import data_key_of

logger = logging.getLogger(__name__)


def held_when_lost(brokered_session: BrokeredSession) -> list[list[Any]]:
    """`held_input`, with the buttons that only the input track knows of."""
    held = list(brokered_session.held_input)
    if any(kind == "mouse" for _participant, kind, _values in held):
        return held
    try:
        found = _last_mouse(brokered_session)
    except (Recording.DoesNotExist, KeyMissing, WrongKey, OSError) as error:
        logger.error("%s: its input track cannot be read: %s", brokered_session, error)
        return held
    if found is None:
        return held
    user_id, values = found
    participant = (
        Participant.objects.filter(brokered_session=brokered_session, user=user_id)
        .order_by("-pk")
        .values_list("pk", flat=True)
        .first()
    )
    return [*held, [participant or 0, "mouse", values]]


def _last_mouse(brokered_session: BrokeredSession) -> tuple[int, list[str]] | None:
    """Whose mouse buttons were down at the end of the last input segment, and where."""
    recording = Recording.objects.with_session().get(brokered_session=brokered_session)
    names = segment_names(places.root(), recording.folder)
    last = [name for name in names if name.rpartition("/")[2].startswith(INPUT)][-1:]
    down: dict[int, list[str]] = {}
    for name in last:
        with (places.root() / name).open("rb") as file:
            try:
                reader = SegmentReader(file, data_key_of(recording))
                for _head, plain in reader.plain_blocks():
                    for line in decode_lines(plain):
                        _follow(line, down)
            except NotIntact:
                pass  # as a crash leaves it: its last block is not whole
    return next(iter(down.items()), None)


def _follow(line: Line, down: dict[int, list[str]]) -> None:
    if line.user_id is None:
        return
    if line.kind == "mouse":
        x, y, mask = line.payload
        down.pop(line.user_id, None)
        if mask & BUTTONS:
            down[line.user_id] = [str(x), str(y), str(mask & BUTTONS)]
    elif line.kind == "release" and line.payload == [-1]:
        down.pop(line.user_id, None)
