"""A peer connection as a sink: the two tracks that a browser receives."""

from collections.abc import Callable

from streaming.media.sink import Voice
from streaming.render.renderer import I420
from streaming.webrtc.tracks import FaceTrack, VoiceTrack

# Browsers hold sound back longer than pictures (30-50 ms in NetEq and the sound device, 10 ms for
# pictures) and delay the pictures to match. Sound is ready long before its picture, so it leaves
# this much earlier; its time stamps and Sender Reports stay those of the one clock.
VOICE_LEAD = 0.040  # seconds


class PeerSink:
    """Add `face` and `voice` to a peer connection; its encoders set the pace of the pictures."""

    name = "browser"
    lead = VOICE_LEAD

    def __init__(self, encoded: Callable[[int], None] = lambda _: None) -> None:
        """`encoded` is told the number of each frame once it is coded and sent."""
        self.face = FaceTrack(encoded)
        self.voice = VoiceTrack()

    async def ready(self) -> None:
        await self.face.asked.wait()

    def show(self, number: int, picture: I420) -> None:
        self.face.push(number, picture)

    def speak(self, start: int, samples: Voice) -> None:
        if self.voice.wanted:  # else the caller only looks
            self.voice.push(start, samples)

    async def close(self) -> None:
        self.face.stop()
        self.voice.stop()
