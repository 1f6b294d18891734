"""The two outgoing tracks of a session: the face at 25 fps and the caller's voice, on one clock."""

from fractions import Fraction

import av
import numpy as np
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

from streaming.audio_input import AudioInput
from streaming.clock import (
    VIDEO_RATE,
    VIDEO_TICKS_PER_FRAME,
    VOICE_PER_FRAME,
    VOICE_RATE,
    SessionClock,
)
from streaming.pictures import Pictures

VOICE_PACKET = VOICE_RATE // 50  # 20 ms, what the Opus encoder takes
# Browsers hold sound back longer than pictures (30-50 ms in NetEq and the sound device, 10 ms for
# pictures) and delay the pictures to match. Sound is ready long before its picture, so it leaves
# this much earlier; its time stamps and Sender Reports stay those of the one clock.
VOICE_LEAD = 0.040  # seconds
VIDEO_TIME_BASE = Fraction(1, VIDEO_RATE)
VOICE_TIME_BASE = Fraction(1, VOICE_RATE)


class FaceTrack(MediaStreamTrack):
    """Frame n leaves at the clock's `present` of its first sample; a late picture is the last one.

    Frames that could not leave in time are skipped, never delayed: pts follow the clock.
    """

    kind = "video"

    def __init__(self, clock: SessionClock, pictures: Pictures) -> None:
        super().__init__()
        self.sent = 0
        self.repeated = 0  # sent with an older picture because the new one was late
        self.skipped = 0  # never sent because the encoder was busy or the loop was held up
        self._clock = clock
        self._pictures = pictures
        self._next = 0

    async def recv(self) -> av.VideoFrame:
        """The next frame, at its time. Raises MediaStreamError once the track is stopped."""
        await self._clock.wait_started()
        while True:
            self._skip_to_now()
            number = self._next
            await self._clock.sleep_until(self._clock.present(number * VOICE_PER_FRAME))
            if self.readyState != "live":
                raise MediaStreamError
            self._next = number + 1
            found = self._pictures.for_frame(number)
            if found is None:
                continue  # the very first picture is not there yet
            self.sent += 1
            self.repeated += found[0] != number
            frame = av.VideoFrame.from_ndarray(found[1], format="yuv420p")
            frame.pts = number * VIDEO_TICKS_PER_FRAME
            frame.time_base = VIDEO_TIME_BASE
            return frame

    def _skip_to_now(self) -> None:
        start = self._clock.present(0)
        due = int((self._clock.monotonic() - start) * VOICE_RATE // VOICE_PER_FRAME)
        if due > self._next:
            self.skipped += due - self._next
            self._next = due


class VoiceTrack(MediaStreamTrack):
    """The caller's own sound, later by exactly the delay of the picture; nothing is dropped."""

    kind = "audio"

    def __init__(self, clock: SessionClock, sound: AudioInput) -> None:
        super().__init__()
        self.sent = 0
        self._clock = clock
        self._sound = sound

    async def recv(self) -> av.AudioFrame:
        """The next 20 ms, at their time. Raises MediaStreamError once the track is stopped."""
        await self._clock.wait_started()
        start = self.sent * VOICE_PACKET
        await self._clock.sleep_until(self._clock.present(start) - VOICE_LEAD)
        if self.readyState != "live":
            raise MediaStreamError
        self.sent += 1
        samples = self._sound.voice(start, VOICE_PACKET)
        pcm = np.clip(samples * 32768, -32768, 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(pcm[np.newaxis], format="s16", layout="mono")
        frame.sample_rate = VOICE_RATE
        frame.pts = start
        frame.time_base = VOICE_TIME_BASE
        return frame
