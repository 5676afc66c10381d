"""The proof of an end: guacd refuses a join, and the asset's TCP connection is gone.

Closing sockets proves nothing: guacd stays on the asset for many seconds (measured). A
guacd that does not answer proves nothing either. What cannot be seen from here is said
to be not visible, never assumed.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.utils import timezone

from sessions.guacamole.handshake import GuacdAddress, probe_gone
from sessions.models import BrokeredSession

PROBE_EVERY_SECONDS = 0.25
UNCONFIRMED_AFTER_SECONDS = 5.0
RETRY_EVERY_SECONDS = 5.0

# States of /proc/net/tcp in which bytes can still flow: ESTABLISHED, SYN_SENT,
# SYN_RECV and CLOSE_WAIT.
_OPEN_STATES = frozenset({"01", "02", "03", "08"})


@dataclass(slots=True)
class AssetLine:
    """The asset's address, and whether guacd's connection to it was ever seen from here.

    Only what was visible can be proven gone: guacd may run on another machine.
    """

    host: str
    port: int
    seen: bool = False

    def count(self) -> int:
        """TCP connections from this machine to the asset, now. Resolves names: slow."""
        return open_connections(self.host, self.port)


async def gather_proof(
    address: GuacdAddress, connection_id: str, asset: AssetLine, *, others: int
) -> tuple[bool, dict[str, Any]]:
    """(whether the end is proven, what was found). `others`: sessions that may be on the asset."""
    if not connection_id:
        guacd = "never_connected"
    else:
        gone = await probe_gone(address, connection_id)
        guacd = {True: "refuses_join", False: "still_there", None: "no_answer"}[gone]
    line = "not_visible"
    if asset.seen:
        count = await asyncio.to_thread(asset.count)
        line = "gone" if count <= others else "still_there"
    proven = guacd in ("refuses_join", "never_connected") and line != "still_there"
    return proven, {
        "guacd": guacd,
        "asset_connection": line,
        "at": timezone.now().isoformat(timespec="milliseconds"),
    }


def sessions_on_the_same_asset(brokered_session: BrokeredSession) -> int:
    """How many other sessions may hold a connection to the same address."""
    endpoint = brokered_session.endpoint
    return (
        BrokeredSession.objects.holding_a_slot()
        .filter(endpoint__host=endpoint.host, endpoint__port=endpoint.port)
        .exclude(pk=brokered_session.pk)
        .count()
    )


def open_connections(host: str, port: int) -> int:
    """Open TCP connections from this machine to `host:port`, as the kernel lists them."""
    wanted = {(address, port) for address in _addresses(host)}
    return sum(
        1
        for table in ("tcp", "tcp6")
        for remote, state in _rows(Path("/proc/net") / table)
        if state in _OPEN_STATES and remote in wanted
    )


def _addresses(host: str) -> set[str]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return set()
    return {str(_plain(str(entry[4][0]))) for entry in found}


def _rows(table: Path) -> list[tuple[tuple[str, int], str]]:
    """((remote address, remote port), state) of every line of a table of the kernel."""
    try:
        lines = table.read_text().splitlines()[1:]
    except OSError:
        return []
    rows = []
    for line in lines:
        _number, _local, remote, state = line.split()[:4]
        address, port = remote.split(":")
        rows.append(((_decoded(address), int(port, 16)), state))
    return rows


def _decoded(address: str) -> str:
    """The kernel writes addresses as hexadecimal words in the machine's byte order."""
    raw = b"".join(
        int(address[start : start + 8], 16).to_bytes(4, "little")
        for start in range(0, len(address), 8)
    )
    return str(_plain(str(ipaddress.ip_address(raw))))


def _plain(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    found = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(found, "ipv4_mapped", None)
    return mapped or found
