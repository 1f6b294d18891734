"""Sound as the rest of the package sees it: 16 kHz mono float32, positions counted in samples."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from avatar.errors import AvatarError

if TYPE_CHECKING:
    import av

SAMPLE_RATE = 16_000  # Hz
FPS = 25  # video frames a second
SAMPLES_PER_FRAME = SAMPLE_RATE // FPS  # 640: frame n shows samples [640 n, 640 (n + 1))
LOUDEST = 4.0  # full scale is 1; more than this is damage, not sound
LOOKAHEAD_FRAMES = 2  # frame n is drawn once the samples of frame n + 2 are there: 80 ms

Samples = NDArray[np.float32]


class Resampler:
    """Sound of any rate and channel count, piece by piece, to 16 kHz mono.

    The pieces may have any length. What comes out piece by piece, with `flush` at the end, is
    what one long piece would give.
    """

    def __init__(self, rate: int) -> None:
        """`rate`: samples a second of what will be pushed."""
        if rate <= 0:
            raise AvatarError(f"a sample rate of {rate} Hz makes no sense; give the sound's own")
        self.rate = rate
        self.reset()

    def reset(self) -> None:
        """Forget everything pushed so far."""
        from av import AudioResampler

        self._inner = AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)

    def push(self, samples: Samples) -> Samples:
        """(n,) or (n, channels) in -1..1 -> (about n * 16000 / rate,) float32."""
        from av import AudioFrame

        mono = samples if samples.ndim == 1 else samples.mean(axis=1)
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


def stream_sound(path: Path) -> Iterator[Samples]:
    """The sound of any file PyAV reads, as pieces of 640 samples, in constant memory.

    The last piece is filled up with silence. Raises AvatarError if there is no sound to read.
    """
    rest = np.zeros(0, np.float32)
    for piece in _decoded(path):
        rest = np.concatenate([rest, piece])
        whole = len(rest) // SAMPLES_PER_FRAME * SAMPLES_PER_FRAME
        for start in range(0, whole, SAMPLES_PER_FRAME):
            yield rest[start : start + SAMPLES_PER_FRAME]
        rest = rest[whole:]
    if len(rest):
        yield np.pad(rest, (0, SAMPLES_PER_FRAME - len(rest)))


def load_sound(path: Path) -> Samples:
    """The whole sound of any file PyAV reads -> (samples,). Raises AvatarError if it has none."""
    return np.concatenate(list(_decoded(path)))


def _decoded(path: Path) -> Iterator[Samples]:
    import av
    from av.error import FFmpegError

    if not path.is_file():
        raise AvatarError(f"{path}: there is no such file")
    try:
        with av.open(str(path), metadata_errors="ignore") as container:
            if not container.streams.audio:
                raise AvatarError(f"{path}: has no sound; give a file with a sound track")
            yield from _resampled(container)
    except FFmpegError as error:
        raise AvatarError(f"{path}: cannot be read as sound ({error.strerror})") from error


def _resampled(container: av.container.InputContainer) -> Iterator[Samples]:
    from av import AudioResampler

    # The mean of the channels, which FFmpeg's own mono is not: that may clip.
    resampler = AudioResampler(format="fltp", rate=SAMPLE_RATE)
    empty = True
    for frame in container.decode(audio=0):
        for piece in resampler.resample(frame):
            empty = False
            yield _mono(piece)
    if empty:
        raise AvatarError(f"{container.name}: its sound track is empty")
    for piece in resampler.resample(None):
        yield _mono(piece)


def _mono(piece: av.AudioFrame) -> Samples:
    """The mean of the channels; what is no number in a file of floats becomes silence."""
    with np.errstate(invalid="ignore", over="ignore"):
        mean = piece.to_ndarray().mean(axis=0, dtype=np.float32)
    finite: Samples = np.nan_to_num(mean, nan=0.0, posinf=0.0, neginf=0.0)
    return finite.clip(-LOUDEST, LOUDEST)


def _joined(frames: list[av.AudioFrame]) -> Samples:
    if not frames:
        return np.zeros(0, np.float32)
    return np.asarray(np.concatenate([f.to_ndarray()[0] for f in frames]), np.float32)
