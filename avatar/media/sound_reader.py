"""The sound of a recording at one rate, each piece where its time stamps put it."""

from collections.abc import Iterator
from dataclasses import dataclass

import av
import numpy as np

from avatar.media.recording import Decoded, Recording, decode
from avatar.media.samples import Samples

GAP = 0.020  # s: time stamps further off than this are a gap, not rounding
LOUDEST = 4.0  # full scale is 1; more than this is damage, not sound


@dataclass(frozen=True)
class Piece:
    """Samples (n, channels) of a span, the first of them `at` samples after its beginning."""

    span: int
    at: int
    samples: Samples


def read_sound(recording: Recording, rate: int, layout: str | None = None) -> Iterator[Piece]:
    """Pieces in their order, none over another; what lies between two of them is a gap.

    Follows changes of rate and channels within the file; `layout` (such as "stereo") makes the
    channels what it says, without it they stay as they are. Raises AvatarError.
    """
    assert recording.sound is not None
    stretch: _Stretch | None = None
    cursor = 0, 0  # span, and the sample after the last one given
    for decoded in decode(recording, recording.sound):
        pieces: list[Piece] = []
        if stretch is None or not stretch.takes(decoded):
            pieces += stretch.finish() if stretch else []
            stretch = _Stretch.begun_by(decoded, stretch, rate, layout)
        pieces += stretch.push(decoded)
        for piece in pieces:
            if kept := _after(cursor, piece):
                yield kept
                cursor = kept.span, kept.at + len(kept.samples)
    for piece in stretch.finish() if stretch else []:
        if kept := _after(cursor, piece):
            yield kept


def gapless(recording: Recording, pieces: Iterator[Piece], rate: int) -> Iterator[Samples]:
    """Pieces and the silence between them, from the first sample on, (n, channels) each."""
    origins = [round(base * rate) for base in _origins(recording)]
    at: int | None = None
    for piece in pieces:
        start = origins[piece.span] + piece.at
        at = start if at is None else at
        while at < start:
            silence = np.zeros((min(rate, start - at), piece.samples.shape[1]), np.float32)
            yield silence
            at += len(silence)
        yield piece.samples[at - start :]
        at = max(at, start + len(piece.samples))


def _origins(recording: Recording) -> list[float]:
    """Where each span begins when they follow each other without a pause, in seconds."""
    ends = np.cumsum([span.seconds for span in recording.time.spans])
    return [0.0, *ends[:-1].tolist()]


def _after(cursor: tuple[int, int], piece: Piece) -> Piece | None:
    """What of a piece comes after all that was given before it."""
    span, end = cursor
    if piece.span != span or piece.at >= end:
        return piece if len(piece.samples) else None
    return _after((span, piece.at), Piece(span, end, piece.samples[end - piece.at :]))


@dataclass
class _Stretch:
    """Sound without a gap and without a change of its form."""

    resampler: av.AudioResampler
    form: tuple[str, str, int]
    span: int
    due: float  # seconds since the span's beginning at which the next frame is expected
    at: int  # sample at which the next piece begins

    @classmethod
    def begun_by(
        cls, decoded: Decoded, before: "_Stretch | None", rate: int, layout: str | None
    ) -> "_Stretch":
        """A stretch whose first frame this is."""
        seconds, span = decoded.seconds, decoded.span
        if seconds is None:
            seconds, span = (before.due, before.span) if before else (0.0, 0)
        resampler = av.AudioResampler(format="fltp", layout=layout, rate=rate)
        return cls(resampler, _form(decoded), span, seconds, round(seconds * rate))

    def takes(self, decoded: Decoded) -> bool:
        """Whether a frame goes on where the last one ended."""
        if _form(decoded) != self.form:
            return False
        if decoded.seconds is None:
            return True
        return decoded.span == self.span and abs(decoded.seconds - self.due) <= GAP

    def push(self, decoded: Decoded) -> list[Piece]:
        self.due += decoded.frame.samples / decoded.frame.sample_rate
        return self._placed(self.resampler.resample(decoded.frame))

    def finish(self) -> list[Piece]:
        """What the resampler still holds."""
        return self._placed(self.resampler.resample(None))

    def _placed(self, frames: list[av.AudioFrame]) -> list[Piece]:
        pieces = []
        for frame in frames:
            samples = _samples(frame)
            pieces.append(Piece(self.span, self.at, samples))
            self.at += len(samples)
        return pieces


def _form(decoded: Decoded) -> tuple[str, str, int]:
    frame = decoded.frame
    return frame.format.name, frame.layout.name, frame.sample_rate


def _samples(frame: av.AudioFrame) -> Samples:
    """(n, channels); what is no number in a file of floats becomes silence."""
    with np.errstate(invalid="ignore", over="ignore"):
        finite = np.nan_to_num(frame.to_ndarray().T, nan=0.0, posinf=0.0, neginf=0.0)
    return np.asarray(finite.clip(-LOUDEST, LOUDEST), np.float32)
