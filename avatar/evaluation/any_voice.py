"""Any voice: do the rendered lips close, open and rest as they should for voices never heard?

The apertures are what a face tracker says of the finished frames.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar.audio import SAMPLE_RATE, SAMPLES_PER_FRAME
from avatar.errors import AvatarError
from avatar.evaluation.cross_identity import follow
from avatar.i420 import to_rgb
from avatar.media.samples import Samples
from avatar.rendering.pipeline import Pipeline
from avatar.training.encoder.articulation import phone_frames
from avatar.training.encoder.closures import FRAME, Closures, SpokenLips, closures
from avatar.training.encoder.corpus import AlignedSpeech, Utterance, read_folder
from avatar.training.encoder.noises import babble, clicks, music
from avatar.training.encoder.phones import LIP_CLOSING
from avatar.training.encoder.prepare import held_voices
from avatar.training.other_voices import SENTENCES
from avatar.training.preprocess.canonical_frame import lip_gap
from avatar.training.preprocess.landmark_tracker import LANDMARKS, LandmarkTracker

CLOSURES = 20  # of p, b, m that are enough of one voice
RECORDED = 12  # voices
SYNTHETIC = 48  # sentences
NOISE_SECONDS = 60.0
BABBLE = 40  # recordings that babble is mixed of

Track = NDArray[np.float32]
Move = Callable[[Samples, str], Track]  # a sound and what it is -> aperture of the lips


@dataclass(frozen=True)
class AnyVoice:
    """How a speaker answers to voices and noises that nothing was trained on."""

    recorded: Closures
    synthetic: Closures
    motion: dict[str, float]
    """Mean squared change of the aperture in each noise, against that in recorded speech."""


def any_voice(
    pipeline: Pipeline,
    folder: Path,
    tracker: LandmarkTracker,
    seen: Callable[[str, int], None],
) -> AnyVoice:
    """Render held voices of a folder of speech, synthetic ones and noises, and look at the lips.

    `seen` hears what is being measured and how many frames of it. Raises AvatarError if the folder
    holds no held voices.
    """
    held = [utterance for utterance in read_folder(folder) if utterance.held]
    if not held:
        raise AvatarError(f"{folder}: none of its speakers is held out of training")

    def move(sound: Samples, what: str) -> Track:
        whole = sound[: len(sound) // SAMPLES_PER_FRAME * SAMPLES_PER_FRAME]
        return _gap(follow(pipeline, whole, tracker, lambda n: seen(what, n)))

    loop = _gap(_loop(pipeline, tracker))
    recorded = list(_watch(_spoken(held), move))
    texts = SENTENCES.read_text(encoding="utf-8").splitlines()
    synthetic = _watch((spoken for spoken, _ in held_voices(texts, SYNTHETIC)), move)
    speech = np.mean([_motion(lips.aperture, loop) for lips in recorded])
    noises = {
        name: float(_motion(move(sound, name), loop) / speech) for name, sound in _noises(held)
    }
    return AnyVoice(closures(recorded), closures(synthetic), noises)


def _watch(utterances: Iterable[AlignedSpeech], move: Move) -> Iterator[SpokenLips]:
    for spoken in utterances:
        aperture = move(spoken.samples, "voices")
        phones = phone_frames(spoken.phones, len(aperture) * FRAME)
        yield SpokenLips(spoken.voice.rpartition("+")[2], phones, aperture)


def _spoken(held: list[Utterance]) -> Iterator[AlignedSpeech]:
    """Recordings of some voices, each until it has closed its lips often enough."""
    voices = sorted({utterance.voice for utterance in held})
    chosen = {voices[row] for row in np.linspace(0, len(voices) - 1, RECORDED).astype(int)}
    said: Counter[str] = Counter()
    for utterance in held:
        if utterance.voice in chosen and said[utterance.voice] < CLOSURES:
            said[utterance.voice] += sum(phone.name in LIP_CLOSING for phone in utterance.phones)
            yield AlignedSpeech(utterance.voice, utterance.load(), utterance.phones)


def _noises(held: list[Utterance]) -> Iterator[tuple[str, Samples]]:
    random = np.random.default_rng(99)
    count = round(NOISE_SECONDS * SAMPLE_RATE)
    yield "silence", np.zeros(count, np.float32)
    yield "white noise", random.normal(0, 0.05, count).astype(np.float32)
    rows = np.linspace(0, len(held) - 1, BABBLE).astype(int)
    yield "babble", babble([held[row].load() for row in rows], NOISE_SECONDS, random)
    yield "typing", clicks(NOISE_SECONDS, random)
    yield "music", music(NOISE_SECONDS, random)


def _motion(aperture: Track, loop: Track) -> float:
    """Mean squared change from frame to frame, less what the tracker sees in the still mouth of
    the reference frames behind it."""
    behind = loop[np.arange(len(aperture)) % len(loop)]
    return float(np.nanmean(np.diff(aperture - behind) ** 2))


def _loop(pipeline: Pipeline, tracker: LandmarkTracker) -> NDArray[np.float32]:
    """Landmarks (L, 478, 3) of one turn of the reference loop."""
    frames = [to_rgb(frame) for frame in pipeline.speaker.reference()]
    tracker.start()
    found = [tracker.track(frames[n]) for n in pipeline.speaker.track.order.tolist()]
    lost = np.full((LANDMARKS, 3), np.nan, np.float32)
    return np.stack([lost if points is None else points for points in found])


def _gap(points: NDArray[np.float32]) -> Track:
    gap = lip_gap(np.nan_to_num(points[..., :2]))
    return np.where(np.isnan(points[:, 0, 0]), np.nan, gap).astype(np.float32)
