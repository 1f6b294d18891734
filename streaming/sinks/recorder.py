"""A film as a sink: H.264 and AAC into a file, or live to OBS or a streaming service."""

from collections.abc import Callable
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.error import FFmpegError

from avatar.audio import FPS
from avatar.errors import AvatarError
from avatar.files import replace_file
from avatar.media.open_media import send_media, write_media
from streaming.media.clock import VOICE_RATE
from streaming.media.sink import Voice
from streaming.render.renderer import I420
from streaming.sinks.background import Background
from streaming.sinks.destination import Destination
from streaming.sinks.srt import SrtPipe

SOUND_BITS = 128_000  # a second
FILE_OPTIONS = {"preset": "veryfast", "crf": "18"}
LIVE_OPTIONS = {"preset": "veryfast", "tune": "zerolatency", "crf": "21", "g": str(2 * FPS)}
NETWORK_TIMEOUT_S = 5.0  # the other end has to answer


class Recorder:
    """Encodes in a thread of its own. A file appears when it is whole, at `close`."""

    lead = 0.0

    def __init__(self, destination: Destination, size: tuple[int, int]) -> None:
        """`size`: width and height of every picture."""
        self.name = destination.address
        self._destination = destination
        self._size = size
        self._background = Background("film")
        self._open = ExitStack()

    @classmethod
    async def open(cls, destination: Destination, size: tuple[int, int]) -> "Recorder":
        """Begin the file, or connect. Raises AvatarError if that is not possible."""
        film = cls(destination, size)
        try:
            await film._background.run(film._guarded(film._begin))
        except AvatarError:
            await film._background.close(film._open.close)
            raise
        return film

    async def ready(self) -> None:
        await self._background.idle()

    def show(self, number: int, picture: I420) -> None:
        frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
        frame.pts, frame.time_base = number, Fraction(1, FPS)
        self._background.submit(self._guarded(lambda: self._mux(self._video, frame)))

    def speak(self, start: int, samples: Voice) -> None:
        frame = av.AudioFrame.from_ndarray(samples[np.newaxis], format="fltp", layout="mono")
        frame.sample_rate = VOICE_RATE
        frame.pts, frame.time_base = start, Fraction(1, VOICE_RATE)
        self._background.submit(self._guarded(lambda: self._mux(self._sound, frame)))

    async def close(self) -> None:
        await self._background.close(self._guarded(self._finish))

    def _begin(self) -> None:
        destination = self._destination
        if destination.scheme == "srt":
            pipe = SrtPipe(destination.address)
            self._open.callback(pipe.close)
            self._film = send_media(pipe, format=destination.container)
        elif destination.live:
            self._film = send_media(
                destination.address, format=destination.container, timeout=NETWORK_TIMEOUT_S
            )
        else:
            temporary = self._open.enter_context(replace_file(Path(destination.address)))
            self._film = write_media(temporary, format=destination.container)
        options = LIVE_OPTIONS if destination.live else FILE_OPTIONS
        self._video = self._film.add_stream("libx264", rate=FPS, options=options)
        self._video.width, self._video.height = self._size
        self._video.pix_fmt = "yuv420p"
        self._sound = self._film.add_stream("aac", rate=VOICE_RATE, layout="mono")
        self._sound.bit_rate = SOUND_BITS
        self._film.start_encoding()

    def _mux(
        self,
        stream: av.VideoStream | av.AudioStream,
        frame: av.VideoFrame | av.AudioFrame | None,
    ) -> None:
        self._film.mux(stream.encode(frame))  # type: ignore[arg-type]

    def _finish(self) -> None:
        with self._open:
            for stream in (self._video, self._sound):
                self._mux(stream, None)
            self._film.close()

    def _guarded(self, work: Callable[[], None]) -> Callable[[], None]:
        def do() -> None:
            try:
                work()
            except (FFmpegError, OSError) as error:
                reason = error.strerror or str(error)
                raise AvatarError(f"{self.name} takes nothing more: {reason}") from error

        return do
