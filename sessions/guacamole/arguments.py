"""What guacd is told about an endpoint: one map per protocol, by argument name.

guacd asks for its arguments by name in the handshake, in its own order, and a newer
version asks for more of them. So a map here may hold names that the guacd at hand
does not know (they are not sent), and what it asks for beyond the map is answered
with an empty value, which means "your default" to guacd.

What holds for every protocol: no drive, no SFTP, no sound, no printing, no recording
by guacd (the broker records), no wake-on-LAN; copy and paste only as permitted.
The names are those of guacd 1.3.0, whose answers are kept in the tests; names of later
versions stand where leaving them to their default would be wrong.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext_lazy as _

from sessions.guacamole.errors import ArgumentsError
from sessions.guacamole.opcodes import Permissions

VERSION = "VERSION_1_1_0"
"""The protocol version we say we speak.

With 1.3.0 guacd sends `required`, asking the person for a credential that is missing
or wrong. Below it, guacd ends with 769 instead, which is what we want: the vendor must
never be asked for the asset's password. 1.1.0 is the first with `timezone`.
"""


@dataclass(frozen=True, slots=True)
class Size:
    """A screen: width and height in pixels, and pixels per inch."""

    width: int
    height: int
    dpi: int = 96


LEAST_SIZE = Size(320, 240, 48)
MOST_SIZE = Size(4096, 2304, 384)
DEFAULT_SIZE = Size(1280, 800, 96)


def clamp_size(width: int, height: int, dpi: int = 96) -> Size:
    """The nearest size that is safe to ask an asset for; widths are even.

    guacd obeys 1x1 and even 0x0, which leaves nobody a picture.
    """
    return Size(
        max(LEAST_SIZE.width, min(width, MOST_SIZE.width)) & ~1,
        max(LEAST_SIZE.height, min(height, MOST_SIZE.height)),
        max(LEAST_SIZE.dpi, min(dpi, MOST_SIZE.dpi)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointFacts:
    """What the maps need to know of an endpoint; empty means guacd's default.

    `host_key` is `TYPE BASE64`, with or without a host before it. The prompts are
    POSIX regular expressions for telnet. `rdp_security` is any, nla, tls or rdp.
    """

    protocol: str
    host: str
    port: int
    keyboard_layout: str = ""
    fixed_size: Size | None = None
    rdp_security: str = "any"
    ignore_certificate: bool = False
    host_key: str = ""
    username_prompt: str = ""
    password_prompt: str = ""
    colour_scheme: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """The credential that the broker gives guacd; its repr shows no secret."""

    username: str = ""
    password: str = field(default="", repr=False)
    private_key: str = field(default="", repr=False)
    passphrase: str = field(default="", repr=False)


NO_SIGN_IN = SignIn()


def screen_size(endpoint: EndpointFacts, wished: Size) -> Size:
    """The size to connect with: the endpoint's own where it is fixed."""
    return endpoint.fixed_size or clamp_size(wished.width, wished.height, wished.dpi)


def connection_arguments(
    endpoint: EndpointFacts,
    sign_in: SignIn,
    permissions: Permissions,
    size: Size,
) -> dict[str, str]:
    """guacd's arguments by name for the owner of a connection to `endpoint`.

    Raises `ArgumentsError` where guacd would do something unsafe with what there
    is, such as asking the vendor for the asset's password.
    """
    maker = {"vnc": _vnc, "rdp": _rdp, "ssh": _ssh, "telnet": _telnet}.get(
        endpoint.protocol
    )
    if maker is None:
        raise ArgumentsError(
            "protocol_unknown", _("This kind of connection is not supported.")
        )
    return {
        "hostname": endpoint.host,
        "port": str(endpoint.port),
        "read-only": _flag(not permissions.control),
        "disable-copy": _flag(not permissions.clipboard_out),
        "disable-paste": _flag(not permissions.clipboard_in),
        "enable-sftp": "false",
        "wol-send-packet": "false",
        **maker(endpoint, sign_in, permissions, size),
    }


def join_arguments(*, control: bool = False) -> dict[str, str]:
    """The arguments of a join: it looks and cannot touch, unless `control` says so."""
    return {
        "read-only": _flag(not control),
        "disable-copy": "true",
        "disable-paste": "true",
    }


def answer(names: Sequence[str], arguments: Mapping[str, str]) -> list[str]:
    """The values for guacd's `args`, in its order; what we do not know stays empty."""
    return [
        VERSION if name.startswith("VERSION_") else arguments.get(name, "")
        for name in names
    ]


def _vnc(
    endpoint: EndpointFacts, sign_in: SignIn, permissions: Permissions, size: Size
) -> dict[str, str]:
    return {
        "username": sign_in.username,
        "password": sign_in.password,
        "enable-audio": "false",
        # guacd 1.6 would set the panel's own resolution to the browser's size.
        "disable-display-resize": "true",
    }


def _rdp(
    endpoint: EndpointFacts, sign_in: SignIn, permissions: Permissions, size: Size
) -> dict[str, str]:
    domain, separator, username = sign_in.username.rpartition("\\")
    return {
        "username": username if separator else sign_in.username,
        "password": sign_in.password,
        "domain": domain,
        "width": str(size.width),
        "height": str(size.height),
        "dpi": str(size.dpi),
        "security": endpoint.rdp_security,
        "ignore-cert": _flag(endpoint.ignore_certificate),
        "server-layout": endpoint.keyboard_layout,
        "client-name": "AccessPortal",
        # A fixed screen keeps its size; elsewhere the actor may send another.
        "resize-method": "" if endpoint.fixed_size else "display-update",
        "disable-audio": "true",
        "enable-audio-input": "false",
        "enable-printing": "false",
        "enable-drive": "false",
        "disable-download": "true",
        "disable-upload": "true",
        "enable-touch": _flag(permissions.control),
    }


def _ssh(
    endpoint: EndpointFacts, sign_in: SignIn, permissions: Permissions, size: Size
) -> dict[str, str]:
    """Without a user name, password or key guacd prompts inside the terminal, which
    would be asking the vendor for the asset's password: refused."""
    if not sign_in.username:
        raise ArgumentsError(
            "username_missing",
            _("No user name is stored for this machine, so it cannot be connected to."),
        )
    if not (sign_in.password or sign_in.private_key):
        raise ArgumentsError(
            "credential_missing",
            _(
                "No password or key is stored for this machine, so it cannot be connected to."
            ),
        )
    return {
        "username": sign_in.username,
        "password": sign_in.password,
        "private-key": sign_in.private_key,
        "passphrase": sign_in.passphrase,
        "host-key": host_key_line(endpoint.host, endpoint.port, endpoint.host_key),
        "color-scheme": endpoint.colour_scheme,
    }


def _telnet(
    endpoint: EndpointFacts, sign_in: SignIn, permissions: Permissions, size: Size
) -> dict[str, str]:
    """The prompts default to guacd's own; many consoles have no sign-in at all."""
    return {
        "username": sign_in.username,
        "password": sign_in.password,
        "username-regex": _regex(endpoint.username_prompt),
        "password-regex": _regex(endpoint.password_prompt),
        "color-scheme": endpoint.colour_scheme,
    }


_KEY_TYPE = re.compile(r"(?:ssh|ecdsa|sk)-[a-z0-9@.-]{1,60}")


def host_key_line(host: str, port: int, stored: str) -> str:
    """A pinned host key as guacd wants it: `HOST TYPE BASE64`, `[HOST]:PORT ...`.

    guacd refuses the plain `TYPE BASE64` as it does a mismatch. The host is always
    the endpoint's present one: the key is pinned to the endpoint, not to a name.
    Empty when nothing is stored: guacd then takes any key. Raises `ArgumentsError`.
    """
    if not stored.strip():
        return ""
    words = stored.split()
    for place, word in enumerate(words[:-1]):
        if _KEY_TYPE.fullmatch(word) and _is_base64(words[place + 1]):
            name = host if port == 22 else f"[{host}]:{port}"
            return f"{name} {word} {words[place + 1]}"
    raise ArgumentsError(
        "host_key_malformed",
        _("The host key stored for this machine cannot be read."),
    )


def _is_base64(text: str) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) >= 32
    except (binascii.Error, ValueError):
        return False


def _regex(pattern: str) -> str:
    if "\n" in pattern or "\0" in pattern:
        raise ArgumentsError(
            "prompt_malformed", _("A prompt stored for this machine cannot be used.")
        )
    return pattern


def _flag(value: bool) -> str:
    return "true" if value else "false"
