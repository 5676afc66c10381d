"""Every opcode of the protocol, who may send it and who may receive it, as data.

Source: the Guacamole protocol reference, and what guacd 1.3.0 was seen to do.
An opcode that stands in no table here is not passed on, in either direction.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple


@dataclass(frozen=True, slots=True, kw_only=True)
class Permissions:
    """What a participant, or an endpoint connection, may do beyond looking.

    An observer has none of them. `clipboard_in` is towards the asset.
    """

    control: bool = False
    clipboard_in: bool = False
    clipboard_out: bool = False
    files_in: bool = False
    files_out: bool = False


OBSERVER = Permissions()


class Pass(Enum):
    """What becomes of an instruction."""

    FORWARD = auto()
    """On to the other side, if the permission it needs is there."""
    ACTOR = auto()
    """The session actor uses it itself; it is never passed on as it is."""
    NEVER = auto()
    """Refused whoever sends it."""


class Rule(NamedTuple):
    """What becomes of one opcode, which permission it needs, and what it is.

    `needs` is the name of a field of `Permissions`, or empty.
    """

    verdict: Pass
    needs: str
    doc: str


INTERNAL = ""
"""The empty opcode: a word between browser library and tunnel (ping, tunnel id)."""

UPSTREAM: dict[str, Rule] = {
    INTERNAL: Rule(Pass.ACTOR, "", "Asks the tunnel itself, usually for a ping."),
    "nop": Rule(Pass.ACTOR, "", "Says nothing; keeps the tunnel open."),
    "sync": Rule(
        Pass.ACTOR,
        "",
        "Says which frame this browser has drawn; guacd hears the actor.",
    ),
    "disconnect": Rule(
        Pass.ACTOR, "", "This participant leaves; only the actor ends a session."
    ),
    "size": Rule(
        Pass.ACTOR, "control", "Wishes another screen size; the actor clamps and sends."
    ),
    "key": Rule(Pass.FORWARD, "control", "Presses or releases one key (X11 keysym)."),
    "mouse": Rule(Pass.FORWARD, "control", "Moves the pointer and holds its buttons."),
    "touch": Rule(Pass.FORWARD, "control", "One finger on a touch screen."),
    "clipboard": Rule(
        Pass.FORWARD, "clipboard_in", "Opens a stream that sets the asset's clipboard."
    ),
    "file": Rule(Pass.FORWARD, "files_in", "Opens a stream that uploads a file."),
    "blob": Rule(
        Pass.FORWARD, "", "A piece of a stream this participant was let to open."
    ),
    "end": Rule(Pass.FORWARD, "", "Ends a stream this participant was let to open."),
    "ack": Rule(
        Pass.FORWARD, "", "Answers a stream this participant was let to receive."
    ),
    "get": Rule(Pass.FORWARD, "files_out", "Asks for a file or folder of the asset."),
    "put": Rule(Pass.FORWARD, "files_in", "Opens a stream into a folder of the asset."),
    "argv": Rule(
        Pass.NEVER, "", "Changes connection arguments while live, credentials too."
    ),
    "audio": Rule(Pass.NEVER, "", "Sends the microphone; no endpoint asks for it."),
    "pipe": Rule(Pass.NEVER, "", "Opens a named pipe into the asset."),
    "usbconnect": Rule(Pass.NEVER, "", "Attaches a USB device of the browser."),
    "usbdata": Rule(Pass.NEVER, "", "Sends data of a USB device."),
    "usbdisconnect": Rule(Pass.NEVER, "", "Detaches a USB device."),
    "select": Rule(Pass.NEVER, "", "Handshake: only the broker speaks it."),
    "connect": Rule(Pass.NEVER, "", "Handshake: only the broker speaks it."),
    "video": Rule(Pass.NEVER, "", "Handshake: only the broker speaks it."),
    "image": Rule(Pass.NEVER, "", "Handshake: only the broker speaks it."),
    "timezone": Rule(Pass.NEVER, "", "Handshake: only the broker speaks it."),
    "name": Rule(Pass.NEVER, "", "Handshake: only the broker speaks it."),
}
"""What a participant may send, by opcode."""

DRAWING: dict[str, str] = {
    "arc": "Adds an arc to the path of a layer.",
    "cfill": "Fills the path with a colour.",
    "clip": "Clips a layer to its path.",
    "close": "Closes the path.",
    "copy": "Copies a part of one layer to another.",
    "cstroke": "Strokes the path with a colour.",
    "cursor": "Sets the picture of the pointer.",
    "curve": "Adds a curve to the path.",
    "dispose": "Removes a layer.",
    "distort": "Transforms a layer.",
    "identity": "Resets the transform of a layer.",
    "img": "Opens the stream of a picture.",
    "blob": "A piece of a stream.",
    "end": "The end of a stream.",
    "lfill": "Fills the path with a layer.",
    "line": "Adds a line to the path.",
    "lstroke": "Strokes the path with a layer.",
    "mouse": "Where the pointer is, as another user moved it.",
    "move": "Moves a layer within its parent.",
    "nop": "Says nothing; keeps the connection open.",
    "png": "A whole picture in one element (before protocol 1.1.0).",
    "pop": "Restores the state of a layer.",
    "push": "Saves the state of a layer.",
    "rect": "Adds a rectangle to the path.",
    "reset": "Resets the state of a layer.",
    "set": "Sets a property of a layer.",
    "shade": "Sets the opacity of a layer.",
    "size": "Sets the size of a layer.",
    "start": "Begins a path.",
    "transfer": "Copies with a raster operation.",
    "transform": "Multiplies the transform of a layer.",
}
"""The picture and nothing but the picture: everybody who may look receives it."""

DOWNSTREAM: dict[str, Rule] = {
    **{opcode: Rule(Pass.FORWARD, "", doc) for opcode, doc in DRAWING.items()},
    "sync": Rule(Pass.FORWARD, "", "The end of a frame, with guacd's uptime in ms."),
    "clipboard": Rule(
        Pass.FORWARD, "clipboard_out", "Opens a stream with the asset's clipboard."
    ),
    "file": Rule(Pass.FORWARD, "files_out", "Opens a stream with a file of the asset."),
    "filesystem": Rule(Pass.FORWARD, "files_out", "Offers a folder of the asset."),
    "body": Rule(Pass.FORWARD, "files_out", "Opens a stream that answers a `get`."),
    "undefine": Rule(Pass.FORWARD, "files_out", "Withdraws a folder."),
    "ack": Rule(Pass.ACTOR, "", "Answers a stream; the actor knows whose it is."),
    "args": Rule(Pass.ACTOR, "", "Handshake: which arguments guacd wants."),
    "ready": Rule(Pass.ACTOR, "", "Handshake: the connection has this id."),
    "error": Rule(Pass.ACTOR, "", "Something failed, with a status code."),
    "disconnect": Rule(Pass.ACTOR, "", "guacd closes; the actor tells everyone why."),
    "required": Rule(
        Pass.ACTOR, "", "guacd asks the person for a credential: a session ends on it."
    ),
    "name": Rule(Pass.ACTOR, "", "The title the asset gives its screen."),
    "log": Rule(Pass.ACTOR, "", "A line for the log of the connection."),
    "msg": Rule(Pass.ACTOR, "", "Tells of other users joining or leaving guacd."),
    "argv": Rule(Pass.NEVER, "", "Opens a stream with a connection argument."),
    "pipe": Rule(Pass.NEVER, "", "Opens a named pipe from the asset."),
    "audio": Rule(Pass.NEVER, "", "Opens a stream of sound."),
    "video": Rule(Pass.NEVER, "", "Opens a stream of video."),
    "nest": Rule(Pass.NEVER, "", "Carries instructions inside an instruction."),
}
"""What a participant may receive, by opcode."""

DOWNSTREAM_STREAMS = frozenset(
    {"clipboard", "file", "body", "argv", "pipe", "audio", "video"}
)
"""Opcodes other than `img` that open a stream from guacd.

Their first argument is the stream index, save `body`, where it is the second.
"""

UPSTREAM_STREAMS = {"clipboard": 0, "file": 0, "put": 1}
"""Opcodes that open a stream towards guacd, and which argument is its index."""


def allowed_downstream(permissions: Permissions) -> frozenset[str]:
    """The opcodes a participant with `permissions` may be sent."""
    return frozenset(
        opcode
        for opcode, rule in DOWNSTREAM.items()
        if rule.verdict is Pass.FORWARD
        and (not rule.needs or getattr(permissions, rule.needs))
    )


def stream_index_argument(opcode: str) -> int:
    """Which argument of a stream-opening downstream opcode is the stream index."""
    return 1 if opcode == "body" else 0
