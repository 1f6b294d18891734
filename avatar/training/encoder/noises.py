"""Sounds that are no speech, made from chance: the lips must rest while they are heard."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.signal import butter, fftconvolve, sosfilt

from avatar.audio import SAMPLE_RATE
from avatar.media.samples import Samples

Sound = NDArray[np.float64]


def coloured(seconds: float, random: Generator) -> Samples:
    """Steady noise with a spectrum of 1 / f^k, k in 0..2, at times band-limited or pulsing."""
    count = int(seconds * SAMPLE_RATE)
    spectrum = np.fft.rfft(random.normal(0, 1, count))
    frequency = np.maximum(np.fft.rfftfreq(count, 1 / SAMPLE_RATE), 20)
    sound = np.fft.irfft(spectrum * frequency ** (-random.uniform(0, 1.0)), count)
    if random.random() < 0.4:
        low = random.uniform(60, 2000)
        edges = low, min(low * random.uniform(1.5, 8), 7900)
        sound = sosfilt(butter(2, edges, "bandpass", fs=SAMPLE_RATE, output="sos"), sound)
    if random.random() < 0.5:
        sound = sound * _wander(count, random)
    return _level(sound, random)


def hum(seconds: float, random: Generator) -> Samples:
    """Mains, motors, fans: steady harmonics and a little noise."""
    times = _times(seconds)
    base = random.choice([50.0, 60.0, random.uniform(20, 300)])
    sound = random.normal(0, random.uniform(0.01, 0.3), len(times))
    for harmonic in range(1, 12):
        phase = 2 * np.pi * base * harmonic * times + random.uniform(0, 6)
        sound += random.exponential(1 / harmonic) * np.sin(phase)
    return _level(sound, random)


def clicks(seconds: float, random: Generator) -> Samples:
    """Keys, mouse, cutlery, knocks: short resonances at irregular times."""
    sound = random.normal(0, 10 ** random.uniform(-4, -2), int(seconds * SAMPLE_RATE))
    rate = random.uniform(1, 12)
    tones = random.uniform(100, 5000, size=5)
    for _ in range(max(1, random.poisson(rate * seconds))):
        decay, tone = random.uniform(0.002, 0.04), random.choice(tones) * random.uniform(0.9, 1.1)
        times = _times(decay * 6)
        burst = np.exp(-times / decay) * (
            random.normal(0, 1, len(times)) + 2 * np.sin(2 * np.pi * tone * times)
        )
        start = int(random.uniform(0, max(len(sound) - len(burst), 1)))
        room = len(sound[start : start + len(burst)])
        sound[start : start + room] += random.exponential(0.5) * burst[:room]
    return _level(sound, random)


def music(seconds: float, random: Generator) -> Samples:
    """Chords, melodies, bass and drums of random instruments, without singing."""
    count = int(seconds * SAMPLE_RATE)
    sound = np.zeros(count)
    beat = random.uniform(0.2, 0.7)
    scale = 110 * 2 ** (random.integers(0, 12) / 12) * 2 ** (np.array([0, 2, 4, 5, 7, 9, 11]) / 12)
    for _ in range(int(random.integers(1, 5))):
        play = _instrument(random)
        octave, together = 2.0 ** random.integers(-1, 4), int(random.integers(1, 4))
        pace = random.choice([0.5, 1.0, 2.0, 4.0])
        for start in np.arange(0, seconds, beat * pace):
            if random.random() < 0.15:
                continue
            for note in random.choice(scale, together):
                _add(sound, play(note * octave, beat * pace * random.uniform(0.5, 1.2)), start)
    if random.random() < 0.6:
        for start in np.arange(0, seconds, beat / random.choice([1, 2])):
            drum = _level_free(clicks(0.2, random))
            _add(sound, random.uniform(0.2, 1) * drum, start)
    if random.random() < 0.4:
        room = random.normal(0, 1, 4000) * np.exp(-np.arange(4000) / 900)
        sound = sound + 0.05 * fftconvolve(sound, room)[:count]
    return _level(sound, random)


def babble(voices: Sequence[Samples], seconds: float, random: Generator) -> Samples:
    """Five to ten people at once: nobody to follow."""
    count = int(seconds * SAMPLE_RATE)
    sound = np.zeros(count)
    for _ in range(int(random.integers(5, 11))):
        talk = np.zeros(0)
        while len(talk) < count:
            voice = voices[int(random.integers(len(voices)))]
            talk = np.concatenate([talk, voice / (np.std(voice) + 1e-6)])
        start = int(random.integers(len(talk) - count + 1))
        sound += random.uniform(0.5, 1) * talk[start : start + count]
    return _level(sound, random)


Maker = Callable[[float, Generator], Samples]
GENERATED: tuple[Maker, ...] = (coloured, hum, clicks, music, music)


def _instrument(random: Generator) -> Callable[[float, float], Sound]:
    """A timbre: harmonics' weights, envelope, vibrato and frequency modulation."""
    weights = random.exponential(1, 12) / np.arange(1, 13) ** random.uniform(0.3, 2)
    attack, decay = random.uniform(0.003, 0.15), random.uniform(0.08, 1.5)
    vibrato, depth = random.uniform(3, 7), random.choice([0.0, 0.0, random.uniform(0, 0.015)])
    ratio, index = random.choice([0.5, 1.0, 1.41, 2.0, 3.5]), random.choice([0, 0, 1, 4])

    def play(pitch: float, length: float) -> Sound:
        times = _times(max(length, 0.03))
        phase = 2 * np.pi * pitch * times + depth * pitch / vibrato * np.sin(
            2 * np.pi * vibrato * times
        )
        phase = phase + index * np.exp(-times / decay) * np.sin(ratio * phase)
        high = min(12, int(7500 / pitch))
        tone = np.zeros(len(times))
        for harmonic in range(1, high + 1):
            tone += weights[harmonic - 1] * np.sin(harmonic * phase)
        fade = np.clip((times[-1] - times) / 0.03, 0, 1)
        return np.asarray(tone * np.minimum(times / attack, 1) * np.exp(-times / decay) * fade)

    return play


def _add(sound: Sound, part: Sound, start: float) -> None:
    first = int(start * SAMPLE_RATE)
    room = len(sound[first : first + len(part)])
    sound[first : first + room] += part[:room]


def _wander(count: int, random: Generator) -> Sound:
    knots = np.exp(random.normal(0, 0.7, max(3, int(count / SAMPLE_RATE * random.uniform(1, 8)))))
    wandering: Sound = np.interp(
        np.linspace(0, len(knots) - 1, count), np.arange(len(knots)), knots
    )
    return wandering


def _times(seconds: float) -> Sound:
    return np.arange(int(seconds * SAMPLE_RATE) + 1) / SAMPLE_RATE


def _level_free(sound: Samples) -> Sound:
    return sound / (float(np.abs(sound).max()) + 1e-9)


def _level(sound: Sound, random: Generator) -> Samples:
    """At -45 to -12 dB of full scale (RMS), never clipped."""
    wanted = 10 ** (random.uniform(-45, -12) / 20)
    scaled = sound * wanted / (np.sqrt(np.mean(sound**2)) + 1e-12)
    return np.asarray(np.clip(scaled, -1, 1), np.float32)
