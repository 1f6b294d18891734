"""One session's place with the renderer, as the server keeps it."""

import math
from collections import deque
from collections.abc import Callable
from multiprocessing.shared_memory import SharedMemory

from avatar.motion import Motion
from streaming.render.picture_memory import reserve
from streaming.render.renderer import I420, Chunk
from streaming.render.worker import PICTURE_SLOTS, picture_bytes, slot

Deliver = Callable[[int, I420], None]  # the picture is the receiver's own
Submitted = Callable[[int], None]
Moved = Callable[[int, Motion], None]


def ignore(_: int) -> None:
    """Nobody asked when chunks go to the renderer."""


def unmoved(_: int, __: Motion) -> None:
    """Nobody asked what the face does."""


class Caller:
    """What waits for the renderer, and where its pictures come and go."""

    def __init__(
        self,
        number: int,
        deliver: Deliver,
        submitted: Submitted = ignore,
        moved: Moved = unmoved,
    ) -> None:
        self.failing = False
        self.dropped = 0  # chunks never rendered because the renderer was behind
        self.dropped_at = -math.inf  # monotonic seconds
        self.number = number
        self.deliver = deliver
        self.submitted = submitted
        self.moved = moved
        self.speaker = ""
        self.size = (0, 0)
        self.memory: SharedMemory | None = None
        self.waiting: deque[tuple[int, Chunk]] = deque()
        self.underway = 0
        self.handed_over: deque[float] = deque()  # monotonic seconds, one of each underway

    def share(self, speaker: str, size: tuple[int, int]) -> str:
        """Make room for pictures of `size`; returns the name of the shared memory.

        Raises NoSharedMemoryError, and leaves everything as it was.
        """
        memory = reserve(PICTURE_SLOTS * picture_bytes(size))
        self.unshare()
        self.speaker, self.size, self.memory = speaker, size, memory
        return memory.name

    def unshare(self) -> None:
        if self.memory:
            self.memory.close()
            self.memory.unlink()
            self.memory = None

    def picture(self, frame: int) -> I420:
        assert self.memory is not None
        return slot(self.memory, self.size, frame).copy()
