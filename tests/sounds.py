"""Sounds of known content, and the files that hold them."""

import io
import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE = 48_000
PITCH = 200.0  # Hz

Samples = NDArray[np.float32]


def sine(
    places: NDArray[np.generic], rate: int = RATE, hertz: float = PITCH, level: float = 0.5
) -> Samples:
    """What a tone without beginning is at these places, counted in samples, fractions too."""
    return (level * np.sin(2 * np.pi * hertz * places / rate)).astype(np.float32)


def tone(seconds: float, rate: int = RATE, hertz: float = PITCH, level: float = 0.5) -> Samples:
    return sine(np.arange(round(seconds * rate)), rate, hertz, level)


def beeps(seconds: float, level: float = 0.4) -> Samples:
    """Half a second of silence, half a second of tone, and so on."""
    samples = tone(seconds, hertz=220, level=level)
    return samples * (np.arange(len(samples)) // (RATE // 2) % 2).astype(np.float32)


def pcm16(samples: NDArray[np.floating]) -> bytes:
    """Samples (N,) or (N, channels) in [-1, 1] as 16-bit PCM."""
    return (samples * 32767).astype("<i2").tobytes()


def wav(samples: NDArray[np.floating], rate: int = RATE) -> bytes:
    """The WAV file of samples (N,) or (N, channels)."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(pcm16(samples))
    return file.getvalue()


def write_wav(file: Path, samples: NDArray[np.floating], rate: int = RATE) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(wav(samples, rate))
    return file
