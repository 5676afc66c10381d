"""How this process keeps memory it has freed, and what its garbage collector looks at."""

from __future__ import annotations

import ctypes
import gc

M_TRIM_THRESHOLD = -1
M_MMAP_THRESHOLD = -3

YOUNG_OBJECTS = 50_000
"""So many are made before garbage is looked for among them; Python's own number is 700."""

KEPT_BYTES = 32 * 1024 * 1024
LARGE_BYTES = 4 * 1024 * 1024


def keep_freed_memory() -> None:
    """Have glibc keep up to `KEPT_BYTES` of freed memory, in pieces up to `LARGE_BYTES`.

    A relay makes and frees buffers of some hundred kilobytes all the time; by default
    each is fetched from the kernel and given back, page by page, which costs a relayed
    MB a third of its CPU (docs/performance.md). Nothing happens with another libc.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return
    mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)
    mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)


def look_for_garbage_seldom() -> None:
    """Have garbage looked for after `YOUNG_OBJECTS`.

    A start makes classes and functions by the hundred thousand, and none of them is garbage:
    looking among them again and again took a fifth of its CPU. Later, nearly all is freed
    without a collection, and each one stops every key (decision 130).
    """
    gc.set_threshold(YOUNG_OBJECTS, *gc.get_threshold()[1:])


def set_aside_what_stays() -> None:
    """Leave out of every later collection of garbage what exists now.

    Code, models, URLs and templates are made at the start and stay; walking over them costs
    70 ms of CPU, in which no key goes anywhere (docs/performance.md). Call it once, when all
    has started.
    """
    gc.collect()
    gc.freeze()
