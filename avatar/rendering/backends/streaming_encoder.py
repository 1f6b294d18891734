"""What hears: the speech encoder in the form that suits the device."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from weakref import WeakValueDictionary

import numpy as np
import torch
from torch import Tensor

from avatar.media.samples import Samples
from avatar.models.speech_encoder import SpeechEncoder
from avatar.rendering.backends.device import to_device
from avatar.rendering.backends.numpy_encoder import NumpyEncoder
from avatar.rendering.backends.slots import Slot, SlotPool


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


@dataclass
class SlotState:
    """Of one sound: a row of what a `DeviceEncoder` remembers of all."""

    encoder: "DeviceEncoder"
    slot: Slot

    def reset(self) -> None:
        """As before the first chunk."""
        self.encoder.reset(self.slot)


class DeviceEncoder:
    """The module itself, for all sounds at once, where it lies."""

    def __init__(self, encoder: SpeechEncoder) -> None:
        self._encoder = encoder
        self._states = encoder.new_state(0)
        self._pool = SlotPool(self._grow)

    def new_state(self) -> SlotState:
        """State of a sound that was nothing but silence so far."""
        state = SlotState(self, self._pool.take())
        state.reset()
        return state

    def reset(self, slot: Slot) -> None:
        """Forget a sound."""
        self._states.reset_row(slot.row)

    def hear(self, states: Sequence[SlotState], chunks: Sequence[Samples]) -> Tensor:
        """A chunk (640,) further in each sound -> features (B, features); the states move on."""
        device = self._encoder.rest.device
        rows = to_device(torch.tensor([state.slot.row for state in states]), device)
        samples = to_device(torch.from_numpy(np.stack(chunks)), device)
        batch = self._states.take(rows)
        features: Tensor = self._encoder(samples, batch)[:, 0]
        self._states.put(rows, batch)
        return features

    def _grow(self, rows: int) -> None:
        self._states = self._states.grown(rows)


_ON_DEVICES: WeakValueDictionary[tuple[torch.device, str], DeviceEncoder] = WeakValueDictionary()


def new_streaming_encoder(encoder: SpeechEncoder, hears_like: str) -> StreamingEncoder:
    """The fastest way to hear with `encoder`, whose fingerprint is `hears_like`, where it lies.

    On a device, speakers with the same encoder share what it remembers, so that all their callers
    are heard in one step.
    """
    device = encoder.rest.device
    if device.type == "cpu":
        return NumpyEncoder(encoder)
    shared = _ON_DEVICES.get((device, hears_like)) or DeviceEncoder(encoder)
    _ON_DEVICES[device, hears_like] = shared
    return shared


def fingerprint(encoder: SpeechEncoder) -> str:
    """The same for encoders that hear the same: dimensions and weights."""
    digest = hashlib.sha256(repr(encoder.config).encode())
    for weight in encoder.state_dict().values():
        digest.update(weight.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
