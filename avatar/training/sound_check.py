"""Whether the sound of a training can be that of the face: looked at before anything is learned."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from avatar.audio import FPS, SAMPLES_PER_FRAME
from avatar.errors import AvatarError
from avatar.training.av_offset import best_correlation

EVIDENCE = 0.2  # correlation of lips with what is heard; speakers of 24 s had 0.65 and 0.80
# Lips follow another's voice by chance, up to 0.35 in 24 s and 0.6 where all sentences have one
# rhythm; but they follow it as well when it is moved, and their own voice far less.
MARGIN = 0.03  # of Fisher's z, over the best moved sound; own voices of 24 s had 0.04 to 0.79
SURE = 0.999  # a correlation above this is taken for this, since Fisher's z of 1 is infinite
APART = 25  # frames that a sound is moved at least, to have nothing to do with the lips any more
STEP, PAIRINGS = 12, 60  # frames from one moved sound to the next, and how many at most
FEWEST = 20  # moved sounds; in a recording shorter than 12 s too few things are said to compare
CHECK = (
    "check that it is the speaker's own voice and goes with the pictures; --audio-track chooses "
    "another sound track"
)
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
    said = np.stack([heard, loudness(sound)])
    found = _likeness(said, seen, clip)
    if found < EVIDENCE:
        raise AvatarError(
            f"the lips do not follow the sound (correlation {found:.2f}, at least {EVIDENCE} is "
            f"wanted): {CHECK}"
        )
    moved = {by: _likeness(np.roll(said, by, 1), seen, clip) for by in _moves(clip)}
    most = max(moved, key=moved.__getitem__, default=0)
    if len(moved) >= FEWEST and _fisher(found) < _fisher(moved[most]) + MARGIN:
        raise AvatarError(
            f"the lips do not follow the sound: as it is, they do so hardly better (correlation "
            f"{found:.2f}) than when it is moved by {most / FPS:.1f} s ({moved[most]:.2f}); {CHECK}"
        )


def _fisher(correlation: float) -> float:
    return float(np.arctanh(min(correlation, SURE)))


def _likeness(
    said: NDArray[np.float32], seen: NDArray[np.float32], clip: NDArray[np.int32]
) -> float:
    """How well lips (F,) follow the best of the tracks (2, F) that a sound gives."""
    return max(best_correlation(track, seen, clip) for track in said)


def _moves(clip: NDArray[np.int32]) -> list[int]:
    """Frames by which to move the sound round: evenly, and so that clips meet clips."""
    last = len(clip) - APART
    evenly = np.arange(APART, last + 1, max(STEP, (last - APART) // PAIRINGS))
    clips = np.flatnonzero(np.diff(clip)) + 1
    return sorted({*evenly.tolist(), *clips[(clips >= APART) & (clips <= last)].tolist()})


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
