"""Working the demo's machines from a test, without the portal in between."""

import json
import os
import re
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from accessportal.demo.targets import TargetFacts


def state(facts: TargetFacts) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(Path(facts.state_path).read_text("utf-8"))
    return loaded


def xdotool(facts: TargetFacts, *words: str) -> None:
    subprocess.run(
        ["xdotool", *words],
        env={
            "PATH": os.environ["PATH"],
            "DISPLAY": facts.display,
            "XAUTHORITY": facts.x_authority,
        },
        check=True,
    )


def point(facts: TargetFacts, button: str) -> None:
    left, top, right, bottom = state(facts)["buttons"][button]
    xdotool(
        facts, "mousemove", "--sync", str((left + right) // 2), str((top + bottom) // 2)
    )


def click(facts: TargetFacts, button: str) -> None:
    # The pointer may be there already, and --sync would wait for a move for ever.
    xdotool(facts, "mousemove", "--sync", "2", "2")
    point(facts, button)
    xdotool(facts, "click", "1")


def ssh(
    facts: TargetFacts, tmp_path: Path, command: str, *options: str, key: str = ""
) -> subprocess.CompletedProcess[str]:
    known_hosts = tmp_path / "known_hosts"
    known_hosts.write_text(facts.host_key + "\n")
    identity = tmp_path / "identity"
    identity.write_text(key or facts.private_key)
    identity.chmod(0o600)
    return subprocess.run(
        [
            "ssh", "-F", "none", *options, "-p", str(facts.port), "-i", identity,
            "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
            "-o", f"UserKnownHostsFile={known_hosts}",
            "-o", "StrictHostKeyChecking=yes",
            f"{facts.username}@{facts.host}", command,
        ],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )  # fmt: skip


def converse(facts: TargetFacts, lines: list[str | bytes]) -> str:
    """Type each line at the prompt that waits for it; returns what was shown."""
    with socket.create_connection((facts.host, facts.port), timeout=10) as link:
        link.settimeout(10)
        heard = b""
        for line in lines:
            fresh = b""
            while not re.search(rb"(login: |Password: |CP-3> )$", fresh):
                fresh += link.recv(4096)
            heard += fresh
            link.sendall(line if isinstance(line, bytes) else line.encode() + b"\r\n")
        while part := link.recv(4096):
            heard += part
    return heard.decode("utf-8", "replace")


def refuses(port: int) -> bool:
    with socket.socket() as trial:
        return trial.connect_ex(("127.0.0.1", port)) != 0


def eventually(true: Callable[[], bool], *, seconds: float = 45.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not become true in time"
        time.sleep(0.05)


def alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def family(pids: list[int]) -> list[int]:
    """These processes and all that descend from them."""
    parents: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        parents.setdefault(int(fields[1]), []).append(int(path.parent.name))
    found, waiting = [], list(pids)
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting += parents.get(pid, [])
    return found


def listening_addresses(pids: set[int]) -> set[tuple[str, int]]:
    """Every TCP socket these processes listen on, IPv4 and IPv6, from the kernel."""
    inodes = set()
    for pid in pids:
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            try:
                name = os.readlink(descriptor)
            except FileNotFoundError:
                continue
            if name.startswith("socket:["):
                inodes.add(name[8:-1])
    found = set()
    for table, family_number in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        for row in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = row.split()
            if fields[3] != "0A" or fields[9] not in inodes:
                continue
            address, port = fields[1].split(":")
            packed = b"".join(
                bytes.fromhex(address[at : at + 8])[::-1]
                for at in range(0, len(address), 8)
            )
            found.add((socket.inet_ntop(family_number, packed), int(port, 16)))
    return found
