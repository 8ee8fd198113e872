"""What a worker's C library does with memory that a step of training gives back."""

from __future__ import annotations

import ctypes

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_LARGEST = 32 * 1024 * 1024
"""Bytes from which on glibc always asks the system: the value at which its own adjustment ends."""


def keep_freed_memory() -> None:
    """Let this process keep what it frees for its next step, as glibc does unless told otherwise.

    Dask's nanny tells it to give memory back at once, and not to learn: tensors of every step then come from the
    system, page by page. Without glibc nothing is done. https://man7.org/linux/man-pages/man3/mallopt.3.html
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # macOS and musl have none, Windows no library by that name
        return
    mallopt(_M_MMAP_THRESHOLD, _LARGEST)
    mallopt(_M_TRIM_THRESHOLD, 2 * _LARGEST)
