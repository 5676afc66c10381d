"""TCP ports of this machine."""

import socket
import time


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
