"""The two outgoing tracks of a peer connection: the sender gets each frame when it is due."""

import asyncio
import time
from collections.abc import Callable
from fractions import Fraction

import av
import numpy as np
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from prometheus_client import Histogram

from streaming.core import metrics
from streaming.media.clock import VIDEO_RATE, VIDEO_TICKS_PER_FRAME, VOICE_RATE
from streaming.media.sink import Voice
from streaming.render.renderer import I420

VIDEO_TIME_BASE = Fraction(1, VIDEO_RATE)
VOICE_TIME_BASE = Fraction(1, VOICE_RATE)


class PacedTrack(MediaStreamTrack):
    """Frames leave as they are pushed; `asked` is set while the sender waits for one."""

    encoding: Histogram
    rate: int  # Hz, of its time stamps

    def __init__(self) -> None:
        super().__init__()
        self.asked = asyncio.Event()
        self.wanted = False
        "Whether a sender has ever asked; without one, what is pushed would only pile up."
        self.first: int | None = None
        "Time stamp of the first frame that the sender took."
        self._frames: asyncio.Queue[av.VideoFrame | av.AudioFrame | None] = asyncio.Queue()
        self._taken_at = 0.0  # monotonic seconds at which the sender took its latest frame
        self._taken = 0  # its time stamp

    async def recv(self) -> av.VideoFrame | av.AudioFrame:
        """The next frame. Raises MediaStreamError once the track is stopped."""
        if self._taken_at:  # the sender comes back: that frame is encoded and on its way
            self.encoding.observe(time.monotonic() - self._taken_at)
            self._sent(self._taken)
        self.wanted = True
        self.asked.set()
        frame = await self._frames.get()
        self._taken_at = time.monotonic()
        if frame is None or self.readyState != "live":
            self._frames.put_nowait(None)
            raise MediaStreamError
        assert frame.pts is not None
        self._taken = frame.pts
        if self.first is None:
            self.first = frame.pts
        return frame

    def stop(self) -> None:
        super().stop()
        self._frames.put_nowait(None)

    def _sent(self, stamp: int) -> None:
        """The frame of this time stamp is on its way."""

    def _hand_over(self, frame: av.VideoFrame | av.AudioFrame) -> None:
        self.asked.clear()
        self._frames.put_nowait(frame)


class FaceTrack(PacedTrack):
    """Pictures; time stamps from the frame number."""

    kind = "video"
    rate = VIDEO_RATE
    encoding = metrics.PICTURE_ENCODING

    def __init__(self, encoded: Callable[[int], None] = lambda _: None) -> None:
        """`encoded` is told the number of each frame once it is on its way."""
        super().__init__()
        self._encoded = encoded

    def _sent(self, stamp: int) -> None:
        self._encoded(stamp // VIDEO_TICKS_PER_FRAME)

    def push(self, number: int, picture: I420) -> None:
        """Frame `number`, which leaves at once if the sender waits for it.

        `picture` lies where it lay: nobody may write into it any more.
        """
        frame = av.VideoFrame.from_numpy_buffer(picture, format="yuv420p")
        frame.pts = number * VIDEO_TICKS_PER_FRAME
        frame.time_base = VIDEO_TIME_BASE
        self._hand_over(frame)


class VoiceTrack(PacedTrack):
    """Sound; time stamps from its position."""

    kind = "audio"
    rate = VOICE_RATE
    encoding = metrics.VOICE_ENCODING

    def push(self, start: int, samples: Voice) -> None:
        """20 ms of sound from position `start` on."""
        pcm = np.clip(samples * 32768, -32768, 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(pcm[np.newaxis], format="s16", layout="mono")
        frame.sample_rate = VOICE_RATE
        frame.pts = start
        frame.time_base = VOICE_TIME_BASE
        self._hand_over(frame)
