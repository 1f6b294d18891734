"""Speech features for the renderer: the shipped encoder, whole sounds and live streams."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from torch.nn import functional as F

from avatar.audio import SAMPLES_PER_FRAME
from avatar.config import from_dict
from avatar.errors import AvatarError
from avatar.media.samples import Samples
from avatar.models.speech_encoder import EncoderConfig, SpeechEncoder

SHIPPED = Path(__file__).parents[1] / "weights" / "speech_encoder.safetensors"
PIECE = 250  # chunks (10 s) that go through the network at once: bounds the memory

Features = NDArray[np.float32]


def load_encoder(path: Path | None = None) -> SpeechEncoder:
    """The encoder from a weights file, by default the shipped one; in evaluation mode, frozen.

    Raises AvatarError if the file is absent, damaged or of other dimensions.
    """
    path = path or SHIPPED
    if not path.is_file():
        raise AvatarError(f"{path}: there are no such weights; make them with avatar train-encoder")
    try:
        with safe_open(path, framework="pt") as file:
            dimensions = json.loads((file.metadata() or {})["config"])
            encoder = SpeechEncoder(from_dict(EncoderConfig, dimensions, f"{path}: config"))
            weights = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
        encoder.load_state_dict(weights)
    except (SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise AvatarError(f"{path}: not a speech encoder's weights; fetch them anew") from error
    return encoder.eval().requires_grad_(False)


@torch.inference_mode()
def features_of(encoder: SpeechEncoder, samples: Samples) -> Features:
    """(S,) -> (ceil(S / 640), features): row n belongs to video frame n.

    The encoder's delay is taken away; the sound's end is filled up with silence.
    """
    frames = -(-len(samples) // SAMPLES_PER_FRAME)
    ahead = encoder.config.lookahead
    missing = (frames + ahead) * SAMPLES_PER_FRAME - len(samples)
    device = encoder.rest.device
    sound = F.pad(torch.as_tensor(samples, dtype=torch.float32, device=device), (0, missing))
    state = encoder.new_state()
    rows = [encoder(piece, state)[0] for piece in sound[None].split(PIECE * SAMPLES_PER_FRAME, 1)]
    return torch.cat(rows)[ahead:].cpu().numpy()


class FeatureStream:
    """A live sound, chunk by chunk: the same numbers as `features_of`."""

    def __init__(self, encoder: SpeechEncoder) -> None:
        self.encoder = encoder
        self.reset()

    def reset(self) -> None:
        """Begin a new sound."""
        self.state = self.encoder.new_state()
        self.chunks = 0

    @torch.inference_mode()
    def push(self, chunk: Samples) -> Features | None:
        """Chunk m (640,) -> (features,) of video frame m - look-ahead; None before the first."""
        samples = torch.as_tensor(chunk, dtype=torch.float32, device=self.encoder.rest.device)
        row = self.encoder(samples[None], self.state)[0, 0].cpu().numpy()
        self.chunks += 1
        return row if self.chunks > self.encoder.config.lookahead else None
