"""Trains the encoder within a budget of time; survives being stopped at any moment."""

from __future__ import annotations

import copy
import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn

from avatar.errors import AvatarError
from avatar.files import replace_file
from avatar.models.speech_encoder import EncoderConfig, SpeechEncoder
from avatar.training.encoder.batches import Mixer
from avatar.training.encoder.objective import losses
from avatar.training.encoder.shards import Shard

SHARES = {"real": 0.72, "tts": 0.28, "faces": 0.3}  # of the windows, against each other
PEOPLE = 0.7  # power of a person's hours that makes that person's share of the faces
CLEAN = 0.5  # share of the recordings heard undamaged
KEPT = 0.5  # of what fine-tuning changed
KEEP_EVERY = 120.0  # seconds between checkpoints
FROM_SCRATCH, FINE_TUNING = 2.5e-3, 5e-4  # highest learning rates


@dataclass(frozen=True)
class Settings:
    """How to train."""

    seconds: float
    """Of training in all, resumed parts included."""
    batch: int = 32
    rate: float = FROM_SCRATCH
    """Highest learning rate; it rises in the first 3% of the time and falls by a cosine."""
    decay: float = 0.05
    averaging: float = 0.999
    """Of the weights' moving average, which is what is kept."""
    seed: int = 1


class Trainer:
    """One training run, whose checkpoints lie in `folder`."""

    def __init__(self, shards: Path, folder: Path, config: EncoderConfig, settings: Settings):
        torch.manual_seed(settings.seed)
        self.shards, self.folder, self.settings = shards, folder, settings
        self.encoder = SpeechEncoder(config)
        self.average = copy.deepcopy(self.encoder).requires_grad_(False).eval()
        self.optimiser = torch.optim.AdamW(_groups(self.encoder, settings.decay), fused=True)
        self.step, self.elapsed = 0, 0.0
        self.begun: SpeechEncoder | None = None
        self.kept_to: SpeechEncoder | None = None

    def start_from(self, encoder: SpeechEncoder) -> None:
        """Begin with these weights instead of random ones.

        What is learned then goes a part of the way back to them, where it follows strangers as well
        and knows better what it knew (Wortsman et al., "Robust fine-tuning of zero-shot models",
        CVPR 2022). From weights that hear further ahead, or less far, there is no way back, for
        they answer at another time; then what they say of each sound is kept to instead.
        """
        before = copy.deepcopy(encoder).requires_grad_(False).eval()
        if encoder.config.lookahead == self.encoder.config.lookahead:
            self.begun = before
        else:
            self.kept_to = before
        self.encoder.load_state_dict(encoder.state_dict())
        self.average.load_state_dict(encoder.state_dict())

    def resume(self) -> bool:
        """Carry on from the last checkpoint, if there is one."""
        path = self.folder / "checkpoint.pt"
        if not path.exists():
            return False
        saved = torch.load(path, weights_only=True)
        try:
            self.encoder.load_state_dict(saved["encoder"])
            self.average.load_state_dict(saved["average"])
        except RuntimeError as error:
            raise AvatarError(f"{path}: of other dimensions; choose another --out") from error
        ahead = saved.get("lookahead", EncoderConfig.lookahead)
        if ahead != self.encoder.config.lookahead:
            raise AvatarError(f"{path}: hears {ahead} frames ahead; choose another --out")
        self.optimiser.load_state_dict(saved["optimiser"])
        self.step, self.elapsed = saved["step"], saved["elapsed"]
        return True

    def run(self, tell: Callable[[float, dict[str, float]], None]) -> SpeechEncoder:
        """Train until the budget is used up; returns what was learned.

        `tell` hears after each step what share of the budget is used, and the step's losses.
        """
        mixer, kept = self._mixer(), self.elapsed
        self.encoder.train()
        while self.elapsed < self.settings.seconds:
            begun = time.monotonic()
            found = self._advance(mixer)
            self.elapsed += time.monotonic() - begun
            if self.elapsed - kept > KEEP_EVERY:
                kept = self.elapsed
                self.save()
                mixer = self._mixer()  # shards may have been added meanwhile
            tell(self._share(), found)
        self.save()
        return self.learned()

    def learned(self) -> SpeechEncoder:
        """What is kept of the training so far."""
        kept = copy.deepcopy(self.average)
        if self.begun is not None:
            pairs = zip(kept.parameters(), self.begun.parameters(), strict=True)
            for weights, before in pairs:
                weights.lerp_(before, 1 - KEPT)
        return kept

    def save(self) -> None:
        """Checkpoint and weights, each whole or not at all."""
        state: dict[str, Any] = {
            "encoder": self.encoder.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "elapsed": self.elapsed,
            "lookahead": self.encoder.config.lookahead,
        }
        with replace_file(self.folder / "checkpoint.pt") as path:
            torch.save(state, path)
        save_weights(self.learned(), self.folder / "speech_encoder.safetensors")

    def _advance(self, mixer: Mixer) -> dict[str, float]:
        for group in self.optimiser.param_groups:
            group["lr"] = self.settings.rate * _schedule(self._share())
        batch = mixer.draw(self.settings.batch)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            state = self.encoder.new_state(self.settings.batch)
            found = losses(self.encoder, batch, state, self.kept_to)
        self.optimiser.zero_grad(set_to_none=True)
        found["total"].backward()
        nn.utils.clip_grad_norm_(self.encoder.parameters(), 1.0)
        self.optimiser.step()
        self.step += 1
        self._follow()
        return {name: float(value.detach()) for name, value in found.items()}

    @torch.no_grad()
    def _follow(self) -> None:
        keep = min(self.settings.averaging, self.step / (self.step + 10))
        pairs = zip(self.average.parameters(), self.encoder.parameters(), strict=True)
        for mean, now in pairs:
            mean.lerp_(now, 1 - keep)

    def _share(self) -> float:
        return min(1.0, self.elapsed / self.settings.seconds)

    def _mixer(self) -> Mixer:
        speech, weights, noises = [], [], []
        for path in sorted(self.shards.glob("*.npz")):
            if path.stem.startswith(("held", ".")):
                continue
            shard = _shard(path)
            if path.stem.startswith("noise"):
                noises.append(shard)
                continue
            speech.append(shard)
            weights.append((path.stem, shard.hours))
        if not speech or not noises:
            raise AvatarError(f"{self.shards}: holds no speech or no noise to train on")
        random = np.random.default_rng([self.settings.seed, self.step])
        return Mixer(speech, _shares(weights), noises, random)


def save_weights(encoder: SpeechEncoder, path: Path) -> None:
    """Half-precision weights with the dimensions in their metadata, as `load_encoder` reads."""
    tensors = {name: value.half().contiguous() for name, value in encoder.state_dict().items()}
    with replace_file(path) as unfinished:
        save_file(tensors, unfinished, {"config": json.dumps(asdict(encoder.config))})


_LOADED: dict[Path, Shard] = {}


def _shard(path: Path) -> Shard:
    if path not in _LOADED:
        _LOADED[path] = Shard.load(path)
    return _LOADED[path]


def _shares(shards: list[tuple[str, float]]) -> list[float]:
    """Real and synthetic speech, clean and damaged, each by its hours within its share; people
    whose faces are seen by theirs."""
    sizes = {name: hours ** (PEOPLE if _kind(name) == "faces" else 1) for name, hours in shards}
    shares = []
    for name, size in sizes.items():
        kind = _kind(name)
        group = [other for key, other in sizes.items() if _group(key) == _group(name)]
        share = SHARES[kind]
        if kind == "real":
            share *= CLEAN if _group(name) == "real-clean" else 1 - CLEAN
        shares.append(share * size / sum(group))
    return shares


def _kind(name: str) -> str:
    return name.split("-")[0]


def _group(name: str) -> str:
    return name if name == "real-clean" else _kind(name)


def _schedule(share: float) -> float:
    warm = 0.03
    if share < warm:
        return max(0.02, share / warm)
    return 0.01 + 0.99 * (0.5 + 0.5 * math.cos(math.pi * (share - warm) / (1 - warm)))


def _groups(encoder: SpeechEncoder, decay: float) -> list[dict[str, Any]]:
    """Weight decay for matrices only."""
    matrices = [p for p in encoder.parameters() if p.ndim > 1]
    others = [p for p in encoder.parameters() if p.ndim <= 1]
    return [{"params": matrices, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]
