"""How good an encoder is, on voices and noises that it was not trained on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from avatar.audio import SAMPLES_PER_FRAME
from avatar.errors import AvatarError
from avatar.models.log_mel import HOP
from avatar.models.speech_encoder import STRIDE, SpeechEncoder
from avatar.training.encoder.closures import (
    CLOSED,
    FRAME,
    SpokenLips,
    by_voice,
    closures,
    open_vowel,
)
from avatar.training.encoder.mel_changes import SILENCE
from avatar.training.encoder.noises import GENERATED
from avatar.training.encoder.phones import VISEME_OF_PHONE
from avatar.training.encoder.shards import Shard, log_mels

AJAR = 0.25  # aperture from which a frame should not be closed
SECONDS = 60.0  # of each noise

Array = NDArray[np.float32]
Figures = dict[str, float]


@dataclass(frozen=True)
class RecognizedUtterance:
    """An utterance as the encoder understood it."""

    voice: str
    phones: NDArray[np.uint8]
    """(T,) what was said at 100 Hz."""
    mouth: Array
    """(T, tracks + 1) what the mouth should do."""
    phone_guess: NDArray[np.int64]
    """(T / 2,) at 50 Hz, before the reliability eases it."""
    viseme_guess: NDArray[np.int64]
    features: Array
    """(T / 4, features) at 25 fps."""


def evaluate(encoder: SpeechEncoder, shards: Path) -> dict[str, Figures]:
    """Figures by group: real, synthetic and damaged held voices, noises, speed."""
    figures: dict[str, Figures] = {}
    speech_motion = 0.0
    for name in ("real", "tts", "damaged"):
        path = shards / f"held-{name}.npz"
        if not path.exists():
            continue
        heard = list(understand(encoder, Shard.load(path)))
        figures[name] = recognition(heard) | lips(encoder, heard)
        if name == "real":
            speech_motion = float(np.mean([motion(encoder, row.features) for row in heard]))
    if "real" not in figures:
        raise AvatarError(f"{shards}: holds no held-real.npz; run avatar train-encoder first")
    figures["noise"] = noises(encoder, shards / "held-noise.npz", speech_motion)
    figures["speed"] = {"ms_per_chunk": milliseconds_per_chunk(encoder)}
    return figures


@torch.inference_mode()
def understand(encoder: SpeechEncoder, shard: Shard) -> Iterator[RecognizedUtterance]:
    """Every utterance of a shard from a fresh state, the delay taken away."""
    ahead, delay = encoder.config.lookahead, encoder.config.delay
    for row, (first, end) in enumerate(zip(shard.starts[:-1], shard.starts[1:], strict=True)):
        length = (end - first) // FRAME * FRAME
        mels = torch.from_numpy(shard.mels[first : first + length].astype(np.float32))
        mels = F.pad(mels, (0, 0, 0, ahead * FRAME), value=SILENCE)[None]
        state = encoder.new_state()
        heads = encoder.from_mels(mels, state)
        features = encoder.to_frames(heads, state)[0, ahead:]
        yield RecognizedUtterance(
            str(shard.voices[row]),
            shard.phones[first : first + length],
            shard.mouth[first : first + length].astype(np.float32),
            heads.phone[0, delay:].argmax(-1).numpy(),
            heads.viseme[0, delay:].argmax(-1).numpy(),
            features.numpy(),
        )


def recognition(heard: list[RecognizedUtterance]) -> Figures:
    """Shares of 20 ms frames, silence included, whose phone or viseme is right."""
    truth = np.concatenate([row.phones[1::STRIDE] for row in heard])
    viseme = np.array(VISEME_OF_PHONE)[truth]
    phone_guess = np.concatenate([row.phone_guess for row in heard])
    viseme_guess = np.concatenate([row.viseme_guess for row in heard])
    spoken = truth != 0
    return {
        "phone_accuracy": float(np.mean(phone_guess == truth)),
        "viseme_accuracy": float(np.mean(viseme_guess == viseme)),
        "phone_accuracy_in_speech": float(np.mean((phone_guess == truth)[spoken])),
        "viseme_accuracy_in_speech": float(np.mean((viseme_guess == viseme)[spoken])),
    }


def lips(encoder: SpeechEncoder, heard: list[RecognizedUtterance]) -> Figures:
    """Do the lips close on p, b, m and open on open vowels, and only there?"""
    spoken = [SpokenLips(h.voice, h.phones, _aperture(encoder, h.features)) for h in heard]
    wrongly = []
    for rows in by_voice(spoken).values():
        median = open_vowel(rows)
        if median is not None:
            shut = np.concatenate([row.aperture for row in rows]) < CLOSED * median
            wanted = np.concatenate([_wanted(h) for h in heard if h.voice == rows[0].voice])
            wrongly.append(np.mean(shut[wanted > AJAR]))
    trust = [
        h.features[h.phones[2::FRAME] != 0, encoder.layout["reliability"]].ravel() for h in heard
    ]
    shown = np.concatenate([row.aperture for row in spoken])
    wanted = np.concatenate([_wanted(h) for h in heard])
    return asdict(closures(spoken)) | {
        "closed_where_open_is_wanted": float(np.mean(wrongly)),
        "aperture_r": float(np.corrcoef(wanted, shown)[0, 1]),
        "reliability_in_speech": float(np.concatenate(trust).mean()),
    }


def noises(encoder: SpeechEncoder, babble: Path, speech_motion: float) -> Figures:
    """Motion of the lips in each noise, against their motion in speech."""
    found = {"silence": np.zeros(int(SECONDS * 100) * HOP, np.float32)}
    random = np.random.default_rng(99)
    for make in dict.fromkeys(GENERATED):
        found[make.__name__] = make(SECONDS, random)
    found["white"] = random.normal(0, 0.05, len(found["silence"])).astype(np.float32)
    mels = {name: log_mels(sound, encoder.config.mels) for name, sound in found.items()}
    shard = Shard.load(babble)
    pieces = [
        shard.mels[first:end].astype(np.float32)
        for first, end in zip(shard.starts[:-1], shard.starts[1:], strict=True)
    ]
    mels["babble"] = np.concatenate(pieces[::3])
    return {name: _motion_of(encoder, mel) / speech_motion for name, mel in mels.items()}


@torch.inference_mode()
def _motion_of(encoder: SpeechEncoder, mels: Array) -> float:
    length = len(mels) // FRAME * FRAME
    state = encoder.new_state()
    heads = encoder.from_mels(torch.from_numpy(mels[:length])[None], state)
    return motion(encoder, encoder.to_frames(heads, state)[0].numpy())


def motion(encoder: SpeechEncoder, features: Array) -> float:
    """Mean squared change of the lip aperture from one video frame to the next."""
    return float(np.mean(np.diff(_aperture(encoder, features)) ** 2))


@torch.inference_mode()
def milliseconds_per_chunk(encoder: SpeechEncoder, chunks: int = 200) -> float:
    """Median of a core's time for one chunk of one stream with its state kept."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    state, samples = encoder.new_state(), 0.1 * torch.randn(1, SAMPLES_PER_FRAME)
    times = []
    for _ in range(chunks):
        begun = time.thread_time()
        encoder(samples, state)
        times.append(1000 * (time.thread_time() - begun))
    torch.set_num_threads(threads)
    return float(np.median(times))


def _wanted(row: RecognizedUtterance) -> Array:
    """The aperture that each video frame should have."""
    return np.asarray(row.mouth[:, 0].reshape(-1, FRAME).mean(1), np.float32)


def _aperture(encoder: SpeechEncoder, features: Array) -> Array:
    return features[:, encoder.layout["articulation"].start]
