"""The sound of a video at 16 kHz mono, placed by its time stamps beside the pictures."""

from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from avatar.audio import SAMPLE_RATE, SAMPLES_PER_FRAME
from avatar.errors import AvatarError
from avatar.training.preprocess.video_reader import opened

Sound = NDArray[np.float32]
GAP = 0.02  # s: time stamps further off than this are a gap, not rounding
SILENT_PEAK = 0.003  # of full scale: below this nothing was recorded
PADDED_FRAMES = 2  # a sound that ends this much before the picture is filled with silence


def sound_beside(path: Path, start: float, frames: int) -> Sound:
    """The sound (S,) float32 from time `start` (s); S is a whole number of frames, <= `frames`.

    Sample 640 n is the start of frame n.  Raises AvatarError without sound or with silence only.
    """
    segments = _decode(path)
    length = frames * SAMPLES_PER_FRAME
    sound = np.zeros(length, np.float32)
    last = 0
    for time, samples in segments:
        at = round((time - start) * SAMPLE_RATE)
        piece = samples[max(-at, 0) :][: max(length - max(at, 0), 0)]
        sound[max(at, 0) : max(at, 0) + len(piece)] = piece
        last = max(last, max(at, 0) + len(piece))
    if not last or np.abs(sound).max() < SILENT_PEAK:
        raise AvatarError(f"the sound of {path} is silent: record with the microphone on")
    covered = last // SAMPLES_PER_FRAME + PADDED_FRAMES
    return sound[: min(frames, covered) * SAMPLES_PER_FRAME]


def _decode(path: Path) -> list[tuple[float, Sound]]:
    """Stretches of gapless sound, each with the time stamp of its first sample in seconds."""
    with opened(path) as container:
        if not container.streams.audio:
            raise AvatarError(f"{path} has no sound: give a video in which the speaker is heard")
        segments = _Segments()
        try:
            for frame in container.decode(container.streams.audio[0]):
                segments.add(frame)
        except av.FFmpegError as error:
            raise AvatarError(
                f"the sound of {path} is damaged ({error}): repair the file with ffmpeg"
            ) from error
        return segments.finish()


class _Segments:
    """Resamples frame by frame; a jump in the time stamps starts a new stretch."""

    def __init__(self) -> None:
        self.done: list[tuple[float, Sound]] = []
        self.start = self.expected = 0.0
        self.resampler: Any = None
        self.pieces: list[Sound] = []

    def add(self, frame: Any) -> None:
        time = float(frame.time) if frame.time is not None else self.expected
        if self.resampler is None or abs(time - self.expected) > GAP:
            self._close()
            self.resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
            self.start = self.expected = time
        self.expected += frame.samples / frame.sample_rate
        self._take(self.resampler.resample(frame))

    def finish(self) -> list[tuple[float, Sound]]:
        self._close()
        return self.done

    def _close(self) -> None:
        if self.resampler is not None:
            self._take(self.resampler.resample(None))
            self.done.append((self.start, np.concatenate(self.pieces)))
            self.resampler, self.pieces = None, []

    def _take(self, frames: list[Any]) -> None:
        self.pieces += [frame.to_ndarray().reshape(-1).astype(np.float32) for frame in frames]
