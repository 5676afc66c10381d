"""TCP ports of this machine."""

import os
import socket
import time
from pathlib import Path

LISTENING = "0A"  # the state of a socket in /proc/net/tcp


def bound_socket(host: str, port: int) -> socket.socket:
    """A socket that holds the port but does not listen yet. Raises `OSError`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    listener.set_inheritable(False)
    return listener


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """True when nothing listens there. Only asks the kernel, connects to nobody."""
    try:
        with bound_socket(host, port) as listener:
            listener.listen(1)
    except OSError:
        return False
    return True


def free_port(preferred: int = 0) -> int:
    """`preferred` when it is free, else one that the kernel picks."""
    if preferred and is_free(preferred):
        return preferred
    with bound_socket("127.0.0.1", 0) as listener:
        return int(listener.getsockname()[1])


def accepts(host: str, port: int, *, within_seconds: float) -> bool:
    """True as soon as something accepts a connection there."""
    deadline = time.monotonic() + within_seconds
    while True:
        try:
            socket.create_connection((host, port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        else:
            return True


def listens(pid: int, port: int) -> bool:
    """True when this very process listens on 127.0.0.1:`port`, whoever else would answer."""
    address = f"0100007F:{port:04X}"
    sockets = {
        f"socket:[{fields[9]}]"
        for fields in map(str.split, Path("/proc/net/tcp").read_text().splitlines())
        if fields[1] == address and fields[3] == LISTENING
    }
    return any(link in sockets for link in _open_files(pid))


def _open_files(pid: int) -> list[str]:
    found = []
    for path in Path(f"/proc/{pid}/fd").glob("*"):
        try:
            found.append(os.readlink(path))
        except OSError:  # closed meanwhile
            continue
    return found
