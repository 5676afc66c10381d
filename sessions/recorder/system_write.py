"""A write that the C library does in a thread of its own (POSIX aio, `man 7 aio`).

That thread needs no turn of the interpreter, and whoever waits for it for a moment keeps
his. A thread of Python must get the interpreter twice for the same write, behind everybody
who computes.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import time
from functools import cache

HELD_SECONDS = 0.002
"""So long a caller waits with the interpreter in his hand: a write to a storage that is
well takes 0.05 ms, and giving the interpreter away costs a turn of somebody else's."""

SIGEV_NONE = 1


class _Block(ctypes.Structure):
    """The beginning of `struct aiocb`, the same in glibc and musl on 64 bits; the rest (168
    bytes in all) is the library's, and the offset in it counts for no file that is appended to."""

    _fields_ = (
        ("file", ctypes.c_int),
        ("opcode", ctypes.c_int),
        ("priority", ctypes.c_int),
        ("data", ctypes.c_char_p),
        ("size", ctypes.c_size_t),
        ("value", ctypes.c_void_p),
        ("signal", ctypes.c_int),
        ("notify", ctypes.c_int),
        ("others", ctypes.c_char * 208),
    )


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


_held = ctypes.PyDLL(None, use_errno=True)  # calls keep the interpreter
_released = ctypes.CDLL(None, use_errno=True)


class SystemWrite:
    """One write() to the end of a file opened to append to, begun. Raises OSError.

    Until `wait` has told its end the file must stay open and this object must be kept: the
    number of a closed file is given to the next one.
    """

    def __init__(self, file: int, data: bytes) -> None:
        self._block = _Block(file=file, data=data, size=len(data), notify=SIGEV_NONE)
        self._address = ctypes.c_void_p(ctypes.addressof(self._block))
        if _held.aio_write(self._address):
            raise _error(ctypes.get_errno())

    def wait(self, seconds: float) -> int | None:
        """How many bytes were taken, None when that is not known so soon. Raises OSError.

        When it has told the end it must not be called again.
        """
        end = time.monotonic() + seconds
        self._suspend(_held, min(seconds, HELD_SECONDS))
        while (found := _held.aio_error(self._address)) == errno.EINPROGRESS:
            left = end - time.monotonic()
            if left <= 0:
                return None
            self._suspend(_released, left)
        written: int = _held.aio_return(self._address)
        if found:
            raise _error(found)
        return written

    def _suspend(self, library: ctypes.CDLL, seconds: float) -> None:
        """Until it is done, the time is over or a signal came."""
        whole, rest = divmod(seconds, 1)
        time_left = _Timespec(int(whole), int(rest * 1e9))
        library.aio_suspend(ctypes.byref(self._address), 1, ctypes.byref(time_left))


@cache
def system_writes() -> bool:
    """Whether this C library does it, and does it right: tried on a file in memory."""
    if ctypes.sizeof(ctypes.c_void_p) != 8:
        return False
    file = os.memfd_create("system-write")
    try:
        fcntl.fcntl(file, fcntl.F_SETFL, os.O_APPEND)
        took = [SystemWrite(file, piece).wait(1) for piece in (b"One, ", b"and two.")]
        return took == [5, 8] and os.pread(file, 20, 0) == b"One, and two."
    except (OSError, AttributeError):
        return False
    finally:
        os.close(file)


def _error(number: int) -> OSError:
    return OSError(number, os.strerror(number))
