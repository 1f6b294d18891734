"""The sound of a video at 16 kHz mono, placed by its time stamps beside the pictures."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar.audio import SAMPLE_RATE, SAMPLES_PER_FRAME
from avatar.errors import AvatarError
from avatar.media.downmix import Downmix
from avatar.media.recording import Recording
from avatar.media.sound_reader import read_sound
from avatar.media.sound_tracks import SILENT_PEAK
from avatar.training.preprocess.video_reader import Clip

Sound = NDArray[np.float32]
PADDED_FRAMES = 2  # a sound that ends this much before the picture is filled with silence


@dataclass(frozen=True)
class RecordedSound:
    """What is heard in a recording: (span, first sample within it, samples (n,)), in order."""

    pieces: Sequence[tuple[int, int, Sound]]

    def beside(self, clip: Clip) -> Sound:
        """The sound (S,) of a clip; S is a whole number of frames, at most the clip's.

        Sample 640 n is the start of picture n; S ends where the sound does.
        """
        length = clip.frames * SAMPLES_PER_FRAME
        sound, last, origin = np.zeros(length, np.float32), 0, round(clip.start * SAMPLE_RATE)
        for span, start, samples in self.pieces:
            at = start - origin
            end = min(at + len(samples), length)
            if span == clip.span and end > max(at, 0):
                sound[max(at, 0) : end] = samples[max(-at, 0) : end - at]
                last = end
        if not last:
            return sound[:0]
        covered = last // SAMPLES_PER_FRAME + PADDED_FRAMES
        return sound[: min(clip.frames, covered) * SAMPLES_PER_FRAME]


def read_voice(recording: Recording) -> RecordedSound:
    """The whole sound of a recording. Raises AvatarError if it is silence only."""
    downmix = Downmix(SAMPLE_RATE)
    pieces = [
        (piece.span, piece.at, downmix.push(piece.samples))
        for piece in read_sound(recording, SAMPLE_RATE)
    ]
    if not any(np.abs(samples).max() >= SILENT_PEAK for _, _, samples in pieces):
        raise AvatarError(f"the sound of {recording.path} is silent: record with the microphone on")
    return RecordedSound(pieces)
