"""Keeps the memory that pictures lay in for the pictures that follow.

glibc gives a freed buffer of a picture (0.4 MB) back to the system, and the next one begins with 96
page faults: 0.3 ms on a virtual machine, several times what copying the picture takes.
"""

import ctypes
import sys

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of mallopt(3)
LARGEST_BUFFER = 32 << 20  # bytes; a picture of 4K is smaller, and glibc takes no more
MOST_KEPT = 64 << 20  # bytes free at the end of a heap


def keep_pages() -> None:
    """Call once in a process that handles pictures; elsewhere than with glibc it does nothing."""
    if libc := glibc():
        libc.mallopt(M_MMAP_THRESHOLD, LARGEST_BUFFER)
        libc.mallopt(M_TRIM_THRESHOLD, MOST_KEPT)


def glibc() -> ctypes.CDLL | None:
    """The C library, where it has `mallopt` and `malloc_trim`."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)
    return libc if hasattr(libc, "malloc_trim") else None
