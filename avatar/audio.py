"""Sound as the rest of the package sees it: 16 kHz mono float32, positions counted in samples."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from avatar.errors import AvatarError
from avatar.media.downmix import Downmix
from avatar.media.samples import Samples

if TYPE_CHECKING:
    import av

SAMPLE_RATE = 16_000  # Hz
FPS = 25  # video frames a second
SAMPLES_PER_FRAME = SAMPLE_RATE // FPS  # 640: frame n shows samples [640 n, 640 (n + 1))


class Resampler:
    """Sound of any rate and channel count, piece by piece, to 16 kHz (or another rate) mono.

    The pieces may have any length. What comes out piece by piece, with `flush` at the end, is
    what one long piece would give.
    """

    def __init__(self, rate: int, target: int = SAMPLE_RATE) -> None:
        """`rate`: samples a second of what will be pushed; `target`: of what comes out."""
        if rate <= 0:
            raise AvatarError(f"a sample rate of {rate} Hz makes no sense; give the sound's own")
        self.rate, self._target = rate, target
        self.reset()

    def reset(self) -> None:
        """Forget everything pushed so far."""
        from av import AudioResampler

        self._inner = AudioResampler(format="flt", layout="mono", rate=self._target)
        self._downmix = Downmix(self.rate)

    def push(self, samples: Samples) -> Samples:
        """(n,) or (n, channels) in -1..1 -> (about n * target / rate,) float32."""
        from av import AudioFrame

        mono = self._downmix.push(samples) if samples.ndim == 2 else samples
        if not len(mono):
            return np.zeros(0, np.float32)
        piece = np.ascontiguousarray(mono, np.float32)[None]
        frame = AudioFrame.from_ndarray(piece, format="flt", layout="mono")
        frame.sample_rate = self.rate
        return _joined(self._inner.resample(frame))

    def flush(self) -> Samples:
        """The last few samples, which the filter still held; the resampler starts afresh."""
        rest = _joined(self._inner.resample(None))
        self.reset()
        return rest


def stream_sound(path: Path, track: int | None = None) -> Iterator[Samples]:
    """The sound of any file PyAV reads, as pieces of 640 samples, in constant memory.

    Gaps in its time stamps are silence; `track` is counted from 1 (default: the first with sound).
    The last piece is filled up with silence. Raises AvatarError if there is no sound to read.
    """
    rest = np.zeros(0, np.float32)
    for piece in _mono(path, track):
        rest = np.concatenate([rest, piece])
        whole = len(rest) // SAMPLES_PER_FRAME * SAMPLES_PER_FRAME
        for start in range(0, whole, SAMPLES_PER_FRAME):
            yield rest[start : start + SAMPLES_PER_FRAME]
        rest = rest[whole:]
    if len(rest):
        yield np.pad(rest, (0, SAMPLES_PER_FRAME - len(rest)))


def load_sound(path: Path, track: int | None = None) -> Samples:
    """The whole sound of any file PyAV reads -> (samples,). Raises AvatarError if it has none."""
    return np.concatenate(list(_mono(path, track)))


def _mono(path: Path, track: int | None) -> Iterator[Samples]:
    from avatar.media.sound_reader import gapless, read_sound
    from avatar.media.sound_tracks import heard

    recording = heard(path, track)
    downmix = Downmix(SAMPLE_RATE)
    empty = True
    for piece in gapless(recording, read_sound(recording, SAMPLE_RATE), SAMPLE_RATE):
        empty = False
        yield downmix.push(piece)
    if empty:
        raise AvatarError(f"{path}: its sound track is empty")


def _joined(frames: list[av.AudioFrame]) -> Samples:
    if not frames:
        return np.zeros(0, np.float32)
    return np.asarray(np.concatenate([f.to_ndarray()[0] for f in frames]), np.float32)
