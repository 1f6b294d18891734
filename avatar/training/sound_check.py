"""Whether the sound of a training can be that of the face: looked at before anything is learned."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from avatar.audio import SAMPLES_PER_FRAME
from avatar.errors import AvatarError
from avatar.training.av_offset import best_correlation

EVIDENCE = 0.2  # correlation of lips with what is heard; speakers of 24 s had 0.65 and 0.80
QUIET = 1e-4  # of full scale, added to loudness: noise below -80 dB is no sound


def check_sound(
    sound: NDArray[np.float32],
    heard: NDArray[np.float32],
    seen: NDArray[np.float32],
    clip: NDArray[np.int32],
) -> None:
    """Refuse a sound that nobody's lips could follow, or that these lips do not follow.

    sound (640 F,), heard (F,) the aperture that the speech encoder expects, seen (F,) the tracked
    one, clip (F,).  Raises AvatarError.
    """
    if not all(np.isfinite(values).all() for values in (sound, heard, seen)):
        raise AvatarError("the video's sound holds values that are no numbers: convert it anew")
    found = max(best_correlation(said, seen, clip) for said in (heard, loudness(sound)))
    if found < EVIDENCE:
        raise AvatarError(
            f"the lips do not follow the sound (correlation {found:.2f}, at least {EVIDENCE} is "
            "wanted): check that it is the speaker's own voice and goes with the pictures; "
            "--audio-track chooses another sound track"
        )


def loudness(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    """Log of the root mean square of each frame, (640 F,) -> (F,)."""
    frames = sound.reshape(-1, SAMPLES_PER_FRAME)
    power = np.square(frames, dtype=np.float64).mean(axis=1)
    return np.asarray(np.log(np.sqrt(power) + QUIET), np.float32)


def require_numbers(what: str, *values: Tensor) -> None:
    """Refuse to go on with what is no number. Raises AvatarError."""
    if not all(bool(torch.isfinite(value).all()) for value in values):
        raise AvatarError(
            f"{what} is no number: remove the work folder and begin anew, and if that ends here "
            "again, look for stretches without a face or a voice in the videos"
        )
