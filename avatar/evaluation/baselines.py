"""Whose lips are judged: the speaker's, and those of three simple baselines.

All are pasted and harmonised by the same functions; only the canonical lips differ.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from avatar.errors import AvatarError
from avatar.evaluation.test_set import EvaluationSet, speech_features, training_track
from avatar.models.speech_head import history
from avatar.rendering.backends.base import Backend
from avatar.rendering.backends.device import choose_device, fast_type
from avatar.speakers.speaker import Speaker
from avatar.training.lip_data import split

NEAREST_WINDOW = 5  # frames of speech that the nearest training frame is found by

Lips = Callable[[NDArray[np.intp]], Tensor]


@dataclass(frozen=True)
class Method:
    """Something that draws canonical lips for frames of the test set."""

    name: str
    speaker: Speaker  # whose geometry and Blend-Net are used
    backend: Backend
    lips: Lips  # frame numbers (B,) of the test video -> (B, 3, h, w)


def speaker_method(speaker: Speaker, test_set: EvaluationSet, device: str) -> Method:
    """The speaker itself, driven by the sound of the test video."""
    backend = _backend(speaker, device)
    with torch.inference_mode():
        codes = torch.cat(
            [
                backend.code(backend.head.windows(features.to(backend.device)).contiguous())
                for features in speech_features(backend.encoder, test_set.tracked)
            ]
        )

    def lips(rows: NDArray[np.intp]) -> Tensor:
        at = torch.from_numpy(rows).to(codes.device)
        return backend.lips(codes[at], torch.full((len(rows),), -1.0, device=codes.device))

    return Method(speaker.name, speaker, backend, lips)


def baselines(speaker: Speaker, test_set: EvaluationSet, work: Path, device: str) -> list[Method]:
    """Still mouth, mean canonical lips, and the nearest training frame by speech feature."""
    stored = work / "phases" / "canonical_lips.npy"
    if not stored.exists():
        raise AvatarError(f"{stored} is not there: the baselines need the training's work folder")
    lips = np.load(stored, mmap_mode="r")
    trained = training_track(work, speaker)
    rows = split(trained.usable, speaker.card.training.held_out)[0].numpy()
    backend = _backend(speaker, device)
    encoder = backend.encoder
    spoken = encoder.config.spoken
    known = torch.cat([_windows(f[:, :spoken]) for f in speech_features(encoder, trained)])[rows]
    asked = torch.cat([_windows(f[:, :spoken]) for f in speech_features(encoder, test_set.tracked)])
    nearest = rows[torch.cdist(asked, known).argmin(dim=1).cpu().numpy()]
    mean = np.mean([lips[row] for row in rows[:: max(1, len(rows) // 1000)]], axis=0)

    def drawn(choose: Callable[[NDArray[np.intp]], NDArray[np.generic]]) -> Lips:
        def draw(at: NDArray[np.intp]) -> Tensor:
            return torch.from_numpy(choose(at).astype(np.float32) / 255).to(backend.device)

        return draw

    choices = {
        "still mouth": lambda at: np.repeat(lips[trained.canonical][None], len(at), axis=0),
        "mean lips": lambda at: np.repeat(mean[None], len(at), axis=0),
        "nearest frame": lambda at: lips[nearest[at]],
    }
    return [Method(name, speaker, backend, drawn(choice)) for name, choice in choices.items()]


def _windows(features: Tensor) -> Tensor:
    """(F, D) -> (F, window D): the window ends with the frame, whose features hear further."""
    return history(features, NEAREST_WINDOW).flatten(1)


def _backend(speaker: Speaker, device: str) -> Backend:
    chosen = choose_device(device)
    return Backend(speaker, chosen, fast_type(chosen))
