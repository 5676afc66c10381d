"""What was held down when a broker died: the row knows it a quarter of a second late.

The input track knows it at once. It names buttons, fingers, and keys where the site records
them; of any other key it knows that it is down and which press it was, but not its name.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from accessportal.keys import KeyMissing, WrongKey
from sessions.broker.pressed import BUTTONS
from sessions.models import BrokeredSession, Participant, Recording
from sessions.recorder import places
from sessions.recorder.container import INPUT
from sessions.recorder.errors import NotIntact
from sessions.recorder.reader import SegmentReader
from sessions.recorder.records import Line, decode_lines
from sessions.recorder.scan import segment_names
from sessions.services.adoption import people_of
from sessions.services.recording import data_key_of

logger = logging.getLogger(__name__)

ROUND = ["0", "0", "0"]
"""Of a finger the input track has the place, and not how wide it was."""


class Lost(NamedTuple):
    """Rows as `BrokeredSession.held_input` has them, and how many keys more are down."""

    rows: list[list[Any]]
    nameless: int
    """Keys that cannot be let go of, because nobody knows which they are."""


@dataclass
class Down:
    """What one person holds, read from the input track."""

    mouse: list[str] = field(default_factory=list)
    touches: dict[str, list[str]] = field(default_factory=dict)
    keys: dict[int, str] = field(default_factory=dict)
    """By press: the key, or nothing where it is not recorded."""


def held_when_lost(brokered_session: BrokeredSession) -> Lost:
    """`held_input`, with what only the input track knows of."""
    held = list(brokered_session.held_input)
    try:
        found = _down_at_the_end(brokered_session)
    except (Recording.DoesNotExist, KeyMissing, WrongKey, OSError) as error:
        logger.error("%s: its input track cannot be read: %s", brokered_session, error)
        return Lost(held, 0)
    people = people_of(held)
    known = {
        (people.get(who), kind, _place_of(kind, values)) for who, kind, values in held
    }
    rows, nameless = list(held), 0
    for user_id, down in found.items():
        participant = _participant_of(brokered_session, user_id)
        for kind, values in _rows_of(down):
            if (user_id, kind, _place_of(kind, values)) in known:
                continue
            if kind == "key" and not values[0]:
                nameless += 1
            else:
                rows.append([participant, kind, values])
    return Lost(rows, nameless)


def _rows_of(down: Down) -> list[tuple[str, list[Any]]]:
    rows: list[tuple[str, list[Any]]] = [
        ("key", [keysym, press]) for press, keysym in down.keys.items()
    ]
    if down.mouse:
        rows.append(("mouse", down.mouse))
    rows += [("touch", [finger, *at]) for finger, at in down.touches.items()]
    return rows


def _place_of(kind: str, values: list[Any]) -> Any:
    """By what a row of the database and one of the input track are the same thing."""
    if kind == "mouse":
        return None
    return values[-1] if kind == "key" else values[0]


def _participant_of(brokered_session: BrokeredSession, user_id: int) -> int:
    found = (
        Participant.objects.filter(brokered_session=brokered_session, user=user_id)
        .order_by("-pk")
        .values_list("pk", flat=True)
        .first()
    )
    return found or 0


def _down_at_the_end(brokered_session: BrokeredSession) -> dict[int, Down]:
    """What each person held at the end of the last input segment."""
    recording = Recording.objects.with_session().get(brokered_session=brokered_session)
    names = segment_names(places.root(), recording.folder)
    last = [name for name in names if name.rpartition("/")[2].startswith(INPUT)][-1:]
    down: dict[int, Down] = {}
    for name in last:
        with (places.root() / name).open("rb") as file:
            try:
                reader = SegmentReader(file, data_key_of(recording))
                for _head, plain in reader.plain_blocks():
                    for line in decode_lines(plain):
                        if line.user_id is not None:
                            _follow(line, down.setdefault(line.user_id, Down()))
            except NotIntact:
                pass  # as a crash leaves it: its last block is not whole
    return down


def _follow(line: Line, down: Down) -> None:
    if line.kind == "mouse":
        x, y, mask = line.payload
        down.mouse = [str(x), str(y), str(mask & BUTTONS)] if mask & BUTTONS else []
    elif line.kind == "touch":
        finger, x, y, force = line.payload
        if float(force) > 0:
            down.touches[str(finger)] = [str(x), str(y), *ROUND]
        else:
            down.touches.pop(str(finger), None)
    elif line.kind == "key" and len(line.payload) > 2:
        keysym, pressed, press = line.payload
        if pressed:
            down.keys[press] = str(keysym or "")
        else:
            down.keys.pop(press, None)
    elif line.kind == "release":
        _let_go(line, down)


def _let_go(line: Line, down: Down) -> None:
    """The portal lets go of everything that a person holds; each kind has lines of its own."""
    if line.payload == [-1]:
        down.mouse = []
        down.touches.clear()
    else:
        down.keys.clear()
