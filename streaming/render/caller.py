"""One session's place with the renderer, as the server keeps it."""

from collections import deque
from collections.abc import Callable
from multiprocessing.shared_memory import SharedMemory

from avatar.motion import Motion
from streaming.render.picture_memory import reserve
from streaming.render.renderer import I420
from streaming.render.worker import PICTURE_SLOTS, picture_bytes, slot

MANY_GIVEN_UP = 5  # pictures, within
GIVEN_UP_MEMORY_S = 2.0

Deliver = Callable[[int, I420], None]  # the picture is the receiver's own
GivenUp = Callable[[int], None]
Moved = Callable[[int, Motion], None]


def ignore(_: int) -> None:
    """Nobody asked which pictures are not drawn."""


def unmoved(_: int, __: Motion) -> None:
    """Nobody asked what the face does."""


class Caller:
    """What waits for the renderer, and where its pictures come and go."""

    def __init__(
        self,
        number: int,
        deliver: Deliver,
        given_up: GivenUp = ignore,
        moved: Moved = unmoved,
    ) -> None:
        self.failing = False
        self.when_given_up: deque[float] = deque(maxlen=MANY_GIVEN_UP)
        "When pictures were last not drawn since the renderer was behind, monotonic seconds."
        self.number = number
        self.deliver = deliver
        self.given_up = given_up
        self.moved = moved
        self.speaker = ""
        self.size = (0, 0)
        self.memory: SharedMemory | None = None
        self.underway = 0
        self.handed_over: deque[float] = deque()  # monotonic seconds, one of each underway

    def behind(self, now: float) -> bool:
        """Whether many pictures were given up shortly before `now`."""
        times = self.when_given_up
        return len(times) == MANY_GIVEN_UP and now - times[0] < GIVEN_UP_MEMORY_S

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
