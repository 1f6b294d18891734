"""What hears: the speech encoder in the form that suits the device."""

import hashlib
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from avatar.media.samples import Samples
from avatar.models.encoder_state import EncoderState
from avatar.models.speech_encoder import SpeechEncoder
from avatar.rendering.backends.device import to_device
from avatar.rendering.backends.numpy_encoder import NumpyEncoder


class SoundState(Protocol):
    """All that is remembered of one sound."""

    def reset(self) -> None:
        """As before the first chunk."""


class StreamingEncoder(Protocol):
    """Hears chunks of any number of sounds."""

    def new_state(self) -> Any:
        """A `SoundState` of a sound that was nothing but silence so far."""

    def hear(self, states: Sequence[Any], chunks: Sequence[Samples]) -> Tensor:
        """A chunk (640,) further in each sound -> features (B, features); the states move on."""


class DeviceEncoder:
    """The module itself, for all sounds at once, where it lies."""

    def __init__(self, encoder: SpeechEncoder) -> None:
        self._encoder = encoder

    def new_state(self) -> EncoderState:
        """State of a sound that was nothing but silence so far."""
        return self._encoder.new_state()

    def hear(self, states: Sequence[EncoderState], chunks: Sequence[Samples]) -> Tensor:
        """A chunk (640,) further in each sound -> features (B, features); the states move on."""
        batch = EncoderState.stack(list(states))
        samples = to_device(torch.from_numpy(np.stack(chunks)), self._encoder.rest.device)
        features: Tensor = self._encoder(samples, batch)[:, 0]
        for state, after in zip(states, batch.unstack(), strict=True):
            vars(state).update(vars(after))
        return features


def new_streaming_encoder(encoder: SpeechEncoder) -> StreamingEncoder:
    """The fastest way to hear with `encoder` on the device it lies on."""
    on_cpu = encoder.rest.device.type == "cpu"
    return NumpyEncoder(encoder) if on_cpu else DeviceEncoder(encoder)


def fingerprint(encoder: SpeechEncoder) -> str:
    """The same for encoders that hear the same: dimensions and weights."""
    digest = hashlib.sha256(repr(encoder.config).encode())
    for weight in encoder.state_dict().values():
        digest.update(weight.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
