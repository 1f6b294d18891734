"""What every place that a face and a voice can go to looks like."""

from typing import Protocol

import numpy as np
import numpy.typing as npt

from streaming.render.renderer import I420

Voice = npt.NDArray[np.float32]  # (960,) 48 kHz mono, 20 ms


class Sink(Protocol):
    """Takes pictures and sound of one stream, each at its time, on the event loop's thread.

    Nothing here may block. What is slow happens elsewhere, and `ready` says when it is done. Errors
    come out of `ready`, as AvatarError.
    """

    @property
    def name(self) -> str:
        """What a person would call it."""
        ...

    @property
    def lead(self) -> float:
        """Seconds that sound is wanted before the picture it belongs to."""
        ...

    async def ready(self) -> None:
        """Return once the next picture can be taken; what falls due meanwhile is skipped."""
        ...

    def show(self, number: int, picture: I420) -> None:
        """Video frame `number`, now."""
        ...

    def speak(self, start: int, samples: Voice) -> None:
        """The sound from position `start` (48 kHz samples) on; every piece comes, in order."""
        ...

    async def close(self) -> None:
        """Let go of everything; what was taken before is finished first."""
        ...
