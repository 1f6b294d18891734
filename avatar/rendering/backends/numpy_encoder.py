"""The speech encoder for live sound on a CPU, chunk by chunk, in NumPy.

A chunk is two steps of 20 ms, for which a framework spends its time on calls and not on numbers.
Weights and arithmetic are those of `SpeechEncoder`, in float32.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from avatar.audio import SAMPLES_PER_FRAME
from avatar.media.samples import Samples
from avatar.models.log_mel import FFT, FLOOR, HOP, TAIL, WINDOW
from avatar.models.running_mean import FULL_WEIGHT, MEMORY, PRIOR_WEIGHT
from avatar.models.speech_encoder import NATS, QUIET, STEPS, STRIDE, Block, SpeechEncoder
from avatar.rendering.backends.small_products import Array, Product, as_array, new_product

FRAMES = SAMPLES_PER_FRAME // HOP  # log-mel frames in a chunk
LOG_FLOOR = float(np.log(FLOOR))
HALF = np.float32(0.5)


@dataclass
class NumpyEncoderState:
    """All that is remembered of one sound between two chunks; see `EncoderState`."""

    arrays: list[Array]  # (1, ...) each: last samples, total and weight of the mean, stem, blocks
    trust: Tensor  # (1,)

    def reset(self) -> None:
        """As before the first chunk."""
        self.arrays = [np.zeros_like(array) for array in self.arrays]
        self.trust = torch.zeros_like(self.trust)


class NumpyEncoder:
    """Hears chunks of any number of sounds; rows of the result belong to the sounds."""

    def __init__(self, encoder: SpeechEncoder) -> None:
        """`encoder` on the CPU, in evaluation mode."""
        self._encoder = encoder
        self._ends = encoder.new_state()  # carries the trust of a batch through the last step
        self._window, self._bands = (
            as_array(encoder.log_mel.window),
            as_array(encoder.log_mel.bands),
        )
        self._prior = as_array(encoder.mean.prior) * np.float32(PRIOR_WEIGHT)
        age = np.arange(FRAMES)
        self._decay = np.tril(np.exp((age[None] - age[:, None]) / MEMORY)).astype(np.float32)
        self._fade = np.exp(-(age + 1) / MEMORY).astype(np.float32)
        stem = encoder.stem.weight.unflatten(1, (-1, 3 * STRIDE)).transpose(1, 2).flatten(1)
        self._stem = new_product(stem, encoder.stem.bias)
        self._blocks = [_NumpyBlock(block) for block in encoder.blocks if isinstance(block, Block)]
        self._norm = _Norm(encoder.norm)
        self._heads = _layer(encoder.heads)

    def new_state(self) -> NumpyEncoderState:
        """State of a sound that was nothing but silence so far."""
        c = self._encoder.config
        past = [(2 * dilation, c.channels) for dilation in c.dilations]
        shapes = [(TAIL,), (c.mels,), (), (2 * STRIDE, c.mels + 1), *past]
        return NumpyEncoderState(
            [np.zeros((1, *shape), np.float32) for shape in shapes], torch.zeros(1)
        )

    def hear(self, states: Sequence[NumpyEncoderState], chunks: Sequence[Samples]) -> Tensor:
        """A chunk (640,) further in each sound -> features (B, features); the states move on."""
        columns = zip(*(state.arrays for state in states), strict=True)
        outputs, after = self._outputs(np.stack(chunks), *map(np.concatenate, columns))
        self._ends.trust = torch.cat([state.trust for state in states])
        heads = self._encoder.said(torch.from_numpy(outputs))
        features = self._encoder.to_frames(heads, self._ends)[:, 0]
        for row, state in enumerate(states):
            state.arrays = [array[row : row + 1] for array in after]
            state.trust = self._ends.trust[row : row + 1]
        return features

    def _outputs(
        self, chunks: Array, tail: Array, total: Array, weight: Array, stem: Array, *past: Array
    ) -> tuple[Array, list[Array]]:
        """Chunks (B, 640) -> what `SpeechEncoder.said` takes apart, and what is remembered."""
        mels, tail = self._log_mel(chunks, tail)
        level = (_mean(mels) - QUIET) / NATS
        centred, total, weight = self._centred(mels, total, weight)
        heard = np.concatenate([stem, np.concatenate([centred / NATS, level], axis=2)], axis=1)
        starts = range(0, STEPS * STRIDE, STRIDE)
        windows = [heard[:, start : start + 3 * STRIDE] for start in starts]
        x = self._stem(np.stack(windows, axis=1).reshape(len(chunks), STEPS, -1))
        after = []
        for block, normed in zip(self._blocks, past, strict=True):
            x, normed_too = block(x, normed)
            after.append(normed_too)
        normal = self._norm(x)
        outputs = np.concatenate([self._heads(normal), normal], axis=2)
        return outputs, [tail, total, weight, heard[:, -2 * STRIDE :], *after]

    def _log_mel(self, chunks: Array, tail: Array) -> tuple[Array, Array]:
        sound = np.concatenate([tail, chunks], axis=1)
        sounds, samples = sound.strides
        frames = np.lib.stride_tricks.as_strided(
            sound, (len(sound), FRAMES, WINDOW), (sounds, HOP * samples, samples), writeable=False
        )
        spectrum = np.fft.rfft(frames * self._window, FFT)
        power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
        return np.log(power @ self._bands + np.float32(FLOOR)), sound[:, -TAIL:]

    def _centred(self, mels: Array, total: Array, weight: Array) -> tuple[Array, Array, Array]:
        """Mels (B, FRAMES, mels) less their running mean, and what the mean remembers."""
        share = ((_mean(mels) - LOG_FLOOR) / FULL_WEIGHT).clip(0, 1)
        totals = self._decay @ (share * mels) + self._fade[:, None] * total[:, None]
        weights = (self._decay @ share)[..., 0] + self._fade * weight[:, None]
        mean = (totals + self._prior) / (weights + PRIOR_WEIGHT)[..., None]
        return mels - mean, totals[:, -1], weights[:, -1]


class _Norm:
    def __init__(self, norm: nn.LayerNorm) -> None:
        self.weight, self.bias, self.least = as_array(norm.weight), as_array(norm.bias), norm.eps

    def __call__(self, x: Array) -> Array:
        centred = x - _mean(x)
        scale = 1 / np.sqrt(_mean(centred * centred) + self.least)
        return np.asarray(centred * scale * self.weight + self.bias)


class _NumpyBlock:
    """x + W2 GLU(W1 [h(t - 2d), h(t - d), h(t)]), h = norm(x); see `Block`."""

    def __init__(self, block: Block) -> None:
        self.dilation, self.norm = block.dilation, _Norm(block.norm)
        self.mix, self.out = _layer(block.mix), _layer(block.out)

    def __call__(self, x: Array, past: Array) -> tuple[Array, Array]:
        d = self.dilation
        h = np.concatenate([past, self.norm(x)], axis=1)
        taps = [h[:, :STEPS], h[:, d : d + STEPS], h[:, 2 * d :]]
        mixed = self.mix(np.concatenate(taps, axis=2))
        half = mixed.shape[2] // 2
        gate = HALF + HALF * np.tanh(HALF * mixed[..., half:])  # the sigmoid, without overflow
        return x + self.out(mixed[..., :half] * gate), h[:, STEPS:]


def _mean(x: Array) -> Array:
    """Over the last axis, kept; `ndarray.mean` takes three times as long for so few numbers."""
    return np.asarray(np.add.reduce(x, axis=-1, keepdims=True) * np.float32(1 / x.shape[-1]))


def _layer(layer: nn.Linear) -> Product:
    return new_product(layer.weight, layer.bias)
