"""What the marks cost, and what is left of them after all that happens to videos."""

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar.audio import FPS
from streaming.benchmark.watermark_attacks import ATTACKS, Attack, carry_out
from streaming.marks.label import Label
from streaming.marks.label_reader import LabelReader
from streaming.marks.pattern import another_key
from streaming.marks.payload import Payload, speaker_hash
from streaming.marks.verify import look_for_watermark
from streaming.marks.watermark import Watermark

I420 = NDArray[np.uint8]  # (H * 3 // 2, W)
Report = Callable[[str], object]

PAYLOAD = Payload(speaker_hash("benchmark"), date(2026, 8, 2))
WORD = "AI"
OTHER_KEYS = 8  # with which unmarked pictures are read too


@dataclass(frozen=True)
class Survival:
    """What was read after an attack."""

    attack: str
    stretches: int
    "Of two seconds."
    read: int
    "Of those, in how many the mark was read without an error."
    score: float
    label: bool
    "Whether the label was found as well."
    speed: float
    "Seconds of video looked through in a second of processor time."


@dataclass(frozen=True)
class MarksRun:
    """Everything measured with one series of pictures."""

    size: tuple[int, int]
    frames: int
    cpu_ms_frame: float
    "Processor time of one thread for the watermark of one picture, mean."
    psnr_db: float
    "Of marked against unmarked brightness, over all pictures."
    flicker: float
    "Of marked pictures, as a share of the unmarked ones'."
    unmarked_score: float
    "The highest that unmarked pictures reach, with the true key and OTHER_KEYS others."
    survivals: list[Survival]


def measure_marks(pictures: Sequence[I420], report: Report) -> MarksRun:
    """Mark `pictures` (all of one size, 25 a second), attack them, and read."""
    height, width = pictures[0].shape[0] * 2 // 3, pictures[0].shape[1]
    report("marking")
    watermark = Watermark(PAYLOAD)
    marked = [watermark(picture) for picture in pictures]
    before, after = ([one[:height] for one in some] for some in (pictures, marked))
    label = Label(WORD)
    labelled = [label(picture) for picture in marked]
    survivals = []
    with tempfile.TemporaryDirectory() as folder:
        film = Path(folder) / "film.mkv"
        for attack in ATTACKS:
            report(attack.name)
            carry_out(attack, labelled, film)
            survivals.append(_look(attack, film, len(pictures) / FPS))
        report("unmarked pictures")
        carry_out(ATTACKS[0], pictures, film)
        keys = [None, *map(another_key, range(OTHER_KEYS))]
        unmarked = max(look_for_watermark(film, key=key).score for key in keys)
    return MarksRun(
        (width, height),
        len(pictures),
        round(1000 * _cost(pictures), 4),
        round(_psnr(before, after), 1),
        round(_flicker(after) / _flicker(before), 3),
        round(unmarked, 1),
        survivals,
    )


def _cost(pictures: Sequence[I420]) -> float:
    """Mean seconds of processor time for one picture, marked in place as streams do."""
    watermark, seconds = Watermark(PAYLOAD), []
    for picture in map(np.copy, pictures):
        begun = time.thread_time()
        watermark.mark(picture)
        seconds.append(time.thread_time() - begun)
    return float(np.mean(seconds[1:]))  # the first prepares what the others use


def _look(attack: Attack, film: Path, length: float) -> Survival:
    label = LabelReader()
    begun = time.process_time()
    found = look_for_watermark(film, label.add)
    speed = length / (time.process_time() - begun)
    read, seen = found.readings[PAYLOAD], label.finding.word == WORD
    return Survival(attack.name, found.windows, read, round(found.score, 1), seen, round(speed, 1))


def _psnr(true: list[I420], made: list[I420]) -> float:
    pairs = zip(true, made, strict=True)
    errors = [np.mean((one.astype(np.float32) - other) ** 2) for one, other in pairs]
    return float(10 * np.log10(255**2 / np.mean(errors)))


def _flicker(lumas: list[I420]) -> float:
    """Mean absolute second difference in time, in levels."""
    values = [luma.astype(np.float32) for luma in lumas]
    bends = zip(values, values[1:], values[2:], strict=False)
    return float(np.mean([np.abs(one - 2 * two + three).mean() for one, two, three in bends]))
