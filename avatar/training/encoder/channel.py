"""What rooms, microphones and browsers do to a voice, on the samples themselves.

Everything keeps the sound's length and its timing to within 3 ms.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.signal import butter, fftconvolve, istft, sosfilt, stft

from avatar.audio import SAMPLE_RATE
from avatar.media.samples import Samples

OPUS_RATE = 48_000  # Hz, what every Opus decoder gives
PACKET = SAMPLE_RATE // 50  # 20 ms, as browsers send
OPUS_DELAY = 312  # samples at 48 kHz that libopus's encoder looks ahead (voip mode)
SPECTRUM = {"nperseg": 512, "noverlap": 384}


def damage(samples: Samples, random: Generator) -> Samples:
    """A random walk through a room, a microphone and a call: (S,) -> (S,)."""
    steps = (
        (0.05, whisper),
        (0.40, reverberate),
        (0.30, limit_band),
        (0.15, clip),
        (0.35, suppress_noise),
        (0.35, ride_gain),
        (0.60, send_opus),
    )
    for chance, step in steps:
        if random.random() < chance:
            samples = step(samples, random)
    return samples


def reverberate(samples: Samples, random: Generator) -> Samples:
    """A room: direct sound and a decaying tail of 0.1 to 0.7 s (RT60)."""
    decay = random.uniform(0.1, 0.7)
    times = np.arange(int(decay * SAMPLE_RATE)) / SAMPLE_RATE
    tail = random.normal(0, 1, len(times)) * 10 ** (-3 * times / decay)
    tail[: int(random.uniform(0.002, 0.02) * SAMPLE_RATE)] = 0
    tail *= 10 ** (random.uniform(-12, 2) / 20) / max(float(np.linalg.norm(tail)), 1e-6)
    tail[0] = 1.0
    return np.asarray(fftconvolve(samples, tail)[: len(samples)], np.float32)


def limit_band(samples: Samples, random: Generator) -> Samples:
    """A telephone, a small speaker or a cheap headset."""
    edges = random.uniform(60, 350), random.uniform(3000, 7000)
    filtered = sosfilt(butter(2, edges, "bandpass", fs=SAMPLE_RATE, output="sos"), samples)
    return np.asarray(filtered, np.float32)


def clip(samples: Samples, random: Generator) -> Samples:
    """A microphone turned up too far."""
    limit = np.quantile(np.abs(samples), random.uniform(0.90, 0.995)) + 1e-4
    return np.clip(samples, -limit, limit).astype(np.float32)


def ride_gain(samples: Samples, random: Generator) -> Samples:
    """Automatic gain that wanders by some decibels within seconds."""
    knots = random.normal(0, 4, len(samples) // SAMPLE_RATE + 3)
    where = np.linspace(0, len(knots) - 1, len(samples))
    decibels = np.interp(where, np.arange(len(knots)), knots)
    return (samples * 10 ** (decibels / 20)).astype(np.float32)


def suppress_noise(samples: Samples, random: Generator) -> Samples:
    """Background noise that a browser's suppressor then takes away, with its gurgling."""
    level = float(np.sqrt(np.mean(samples**2)) + 1e-5) * 10 ** (-random.uniform(8, 30) / 20)
    _, _, noisy = stft(samples + random.normal(0, level, len(samples)), **SPECTRUM)
    power = np.abs(noisy) ** 2
    noise = np.quantile(power, 0.2, axis=1, keepdims=True) * random.uniform(1.5, 4)
    gain = np.clip(1 - noise / (power + 1e-12), 10 ** (-random.uniform(12, 40) / 20), 1)
    return _inverse(noisy * gain, len(samples))


def whisper(samples: Samples, random: Generator) -> Samples:
    """The same words without a voice: the envelope of the spectrum filled with noise."""
    _, _, spectrum = stft(samples, **SPECTRUM)
    kernel = np.hanning(15)[:, None] / np.hanning(15).sum()
    envelope = fftconvolve(np.abs(spectrum), kernel, mode="same", axes=0)
    tilt = np.linspace(0.15, 1.0, len(envelope))[:, None]
    phase = np.exp(2j * np.pi * random.random(envelope.shape))
    return _inverse(np.maximum(envelope, 0) * tilt * phase, len(samples))


def send_opus(samples: Samples, random: Generator) -> Samples:
    """Opus at 12 to 32 kbit/s; lost packets are concealed by fading repetition."""
    from av import AudioFrame, AudioResampler, CodecContext

    encoder = CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = SAMPLE_RATE, "mono", "flt"
    encoder.bit_rate = int(random.uniform(12_000, 32_000))
    encoder.options = {"application": "voip", "compression_level": "2"}
    decoder = CodecContext.create("libopus", "r")
    decoder.sample_rate, decoder.layout = OPUS_RATE, "mono"
    whole = np.pad(samples, (0, -len(samples) % PACKET + 2 * PACKET)).clip(-1, 1)
    packets = []
    for index, piece in enumerate(whole.reshape(-1, 1, PACKET)):
        frame = AudioFrame.from_ndarray(piece, format="flt", layout="mono")
        frame.sample_rate, frame.pts = SAMPLE_RATE, index * PACKET
        frame.time_base = Fraction(1, SAMPLE_RATE)
        packets += encoder.encode(frame)
    frames = [frame for packet in packets for frame in decoder.decode(packet)]
    decoded = [frame.to_ndarray()[0].astype(np.float32) / 32768 for frame in frames]  # s16
    decoded = _conceal(decoded, _lost(len(decoded), random))
    joined = np.concatenate(decoded).astype(np.float32)[None]
    frame = AudioFrame.from_ndarray(joined, format="flt", layout="mono")
    frame.sample_rate = OPUS_RATE
    resampler = AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
    parts = [p.to_ndarray()[0] for f in (frame, None) for p in resampler.resample(f)]
    sound = np.concatenate(parts)[OPUS_DELAY * SAMPLE_RATE // OPUS_RATE :][: len(samples)]
    return np.pad(sound, (0, len(samples) - len(sound))).astype(np.float32)


def _lost(packets: int, random: Generator) -> list[bool]:
    """Losses come in bursts (Gilbert's two states)."""
    rate = random.choice([0.0, 0.0, 0.01, 0.03, 0.08])
    lost, state = [], False
    for _ in range(packets):
        state = random.random() < (0.4 if state else rate)
        lost.append(state)
    return lost


def _conceal(decoded: list[Samples], lost: list[bool]) -> list[Samples]:
    heard = [decoded[0]]
    for gone, piece in zip(lost, decoded, strict=True):
        heard.append(0.6 * heard[-1] if gone else piece)
    return heard[1:]


def _inverse(spectrum: NDArray[np.complex128], length: int) -> Samples:
    sound = istft(spectrum, **SPECTRUM)[1][:length]
    return np.pad(sound, (0, length - len(sound))).astype(np.float32)
