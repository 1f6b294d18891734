"""A sound file becomes a talking video, in constant memory."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from avatar.audio import FPS, stream_sound
from avatar.errors import AvatarError
from avatar.files import replace_file
from avatar.gestures import Score
from avatar.i420 import I420
from avatar.media.open_media import write_media
from avatar.media.recording import Recording
from avatar.media.sound_reader import gapless, read_sound
from avatar.media.sound_tracks import heard
from avatar.rendering.frame_batches import draw_frames
from avatar.rendering.pipeline import Pipeline
from avatar.speakers.reference_video import video_frame

CONTAINERS = (".mp4", ".mov", ".mkv")
SOUND_RATE = 48_000  # Hz, as players expect
SOUND_BITS = 128_000  # per second
# A head before a still ground asks little of the encoder: half of `veryfast`'s time, the same
# bytes, 0.05 dB less.
VIDEO_OPTIONS = {
    "crf": "18",
    "preset": "veryfast",
    "x264-params": "subme=1:me=dia:weightp=0:b-adapt=0:partitions=none",
}
SOUND_OPTIONS = {"aac_coder": "fast"}  # a third of the default's time

Rendered = Callable[[int, int], None]
Finish = Callable[[I420], I420]


def render_film(
    pipelines: Sequence[Pipeline],
    sound: Path,
    out: Path,
    rendered: Rendered,
    track: int | None = None,
    finish: Finish = lambda picture: picture,
    score: Score = (),
) -> int:
    """Write `out`, H.264 and AAC, with the speaker saying `sound`; returns the number of frames.

    `pipelines` draw side by side (see `draw_frames`) while this thread encodes.  The file appears
    when it is whole.  `rendered` is told how many frames are done, and of about how many; `track`
    is which of several sound tracks is said, from 1; `finish` has the last word on every picture;
    `score`: the gestures of the head.
    """
    if out.suffix.lower() not in CONTAINERS:
        raise AvatarError(f"{out}: the name must end in {', '.join(CONTAINERS)}")
    recording = heard(sound, track)
    total = frames_in(recording)
    count = 0
    try:
        if out.exists() and out.samefile(sound):
            raise AvatarError(f"{out} is the sound itself; choose another name")
        with ExitStack() as stack:
            temporary = stack.enter_context(replace_file(out))
            film = stack.enter_context(write_media(temporary))
            video = _video_stream(film, pipelines[0].size)
            voice = _Voice(recording, film)
            for picture in draw_frames(pipelines, stream_sound(sound, track), score):
                film.mux(video.encode(video_frame(finish(picture.i420), picture.index)))
                voice.write_until(Fraction(picture.index + 1, FPS))
                count = picture.index + 1
                rendered(count, max(count, total))
            voice.finish()
            film.mux(video.encode())
    except OSError as error:
        raise AvatarError(f"{out}: could not be written ({error.strerror or error})") from error
    return count


def _video_stream(
    film: av.container.OutputContainer, size: tuple[int, int]
) -> av.video.stream.VideoStream:
    stream = film.add_stream("libx264", rate=FPS, options=VIDEO_OPTIONS)
    stream.width, stream.height = size
    stream.pix_fmt = "yuv420p"
    stream.thread_type = "FRAME"  # slices of a frame would wait for each other
    return stream


class _Voice:
    """The sound as it was given, as the film's second track."""

    def __init__(self, sound: Recording, film: av.container.OutputContainer) -> None:
        self._film = film
        self._stream = film.add_stream(
            "aac", rate=SOUND_RATE, layout="stereo", options=SOUND_OPTIONS
        )
        self._stream.bit_rate = SOUND_BITS
        self._frames = _stereo_frames(sound)
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


def _stereo_frames(recording: Recording) -> Iterator[av.AudioFrame]:
    """Frames at SOUND_RATE, from the first sample that `stream_sound` gives."""
    pieces = read_sound(recording, SOUND_RATE, "stereo")
    for samples in gapless(recording, pieces, SOUND_RATE):
        planes = np.ascontiguousarray(samples.T)
        frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout="stereo")
        frame.sample_rate = SOUND_RATE
        yield frame


def frames_in(recording: Recording) -> int:
    """How many a sound fills by its time stamps, pictures included."""
    seconds = sum(span.seconds for span in recording.time.spans)
    return math.ceil(round(seconds * FPS, 3))
