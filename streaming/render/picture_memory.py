"""Memory that server and renderer share, reserved: what a full /dev/shm lacks is told at once.

Linux gives pages of shared memory when they are first written to, and kills the process that writes
when there are none left: one call too many would end the renderer of all.
"""

import logging
import os
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

from avatar.errors import AvatarError

log = logging.getLogger(__name__)

HOME = Path("/dev/shm")  # Linux; other systems reserve by themselves


class NoSharedMemoryError(AvatarError):
    """There is no room for another caller's pictures."""


def reserve(size: int) -> SharedMemory:
    """Shared memory of `size` bytes that are really there. Raises NoSharedMemoryError."""
    try:
        memory = SharedMemory(create=True, size=size)
    except OSError as error:
        raise _no_room(size, error) from error
    try:
        _take_pages(HOME / memory.name, size)
    except OSError as error:
        memory.close()
        memory.unlink()
        raise _no_room(size, error) from error
    return memory


def _take_pages(file: Path, size: int) -> None:
    if not file.exists():
        return
    descriptor = os.open(file, os.O_RDWR)
    try:
        os.posix_fallocate(descriptor, 0, size)
    finally:
        os.close(descriptor)


def _no_room(size: int, error: OSError) -> NoSharedMemoryError:
    words = (
        f"no room for the pictures of another call: {size / 1e6:.1f} MB of shared memory cannot be "
        f"had ({error.strerror}); give /dev/shm more (docker run --shm-size 256m)"
    )
    log.error("%s", words)
    return NoSharedMemoryError(words)
