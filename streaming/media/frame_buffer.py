"""Finished pictures on their way to the video track: the latest wins, late ones are dropped."""

from collections import deque

from streaming.render.renderer import I420

BUFFER_FRAMES = 4  # a picture is shown within the compute budget, so more never wait


class FrameBuffer:
    """Pictures by frame number; `for_frame` forgets everything older than what it returns."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[int, I420]] = deque(maxlen=BUFFER_FRAMES)
        self._shown: tuple[int, I420] | None = None

    def put(self, number: int, picture: I420) -> None:
        if self._shown is None or number > self._shown[0]:
            self._waiting.append((number, picture))

    def for_frame(self, number: int) -> tuple[int, I420] | None:
        """(frame number, picture) to show as frame `number`; an earlier one if that is late."""
        while self._waiting and self._waiting[0][0] <= number:
            self._shown = self._waiting.popleft()
        return self._shown
