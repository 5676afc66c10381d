"""The proof of an end: guacd refuses a join, and the asset's TCP connection is gone.

Closing sockets proves nothing: guacd stays on the asset for many seconds (measured). A
guacd that does not answer proves nothing either. What cannot be seen from here is said
to be not visible, never assumed. The two are stated one beside the other.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
import time
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.utils import timezone

from sessions.broker.upstream import guacd_address, is_here
from sessions.guacamole.handshake import GuacdAddress, probe_gone
from sessions.models import BrokeredSession

PROBE_EVERY_SECONDS = 0.25
UNCONFIRMED_AFTER_SECONDS = 5.0
RETRY_EVERY_SECONDS = 5.0

TABLE_SECONDS = 0.1
"""Sessions that end together look at the same copy of the kernel's table."""

# States of /proc/net/tcp in which bytes can still flow: ESTABLISHED, SYN_SENT,
# SYN_RECV and CLOSE_WAIT.
_OPEN_STATES = frozenset({"01", "02", "03", "08"})

NEVER_CONNECTED = "never_connected"
"""guacd was never asked to connect, or refused before it made a connection."""


@dataclass(slots=True)
class AssetLine:
    """The asset's address, whether guacd runs on this machine, and whether its connection
    to the asset was ever seen from here: one that runs in a container may not be.

    Only what was visible can be proven gone.
    """

    host: str
    port: int
    here: bool = False
    seen: bool = False

    @classmethod
    def of(cls, brokered_session: BrokeredSession) -> AssetLine:
        endpoint = brokered_session.endpoint
        here = is_here(guacd_address(brokered_session.guacd_address))
        return cls(endpoint.host, endpoint.port, here)

    def count(self) -> int:
        """TCP connections from this machine to the asset, now. Resolves names: slow."""
        return open_connections(self.host, self.port)

    async def look(self) -> None:
        """See whether there is a connection, where one could be seen."""
        if self.here and not self.seen:
            self.seen = await asyncio.to_thread(self.count) > 0


async def gather_proof(
    address: GuacdAddress, connection_id: str, asset: AssetLine, *, others: int
) -> tuple[bool, dict[str, Any]]:
    """(whether the end is proven, what was found). `others`: sessions that may be on the asset.

    A daemon that is not running any more has let go of everything; that is taken for
    proven only where the asset's connection was seen, and is seen no more.
    """
    guacd = NEVER_CONNECTED
    if connection_id:
        gone = await probe_gone(address, connection_id)
        guacd = {True: "refuses_join", False: "still_there", None: "no_answer"}[gone]
        if gone is None and asset.here and await _nobody_listens(address):
            guacd = "not_running"
    line, count = "not_visible", None
    if asset.here:
        count = await asyncio.to_thread(asset.count)
        if count > others:
            line = "still_there"
        elif asset.seen:
            line = "gone"
    proven = line != "still_there" and (
        guacd in ("refuses_join", NEVER_CONNECTED)
        or (guacd == "not_running" and line == "gone")
    )
    found: dict[str, Any] = {
        "guacd": guacd,
        "guacd_address": f"{address.host}:{address.port}",
        "asset_connection": line,
        "at": timezone.now().isoformat(timespec="milliseconds"),
    }
    if line == "not_visible":
        found["not_visible_because"] = (
            "never_seen_from_here" if asset.here else "guacd_is_on_another_machine"
        )
    else:
        found["connections_to_asset"] = count
        found["other_sessions_there"] = others
    return proven, found


def holds_its_place(brokered_session: BrokeredSession) -> bool:
    """Whether the end is still to be proven."""
    return (
        BrokeredSession.objects.holding_a_slot().filter(pk=brokered_session.pk).exists()
    )


def sessions_on_the_same_asset(brokered_session: BrokeredSession) -> int:
    """How many other sessions may hold a connection to the same address from this machine."""
    endpoint = brokered_session.endpoint
    others = (
        BrokeredSession.objects.holding_a_slot()
        .filter(endpoint__host=endpoint.host, endpoint__port=endpoint.port)
        .exclude(pk=brokered_session.pk)
        .values_list("guacd_address", flat=True)
    )
    return sum(1 for address in others if is_here(guacd_address(address)))


async def _nobody_listens(address: GuacdAddress) -> bool:
    """Whether a connection is refused outright: there is no such process any more."""
    try:
        _reader, writer = await asyncio.wait_for(
            asyncio.open_connection(address.host, address.port), 1.0
        )
    except ConnectionRefusedError:
        return True
    except (OSError, TimeoutError):
        return False
    writer.close()
    return False


# --- The kernel's table of TCP connections ------------------------------------------------


class _Table:
    """Open connections by remote address, read at most every `TABLE_SECONDS`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._counts: Counter[tuple[str, int]] = Counter()

    def counts(self) -> Counter[tuple[str, int]]:
        with self._lock:
            now = time.monotonic()
            if now - self._read_at > TABLE_SECONDS:
                self._counts = Counter(
                    remote
                    for name in ("tcp", "tcp6")
                    for remote, state in _rows(Path("/proc/net") / name)
                    if state in _OPEN_STATES
                )
                self._read_at = time.monotonic()
            return self._counts


_table = _Table()


def open_connections(host: str, port: int) -> int:
    """Open TCP connections from this machine to `host:port`, as the kernel lists them."""
    counts = _table.counts()
    return sum(counts[(address, port)] for address in _addresses(host))


def _addresses(host: str) -> set[str]:
    try:
        found = socket.getaddrinfo(host.strip("[]"), None, type=socket.SOCK_STREAM)
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


@lru_cache(maxsize=4096)
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
