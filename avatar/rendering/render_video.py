"""A sound file becomes a talking video, in constant memory."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.error import FFmpegError

from avatar.audio import FPS, LOOKAHEAD_FRAMES, SAMPLES_PER_FRAME, stream_sound
from avatar.errors import AvatarError
from avatar.files import replace_file
from avatar.rendering.pipeline import Picture, Pipeline
from avatar.speakers.reference_video import video_frame

CONTAINERS = (".mp4", ".mov", ".mkv")
SOUND_RATE = 48_000  # Hz, as players expect
SOUND_BITS = 128_000  # per second
VIDEO_OPTIONS = {"crf": "18", "preset": "veryfast"}

Rendered = Callable[[int, int | None], None]


def render_film(pipeline: Pipeline, sound: Path, out: Path, rendered: Rendered) -> int:
    """Write `out`, H.264 and AAC, with the speaker saying `sound`; returns the number of frames.

    The file appears when it is whole.  `rendered` is told how many frames are done, and of how
    many if the sound file says how long it is.
    """
    if out.suffix.lower() not in CONTAINERS:
        raise AvatarError(f"{out}: the name must end in {', '.join(CONTAINERS)}")
    if out.exists() and sound.exists() and out.samefile(sound):
        raise AvatarError(f"{out} is the sound itself; choose another name")
    total = _frames_in(sound)
    count = 0
    try:
        with ExitStack() as stack:
            temporary = stack.enter_context(replace_file(out))
            film = stack.enter_context(av.open(str(temporary), "w"))
            video = _video_stream(film, pipeline.size)
            voice = _Voice(sound, film)
            for picture in pictures_of(pipeline, sound):
                film.mux(video.encode(video_frame(picture.i420, picture.index)))
                voice.write_until(Fraction(picture.index + 1, FPS))
                count = picture.index + 1
                rendered(count, total)
            voice.finish()
            film.mux(video.encode())
    except OSError as error:
        raise AvatarError(f"{out}: could not be written ({error.strerror or error})") from error
    return count


def pictures_of(pipeline: Pipeline, sound: Path) -> Iterator[Picture]:
    """One picture for each 40 ms of the sound; silence after its end fills the look-ahead."""
    stream = pipeline.open()
    silence = np.zeros(SAMPLES_PER_FRAME, np.float32)
    for chunk in stream_sound(sound):
        yield from filter(None, pipeline.step([stream], [chunk]))
    for _ in range(LOOKAHEAD_FRAMES if stream.chunks else 0):
        yield from filter(None, pipeline.step([stream], [silence]))


def _video_stream(
    film: av.container.OutputContainer, size: tuple[int, int]
) -> av.video.stream.VideoStream:
    stream = film.add_stream("libx264", rate=FPS, options=VIDEO_OPTIONS)
    stream.width, stream.height = size
    stream.pix_fmt = "yuv420p"
    return stream


class _Voice:
    """The sound as it was given, as the film's second track."""

    def __init__(self, sound: Path, film: av.container.OutputContainer) -> None:
        self._film = film
        self._stream = film.add_stream("aac", rate=SOUND_RATE, layout="stereo")
        self._stream.bit_rate = SOUND_BITS
        self._frames = _decoded(sound)
        self._written = Fraction(0)

    def write_until(self, time: Fraction) -> None:
        """Encode the sound up to `time` in seconds, as far as there is any."""
        while self._written < time:
            frame = next(self._frames, None)
            if frame is None:
                return
            frame.pts, frame.time_base = round(self._written * SOUND_RATE), Fraction(1, SOUND_RATE)
            self._written += Fraction(frame.samples, SOUND_RATE)
            self._film.mux(self._stream.encode(frame))

    def finish(self) -> None:
        """Whatever the encoder still holds."""
        self._film.mux(self._stream.encode())


def _decoded(sound: Path) -> Iterator[av.AudioFrame]:
    """Stereo frames at SOUND_RATE, from the first sample that `stream_sound` gives."""
    resampler = av.AudioResampler(format="fltp", layout="stereo", rate=SOUND_RATE)
    try:
        with av.open(str(sound), metadata_errors="ignore") as source:
            for frame in source.decode(audio=0):
                yield from resampler.resample(frame)
    except FFmpegError as error:
        raise AvatarError(f"{sound}: cannot be read as sound ({error.strerror})") from error
    yield from resampler.resample(None)


def _frames_in(sound: Path) -> int | None:
    with suppress(FFmpegError), av.open(str(sound), metadata_errors="ignore") as source:
        if source.duration:
            return -(-source.duration * FPS // av.time_base)
    return None
