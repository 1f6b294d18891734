"""What a face that moves by itself costs, and whether it can be seen to repeat itself."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from avatar.audio import FPS
from avatar.benchmark.repetition import blink_times, largest_repeat
from avatar.gestures import EXPRESSIONS, HeadTurn
from avatar.media.samples import Samples
from avatar.rendering.behaviour import Cue
from avatar.rendering.pipeline import Pipeline

COST_STEPS = 100  # of each kind, in turn
TURN = HeadTurn(yaw=3, pitch=-3, roll=3)


@dataclass(frozen=True)
class Repetition:
    """How much of what is seen comes again within a minute; 1: all of it."""

    head: float
    blinks: float
    blinks_per_minute: float


@dataclass(frozen=True)
class LifeCost:
    """Processor time in ms that a frame takes more, median."""

    gesture: float
    blink: float
    expression: float  # all that the speaker has; none: as at rest
    rest: float  # where the head and the eyes are as the loop has them


def repetition(pipeline: Pipeline, chunks: Sequence[Samples], seed: int | None) -> Repetition:
    """Of the face while it hears chunks (640,); `seed` None: as it was filmed."""
    face = pipeline.face
    assert face
    behaviour = face.behaviour(seed)
    cues = [cue for chunk in chunks if (cue := behaviour.next(chunk))]
    lids = np.array([face.closed(cue) for cue in cues])
    heads = np.array([face.head(cue) for cue in cues])
    blinks = int(((lids > 0) & (np.roll(lids, 1) == 0)).sum())
    minutes = len(cues) / FPS / 60
    return Repetition(largest_repeat(heads), largest_repeat(blink_times(lids)), blinks / minutes)


def life_cost(pipeline: Pipeline, steps: int = COST_STEPS) -> LifeCost:
    """Of one finished picture, each kind in turn."""
    face, picture = pipeline.face, pipeline.scene.place([0]).pictures[0].numpy()
    assert face
    kinds = {
        "gesture": Cue(0, 0, TURN),
        "blink": Cue(0, 0, eyes=0),
        "expression": Cue(0, 0, shown=dict.fromkeys(EXPRESSIONS, 0.5)),
        "rest": Cue(0, 0),
    }
    spent: dict[str, list[float]] = {kind: [] for kind in kinds}
    for _ in range(steps):
        for kind, cue in kinds.items():
            begun = time.thread_time()
            face.finish(picture, cue)
            spent[kind].append(1000 * (time.thread_time() - begun))
    return LifeCost(**{kind: median(times) for kind, times in spent.items()})
