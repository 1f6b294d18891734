"""The encoder of a Whisper (Radford et al., 2022), by CTranslate2: a teacher's ear, never served.

It hears both ways and, cut to the length of the sound, costs a thirtieth of its time on one core.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from avatar.audio import SAMPLE_RATE, SAMPLES_PER_FRAME
from avatar.errors import AvatarError
from avatar.media.samples import Samples

STATES = 2  # in a video frame
LONGEST = 30 * SAMPLE_RATE  # samples that it hears at once
TRAIL = SAMPLE_RATE // 2  # silence behind a sound, so that its end is heard as one
MEL_HOP = SAMPLE_RATE // 100

Array = NDArray[np.float32]


def load_whisper(name: str) -> Callable[[Samples], Array]:
    """A folder, or a name that faster-whisper knows -> sounds (S,) to states (ceil(S / 640), D).

    Raises AvatarError if faster-whisper is not installed or the model cannot be loaded.
    """
    try:
        import ctranslate2
        from faster_whisper import WhisperModel
    except ImportError as error:
        raise AvatarError(
            "faster-whisper is not installed; pip install 'speech2lip-live[teacher]'"
        ) from error
    try:
        model = WhisperModel(name, device="auto", compute_type="float32")
    except Exception as error:  # each of the libraries behind it raises its own
        raise AvatarError(
            f"--teacher {name}: faster-whisper cannot load it ({error}); "
            "give a folder in CTranslate2's format or a name such as base"
        ) from error

    def hear(sound: Samples) -> Array:
        pieces = np.split(sound, range(LONGEST - TRAIL, len(sound), LONGEST - TRAIL))
        return np.concatenate([_hear(piece) for piece in pieces])

    def _hear(piece: Samples) -> Array:
        frames = -(-len(piece) // SAMPLES_PER_FRAME)
        padded = np.pad(piece, (0, frames * SAMPLES_PER_FRAME - len(piece) + TRAIL))
        mels = model.feature_extractor(padded, padding=0)[:, : len(padded) // MEL_HOP]
        view = ctranslate2.StorageView.from_array(np.ascontiguousarray(mels[None], np.float32))
        states = np.asarray(model.model.encode(view, to_cpu=True), np.float32)[0]
        rows: Array = states[: STATES * frames].reshape(frames, -1)
        return rows

    return hear
